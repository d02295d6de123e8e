# SPDX-License-Identifier: BSD-3-Clause
"""The network of 512 neurons with STDP on both processors, beside Brian2.

The network is that of ``tests/comparison``, where both simulators are shown to agree. Inputs of
10 kHz a row (10 Hz in biological time) are the standard; at other rates the time constants of the
neurons are as much longer as the inputs are rarer, so that they spike in proportion.
"""

from __future__ import annotations

import importlib.util
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import nuxkit
from bench.figure import Figure, check
from comparison import brian_network, chip_network
from comparison.brian_network import AGREED_STEP_S, DEFAULT_STEP_S
from comparison.network_model import Network, make_network

SEED = 1
DURATION_S = 1e-3  # of hardware time: 1 s in biological time
STANDARD_RATE_HZ = 10e3
RATES_HZ = (STANDARD_RATE_HZ, 5e3, 2e3)
NEURON_TIMES = ("tau_mem_s", "tau_syn_s", "refractory_time_s", "delay_s")
RATIO_BAR = 10.0
# stdp_pass.c by default adds 64/128 of half the difference to twice the weight.
LEARNING_RATE = 0.125
UPDATE_PERIOD_S = 0.65e-3  # what a pass of the kernel takes
MISMATCH = 0.1
# Each with the spread of CorrelationConfig from synapse to synapse.
SPREAD_SENSORS = nuxkit.CorrelationConfig()
ENDLESS = 10**6  # passes of the kernel: more than fit in


def network_at(rate_hz: float, duration_s: float = DURATION_S) -> Network:
    """Instance of the network whose inputs have that rate, in hardware time."""
    network = make_network(SEED, duration_s, rate_hz)
    stretch = STANDARD_RATE_HZ / rate_hz
    parameters = {name: stretch * getattr(network.parameters, name) for name in NEURON_TIMES}
    return replace(network, parameters=replace(network.parameters, **parameters))


def run_network(chip: nuxkit.Chip, program: Any, duration_s: float, **symbols: int) -> float:
    """Run a prepared chip with the kernel on both processors; wall time in seconds."""
    for hemisphere in (0, 1):
        chip.load(program, hemisphere=hemisphere)
        chip.start(hemisphere=hemisphere, symbols={"bench_iterations": ENDLESS, **symbols})
    begin = time.perf_counter()
    chip.advance(duration_s)
    return time.perf_counter() - begin


def why_no_brian() -> str:
    """What is missing to run Brian2's compiled programs; empty when nothing is."""
    if importlib.util.find_spec("brian2") is None:
        return "Brian2 is not installed"
    return "" if shutil.which("g++") else "g++ is not installed"


def brian_at(step_s: float) -> str:
    """Brian2 with its time step, for names of figures."""
    return f"Brian2 (step {step_s * 1e3:g} ms)"


class NetworkCase:
    """One network on the chip and, compiled once, in Brian2."""

    def __init__(self, folder: Path, rate_hz: float, *, realistic: bool = False) -> None:
        self.network = network_at(rate_hz)
        self.options: dict[str, Any] = {}
        self.name = f"network of 512 neurons, {rate_hz / 1e3:g} kHz a row"
        if realistic:
            self.options = {"mismatch": MISMATCH, "seed": SEED, "sensors": SPREAD_SENSORS}
            self.name += ", mismatch and sensor spread"
        self.bar = RATIO_BAR if rate_hz == STANDARD_RATE_HZ and not realistic else None
        self.program = nuxkit.build(chip_network.STDP_PASS).program
        self.folder = folder
        self.emulated = Figure(f"{self.name}, nuxkit", "s", self.on_chip)
        # Brian2 has no mismatch: the case with it is held against the one without.
        steps_s = () if realistic else (DEFAULT_STEP_S, AGREED_STEP_S)[: 2 if self.bar else 1]
        self.brian = {step_s: Figure(f"{self.name}, {brian_at(step_s)}", "s") for step_s in steps_s}
        self.spikes = 0.0

    def on_chip(self) -> float:
        """Wall time of 1 ms in seconds."""
        chip = chip_network.make_chip(self.network, **self.options)
        wall_s = run_network(chip, self.program, DURATION_S)
        found = chip.network.statistics
        check(found.unrecorded == 0, "spikes of the network were lost")
        check(found.row_events - found.routed >= 0.99 * self.network.rows.size, "lost input")
        check(all(chip.is_running(h) for h in (0, 1)), "the kernel ended early")
        self.spikes = found.spikes / 512
        self.emulated.note = (
            f"{found.row_events} row events, {self.spikes:.1f} spikes a neuron, "
            f"kernel at work all the time on both processors"
        )
        return wall_s

    def compile_for_brian(self) -> None:
        """Compile Brian2's programs and compare what they find."""
        missing = why_no_brian()
        for figure in self.brian.values():
            figure.note = missing
        if missing:
            return
        self.on_chip()
        for step_s, figure in self.brian.items():
            self._compile_step(step_s, figure)

    def _compile_step(self, step_s: float, figure: Figure) -> None:
        program = self.folder / f"step_{step_s:g}"
        begin = time.perf_counter()
        (outcome,) = brian_network.simulate(
            [self.network],
            step_s=step_s,
            rate=LEARNING_RATE,
            period_s=UPDATE_PERIOD_S,
            program=program,
        )
        compile_s = time.perf_counter() - begin - outcome.wall_s
        theirs = float(np.mean(outcome.spikes))
        check(
            abs(theirs - self.spikes) <= 0.1 * theirs + 0.1,
            f"{self.name}: {self.spikes:.2f} spikes a neuron, but {theirs:.2f} in Brian2",
        )
        figure.note = (
            f"run alone, without {compile_s:.0f} s to generate and compile; C++ standalone "
            f"with one thread, {theirs:.1f} spikes a neuron"
        )
        figure.measure = lambda: brian_network.run_again(program)

    def ratios(self, brian: dict[float, Figure]) -> list[Figure]:
        """Best times of Brian2 and of the chip itself against the best of nuxkit."""
        own = self.emulated.best
        found = []
        for step_s, theirs in brian.items():
            bar = self.bar if step_s == DEFAULT_STEP_S else None
            ratio = Figure(f"{self.name}, {brian_at(step_s)} over nuxkit", "x", None, bar, True)
            if own is not None and theirs.best is not None:
                ratio.values = [theirs.best / own]
            else:
                ratio.note = theirs.note
            found.append(ratio)
        chip = Figure(f"{self.name}, nuxkit over the chip's own time", "x")
        if own is not None:
            chip.values = [own / DURATION_S]
        return [*found, chip]


class NetworkBench:
    """All rates, and the standard one with mismatch."""

    def __init__(self, folder: Path, rates_hz: tuple[float, ...] = RATES_HZ) -> None:
        self.cases = [NetworkCase(folder / f"brian_{rate:g}", rate) for rate in rates_hz]
        for case in self.cases:
            case.compile_for_brian()
        self.realistic = NetworkCase(folder, rates_hz[0], realistic=True)

    def figures(self) -> list[Figure]:
        """What is measured in each repetition: both simulators side by side."""
        sides = [figure for case in self.cases for figure in (case.emulated, *case.brian.values())]
        return [*sides, self.realistic.emulated]

    def ratios(self) -> list[Figure]:
        """What follows when all is measured."""
        found = [figure for case in self.cases for figure in case.ratios(case.brian)]
        return found + self.realistic.ratios(self.cases[0].brian)
