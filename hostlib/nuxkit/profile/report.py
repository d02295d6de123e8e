# SPDX-License-Identifier: BSD-3-Clause
"""Profiles as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nuxemu import memory_map as mm
from nuxkit.hemispheres import HEMISPHERE_NAMES

from .costs import Cost, LineCost

if TYPE_CHECKING:
    from .profile import Profile


def _part(cycles: float, total: int) -> str:
    return f"{100 * cycles / total if total else 0:.1f} %"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], left: int = 1) -> Iterator[str]:
    """Columns aligned to the right, the last `left` ones to the left."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    numbers = len(head) - left
    for row in (head, *rows):
        cells = [
            cell.rjust(width) if i < numbers else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _most_for(cost: Cost) -> str:
    """Name what was waited for most, if that is more than half of the cycles."""
    if not cost.waits:
        return ""
    name, cycles = max(cost.waits.items(), key=lambda wait: wait[1])
    return name if 2 * cycles > cost.cycles else ""


def _source_line(line: LineCost) -> str:
    try:
        rows = Path(line.file).read_text(errors="replace").splitlines()
    except OSError:
        return ""  # the program may come from another machine
    return rows[line.line - 1].strip() if 0 < line.line <= len(rows) else ""


def _place(line: LineCost) -> str:
    return f"{Path(line.file).name}:{line.line}" if line.line else f"({line.function})"


def profile_text(profile: Profile, top: int) -> str:
    """See `Profile.text`."""
    total = profile.total
    time_s = total.cycles / mm.PPU_CLOCK_HZ
    rows = [
        f"{profile.program.path}, {HEMISPHERE_NAMES[profile.hemisphere]} processor: "
        f"{total.cycles} cycles ({1e6 * time_s:.6g} us), {total.executed} instructions, "
        f"{_part(profile.attributed, 1)} of the cycles have a source line",
        "",
    ]
    waits = sorted(total.waits.items(), key=lambda wait: -wait[1])
    working = total.cycles - sum(total.waits.values())
    rows += _table(
        ("cycles", "part", "spent"),
        [(str(working), _part(working, total.cycles), "executing")]
        + [(str(n), _part(n, total.cycles), f"waiting: {name}") for name, n in waits],
    )
    if profile.rules:
        rows += ["", *_rule_rows(profile)]
    rows += ["", *_function_rows(profile, top), "", *_line_rows(profile, top)]
    return "\n".join(rows) + "\n"


def _rule_rows(profile: Profile) -> Iterator[str]:
    return _table(
        ("invocations", "minimum", "mean", "maximum", "period", "maximum/period", "late", "rule"),
        [
            (
                str(rule.invocations),
                str(rule.minimum),
                f"{rule.mean:.1f}",
                str(rule.maximum),
                str(rule.period),
                _part(rule.maximum, rule.period),
                str(rule.late),
                rule.name,
            )
            for rule in profile.rules
        ],
    )


def _function_rows(profile: Profile, top: int) -> Iterator[str]:
    total = profile.total.cycles
    return _table(
        ("cycles", "part", "with callees", "calls", "function", "waiting mostly for"),
        [
            (
                str(cost.cycles),
                _part(cost.cycles, total),
                _part(cost.with_callees, total),
                str(cost.calls) if cost.calls else "",
                cost.name,
                _most_for(cost),
            )
            for cost in profile.functions[:top]
        ],
        left=2,
    )


def _line_rows(profile: Profile, top: int) -> Iterator[str]:
    total = profile.total.cycles
    return _table(
        ("cycles", "part", "instructions", "line", "waiting mostly for", "source"),
        [
            (
                str(cost.cycles),
                _part(cost.cycles, total),
                str(cost.executed),
                _place(cost),
                _most_for(cost),
                _source_line(cost),
            )
            for cost in profile.lines[:top]
        ],
        left=3,
    )


def annotated_text(profile: Profile) -> str:
    """See `Profile.annotated`."""
    total = profile.total.cycles
    by_file: dict[str, dict[int, tuple[int, int]]] = {}
    for cost in profile.lines:
        if cost.line:
            lines = by_file.setdefault(cost.file, {})
            cycles, executed = lines.get(cost.line, (0, 0))
            lines[cost.line] = (cycles + cost.cycles, executed + cost.executed)
    ranked = sorted(by_file, key=lambda file: -sum(n for n, _ in by_file[file].values()))
    rows: list[str] = []
    for file in ranked:
        lines = by_file[file]
        cycles = sum(n for n, _ in lines.values())
        rows += [f"{file}: {cycles} cycles, {_part(cycles, total)}"]
        try:
            source = Path(file).read_text(errors="replace").splitlines()
        except OSError:
            source = []
        width = max(len(str(n)) for n, _ in lines.values())
        for number in range(1, max(len(source), *lines) + 1):
            text = source[number - 1] if number <= len(source) else "(no source)"
            if number in lines:
                n, executed = lines[number]
                left = f"{n:>{width}} {_part(n, total):>7} {executed:>{width}}"
            elif source:
                left = " " * (2 * width + 9)
            else:
                continue
            rows.append(f"{left} {number:>5}  {text}".rstrip())
        rows.append("")
    return "\n".join(rows)
