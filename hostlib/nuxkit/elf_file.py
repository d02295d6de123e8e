# SPDX-License-Identifier: BSD-3-Clause
"""Read and check an executable for the PPU: header, loadable sections, symbol table.

The three fixed-size records of the ELF container are read here with ``struct``, so
that loading a program neither imports nor trusts anything more; debug information
is left to pyelftools (see :mod:`nuxkit.debug_info`). Record layouts: System V ABI,
chapter 4, and its PowerPC supplement.

A program is loaded by section, as the chip's own loader does: every section with
``SHF_ALLOC`` goes to its own address, sections without file content are zeros.
Program headers are ignored.
"""

from __future__ import annotations

import stat
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from nuxemu import memory_map as mm

from .errors import ProgramFileError

#: More than the chip can hold, with room for debug information.
MAX_FILE_BYTES = 512 * 1024 * 1024

_HEADER = struct.Struct(">16sHHIIIIIHHHHHH")
_SECTION = struct.Struct(">IIIIIIIIII")
_SYMBOL = struct.Struct(">IIIBBH")

_MAGIC = b"\x7fELF"
_EM_PPC = 20
_MACHINES = {
    2: "SPARC", 3: "x86", 8: "MIPS", _EM_PPC: "PowerPC", 21: "64-bit PowerPC", 22: "S390",
    40: "ARM", 62: "x86-64", 183: "AArch64", 243: "RISC-V",
}  # fmt: skip
_ET_EXEC = 2
_TYPES = {
    1: "a relocatable object that is not linked; link it into a program with nuxkit build",
    3: "a shared object or position-independent executable; "
    "the PPU needs one linked to fixed addresses (-no-pie)",
    4: "a core dump; expected an executable",
}
_SHT_SYMTAB, _SHT_NOBITS = 2, 8
_SHF_ALLOC, _SHF_EXECINSTR, _SHF_TLS = 0x2, 0x4, 0x400
_SHN_UNDEF, _SHN_LORESERVE, _SHN_ABS = 0, 0xFF00, 0xFFF1
_STT_NOTYPE, _STT_SECTION, _STT_FILE = 0, 3, 4
_SYMBOL_KINDS = {_STT_NOTYPE: "label", 1: "object", 2: "function", 5: "object"}
_BRANCH_MASK, _BRANCH = 0xFC00_0001, 0x4800_0000


@dataclass(frozen=True)
class Memory:
    """One address window of the PPU; windows with one ``name`` hold the same bytes."""

    name: str
    base: int
    size: int

    @property
    def end(self) -> int:
        """First address after the window."""
        return self.base + self.size


#: Where a program can be placed (see :mod:`nuxemu.memory_map`).
MEMORIES = (
    Memory("SRAM", mm.SRAM_BASE, mm.SRAM_SIZE),
    Memory("external memory", mm.EXTMEM_DATA_BASE, mm.EXTMEM_SIZE),
    Memory("external memory", mm.EXTMEM_FETCH_BASE, mm.EXTMEM_SIZE),
    Memory("external DRAM", mm.DRAM_DATA_BASE, mm.DRAM_SIZE),
    Memory("external DRAM", mm.DRAM_FETCH_BASE, mm.DRAM_SIZE),
)


@dataclass(frozen=True)
class Segment:
    """A piece of the program's memory image.

    Attributes
    ----------
    address : int
        Byte address of the first byte, as linked.
    data : bytes
        Content; zeros for a section without file content (``.bss``).
    executable : bool
        Whether it holds instructions.
    name : str
        Name of its section.
    memory : Memory
        The window it lies in.
    zeroed : bool
        Whether the file holds no content for it (``.bss``).
    """

    address: int
    data: bytes
    executable: bool
    name: str
    memory: Memory
    zeroed: bool = False

    @property
    def end(self) -> int:
        """First address after the segment."""
        return self.address + len(self.data)

    @property
    def offset(self) -> int:
        """Byte offset in the memory, the same for its data and fetch views."""
        return self.address - self.memory.base


@dataclass(frozen=True)
class ElfSymbol:
    """One named address of the symbol table; ``file`` is set for local symbols."""

    name: str
    address: int
    size: int
    kind: str
    file: str | None
    absolute: bool


@dataclass(frozen=True)
class ElfImage:
    """What :func:`read_elf` found in the file."""

    entry: int
    segments: tuple[Segment, ...]
    symbols: tuple[ElfSymbol, ...]


@dataclass(frozen=True)
class _Section:
    name: str
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int

    @property
    def end(self) -> int:
        return self.address + self.size


def read_elf(path: Path) -> tuple[ElfImage, bytes]:
    """Read and check a program file.

    Parameters
    ----------
    path : Path
        A linked 32-bit big-endian PowerPC ELF executable.

    Returns
    -------
    tuple[ElfImage, bytes]
        The checked image and the file's content.

    Raises
    ------
    ProgramFileError
        The file is missing, unreadable, not such a program, or does not fit into
        the memories of the PPU.
    """
    content = _read_file(path)
    return _Reader(path, content).read(), content


def _read_file(path: Path) -> bytes:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise ProgramFileError(f"{path}: is a directory; expected an ELF program")
        if not stat.S_ISREG(status.st_mode):
            raise ProgramFileError(f"{path}: is not a regular file; expected an ELF program")
        with path.open("rb") as stream:
            magic = stream.read(len(_MAGIC))
            if magic != _MAGIC:
                raise ProgramFileError(f"{path}: {_describe_other(path, magic)}")
            if status.st_size > MAX_FILE_BYTES:
                raise ProgramFileError(
                    f"{path}: has {status.st_size} bytes; "
                    f"a program file may have at most {MAX_FILE_BYTES}"
                )
            return magic + stream.read(status.st_size)
    except FileNotFoundError:
        raise ProgramFileError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise ProgramFileError(f"{path}: cannot be read: {reason}") from error


def _describe_other(path: Path, magic: bytes) -> str:
    if not magic:
        return "is empty; expected an ELF program"
    if path.suffix in (".c", ".h", ".S", ".s"):
        return "is source code, not an ELF program; build it first with nuxkit build"
    return (
        f"is not an ELF file: it starts with bytes {magic.hex(' ')}, "
        f"an ELF file with {_MAGIC.hex(' ')}"
    )


class _Reader:
    """Reads one file; every method raises ProgramFileError on what it cannot accept."""

    def __init__(self, path: Path, content: bytes) -> None:
        self.path = path
        self.content = content

    def read(self) -> ElfImage:
        entry, sections = self._header()
        loaded = sorted(
            (s for s in sections if s.flags & _SHF_ALLOC and s.size), key=lambda s: s.address
        )
        if not loaded:
            raise self._error("has no section that would be loaded")
        memories = [self._memory_of(section) for section in loaded]
        self._check_overlaps(loaded, memories)
        segments = tuple(
            Segment(
                section.address,
                self._bytes(section),
                bool(section.flags & _SHF_EXECINSTR),
                section.name,
                memory,
                section.type == _SHT_NOBITS,
            )
            for section, memory in zip(loaded, memories, strict=True)
        )
        self._check_start(entry, segments)
        return ElfImage(entry, segments, tuple(self._symbols(sections)))

    def _error(self, what: str) -> ProgramFileError:
        return ProgramFileError(f"{self.path}: {what}")

    def _header(self) -> tuple[int, list[_Section]]:
        content = self.content
        if len(content) < _HEADER.size:
            raise self._error(
                f"is truncated: {len(content)} bytes, an ELF header has {_HEADER.size}"
            )
        bits = {1: "32-bit", 2: "64-bit"}.get(content[4], f"class {content[4]}")
        order = {1: "little-endian", 2: "big-endian"}.get(content[5], f"byte order {content[5]}")
        number = int.from_bytes(content[18:20], "little" if content[5] == 1 else "big")
        machine = _MACHINES.get(number, f"machine {number}")
        if (content[4], content[5], number) != (1, 2, _EM_PPC):
            raise self._error(
                f"is a {bits} {order} ELF file for {machine}; "
                "expected a 32-bit big-endian one for PowerPC"
            )
        header = _HEADER.unpack_from(content)
        elf_type, entry, table = header[1], header[4], header[6]
        entry_size, count, names_index = header[11:14]
        if elf_type != _ET_EXEC:
            what = _TYPES.get(elf_type, f"an ELF file of type {elf_type}; expected an executable")
            raise self._error(f"is {what}")
        if table == 0 or count == 0:
            raise self._error("has no section table; programs are loaded by section")
        if entry_size != _SECTION.size:
            raise self._error(
                f"is malformed: section headers of {entry_size} bytes, expected {_SECTION.size}"
            )
        self._check_extent("the section table", table, count * _SECTION.size)
        headers = [_SECTION.unpack_from(content, table + i * _SECTION.size) for i in range(count)]
        if names_index >= count:
            raise self._error(
                f"is malformed: section {names_index} should hold the section names, "
                f"the file has {count}"
            )
        _, names_type, _, _, offset, size, *_ = headers[names_index]
        if names_type == _SHT_NOBITS:
            raise self._error("is malformed: the section with the section names has no content")
        self._check_extent("the table of section names", offset, size)
        names = content[offset : offset + size]
        sections = [
            _Section(self._string(names, name, "a section name"), kind, *rest[:5])
            for name, kind, *rest in headers
        ]
        for section in sections:
            if section.type not in (_SHT_NOBITS, 0):
                self._check_extent(f"section {section.name}", section.offset, section.size)
        return entry, sections

    def _check_extent(self, what: str, offset: int, size: int) -> None:
        if offset + size > len(self.content):
            raise self._error(
                f"is truncated: {what} ends at byte {offset + size}, "
                f"the file has {len(self.content)}"
            )

    def _string(self, table: bytes, offset: int, what: str) -> str:
        end = table.find(b"\0", offset)
        if end < 0 or offset > len(table):
            raise self._error(
                f"is malformed: {what} at offset {offset} of a {len(table)}-byte string table"
            )
        return table[offset:end].decode("utf-8", "backslashreplace")

    def _bytes(self, section: _Section) -> bytes:
        if section.type == _SHT_NOBITS:
            return bytes(section.size)
        return self.content[section.offset : section.offset + section.size]

    def _memory_of(self, section: _Section) -> Memory:
        extent = f"section {section.name} (0x{section.address:x} to 0x{section.end:x})"
        if section.flags & _SHF_TLS:
            raise self._error(f"{extent} holds thread-local data; the PPU has no threads")
        for memory in MEMORIES:
            if memory.base <= section.address < memory.end:
                if section.end > memory.end:
                    raise self._error(
                        f"{extent} does not fit into the {memory.size} bytes of {memory.name} "
                        f"(0x{memory.base:x} to 0x{memory.end:x}): "
                        f"{section.end - memory.end} bytes too many"
                    )
                return memory
        windows = ", ".join(f"{m.name} 0x{m.base:x} to 0x{m.end:x}" for m in MEMORIES)
        raise self._error(f"{extent} lies outside the memories of the PPU ({windows})")

    def _check_overlaps(self, sections: list[_Section], memories: list[Memory]) -> None:
        placed = sorted(
            zip(sections, memories, strict=True),
            key=lambda item: (item[1].name, item[0].address - item[1].base),
        )
        for (first, one), (second, other) in pairwise(placed):
            if one.name != other.name:
                continue
            if first.end - one.base > second.address - other.base:
                raise self._error(
                    f"sections {first.name} (0x{first.address:x} to 0x{first.end:x}) and "
                    f"{second.name} (0x{second.address:x} to 0x{second.end:x}) "
                    f"overlap in {one.name}"
                )

    def _check_start(self, entry: int, segments: tuple[Segment, ...]) -> None:
        start = next((s for s in segments if s.address <= mm.EXCEPTION_RESET < s.end), None)
        if start is None or not start.executable or len(start.data) < 4:
            raise self._error(
                f"holds no code at address 0x{mm.EXCEPTION_RESET:x}, where the processor starts"
            )
        if entry == mm.EXCEPTION_RESET:
            return
        # The chip ignores the entry point; vendor programs name their first instruction
        # after the exception slots and branch there from address 0.
        word = int.from_bytes(start.data[:4], "big")
        if word & _BRANCH_MASK != _BRANCH:
            raise self._error(
                f"has its entry point at 0x{entry:x}; the processor starts at "
                f"0x{mm.EXCEPTION_RESET:x}, and the word there (0x{word:08x}) is no branch to it"
            )

    def _symbols(self, sections: list[_Section]) -> list[ElfSymbol]:
        table = next((s for s in sections if s.type == _SHT_SYMTAB), None)
        if table is None:
            return []
        if table.link >= len(sections):
            raise self._error(f"is malformed: the symbol table names section {table.link}")
        if sections[table.link].type == _SHT_NOBITS:
            raise self._error("is malformed: the table of symbol names has no content")
        strings = self._bytes(sections[table.link])
        symbols: list[ElfSymbol] = []
        file: str | None = None
        size = table.size - table.size % _SYMBOL.size
        for fields in _SYMBOL.iter_unpack(self.content[table.offset : table.offset + size]):
            name_offset, address, length, info, _, index = fields
            kind = info & 0xF
            if kind == _STT_SECTION or (name_offset == 0 and kind != _STT_FILE):
                continue
            name = self._string(strings, name_offset, "a symbol name")
            if kind == _STT_FILE:
                file = name or None
            elif kind in _SYMBOL_KINDS and (
                _SHN_UNDEF < index < _SHN_LORESERVE or index == _SHN_ABS
            ):
                is_local = info >> 4 == 0
                symbols.append(
                    ElfSymbol(
                        name,
                        address,
                        length,
                        _SYMBOL_KINDS[kind],
                        (file or "") if is_local else None,
                        index == _SHN_ABS,
                    )
                )
        return symbols
