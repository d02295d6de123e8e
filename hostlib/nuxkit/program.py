# SPDX-License-Identifier: BSD-3-Clause
"""A linked program: its memory image, symbols, source locations and call stacks."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from .debug_info import DebugInfo
from .dwarf_types import VariableTypes
from .elf_file import ElfImage, Segment, read_elf
from .symbols import Location, Symbol, SymbolTable

__all__ = ["Location", "Program", "Segment", "Symbol"]


class Program:
    """A program for the PPU, read from an ELF file by :meth:`load`.

    Attributes
    ----------
    path : Path
        The file.
    entry : int
        Entry point that the file names. The processor itself starts at address 0.
    segments : tuple[Segment, ...]
        The memory image by ascending address; no two pieces share a byte.
    """

    def __init__(self, path: Path, image: ElfImage, content: bytes) -> None:
        self.path = path
        self.entry = image.entry
        self.segments = image.segments
        self._image = image
        self._debug = DebugInfo(path, content)

    @classmethod
    def load(cls, path: str | Path) -> Program:
        """Read and check a program.

        Parameters
        ----------
        path : str or Path
            A linked ELF executable, 32-bit big-endian PowerPC, built here or by the
            vendor's tools, with or without debug information.

        Raises
        ------
        ProgramFileError
            The file is missing, unreadable, no such program, or does not fit into
            the memories of the PPU.
        """
        path = Path(path)
        return cls(path, *read_elf(path))

    def __repr__(self) -> str:
        size = sum(len(segment.data) for segment in self.segments)
        return f"Program({str(self.path)!r}, {size} bytes in {len(self.segments)} segments)"

    @cached_property
    def symbols(self) -> SymbolTable:
        """Symbols by name; an unknown name raises UnknownSymbolError with close matches."""
        return SymbolTable(self.path, self._image.symbols, VariableTypes(self._debug))

    def resolve(self, path: str) -> Location:
        """Address and C type of a variable or a part of it (``"table[3].gain"``).

        See :meth:`nuxkit.symbols.SymbolTable.resolve`.
        """
        return self.symbols.resolve(path)
