# SPDX-License-Identifier: BSD-3-Clause
"""Figures of the benchmark: what is measured, its bar, and the table of all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Measure = Callable[[], float]


@dataclass
class Figure:
    """One line of the table: how to measure it, its bar, and what was measured."""

    name: str
    unit: str
    measure: Measure | None = None
    bar: float | None = None
    higher_is_better: bool = False
    values: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def best(self) -> float | None:
        """Best measured value, None when nothing was measured."""
        if not self.values:
            return None
        return max(self.values) if self.higher_is_better else min(self.values)

    @property
    def verdict(self) -> str:
        """``met`` or ``missed`` against the bar; empty without a bar or a value."""
        if self.bar is None or self.best is None:
            return ""
        met = self.best >= self.bar if self.higher_is_better else self.best <= self.bar
        return "met" if met else "missed"

    def as_dict(self) -> dict[str, Any]:
        """Everything but the measuring function, for JSON."""
        return {
            "name": self.name,
            "unit": self.unit,
            "best": self.best,
            "bar": self.bar,
            "higher_is_better": self.higher_is_better,
            "verdict": self.verdict,
            "values": self.values,
            "note": self.note,
        }


def ratio_of(
    name: str, over: Figure, under: Figure, bar: float | None = None, **options: Any
) -> Figure:
    """Best of one figure over the best of another, once both are measured."""
    ratio = Figure(name, "x", bar=bar, **options)
    if over.best is not None and under.best is not None:
        ratio.values = [over.best / under.best]
    return ratio


def median_us(function: Callable[[], Any], repetitions: int) -> tuple[float, Any]:
    """Median wall time of calls in microseconds, and what the last one returned."""
    times, found = [], None
    for _ in range(repetitions):
        begin = time.perf_counter()
        found = function()
        times.append(time.perf_counter() - begin)
    return 1e6 * statistics.median(times), found


def check(condition: bool, what: str) -> None:
    """End the benchmark when a measured run computed something wrong."""
    if not condition:
        raise SystemExit(f"bench: wrong result: {what}")


def format_table(figures: list[Figure]) -> str:
    """Figures as a text table, one a line; notes below."""
    width = max(len(figure.name) for figure in figures)
    lines = [f"{'figure':{width}}  {'best':>10}  unit  {'bar':>8}"]
    for figure in figures:
        best = figure.note if figure.best is None else f"{figure.best:.4g}"
        bar = ""
        if figure.bar is not None:
            bar = f"{'>=' if figure.higher_is_better else '<='} {figure.bar:g}"
        line = f"{figure.name:{width}}  {best:>10}  {figure.unit:4}  {bar:>8}  {figure.verdict}"
        lines.append(line.rstrip())
    lines += [f"{f.name}: {f.note}" for f in figures if f.note and f.best is not None]
    return "\n".join(lines)
