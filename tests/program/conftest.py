# SPDX-License-Identifier: BSD-3-Clause
"""Programs for these tests, compiled with the cross-compiler alone, once a session."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nuxkit.program import Program

PREFIX = "powerpc-linux-gnu-"
#: The flags kernels are compiled with, and a link without any library.
COMPILE = [
    "-mcpu=403", "-msoft-float", "-maltivec", "-mabi=altivec", "-mno-vrsave", "-mstrict-align",
    "-msdata=none", "-ffreestanding", "-fno-tree-vectorize", "-fno-tree-slp-vectorize",
    "-fno-pic", "-fno-pie", "-fno-asynchronous-unwind-tables",
]  # fmt: skip
LINK = [
    "-nostdlib", "-static", "-Wl,-N", "-Wl,--build-id=none", "-Wl,-z,noexecstack",
    "-Wl,--no-warnings",
]  # fmt: skip

START_UP = """
    .text
    .globl _reset
_reset:
    b init
    .space 0x30
init:
    lis 1, 0
    ori 1, 1, 0x2ff0
    li 0, 0
    stw 0, 0(1)
    bl start
done:
    b done
    .section .note.GNU-stack,"",@progbits
"""

MakeElf = Callable[..., Path]
MakeProgram = Callable[..., Program]


@pytest.fixture(scope="session")
def make_elf(tmp_path_factory: pytest.TempPathFactory) -> MakeElf:
    """Compile and link sources (``name=text``), start-up code first."""
    root = tmp_path_factory.mktemp("elf")

    def make(
        *flags: str, link: tuple[str, ...] = ("-Wl,-Ttext=0x0", "-Wl,-e,0"), **sources: str
    ) -> Path:
        files = {"crt.S": START_UP} | {
            name.replace("_dot_", "."): text for name, text in sources.items()
        }
        key = hashlib.sha256(repr((flags, link, files)).encode()).hexdigest()[:16]
        folder = root / key
        elf = folder / "rule.elf"
        if not elf.exists():
            folder.mkdir(exist_ok=True)
            for name, text in files.items():
                (folder / name).write_text(text)
            units = [name for name in files if not name.endswith(".h")]
            command = [PREFIX + "gcc", *COMPILE, *flags, *LINK, *link, *units, "-o", "rule.elf"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stderr
        return elf

    return make


@pytest.fixture(scope="session")
def make_program(make_elf: MakeElf) -> MakeProgram:
    """As ``make_elf``, loaded."""

    def make(*flags: str, **sources: str) -> Program:
        return Program.load(make_elf(*flags, **sources))

    return make


def memory_of(program: Program, address: int, size: int) -> bytes:
    """Bytes of the program's memory image."""
    for segment in program.segments:
        if segment.address <= address and address + size <= segment.end:
            offset = address - segment.address
            return segment.data[offset : offset + size]
    raise AssertionError(f"0x{address:x} is not loaded")
