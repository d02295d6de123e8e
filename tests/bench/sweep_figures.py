# SPDX-License-Identifier: BSD-3-Clause
"""A sweep of 64 points over two processes and over one, in the same run."""

from __future__ import annotations

import time
from typing import Any

import nuxkit
from bench.figure import Figure, check, ratio_of

RATES_HZ = [2e3, 4e3, 6e3, 8e3, 10e3, 12e3, 14e3, 16e3]
WEIGHTS = [5, 10, 15, 20, 25, 30, 35, 40]
DURATION_S = 10e-3
NAME = f"sweep of {len(RATES_HZ) * len(WEIGHTS)} points"


def point(rate_hz: float, weight: int, duration_s: float = DURATION_S) -> dict[str, float]:
    """Spikes of 256 neurons behind 64 Poisson sources."""
    experiment = nuxkit.Experiment(seed=1)
    inputs = experiment.population(64, nuxkit.SpikeSourcePoisson(rate_hz=rate_hz))
    neurons = experiment.population(256)
    experiment.projection(inputs, neurons, weight=weight)
    neurons.record("spikes")
    experiment.run(duration_s)
    return {"spikes": float(neurons.spike_counts().sum())}


class SweepBench:
    """The same sweep twice."""

    def __init__(self) -> None:
        self.one = Figure(f"{NAME}, one process", "s", lambda: self.run(1))
        self.two = Figure(f"{NAME}, two processes", "s", lambda: self.run(2))
        self.expected: Any = None

    def run(self, workers: int) -> float:
        """Wall time in seconds, start of the processes included."""
        begin = time.perf_counter()
        found = nuxkit.sweep(point, {"rate_hz": RATES_HZ, "weight": WEIGHTS}, workers=workers)
        wall_s = time.perf_counter() - begin
        check(not (found["sweep_error"] != "").any(), "points of the sweep failed")
        if self.expected is None:
            self.expected = found
        check(found.identical(self.expected), "the sweep gave other results")
        return wall_s

    def figures(self) -> list[Figure]:
        """What is measured in each repetition."""
        return [self.one, self.two]

    def ratios(self) -> list[Figure]:
        """What follows when all is measured."""
        name = f"{NAME}, one process over two"
        return [ratio_of(name, self.one, self.two, 1.8, higher_is_better=True)]
