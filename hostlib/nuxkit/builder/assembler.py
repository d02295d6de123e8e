# SPDX-License-Identifier: BSD-3-Clause
"""Assembling behind the macros of the chip, and what the assembler has to say."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nuxkit.builder import reads, spills, toolchain
from nuxkit.builder.assembly_text import AssemblyText
from nuxkit.builder.diagnostics import Diagnostic, Severity, error
from nuxkit.builder.toolchain import Toolchain

#: Included before the user's code, in this order.
INCLUDES = ("fxv.inc", "guards.inc", "isr.inc")

_MESSAGE = re.compile(
    r"^(?P<file>[^:\n]+):(?P<line>\d+):\s+(?P<kind>Error|Warning|Info): (?P<text>.*)$"
)
_TAG = re.compile(r"^(nux-[a-z-]+): ")
_ALTIVEC_TAGS = ("nux-spill", "nux-vector-constant", "nux-altivec")


@dataclass
class _Report:
    """One message of the assembler, at the place where the outermost macro was used."""

    severity: Severity
    text: str
    file: str
    line: int


def assemble(
    tools: Toolchain,
    assembly: Path,
    object_path: Path,
    runtime: Path,
    source: str,
    *,
    is_c: bool,
    allowed: Sequence[str] = (),
) -> list[Diagnostic]:
    """Assemble `assembly` into `object_path` and give the diagnostics at `source`.

    Parameters
    ----------
    tools : Toolchain
    assembly : pathlib.Path
        Preprocessed assembler text or compiler output.
    object_path : pathlib.Path
        Written when there is no error.
    runtime : pathlib.Path
        Root of the runtime, for the macros.
    source : str
        The user's file.
    is_c : bool
        Whether `assembly` was compiled from C: it has line information.
    allowed : sequence of str
        Folders that the source may read, beside its own.
    """
    # Full paths: the assembler looks in the current directory first.
    included = [*(runtime / "asm" / name for name in INCLUDES), assembly]
    wrapper, dependencies = assembly.with_name("wrapper.s"), assembly.with_name("wrapper.d")
    wrapper.write_text("".join(f'.include "{path}"\n' for path in included))
    done = toolchain.run([
        tools.assembler, "-a32", "-many", *(() if is_c else ("-mregnames", "--gdwarf-5")),
        "--MD", str(dependencies), str(wrapper), "-o", str(object_path),
    ])  # fmt: skip
    known: tuple[str | Path, ...] = (*allowed, runtime, assembly.parent)
    read = (
        reads.assembler_inputs(dependencies, source)
        if done.returncode == 0
        else _files(done.stderr)
    )
    if refused := reads.refused_files(read, source, known):
        return refused
    reports = _reports(done.stderr)
    if not reports:
        if done.returncode != 0:
            return [error(done.stderr.strip() or "the assembler failed without a message", source)]
        return []
    text = AssemblyText(assembly.read_text(errors="replace"), str(runtime) + os.sep)
    found = [
        _compiled(report, text, source, assembly) if is_c else _written(report, source)
        for report in reports
    ]
    return _merged(found)


def _files(output: str) -> list[str]:
    """Files that messages are about."""
    return [match["file"] for line in output.splitlines() if (match := _MESSAGE.match(line))]


def _reports(output: str) -> list[_Report]:
    reports: list[_Report] = []
    for line in output.splitlines():
        match = _MESSAGE.match(line)
        if match is None:
            continue
        if match["kind"] != "Info":
            severity: Severity = "error" if match["kind"] == "Error" else "warning"
            reports.append(_Report(severity, match["text"], match["file"], int(match["line"])))
        elif reports and match["text"].startswith("macro invoked"):
            reports[-1].file, reports[-1].line = match["file"], int(match["line"])
    return reports


def _compiled(report: _Report, text: AssemblyText, source: str, assembly: Path) -> Diagnostic:
    """Message about compiler output, or about inline assembler, at the user's line."""
    if report.file != str(assembly):  # inline assembler names its own file
        return Diagnostic(report.severity, _untagged(report.text), report.file, report.line)
    number = report.line - 1
    function = text.function(number)
    tag = _TAG.match(report.text)
    sentence = _untagged(report.text)
    if tag and tag[1] == "nux-spill" and function:
        sentence, number = spills.explain(text, number, function)
    place = text.user_line(number)
    if place is None:
        return Diagnostic(report.severity, sentence, source)
    return Diagnostic(report.severity, sentence, place.file, place.line, place.column)


def _written(report: _Report, source: str) -> Diagnostic:
    """Message about assembler code that the user wrote."""
    tag = _TAG.match(report.text)
    sentence = _untagged(report.text)
    if tag and tag[1] in _ALTIVEC_TAGS and (used := re.search(r"\(([^ )]+)", sentence)):
        sentence = (
            f"the processor has no instruction {used[1]}; its vector instructions are the fxv ones"
        )
    return Diagnostic(report.severity, sentence, report.file or source, report.line)


def _untagged(text: str) -> str:
    return _TAG.sub("", text)


def _merged(found: list[Diagnostic]) -> list[Diagnostic]:
    """One message for each sentence: that of the first place, with a count of the others."""
    places: dict[tuple[Severity, str], list[Diagnostic]] = {}
    for entry in found:
        places.setdefault((entry.severity, entry.text), []).append(entry)
    merged = []
    for (severity, text), entries in places.items():
        first = entries[0]
        others = len({(e.file, e.line) for e in entries} - {(first.file, first.line)})
        note = f"note: and in {others} other line{'s' * (others > 1)}" if others else ""
        merged.append(Diagnostic(severity, text, first.file, first.line, first.column, note))
    return merged
