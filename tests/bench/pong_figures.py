# SPDX-License-Identifier: BSD-3-Clause
"""Pong with reward-modulated STDP: iterations per second, beside the same task in NEST."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nuxkit
from bench.figure import Figure, check
from example_scripts import load_example

SOURCES = Path(__file__).resolve().parent
NEST_SCRIPT = SOURCES / "pong_nest.py"
#: Variable of the environment: a Python that has NEST, if not this one.
NEST_PYTHON = "NUXKIT_NEST_PYTHON"
SEED = 1
ITERATIONS, NEST_ITERATIONS = 10_000, 1_000
# Mean expected reward of the last 100 of NEST_ITERATIONS; without learning it is about 0.12.
LEARNED, UNLEARNED = 0.18, 0.15
NAME = "Pong 32 x 32"


def run_nest(iterations: int) -> tuple[dict[str, Any], str]:
    """What pong_nest.py printed, or nothing and why."""
    python = os.environ.get(NEST_PYTHON, sys.executable)
    if python == sys.executable and importlib.util.find_spec("nest") is None:
        return {}, f"NEST is not installed (or name a Python that has it in {NEST_PYTHON})"
    command = [python, str(NEST_SCRIPT), str(iterations), str(SEED)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if finished.returncode != 0:
        last = (finished.stderr.strip().splitlines() or ["no message"])[-1]
        return {}, f"NEST does not run in {python}: {last}"
    return json.loads(finished.stdout.strip().splitlines()[-1]), ""


class PongBench:
    """Both simulators at the same task."""

    def __init__(self) -> None:
        self.example = load_example("pong")
        nuxkit.build(self.example.KERNEL)  # before anything is timed
        self.emulated = Figure(f"{NAME}, nuxkit", "1/s", self.on_chip, higher_is_better=True)
        self.nest = Figure(f"{NAME}, NEST", "1/s", higher_is_better=True)
        _, self.nest.note = run_nest(1)
        if not self.nest.note:
            self.nest.measure = self.in_nest

    def on_chip(self) -> float:
        """Iterations per second of wall time, from the first one on."""
        chip = self.example.make_chip(SEED)
        begin = time.perf_counter()
        found = self.example.play(chip, ITERATIONS)
        wall_s = time.perf_counter() - begin
        after = found["mean"][NEST_ITERATIONS - 100 : NEST_ITERATIONS].mean() / self.example.ONE
        late = found["mean"][-1000:].mean() / self.example.ONE
        early = found["mean"][:20].mean() / self.example.ONE
        check(bool(early < UNLEARNED), f"Pong begins with {early:.2f}")
        check(bool(after > LEARNED and late > 0.6), f"Pong on the chip reached {late:.2f} only")
        self.emulated.note = (
            f"{ITERATIONS} iterations of 0.21 ms of hardware time, learning; mean expected reward "
            f"{after:.2f} after {NEST_ITERATIONS}, {late:.2f} in the end"
        )
        return ITERATIONS / wall_s

    def in_nest(self) -> float:
        """Iterations per second of wall time."""
        found, why = run_nest(NEST_ITERATIONS)
        check(not why, why)
        check(found["reached"] > LEARNED, f"Pong in NEST reached {found['reached']:.2f} only")
        self.nest.note = (
            f"NEST {found['version']}, {NEST_ITERATIONS} iterations of 200 ms of biological time "
            f"in steps of 0.1 ms; game and learning by the host in NumPy; mean expected reward "
            f"{found['reached']:.2f} in the end"
        )
        return NEST_ITERATIONS / float(found["wall_s"])

    def figures(self) -> list[Figure]:
        """What is measured in each repetition."""
        return [self.emulated, self.nest]

    def ratios(self) -> list[Figure]:
        """What follows when all is measured."""
        ratio = Figure(f"{NAME}, nuxkit over NEST", "x", higher_is_better=True, note=self.nest.note)
        if self.emulated.best is not None and self.nest.best is not None:
            ratio.values, ratio.note = [self.emulated.best / self.nest.best], ""
        return [ratio]
