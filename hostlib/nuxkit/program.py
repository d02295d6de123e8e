# SPDX-License-Identifier: BSD-3-Clause
"""A linked program: its memory image, symbols, source locations and call stacks."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from .call_stack import CallStacks, Frame, ReadWord
from .debug_info import DebugInfo
from .dwarf_types import Signature, VariableTypes
from .elf_file import ElfImage, Segment, read_elf
from .errors import InputError
from .marks import marks_of
from .source_lines import Function, SourceLines, SourceLocation
from .symbols import Location, Symbol, SymbolTable, UnknownSymbolError

__all__ = ["Frame", "Function", "Location", "Program", "Segment", "SourceLocation", "Symbol"]


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
    content : bytes
        The whole file.
    """

    def __init__(self, path: Path, image: ElfImage, content: bytes) -> None:
        self.path = path
        self.entry = image.entry
        self.segments = image.segments
        self.content = content
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

    @cached_property
    def marks(self) -> bytes:
        """What the checks know about each word in the SRAM; see `Processor.set_marks`."""
        return marks_of(self.symbols)

    def resolve(self, path: str) -> Location:
        """Address and C type of a variable or a part of it (``"table[3].gain"``).

        See :meth:`nuxkit.symbols.SymbolTable.resolve`.
        """
        return self.symbols.resolve(path)

    def source_location(self, pc: int) -> SourceLocation | None:
        """Source line of the instruction at ``pc``; None without debug information.

        In an inlined function this is the line inside of it, and
        :meth:`source_locations` has the rest; a vector intrinsic counts as part of the
        line that calls it.

        Raises
        ------
        ProgramFileError
            The debug information is damaged; so for all methods but ``call_stack``.
        """
        return next(iter(self.source_locations(pc)), None)

    def source_locations(self, pc: int) -> tuple[SourceLocation, ...]:
        """Source lines of the instruction at ``pc``, one a level of inlining.

        The innermost inlined function comes first, last the function that holds the
        code; empty without debug information.
        """
        return self._lines.locations(pc)

    def statement(self, pc: int) -> SourceLocation | None:
        """Source line of the statement that the instruction at ``pc`` is of.

        That is `source_location`, but for what computes the value of a ``return``, which is part
        of the closing brace to the compiler.
        """
        return self._lines.statement(pc)

    def inlined_at(self, pc: int) -> list[str | None]:
        """Names of the functions inlined at ``pc``, vector intrinsics too, outermost first."""
        return self._lines.inlined_at(pc)

    def function_at(self, pc: int) -> Function | None:
        """Find the function that holds ``pc``; in assembler code the label before it."""
        return self._lines.function_at(pc)

    def unit_at(self, pc: int) -> str | None:
        """Name of the file that was compiled to the code at ``pc``, without its folder."""
        return self._lines.unit_at(pc)

    def signature(self, name: str) -> Signature:
        """Parameters and result of a function that is not inlined everywhere.

        Raises
        ------
        nuxkit.InputError
            There is no such function, or no debug information about it.
        """
        try:
            symbol = self.symbols[name]
        except UnknownSymbolError as problem:
            hint = "a static function that is inlined everywhere does not exist"
            raise UnknownSymbolError(f"{problem}; {hint}") from None
        function = self.function_at(symbol.address)
        if function is None or function.address != symbol.address or function._die is None:
            raise InputError(f"{self.path}: {name} is no function with debug information")
        return VariableTypes(self._debug).signature(function._die)

    def declaration(self, function: Function) -> SourceLocation | None:
        """Find where a function is defined; None without debug information."""
        return self._lines.declaration(function)

    def address_of_line(self, file: str, line: int) -> int | None:
        """Lowest address with code of a source line, None when it has none.

        ``file`` may lack leading folders: ``"stdp.c"``, ``"kernels/stdp.c"``.
        """
        return self._lines.address_of_line(file, line)

    def call_stack(self, pc: int, lr: int, sp: int, read_word: ReadWord) -> list[Frame]:
        """Chain of calls that led to ``pc``, innermost first, inlined calls included.

        Parameters
        ----------
        pc, lr, sp : int
            Program counter, link register and stack pointer (r1).
        read_word : callable
            Gives the 32-bit word at an address of the SRAM.

        Returns
        -------
        list[Frame]
            At least the frame of ``pc``, at most 64. Nothing is raised: the walk ends
            where the stack makes no sense.
        """
        return self._stacks.frames(pc, lr, sp, read_word)

    @cached_property
    def _lines(self) -> SourceLines:
        return SourceLines(self._debug, self._image.symbols, self.segments)

    @cached_property
    def _stacks(self) -> CallStacks:
        return CallStacks(self._debug, self._lines, self.segments)
