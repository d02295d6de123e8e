# SPDX-License-Identifier: BSD-3-Clause
"""The PowerPC cross tools, as the build uses them for kernels."""

import struct
import subprocess
from io import BytesIO
from pathlib import Path

from elftools.elf.elffile import ELFFile

ROOT = Path(__file__).resolve().parents[2]
FXV_INC = ROOT / "ppu_runtime" / "asm" / "fxv.inc"
GUARDS_INC = ROOT / "ppu_runtime" / "asm" / "guards.inc"
INCLUDE = ROOT / "ppu_runtime" / "include"
CFLAGS = [
    "-mcpu=403",
    "-msoft-float",
    "-maltivec",
    "-mabi=altivec",
    "-mno-vrsave",
    "-mstrict-align",
    "-msdata=none",
    "-ffreestanding",
    "-fno-tree-vectorize",
    "-fno-tree-slp-vectorize",
    "-fno-pic",
    "-fno-pie",
    "-Wall",
    "-Wextra",
    "-Werror",
    *(f"-fcall-used-v{number}" for number in range(20, 32)),
]


def _run(command: list[str | Path], directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=directory, text=True, capture_output=True, timeout=120)


def assemble(text: str, directory: Path, *, guards: bool = False) -> "Object":
    """Assemble with the vector macros, and the guards if asked."""
    (directory / "test.s").write_text(text)
    macros = [FXV_INC, GUARDS_INC] if guards else [FXV_INC]
    result = _run(
        ["powerpc-linux-gnu-as", "-m403", "-maltivec", "-many", *macros, "test.s", "-o", "test.o"],
        directory,
    )
    return Object(result, directory / "test.o")


def compile_c(text: str, directory: Path, *flags: str) -> "Object":
    """Compile and assemble a C file with macros and guards."""
    (directory / "test.c").write_text(text)
    result = _run(
        [
            "powerpc-linux-gnu-gcc",
            *CFLAGS,
            f"-I{INCLUDE}",
            *flags,
            "-c",
            "test.c",
            f"-Wa,{FXV_INC},{GUARDS_INC}",
            "-o",
            "test.o",
        ],
        directory,
    )
    return Object(result, directory / "test.o")


class Object:
    """An object file, or the messages of the tools that refused to make it."""

    def __init__(self, result: subprocess.CompletedProcess[str], path: Path) -> None:
        self.messages = result.stderr
        self.ok = result.returncode == 0
        self.path = path

    def words(self) -> list[int]:
        """Return the words of the text section."""
        assert self.ok, self.messages
        data = self._elf().get_section_by_name(".text").data()
        return [word for (word,) in struct.iter_unpack(">I", data)]

    def functions(self) -> dict[str, list[int]]:
        """Return the words of every function."""
        words = self.words()
        return {
            symbol.name: words[symbol["st_value"] // 4 :][: symbol["st_size"] // 4]
            for symbol in self._elf().get_section_by_name(".symtab").iter_symbols()
            if symbol["st_info"]["type"] == "STT_FUNC"
        }

    def _elf(self) -> ELFFile:
        return ELFFile(BytesIO(self.path.read_bytes()))
