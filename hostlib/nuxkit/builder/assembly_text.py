# SPDX-License-Identifier: BSD-3-Clause
"""Compiler output as text: which user line and which function a line belongs to."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

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


def without_stops(text: str, headers: str) -> str:
    """Mark code that is inlined from `headers`, a prefix of paths, as no place to stop at.

    Of a user's line that is nothing but such code, GDB forgets where it is otherwise: it drops a
    row of the line table when rows of another file with statements follow at the same address.
    """
    files: dict[int, str] = {}
    lines, statement = [], True  # what the compiler says holds until it says something else
    for line in text.splitlines(keepends=True):
        if match := _FILE.match(line):
            files[int(match[1])] = _file_name(match)
        elif match := _LOC.match(line):
            if said := _STATEMENT.search(line):
                statement = said[1] == "1"
            stops = statement and not files.get(int(match[1]), "").startswith(headers)
            rest = _STATEMENT.sub("", line[match.end() :])
            line = f"{match[0]} is_stmt {int(stops)}{rest}"
        lines.append(line)
    return "".join(lines)


def _file_name(match: re.Match[str]) -> str:
    return match[3] if match[3] and match[3][0] == "/" else (match[3] or match[2])
