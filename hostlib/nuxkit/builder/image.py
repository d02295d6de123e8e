# SPDX-License-Identifier: BSD-3-Clause
"""Sections and symbols of a linked program, as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR = 1, 2, 4


@dataclass(frozen=True)
class Section:
    """One section that takes memory; `data` is empty when it is zeroed (NOBITS)."""

    name: str
    address: int
    size: int
    data: bytes
    executable: bool

    @property
    def end(self) -> int:
        """First address behind it."""
        return self.address + self.size

    def words(self, begin: int = 0, end: int = 1 << 32) -> Iterator[tuple[int, int]]:
        """Addresses and values of its 32-bit words from `begin` to `end` (excluded)."""
        first = max(begin, self.address) - self.address
        for offset in range(first, min(end - self.address, len(self.data)) - 3, 4):
            yield self.address + offset, int.from_bytes(self.data[offset : offset + 4], "big")


@dataclass(frozen=True)
class Function:
    """A function of the symbol table: address range (end excluded)."""

    name: str
    address: int
    end: int


@dataclass(frozen=True)
class Variable:
    """A variable of the symbol table; `size` in bytes."""

    name: str
    address: int
    size: int


@dataclass(frozen=True)
class Image:
    """What a program puts into memory.

    Attributes
    ----------
    sections : tuple of Section
        In file order.
    symbols : dict
        Value by name; of local symbols of the same name the last.
    variables : tuple of Variable
        Those of known size.
    sized_functions : tuple of Function
        Functions as the symbol table has them, by address.
    """

    sections: tuple[Section, ...]
    symbols: dict[str, int]
    variables: tuple[Variable, ...]
    sized_functions: tuple[Function, ...]

    def size(self, name: str) -> int:
        """Size of a section in bytes, 0 if there is none."""
        return sum(section.size for section in self.sections if section.name == name)

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """Functions without gaps: one of unknown size reaches to the next."""
        found = []
        starts = sorted({function.address: function for function in self.sized_functions}.items())
        for index, (address, function) in enumerate(starts):
            section = self.section_at(address)
            if section is None:
                continue
            following = starts[index + 1][0] if index + 1 < len(starts) else section.end
            found.append(Function(function.name, address, min(following, section.end)))
        return tuple(found)

    def code(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Addresses and words of the code from `begin` to `end` (excluded)."""
        section = self.section_at(begin)
        if section is not None and section.executable:
            yield from section.words(begin, end)

    def section_at(self, address: int) -> Section | None:
        """Section that contains `address`."""
        for section in self.sections:
            if section.address <= address < section.end:
                return section
        return None


def read_image(path: Path) -> Image:
    """Read an ELF file that the linker has written."""
    # Slow to import, and not needed when a build comes from the cache.
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    sections = []
    symbols: dict[str, int] = {}
    variables = []
    functions = []
    with open(path, "rb") as stream:
        elf = ELFFile(stream)
        for section in elf.iter_sections():
            flags = section["sh_flags"]
            if flags & SHF_ALLOC and section["sh_size"]:
                zeroed = section["sh_type"] == "SHT_NOBITS"
                sections.append(Section(
                    section.name, section["sh_addr"], section["sh_size"],
                    b"" if zeroed else section.data(), bool(flags & SHF_EXECINSTR),
                ))  # fmt: skip
            if isinstance(section, SymbolTableSection):
                for symbol in section.iter_symbols():
                    if symbol["st_shndx"] == "SHN_UNDEF" or not symbol.name:
                        continue
                    symbols[symbol.name] = symbol["st_value"]
                    kind = symbol["st_info"]["type"]
                    address, size = symbol["st_value"], symbol["st_size"]
                    if kind == "STT_OBJECT" and size:
                        variables.append(Variable(symbol.name, address, size))
                    if kind == "STT_FUNC":
                        functions.append(Function(symbol.name, address, address + size))
    functions.sort(key=lambda function: (function.address, -function.end))
    return Image(tuple(sections), symbols, tuple(variables), tuple(functions))
