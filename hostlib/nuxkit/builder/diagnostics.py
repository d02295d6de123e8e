# SPDX-License-Identifier: BSD-3-Clause
"""Errors and warnings of a build, at the user's file, line and column."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Literal, cast

from nuxkit.errors import BuildError

Severity = Literal["error", "warning", "note"]

_GCC_LINE = re.compile(
    r"^(?P<file>[^:\n]+):(?P<line>\d+):(?:(?P<column>\d+):)? "
    r"(?P<severity>fatal error|error|warning|note): (?P<text>.*)$"
)
#: Lines that gcc writes before the message they belong to.
_CONTEXT = re.compile(r"^(?:In file included from |\s+(?:inlined )?from |In function )")
#: The same, but only repeating what the place of the message says.
_HEADING = re.compile(r"^(?:cc1:|compilation terminated|[^:\n]+: (?:In function |At top level))")
_TOOL_ERROR = re.compile(r"^[^:\n]*gcc[^:\n]*: (?:fatal )?error: (?P<text>.*)$")


@dataclass(frozen=True)
class Diagnostic:
    """One message of the compiler, assembler, linker or verifier.

    Attributes
    ----------
    severity : {"error", "warning", "note"}
        A note of a build is only found among the lines of `detail`, never alone.
    text : str
        The message, one sentence or more.
    file : str or None
        The user's file, spelled as it was given to `nuxkit.build`.
    line, column : int or None
        Counted from 1.
    detail : str
        Source excerpt and notes of the compiler, possibly several lines.
    """

    severity: Severity
    text: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    detail: str = ""

    @property
    def location(self) -> str:
        """``file:line:column`` as far as known, or an empty string."""
        parts = [str(part) for part in (self.file, self.line, self.column) if part is not None]
        return ":".join(parts)

    def __str__(self) -> str:
        head = f"{self.location}: " if self.location else ""
        tail = f"\n{self.detail}" if self.detail else ""
        return f"{head}{self.severity}: {self.text}{tail}"

    def to_dict(self) -> dict[str, object]:
        """Plain values, as stored in the build cache and in JSON reports."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, object]) -> Diagnostic:
        """Inverse of `to_dict`."""
        return cls(**values)  # type: ignore[arg-type]


class KernelBuildError(BuildError):
    """A build that failed; the message shows every diagnostic, first error first.

    Attributes
    ----------
    diagnostics : tuple of Diagnostic
        Errors first, in the order in which the tools found them, then warnings.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        given = tuple(diagnostics)
        errors = tuple(entry for entry in given if entry.severity == "error")
        others = tuple(entry for entry in given if entry.severity != "error")
        self.diagnostics = errors + others
        super().__init__("\n".join(map(str, self.diagnostics)))


def error(
    text: str, file: str | None = None, line: int | None = None, column: int | None = None
) -> Diagnostic:
    """Diagnostic of severity error."""
    return Diagnostic("error", text, file, line, column)


def parse_gcc(output: str) -> list[Diagnostic]:
    """Diagnostics in the standard error text of gcc.

    Notes, source excerpts and "In file included from" lines stay with the message
    that they explain.
    """
    found: list[Diagnostic] = []
    context: list[str] = []
    for text in output.splitlines():
        match = _GCC_LINE.match(text)
        if match and match["severity"] != "note":
            severity = cast(Severity, match["severity"].removeprefix("fatal "))
            column = int(match["column"]) if match["column"] else None
            found.append(
                Diagnostic(
                    severity,
                    match["text"],
                    match["file"],
                    int(match["line"]),
                    column,
                    "\n".join(context),
                )
            )
            context = []
        elif tool := _TOOL_ERROR.match(text):
            found.append(Diagnostic("error", tool["text"], detail="\n".join(context)))
            context = []
        elif _CONTEXT.match(text):
            context.append(text)
        elif _HEADING.match(text):
            continue
        elif found:
            last = found[-1]
            found[-1] = replace(last, detail=f"{last.detail}\n{text}".lstrip("\n"))
        elif text.strip():
            context.append(text)
    return found


_INLINED = re.compile(
    r"^\s+inlined from .* at (?P<file>[^:\n]+):(?P<line>\d+):(?P<column>\d+)", re.M
)


def at_user_line(entry: Diagnostic, private: str) -> Diagnostic:
    """Move a message about an inlined library function to the user's line that called it.

    Parameters
    ----------
    entry : Diagnostic
    private : str
        Prefix of the library's paths.
    """
    if entry.file is None or not entry.file.startswith(private):
        return entry
    for match in _INLINED.finditer(entry.detail):
        if not match["file"].startswith(private):
            return replace(
                entry, file=match["file"], line=int(match["line"]), column=int(match["column"])
            )
    return entry
