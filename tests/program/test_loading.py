# SPDX-License-Identifier: BSD-3-Clause
"""Which files load as programs, and what is said about those that do not."""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nuxkit.errors import ProgramFileError
from nuxkit.program import Program

from .conftest import COMPILE, PREFIX, MakeElf

Refused = Callable[..., str]

RULE = (
    'int counter = 7; int zeros[5]; const char text[] = "hi";'
    "int start(void) { counter += zeros[2]; return text[counter & 1]; }"
)


@pytest.fixture(scope="module")
def elf(make_elf: MakeElf) -> Path:
    return make_elf("-O2", "-g", a_dot_c=RULE)


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """Load a file with this content and return what was said; must be refused."""

    def load(content: bytes, name: str = "bad.elf") -> str:
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ProgramFileError) as caught:
            Program.load(path)
        assert str(path) in str(caught.value)
        return str(caught.value)

    return load


def patched(elf: Path, offset: int, new: bytes) -> bytes:
    content = bytearray(elf.read_bytes())
    content[offset : offset + len(new)] = new
    return bytes(content)


def section_header(elf: Path, name: str) -> int:
    """File offset of a section's header."""
    from elftools.elf.elffile import ELFFile

    with elf.open("rb") as stream:
        file = ELFFile(stream)
        return int(file["e_shoff"] + file.get_section_index(name) * file["e_shentsize"])


def test_the_memory_image_is_that_of_objcopy(elf: Path, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    subprocess.run([PREFIX + "objcopy", "-O", "binary", elf, flat], check=True)
    expected = flat.read_bytes()
    program = Program.load(elf)
    image = bytearray(program.segments[-1].end)
    for segment in program.segments:
        image[segment.address : segment.end] = segment.data
    assert program.entry == 0
    assert image[: len(expected)] == expected
    assert not any(image[len(expected) :])


def test_bss_is_zeros_and_code_is_executable(elf: Path) -> None:
    segments = {segment.name: segment for segment in Program.load(elf).segments}
    assert segments[".bss"].data == bytes(20) and segments[".bss"].zeroed
    assert segments[".text"].executable and not segments[".rodata"].executable


def test_paths_may_be_strings(elf: Path) -> None:
    assert Program.load(str(elf)).path == elf


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProgramFileError, match=r"nowhere\.elf: no such file"):
        Program.load(tmp_path / "nowhere.elf")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProgramFileError, match="is a directory"):
        Program.load(tmp_path)


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ProgramFileError, match="not a regular file"):
        Program.load(tmp_path / "pipe")


def test_a_path_with_nul_is_refused() -> None:
    with pytest.raises(ProgramFileError, match="cannot be read"):
        Program.load("a\0b")


def test_an_empty_file_is_refused(refused: Refused) -> None:
    assert "is empty" in refused(b"")


def test_source_code_is_recognised(refused: Refused) -> None:
    assert "build it first" in refused(b"int start(void) {}", "rule.c")


def test_a_text_file_is_refused(refused: Refused) -> None:
    assert "not an ELF file: it starts with bytes 68 65 6c 6c" in refused(b"hello world\n")


def test_a_program_of_this_machine_is_named_as_such(refused: Refused) -> None:
    content = Path("/proc/self/exe").read_bytes()
    assert "expected a 32-bit big-endian one for PowerPC" in refused(content)


def test_an_x86_64_header_is_named_as_such(refused: Refused) -> None:
    header = struct.pack("<16sHH", b"\x7fELF\2\1\1", 2, 62).ljust(64, b"\0")
    assert "64-bit little-endian ELF file for x86-64" in refused(header)


@pytest.mark.parametrize(
    ("offset", "new", "found"),
    [
        (5, b"\1", "32-bit little-endian"),
        (4, b"\2", "64-bit big-endian"),
        (18, b"\0\x08", "for MIPS"),
        (18, b"\x12\x34", "for machine 4660"),
        (16, b"\0\1", "relocatable object that is not linked"),
        (16, b"\0\3", "position-independent"),
        (16, b"\0\4", "core dump"),
        (16, b"\xfe\0", "type 65024; expected an executable"),
        (32, b"\0\0\0\0", "no section table"),
        (32, b"\x7f\0\0\0", "truncated: the section table"),
        (46, b"\0\x20", "section headers of 32 bytes"),
        (48, b"\0\0", "no section table"),
        (50, b"\0\xf0", "section 240 should hold the section names"),
        (24, b"\0\0\x40\0", None),  # the reset branch decides
    ],
)
def test_header_fields_are_checked(
    elf: Path, refused: Refused, tmp_path: Path, offset: int, new: bytes, found: str | None
) -> None:
    content = patched(elf, offset, new)
    if found is None:
        (tmp_path / "good.elf").write_bytes(content)
        assert Program.load(tmp_path / "good.elf").entry == 0x4000
    else:
        assert found in refused(content)


def test_an_object_file_is_not_linked(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text(RULE)
    subprocess.run([PREFIX + "gcc", *COMPILE, "-c", "a.c"], cwd=tmp_path, check=True)
    with pytest.raises(ProgramFileError, match=r"not linked; link it .* with nuxkit build"):
        Program.load(tmp_path / "a.o")


@pytest.mark.parametrize("part", [0.001, 0.01, 0.3, 0.6, 0.99])
def test_a_truncated_file_is_refused(elf: Path, refused: Refused, part: float) -> None:
    content = elf.read_bytes()
    message = refused(content[: max(5, int(part * len(content)))])
    assert "truncated" in message


def test_17_kib_do_not_fit(make_elf: MakeElf) -> None:
    path = make_elf("-O2", a_dot_c="char big[17 * 1024]; int start(void) { return big[5]; }")
    with pytest.raises(ProgramFileError, match=r"section \.bss .*16384 bytes of SRAM.*too many"):
        Program.load(path)


def test_a_program_linked_elsewhere_names_the_memories(make_elf: MakeElf) -> None:
    path = make_elf("-O2", link=("-Wl,-Ttext=0x10000000", "-Wl,-e,_reset"), a_dot_c=RULE)
    with pytest.raises(ProgramFileError, match=r"outside the memories of the PPU \(SRAM 0x0"):
        Program.load(path)


@pytest.mark.parametrize("address", [0x3FFFFFFF, 0x4001FFFC, 0x60000000, 0x80020000, 0xFFFFFFFF])
def test_sections_outside_of_every_memory_are_refused(
    elf: Path, refused: Refused, address: int
) -> None:
    header = section_header(elf, ".data")
    content = bytearray(patched(elf, header + 12, address.to_bytes(4, "big")))
    content[header + 20 : header + 24] = (8).to_bytes(4, "big")
    message = refused(bytes(content))
    assert "section .data" in message
    assert "outside the memories" in message or "does not fit" in message


def test_a_huge_section_is_refused_at_once(elf: Path, refused: Refused) -> None:
    header = section_header(elf, ".bss")
    assert "does not fit" in refused(patched(elf, header + 20, b"\xff\xff\xff\xf0"))
    header = section_header(elf, ".data")
    assert "truncated: section .data" in refused(patched(elf, header + 20, b"\xff\xff\xff\xf0"))


def test_overlapping_sections_are_refused(elf: Path, refused: Refused) -> None:
    content = patched(elf, section_header(elf, ".data") + 12, bytes.fromhex("00000010"))
    message = refused(content)
    assert ".text" in message and ".data" in message and "overlap in SRAM" in message


def test_the_two_views_of_external_memory_overlap(make_elf: MakeElf) -> None:
    rule = """
        __attribute__((section("ext.text"))) int far(void) { return 1; }
        __attribute__((section("ext.data"))) int value = 2;
        int start(void) { return ((int (*)(void))far)() + value; }
    """
    sections = ("-Wl,-Ttext=0x0", "-Wl,-e,0", "-Wl,--section-start=ext.text=0x80000000")
    apart = make_elf(
        "-O2", "-mlongcall",
        link=(*sections, "-Wl,--section-start=ext.data=0x40001000"), a_dot_c=rule,
    )  # fmt: skip
    segments = {segment.name: segment for segment in Program.load(apart).segments}
    assert segments["ext.text"].memory.name == segments["ext.data"].memory.name
    assert (segments["ext.text"].offset, segments["ext.data"].offset) == (0, 0x1000)
    same = make_elf(
        "-O2", "-mlongcall",
        link=(*sections, "-Wl,--section-start=ext.data=0x40000000"), a_dot_c=rule,
    )  # fmt: skip
    with pytest.raises(ProgramFileError, match="overlap in external memory"):
        Program.load(same)


def test_a_program_must_have_code_at_zero(make_elf: MakeElf) -> None:
    path = make_elf("-O2", link=("-Wl,-Ttext=0x100", "-Wl,-e,0x100"), a_dot_c=RULE)
    with pytest.raises(ProgramFileError, match="no code at address 0x0"):
        Program.load(path)


def test_an_entry_point_that_nothing_branches_to_is_refused(elf: Path, refused: Refused) -> None:
    from elftools.elf.elffile import ELFFile

    with elf.open("rb") as stream:
        section = ELFFile(stream).get_section_by_name(".text")
        assert section is not None
        text = section["sh_offset"]
    content = bytearray(patched(elf, text, bytes.fromhex("60000000")))
    content[24:28] = (0x34).to_bytes(4, "big")
    assert "entry point at 0x34" in refused(bytes(content))


def test_a_stripped_program_of_the_vendor_kind_loads(elf: Path, tmp_path: Path) -> None:
    vendor = tmp_path / "vendor.elf"
    shutil.copy(elf, vendor)
    subprocess.run(
        [PREFIX + "objcopy", "--strip-debug", "--set-start=0x34",
         "--rename-section", ".text=int.text", vendor], check=True,
    )  # fmt: skip
    program = Program.load(vendor)
    assert program.entry == 0x34 and program.segments[0].name == "int.text"
    counter = program.resolve("counter")
    assert program.symbols["counter"].ctype is None
    assert counter.decode(b"\0\0\1\2") == 0x102
    assert program.source_location(program.symbols["start"].address) is None
    function = program.function_at(program.symbols["start"].address)
    assert function is not None and function.name == "start"
    subprocess.run([PREFIX + "strip", vendor], check=True)
    bare = Program.load(vendor)
    assert len(bare.symbols) == 0 and bare.function_at(0) is None
    with pytest.raises(KeyError, match="was it stripped"):
        bare.symbols["counter"]


def test_loading_imports_no_elf_library(elf: Path) -> None:
    code = (
        "import sys; from nuxkit.program import Program; "
        f"p = Program.load({str(elf)!r}); p.symbols['start'].address; "
        "sys.exit(any(name.startswith('elftools') for name in sys.modules))"
    )
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root / "hostlib"), str(root / "emulator")])
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path})
    assert done.returncode == 0


def damaged(good: bytes, dice: random.Random) -> bytes:
    """A copy with 1 to 50 changed bytes, in its headers, tables or anywhere; some cut off."""
    content = bytearray(good)
    sections = int.from_bytes(good[32:36], "big")
    first, end = dice.choice([(0, 52), (sections, len(good)), (0, len(good)), (0x200, sections)])
    for _ in range(dice.choice([1, 2, 8, 50])):
        place = dice.randrange(first, min(end, len(good)))
        content[place] = dice.choice([0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)])
    if dice.random() < 0.1:
        del content[dice.randrange(len(content)) :]
    return bytes(content)


@pytest.mark.parametrize("version", [4, 5])
def test_damaged_files_raise_nothing_else(make_elf: MakeElf, tmp_path: Path, version: int) -> None:
    good = make_elf("-O1", f"-gdwarf-{version}", a_dot_c=RULE).read_bytes()
    path = tmp_path / "damaged.elf"
    outcomes = {"refused": 0, "loaded": 0}
    for seed in range(200):
        print(f"seed {seed}")
        path.write_bytes(damaged(good, random.Random(seed)))
        try:
            program = Program.load(path)
        except ProgramFileError:
            outcomes["refused"] += 1
            continue
        outcomes["loaded"] += 1
        pc = 0x60
        assert program.call_stack(pc, 0x48, 0x2F00, lambda address: address + 16)
        for question in (
            lambda: [symbol.ctype for symbol in program.symbols.values()],  # noqa: B023
            lambda: program.source_locations(pc),  # noqa: B023
            lambda: program.function_at(pc),  # noqa: B023
        ):
            try:
                question()
            except ProgramFileError as error:
                assert str(path) in str(error)
    assert min(outcomes.values()) > 20  # both paths are tried


def test_entries_that_lead_back_to_themselves_are_refused(elf: Path, tmp_path: Path) -> None:
    from elftools.elf.elffile import ELFFile

    content = bytearray(elf.read_bytes())
    with elf.open("rb") as stream:
        file = ELFFile(stream)
        section = file.get_section_by_name(".debug_info")
        assert section is not None
        found = 0
        for unit in file.get_dwarf_info().iter_CUs():
            for die in unit.get_top_DIE().iter_children():
                if sibling := die.attributes.get("DW_AT_sibling"):
                    place = section["sh_offset"] + sibling.offset
                    content[place : place + 4] = (die.offset - unit.cu_offset).to_bytes(4, "big")
                    found += 1
    assert found
    path = tmp_path / "loop.elf"
    path.write_bytes(content)
    program = Program.load(path)
    for question in (
        lambda: [symbol.ctype for symbol in program.symbols.values()],
        lambda: program.source_locations(program.symbols["start"].address),
    ):
        with pytest.raises(ProgramFileError, match="the sibling of the entry at"):
            question()
