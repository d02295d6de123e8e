# SPDX-License-Identifier: BSD-3-Clause
"""What looking into a run costs: wall time with it over wall time without."""

from __future__ import annotations

from typing import Any

import nuxkit
from bench.figure import Figure, check
from bench.programs import SCALAR_MIX, STDP_PASS

#: Programs, and rounds of each for a run of some tenths of a second.
PROGRAMS = {"STDP pass": (STDP_PASS, 200), "scalar mix": (SCALAR_MIX, 2000)}
#: What is switched on, and how many times as long a run may take then.
MODES: dict[str, tuple[dict[str, Any], float]] = {"profile": ({"profile": True}, 2.0)}


class OverheadBench:
    """Runs of the same programs, plain and with each mode, in turn."""

    def __init__(self) -> None:
        self._built = {
            name: (nuxkit.build(source).program, rounds)
            for name, (source, rounds) in PROGRAMS.items()
        }
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
        options = MODES[mode][0] if mode else {}
        result = nuxkit.Chip(seed=1).run(
            program, symbols={"bench_iterations": rounds}, max_cycles=10**12, **options
        )
        check(result.return_code == 0, f"{name}, {mode}, returned {result.return_code}")
        if result.profile is not None:
            check(result.profile.total.cycles == result.cycles, "sum of the profile")
        return result.wall_time_s

    def figures(self) -> list[Figure]:
        """Wall times."""
        return list(self._figures.values())

    def ratios(self) -> list[Figure]:
        """Wall times over those of plain runs."""
        ratios = []
        for name in PROGRAMS:
            plain = self._figures[name, ""].best
            for mode, (_, bar) in MODES.items():
                ratio = Figure(f"{name}, with {mode} over plain", "x", bar=bar)
                best = self._figures[name, mode].best
                if plain is not None and best is not None:
                    ratio.values = [best / plain]
                ratios.append(ratio)
        return ratios
