# SPDX-License-Identifier: BSD-3-Clause
"""Everything that a program's code tells before it runs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nuxemu.isa import vector
from nuxkit.builder.compiler import ASSEMBLER_SUFFIXES, C_SUFFIXES
from nuxkit.builder.diagnostics import Diagnostic, error
from nuxkit.builder.handlers import handler_problems
from nuxkit.builder.image import Image, read_image
from nuxkit.builder.report import BuildReport, make_report, stack_problem
from nuxkit.builder.runtime import runtime_root
from nuxkit.builder.stack import StackBound, stack_bound
from nuxkit.builder.toolchain import disassembler, find_toolchain
from nuxkit.builder.verify import has_runtime, instruction_errors, locator, verify
from nuxkit.program import Program
from nuxkit.rules.generate import made_sources
from nuxkit.source_lines import SourceLocation
from nuxkit.static_check.loops import Loop, find_loops


@dataclass(frozen=True)
class StaticReport:
    """What a check found.

    Attributes
    ----------
    file : str
        What was checked.
    diagnostics : tuple of Diagnostic
        Errors and warnings of compiler, verifier and check.
    memory : BuildReport or None
        Sizes and the bound on the stack; None if it did not build, or without our runtime.
    scalar, vector : int
        Instructions of each kind.
    loops : tuple of Loop
        Those in the user's source, in the order of their lines.
    """

    file: str
    diagnostics: tuple[Diagnostic, ...]
    memory: BuildReport | None = None
    scalar: int = 0
    vector: int = 0
    loops: tuple[Loop, ...] = ()

    def count(self, severity: str) -> int:
        """How many diagnostics are of a severity."""
        return sum(entry.severity == severity for entry in self.diagnostics)

    @property
    def ok(self) -> bool:
        """Whether there is no error; there may be warnings."""
        return self.count("error") == 0

    @property
    def lines(self) -> list[Diagnostic]:
        """Errors, warnings, and a note for each straight-line loop."""
        timed = [loop for loop in self.loops if loop.cycles is not None]
        return [*map(self._placed, self.diagnostics), *(_note(loop) for loop in timed)]

    def _placed(self, entry: Diagnostic) -> Diagnostic:
        """Give a message a line and column, without which editors do not see it."""
        if entry.line is None and not self.file.endswith(C_SUFFIXES + ASSEMBLER_SUFFIXES):
            return entry
        at = (entry.file or self.file, entry.line or 1, entry.column or 1)
        return replace(entry, file=at[0], line=at[1], column=at[2])

    def __str__(self) -> str:
        rows = [str(entry) for entry in self.lines]
        if self.memory:
            rows += ["", str(self.memory)] if rows else [str(self.memory)]
        if self.scalar + self.vector:
            kinds = f"{self.scalar} scalar, {self.vector} vector"
            rows.append(f"{'instructions':<16}{self.scalar + self.vector:>7}        {kinds}")
            others = sum(loop.cycles is None for loop in self.loops)
            hint = f"{others} of them with branches or calls: see nuxkit profile" if others else ""
            rows.append(f"{'loops':<16}{len(self.loops):>7}        {hint}".rstrip())
        errors, warnings = self.count("error"), self.count("warning")
        rows.append(f"{self.file}: {_counted(errors, 'error')}, {_counted(warnings, 'warning')}")
        return "\n".join(rows)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "file": self.file,
            "ok": self.ok,
            "errors": self.count("error"),
            "warnings": self.count("warning"),
            "diagnostics": [entry.to_dict() for entry in self.diagnostics],
            "memory": self.memory.to_dict() if self.memory else None,
            "instructions": {"scalar": self.scalar, "vector": self.vector},
            "loops": [_loop_dict(loop) for loop in self.loops],
        }


def check_program(
    program: Program, file: str | None = None, warnings: Sequence[Diagnostic] = ()
) -> StaticReport:
    """Check a linked program without running it.

    Parameters
    ----------
    program : Program
    file : str, optional
        Source file that it was made of, as it shall be called.
    warnings : sequence of Diagnostic
        Of the build.

    Raises
    ------
    nuxkit.ToolchainError
        The disassembler is missing.
    """
    image = read_image(program.path)
    name = file or str(program.path)
    places = _Places(program, name)
    memory = make_report(image, stack_bound(image)) if has_runtime(image) else None
    found = [places.spelled(entry) for entry in _problems(program, image, memory)]
    if memory is None:
        found.append(Diagnostic("warning", "the program was not linked with the runtime of nuxkit: "
                                "there is no bound on its stack", name))  # fmt: skip
    else:
        found += _unbounded(image, memory.stack, places)
    vectors = [
        word >> 26 == vector.PRIMARY_OPCODE
        for section in image.sections
        if section.executable
        for _, word in section.words()
    ]
    loops = sorted(
        find_loops(image, places.of),
        key=lambda loop: (
            loop.location.file,
            loop.location.line,
            loop.location.column,
            tuple(loop.addresses),
        ),
    )
    return StaticReport(
        name,
        (*warnings, *found),
        memory,
        vectors.count(False),
        vectors.count(True),
        tuple(loops),
    )


def _problems(program: Program, image: Image, memory: BuildReport | None) -> list[Diagnostic]:
    locate, disassemble = locator(program.path), disassembler(find_toolchain(), program.path)
    if memory is None:
        return instruction_errors(image, locate, disassemble)
    problem = stack_problem(memory)
    return [
        *verify(image, locate, disassemble),
        *handler_problems(image, locate),
        *([error(problem)] if problem else []),
    ]


def _unbounded(image: Image, stack: StackBound, places: _Places) -> Iterator[Diagnostic]:
    for reason, name in stack.reasons:
        function = next((one for one in image.functions if one.name == name), None)
        place = places.of_function(function.address) if function else None
        text = (
            f"the stack of {name}() has no bound, {reason}; at least "
            f"{stack.at_least} bytes are used"
        )
        if place is None:
            yield Diagnostic("warning", text, places.file)
        else:
            yield Diagnostic("warning", text, place.file, place.line, place.column or None)


class _Places:
    """Places in the user's source, called as the user calls it."""

    def __init__(self, program: Program, file: str) -> None:
        self.file = file
        self._program = program
        self._not_users = (str(runtime_root()) + os.sep, str(made_sources()) + os.sep)

    def of(self, address: int) -> SourceLocation | None:
        """Innermost place of an instruction in the user's source; None if there is none."""
        for place in self._program.source_locations(address):
            if not place.file.startswith(self._not_users):
                return replace(place, file=self._called(place.file))
        return None

    def of_function(self, address: int) -> SourceLocation | None:
        """Where a function is defined; None if that is not in the user's source."""
        function = self._program.function_at(address)
        place = self._program.declaration(function) if function else None
        if place is None or place.file.startswith(self._not_users):
            return None
        return replace(place, file=self._called(place.file))

    def spelled(self, entry: Diagnostic) -> Diagnostic:
        return entry if entry.file is None else replace(entry, file=self._called(entry.file))

    def _called(self, path: str) -> str:
        return self.file if path == os.path.abspath(self.file) else path


def _note(loop: Loop) -> Diagnostic:
    at = loop.location
    return Diagnostic("note", f"{loop.function}: {loop}", at.file, at.line, at.column or None)


def _loop_dict(loop: Loop) -> dict[str, Any]:
    return {
        "file": loop.location.file,
        "line": loop.location.line,
        "column": loop.location.column,
        "function": loop.function,
        "instructions": len(loop.addresses),
        "cycles": loop.cycles,
        "time_s": loop.time_s,
        "rounds": loop.rounds,
        "unknown_accesses": loop.unknown,
        "not_straight_line": loop.reason or None,
    }


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s'[: number != 1]}"
