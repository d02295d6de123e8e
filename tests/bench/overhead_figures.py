# SPDX-License-Identifier: BSD-3-Clause
"""What looking into a run costs: wall time with it over wall time without."""

from __future__ import annotations

import time
from typing import Any

import nuxkit
from bench.figure import Figure, check, ratio_of
from bench.programs import SCALAR_MIX, STDP_PASS

#: Programs, and rounds of each for a run of some tenths of a second.
PROGRAMS = {"STDP pass": (STDP_PASS, 200), "scalar mix": (SCALAR_MIX, 2000)}
#: What is switched on for a chip, and for its run, and how many times as long it may take then.
MODES: dict[str, tuple[str, dict[str, Any], float | None]] = {
    "default checks": ("default", {}, 1.15),
    "strict checks": ("strict", {}, None),
    "profile": ("off", {"profile": True}, 2.0),
    "everything traced": ("off", {"trace": nuxkit.Trace()}, None),
}


class OverheadBench:
    """Runs of the same programs, plain and with each mode, in turn."""

    def __init__(self) -> None:
        self._built = {
            name: (nuxkit.build(source).program, rounds)
            for name, (source, rounds) in PROGRAMS.items()
        }
        self._cycles: dict[str, int] = {}
        self._figures = {
            (name, mode): Figure(
                f"{name}, {mode or 'plain'}", "s", lambda n=name, m=mode: self.run(n, m)
            )
            for name in PROGRAMS
            for mode in ("", *MODES)
        }

    def run(self, name: str, mode: str) -> float:
        """Wall time of a run, seconds."""
        program, rounds = self._built[name]
        checks, options, _ = MODES[mode] if mode else ("off", {}, None)
        chip = nuxkit.Chip(seed=1, checks=checks)
        begin = time.perf_counter()
        result = chip.run(
            program, symbols={"bench_iterations": rounds}, max_cycles=10**12, **options
        )
        wall_s = time.perf_counter() - begin
        check(result.return_code == 0, f"{name}, {mode}, returned {result.return_code}")
        if result.profile is not None:
            check(result.profile.total.cycles == result.cycles, "sum of the profile")
        cycles = self._cycles.setdefault(name, result.cycles)
        check(result.cycles == cycles, f"{mode} changed the cycles of {name}")
        return wall_s

    def figures(self) -> list[Figure]:
        """Wall times."""
        return list(self._figures.values())

    def ratios(self) -> list[Figure]:
        """Wall times over those of plain runs."""
        return [
            ratio_of(f"{name}, with {mode} over plain", self._figures[name, mode],
                     self._figures[name, ""], bar)
            for name in PROGRAMS
            for mode, (_, _, bar) in MODES.items()
        ]  # fmt: skip
