# SPDX-License-Identifier: BSD-3-Clause
"""From an address to file, line and function, and back: line table and functions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath
from posixpath import join, normpath
from typing import TYPE_CHECKING, Any

from .debug_info import DebugInfo, attribute, children, malformed_debug_info, name_of
from .elf_file import ElfSymbol, Segment

if TYPE_CHECKING:
    from elftools.dwarf.compileunit import CompileUnit
    from elftools.dwarf.die import DIE

#: DW_LANG_Mips_Assembler, which all assemblers use.
_LANG_ASSEMBLER = 0x8001


@dataclass(frozen=True)
class SourceLocation:
    """A place in the source.

    Attributes
    ----------
    file : str
        As the compiler was given it, made absolute by the directory it ran in.
    line, column : int
        Counted from 1; column 0 when the debug information has none.
    function : str or None
        Name of the function, also when it is inlined there.
    """

    file: str
    line: int
    column: int
    function: str | None


@dataclass(frozen=True)
class Function:
    """A function: its name and the addresses it covers, ``[(first, end), ...]``."""

    name: str
    ranges: tuple[tuple[int, int], ...]
    _die: DIE | None = field(default=None, repr=False, compare=False)

    @property
    def address(self) -> int:
        """Address of its first instruction."""
        return self.ranges[0][0]


@dataclass(frozen=True)
class _Row:
    address: int
    end: int
    file: str
    line: int
    column: int
    statement: tuple[int, int] | None = None  # for a closing brace: line, column of what it ends


@dataclass(frozen=True)
class _CallSite:
    """An inlined function and where it was called.

    ``artificial`` functions (the attribute of that name, as on the vector intrinsics)
    count as part of the line that calls them.
    """

    callee: str | None
    artificial: bool
    file: str
    line: int
    column: int


class SourceLines:
    """Line table and functions of one program, read when first asked for.

    Code that the linker dropped leaves its debug information behind, at address 0;
    it is recognised by its names and left out.
    """

    def __init__(
        self, debug: DebugInfo, symbols: Sequence[ElfSymbol], segments: Sequence[Segment]
    ) -> None:
        self._debug = debug
        self._symbols = [s for s in symbols if not s.absolute]
        self._code = [(s.address, s.end) for s in segments if s.executable]
        self._names_at_zero = {s.name for s in symbols if s.address == 0}
        self._openings: dict[int, SourceLocation] = {}  # lines of functions, known with _rows

    def locations(self, pc: int) -> tuple[SourceLocation, ...]:
        """Source of the instruction at ``pc``: innermost inlined function first."""
        row = _find(self._rows, pc)
        if row is None:
            return ()
        function = self.function_at(pc)
        found = []
        file, line, column = row.file, row.line, row.column
        for site in reversed(self._inlined_at(function, pc)):
            if not site.artificial:
                found.append(SourceLocation(file, line, column, site.callee))
            file, line, column = site.file, site.line, site.column
        name = function.name if function else None
        return (*found, SourceLocation(file, line, column, name))

    def statement(self, pc: int) -> SourceLocation | None:
        """As the innermost of `locations`, but where a function's result is computed its statement.

        To GCC the instruction that computes what ``return`` returns is part of the closing brace.
        """
        found = self.locations(pc)
        row, function = _find(self._rows, pc), self.function_at(pc)
        opening = self._openings.get(function.address) if function else None
        if len(found) == 1 and row.statement and opening and opening.file == row.file:
            line, column = row.statement
            if opening.line <= line < row.line:
                return replace(found[0], line=line, column=column)
        return next(iter(found), None)

    def inlined_at(self, pc: int) -> list[str | None]:
        """Names of the functions inlined at ``pc``, artificial ones too."""
        return [site.callee for site in self._inlined_at(self.function_at(pc), pc)]

    def function_at(self, pc: int) -> Function | None:
        """Find the function that holds ``pc``, or without one the assembler label before it."""
        found: _Extent | None = _find(self._functions, pc) or _find(self._labels, pc)
        return found.function if found else None

    def unit_at(self, pc: int) -> str | None:
        """Name of the compiled file that the code is of; None without debug information."""
        function = self.function_at(pc)
        if function is None or function._die is None:
            return None
        with malformed_debug_info(self._debug.path):
            unit: Any = function._die.cu
            return PurePosixPath(name_of(unit.get_top_DIE()) or "?").name

    def declaration(self, function: Function) -> SourceLocation | None:
        """Find where a function is defined; None without debug information."""
        die = function._die
        if die is None or "DW_AT_decl_line" not in die.attributes:
            return None
        with malformed_debug_info(self._debug.path):
            file, line, column = (
                attribute(die, f"DW_AT_decl_{part}") or 0 for part in ("file", "line", "column")
            )
            unit: Any = die.cu
            name = self._files(unit).get(file, "?")
        at = _find(self._rows, function.address)
        if at is not None and at.file != name and (opening := self._openings.get(at.address)):
            return replace(opening, function=function.name)  # GCC may name the prototype
        return SourceLocation(name, line, column, function.name)

    def address_of_line(self, file: str, line: int) -> int | None:
        """Lowest address with code of that line; ``file`` may lack leading folders."""
        wanted = PurePosixPath(normpath(file)).parts
        starts = [
            row.address
            for row in self._rows
            if row.line == line and PurePosixPath(row.file).parts[-len(wanted) :] == wanted
        ]
        return min(starts, default=None)

    # --- lines -----------------------------------------------------------------------

    @cached_property
    def _rows(self) -> list[_Row]:
        with malformed_debug_info(self._debug.path):
            sequences = [s for unit in self._debug.units for s in self._sequences(unit)]
        at_zero = [s for s in sequences if s[1][0].address == 0]
        # Of those, C code is told by its functions; of assembler code, the first linked stays.
        known = [s for s in at_zero if s[0] == "named"] or [
            s for s in at_zero if s[0] == "assembler"
        ]
        kept = [s for s in sequences if s[1][0].address != 0] + known[:1]
        return sorted((row for _, rows in kept for row in rows), key=lambda row: row.address)

    def _sequences(self, unit: CompileUnit) -> Iterator[tuple[str, list[_Row]]]:
        """Contiguous runs of rows, each with the kind of code: named, assembler, other."""
        assert self._debug.dwarf is not None
        program = self._debug.dwarf.line_program_for_CU(unit)
        if program is None:
            return
        files = self._files(unit)
        is_assembler = attribute(unit.get_top_DIE(), "DW_AT_language") == _LANG_ASSEMBLER
        functions = self._unit_functions(unit)
        lines_at_zero = {
            attribute(function._die, "DW_AT_decl_line")
            for function in functions
            if function._die is not None and any(low == 0 for low, _ in function.ranges)
        }
        starts = {function.address for function in functions}
        rows: list[_Row] = []
        first: Any = None
        previous: Any = None
        statement: Any = None
        for state in (entry.state for entry in program.get_entries()):
            if state is None:
                continue
            if previous is not None and previous.address < state.address:
                file, end = files.get(previous.file, "?"), state.address
                ends = statement and previous.column == 1 and not previous.is_stmt
                place = (statement.line, statement.column) if ends else None
                if previous.line:  # line 0: code of no line; it counts to the line before it
                    rows.append(
                        _Row(previous.address, end, file, previous.line, previous.column, place)
                    )
                elif rows:
                    rows.append(replace(rows.pop(), end=end))
            previous = state
            first = first or state
            if state.is_stmt and not state.end_sequence:
                statement = state
                if state.address in starts and state.column:
                    opening = files.get(state.file, "?"), state.line, state.column, None
                    self._openings.setdefault(state.address, SourceLocation(*opening))
            if state.end_sequence:
                if rows and self._is_code(rows[0].address):
                    named = first.line in lines_at_zero
                    yield "assembler" if is_assembler else "named" if named else "other", rows
                rows, first, previous, statement = [], None, None, None

    def _files(self, unit: CompileUnit) -> dict[int, str]:
        """File names of a unit's line program by their number there."""
        assert self._debug.dwarf is not None
        program = self._debug.dwarf.line_program_for_CU(unit)
        if program is None:
            return {}
        header = program.header
        first = 0 if header["version"] >= 5 else 1  # DWARF 5 counts both tables from 0
        directories = [_text(name) for name in header["include_directory"]]
        start = _text(attribute(unit.get_top_DIE(), "DW_AT_comp_dir") or b"")
        if first:
            directories.insert(0, start)
        files = {}
        for number, entry in enumerate(header["file_entry"], first):
            index = entry["dir_index"] or 0
            directory = directories[index] if index < len(directories) else ""
            files[number] = normpath(join(start, directory, _text(entry["name"])))
        return files

    # --- functions -------------------------------------------------------------------

    @cached_property
    def _functions(self) -> list[_Extent]:
        with malformed_debug_info(self._debug.path):
            found = [f for unit in self._debug.units for f in self._unit_functions(unit)]
        extents = sorted(_Extent(low, high, f) for f in found for low, high in f.ranges)
        for symbol in self._symbols:
            end = symbol.address + symbol.size
            if symbol.kind != "function" or not symbol.size or not self._is_code(symbol.address):
                continue
            if _find(extents, symbol.address) is None:
                function = Function(symbol.name, ((symbol.address, end),))
                extents.append(_Extent(symbol.address, end, function))
                extents.sort()
        return extents

    def _unit_functions(self, unit: CompileUnit) -> list[Function]:
        functions = []
        for die in children(unit.get_top_DIE()):
            if die.tag != "DW_TAG_subprogram":
                continue
            name = name_of(die) or "?"
            ranges = tuple(
                (low, high)
                for low, high in self._ranges(unit, die)
                if self._is_code(low) and (low != 0 or self._is_at_zero(name))
            )
            if ranges:
                functions.append(Function(name, ranges, die))
        return functions

    def _is_at_zero(self, name: str) -> bool:
        return any(known.partition(".")[0] == name for known in self._names_at_zero)

    @cached_property
    def _labels(self) -> list[_Extent]:
        """Stretches of code from one symbol to the next, for code without sizes."""
        labels = {
            s.address: s.name
            for s in self._symbols
            if s.kind in ("label", "function") and self._is_code(s.address)
        }
        starts = sorted(labels)
        extents = []
        for low, following in zip(starts, [*starts[1:], 1 << 32], strict=False):
            end = next(end for start, end in self._code if start <= low < end)
            high = min(following, end)
            extents.append(_Extent(low, high, Function(labels[low], ((low, high),))))
        return extents

    def _is_code(self, address: int) -> bool:
        return any(start <= address < end for start, end in self._code)

    def _ranges(self, unit: CompileUnit, die: DIE) -> list[tuple[int, int]]:
        low = die.attributes.get("DW_AT_low_pc")
        high = die.attributes.get("DW_AT_high_pc")
        if low is not None and high is not None:
            is_address = high.form == "DW_FORM_addr"
            end = high.value if is_address else low.value + high.value
            return [(low.value, end)] if low.value < end else []
        listed = die.attributes.get("DW_AT_ranges")
        lists = self._debug.dwarf.range_lists() if self._debug.dwarf and listed else None
        if listed is None or lists is None:
            return []
        base = attribute(unit.get_top_DIE(), "DW_AT_low_pc") or 0
        found = []
        entry: Any  # one of two tuples
        for entry in lists.get_range_list_at_offset(listed.value, cu=unit):
            if hasattr(entry, "base_address"):
                base = entry.base_address
            else:
                offset = 0 if entry.is_absolute else base
                found.append((entry.begin_offset + offset, entry.end_offset + offset))
        return [(low, high) for low, high in found if low < high]

    def _inlined_at(self, function: Function | None, pc: int) -> list[_CallSite]:
        """Functions inlined at ``pc``, outermost first."""
        if function is None or function._die is None:
            return []
        with malformed_debug_info(self._debug.path):
            unit: Any = function._die.cu
            files: dict[int, str] | None = None
            sites = []
            scope: DIE | None = function._die
            while scope is not None:
                scope = self._inner_scope(unit, scope, pc)
                if scope is not None and scope.tag == "DW_TAG_inlined_subroutine":
                    files = self._files(unit) if files is None else files
                    file, line, column = (
                        scope.attributes[name].value if name in scope.attributes else 0
                        for name in ("DW_AT_call_file", "DW_AT_call_line", "DW_AT_call_column")
                    )
                    artificial = bool(attribute(scope, "DW_AT_artificial"))
                    place = files.get(file, "?"), line, column
                    sites.append(_CallSite(name_of(scope), artificial, *place))
            return sites

    def _inner_scope(self, unit: CompileUnit, scope: DIE, pc: int) -> DIE | None:
        for die in children(scope):
            if die.tag not in ("DW_TAG_inlined_subroutine", "DW_TAG_lexical_block"):
                continue
            ranges = self._ranges(unit, die)
            if any(low <= pc < high for low, high in ranges):
                return die
            if not ranges and (inner := self._inner_scope(unit, die, pc)) is not None:
                return inner
        return None


@dataclass(frozen=True, order=True)
class _Extent:
    address: int
    end: int
    function: Function = field(compare=False)


def _find(items: Sequence[Any], pc: int) -> Any:
    """Find the item of a list sorted by ``address`` whose extent holds ``pc``."""
    index = bisect_right(items, pc, key=lambda item: item.address) - 1
    return items[index] if index >= 0 and pc < items[index].end else None


def _text(name: bytes | str) -> str:
    return name if isinstance(name, str) else name.decode("utf-8", "backslashreplace")
