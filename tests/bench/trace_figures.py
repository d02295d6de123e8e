# SPDX-License-Identifier: BSD-3-Clause
"""What a trace costs: everything traced, and a trace without kinds, over none."""

from __future__ import annotations

import time
from typing import Any

import nuxkit
from bench.figure import Figure, check


class TraceBench:
    """The same run with a trace and without, in turn."""

    def __init__(self, program: Any, symbols: dict[str, int]) -> None:
        self.program, self.symbols = program, symbols
        self.cycles: int | None = None
        self.off = Figure("STDP passes, trace off", "s", lambda: self.run(None))
        self.on = Figure("STDP passes, all traced", "s", lambda: self.run(nuxkit.Trace()))

    def run(self, trace: nuxkit.Trace | None) -> float:
        """Wall time in seconds; the cycles must be the same."""
        chip = nuxkit.Chip(seed=1)
        begin = time.perf_counter()
        result = chip.run(self.program, symbols=self.symbols, trace=trace, max_cycles=10**12)
        wall_s = time.perf_counter() - begin
        self.cycles = self.cycles or result.cycles
        check(result.cycles == self.cycles, "a trace changed the cycles of a run")
        return wall_s

    def figures(self) -> list[Figure]:
        """What is measured in each repetition."""
        return [self.off, self.on]
