# SPDX-License-Identifier: BSD-3-Clause
"""What the hooks of the trace cost while nothing is traced.

The native core is built twice in the same way, as it is and without the hooks
(``NUX_WITHOUT_TRACE``), each for a process of its own. The two run the same programs in turn,
pair by pair; the figure is the median of the ratios of all pairs. Each repetition has new
processes, as it makes a difference of a percent where in memory one happens to be.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

import nuxkit
from bench.figure import Figure, check
from bench.overhead_figures import PROGRAMS
from sanitizers import ROOT, build_variant

BAR = 1.01
#: Runs of each core in a repetition.
PAIRS = 7
WORKER = """
import sys, time
import nuxkit
for line in sys.stdin:
    path, rounds = line.rstrip("\\n").split("\\t")
    chip = nuxkit.Chip(seed=1, checks="off")
    program = nuxkit.Program.load(path)
    begin = time.perf_counter()
    result = chip.run(program, symbols={"bench_iterations": int(rounds)}, max_cycles=10**12)
    print(time.perf_counter() - begin, result.return_code, result.cycles, flush=True)
"""


class _Core:
    """A process with one of the cores."""

    def __init__(self, package: Path) -> None:
        path = os.pathsep.join([str(package), str(ROOT / "hostlib")])
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": path},
        )  # fmt: skip

    def run(self, program: Path, rounds: int) -> tuple[float, int]:
        """Wall time of a run, seconds, and its cycles."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(program, rounds, sep="\t", file=self._process.stdin, flush=True)
        wall_s, code, cycles = self._process.stdout.readline().split()
        check(code == "0", f"{program} returned {code}")
        return float(wall_s), int(cycles)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


class TraceBench:
    """Pairs of runs, on the core as it is and on one without hooks."""

    def __init__(self, folder: Path) -> None:
        self._packages = [
            build_variant(folder / "hooks", "-UNUX_WITHOUT_TRACE"),
            build_variant(folder / "no_hooks", "-DNUX_WITHOUT_TRACE"),
        ]
        self._built = {
            name: (Path(nuxkit.build(source).program.path), rounds)
            for name, (source, rounds) in PROGRAMS.items()
        }
        self._ratios: dict[str, list[float]] = {name: [] for name in PROGRAMS}

    def _measure(self, name: str) -> float:
        wall_s = []
        cores = [_Core(package) for package in self._packages]
        for pair in range(PAIRS):
            order = cores if pair % 2 else cores[::-1]
            times = {core: core.run(*self._built[name]) for core in order}
            (hooks_s, cycles), (none_s, expected) = (times[core] for core in cores)
            check(cycles == expected, f"the hooks changed the cycles of {name}")
            self._ratios[name].append(hooks_s / none_s)
            wall_s.append(none_s)
        for core in cores:
            core.close()
        return min(wall_s)

    def figures(self) -> list[Figure]:
        """Wall times without the hooks."""
        return [
            Figure(f"{name}, core without trace hooks", "s", lambda n=name: self._measure(n))
            for name in PROGRAMS
        ]

    def ratios(self) -> list[Figure]:
        """Medians of wall times with the hooks, and no trace, over those without."""
        found = []
        for name, ratios in self._ratios.items():
            figure = Figure(f"{name}, tracing off over a core without its hooks", "x", bar=BAR)
            if ratios:
                figure.values = [statistics.median(ratios)]
                low, _, high = statistics.quantiles(ratios, n=4)
                figure.note = f"median of {len(ratios)} pairs, half of them {low:.3f} to {high:.3f}"
            found.append(figure)
        return found
