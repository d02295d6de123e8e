# SPDX-License-Identifier: BSD-3-Clause
"""Compiler output as text: which user line and which function a line belongs to."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile

_FILE = re.compile(r'^\s*\.file\s+(\d+)\s+"((?:[^"\\]|\\.)*)"(?:\s+"((?:[^"\\]|\\.)*)")?')
_LOC = re.compile(r"^\s*\.loc\s+(\d+)\s+(\d+)(?:\s+(\d+))?")
_MARKER = re.compile(r'^\s*#\s+(\d+)\s+"([^"]*)"')
_FUNCTION = re.compile(r"^\s*\.type\s+([\w.$]+),\s*@function")
_STATEMENT = re.compile(r" is_stmt ([01])")


@dataclass(frozen=True)
class UserLine:
    """A place in the user's sources; the column is None where it is not known."""

    file: str
    line: int
    column: int | None


@dataclass(frozen=True)
class FunctionText:
    """Name and line range (from 0, end excluded) of one function."""

    name: str
    begin: int
    end: int


class AssemblyText:
    """Lines of ``gcc -S -g`` output.

    Parameters
    ----------
    text : str
        The whole file.
    private : str
        Prefix of paths that are not the user's: the runtime's headers. Code inlined
        from there counts for the line that called it.
    """

    def __init__(self, text: str, private: str) -> None:
        self.lines = text.splitlines()
        self._private = private
        self._places: list[tuple[int, UserLine]] = []
        starts: list[tuple[int, str]] = []
        files: dict[int, str] = {}
        in_asm = False
        for number, line in enumerate(self.lines):
            if match := _FILE.match(line):
                files[int(match[1])] = _file_name(match)
            elif match := _LOC.match(line):
                column = int(match[3]) if match[3] else None
                self._note(number, files.get(int(match[1]), ""), int(match[2]), column or None)
            elif line.startswith(("#APP", "#NO_APP")):
                in_asm = line.startswith("#APP")
            elif in_asm and (match := _MARKER.match(line)):
                self._note(number, match[2], int(match[1]), None)
            elif match := _FUNCTION.match(line):
                starts.append((number, match[1]))
        ends = [*(begin for begin, _ in starts), len(self.lines)][1:]
        self.functions = [
            FunctionText(name, begin, end) for (begin, name), end in zip(starts, ends, strict=True)
        ]

    def _note(self, number: int, file: str, line: int, column: int | None) -> None:
        if file and line > 0 and not file.startswith(self._private):
            self._places.append((number, UserLine(file, line, column)))

    def user_line(self, number: int) -> UserLine | None:
        """User's line for a line of the text, counted from 0.

        That is the nearest one above in the same function; failing that, the
        nearest below in it.
        """
        function = self.function(number)
        begin, end = (function.begin, function.end) if function else (0, len(self.lines))
        index = bisect_right(self._places, number, key=lambda place: place[0])
        if index > 0 and self._places[index - 1][0] >= begin:
            return self._places[index - 1][1]
        if index < len(self._places) and self._places[index][0] < end:
            return self._places[index][1]
        return None

    def function(self, number: int) -> FunctionText | None:
        """Return the function around a line, counted from 0."""
        for function in self.functions:
            if function.begin <= number < function.end:
                return function
        return None


@dataclass
class _Row:
    """A row of the line table to be; rows of one `place` are at the same address."""

    number: int
    match: re.Match[str]
    file: str
    place: int
    stops: bool

    @property
    def line(self) -> tuple[str, str]:
        return self.file, self.match[2]


def without_stops(text: str, headers: str) -> str:
    """Mark code that is inlined from `headers`, a prefix of paths, as no place to stop at.

    Of a user's line that is nothing but such code, GDB forgets where it is otherwise: it drops a
    row of the line table when rows of another file with statements follow at the same address.
    So it does with calls of functions that are inlined from the user's own headers: the place is
    the call's then, and a later one the function's.
    """
    lines = text.splitlines(keepends=True)
    files: dict[int, str] = {}
    rows: list[_Row] = []
    statement, place = True, 0  # what the compiler says holds until it says something else
    for number, line in enumerate(lines):
        if match := _FILE.match(line):
            files[int(match[1])] = _file_name(match)
        elif match := _LOC.match(line):
            if said := _STATEMENT.search(line):
                statement = said[1] == "1"
            file = files.get(int(match[1]), "")
            stops = statement and not file.startswith(headers)
            rows.append(_Row(number, match, file, place, stops))
        elif (code := line.strip()) and code[0] not in ".#" and code[-1] != ":":
            place += 1
    _give_way(rows)
    for row in rows:
        rest = _STATEMENT.sub("", lines[row.number][row.match.end() :])
        lines[row.number] = f"{row.match[0]} is_stmt {int(row.stops)}{rest}"
    return "".join(lines)


def _give_way(rows: Sequence[_Row]) -> None:
    """Keep a stop at lines that GDB would drop everywhere, for others that can stop elsewhere."""
    stops = [(number, row) for number, row in enumerate(rows) if row.stops]
    places = [list(found) for _, found in groupby(stops, lambda stop: stop[1].place)]
    kept = Counter(row.line for at in places for _, row in at if row.file == at[-1][1].file)
    for at in places:
        first, (end, last) = at[0][1].file, at[-1]
        dropped = {row.line for _, row in at if row.file == first and not kept[row.line]}
        if first == last.file or not dropped:
            continue
        rest = takewhile(lambda row: not row.stops, rows[end + 1 :])
        later = next((r for r in rest if r.line == last.line and r.place > last.place), None)
        here = Counter(row.line for _, row in at if row.file == last.file)
        if later is None and kept[last.line] <= here[last.line]:
            continue
        for _, row in at:
            row.stops = row.file == first
        if later is not None:
            later.stops = True
            kept[later.line] += 1
        kept.subtract(here)
        kept.update(dropped)


def _file_name(match: re.Match[str]) -> str:
    return match[3] if match[3] and match[3][0] == "/" else (match[3] or match[2])
