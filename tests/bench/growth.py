# SPDX-License-Identifier: BSD-3-Clause
"""How wall time and memory grow with spike rate, number of neurons and simulated time.

The network is that of ``bench.network_figures``, with the kernel at work on both processors, but at
learning rate 0: all of its work is done, and the network stays the same all the time.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import nuxkit
from bench.figure import Figure, check
from bench.network_figures import STANDARD_RATE_HZ, network_at, run_network
from comparison import chip_network

RATES_HZ = (1e3, 2e3, 5e3, 10e3, 20e3, 50e3)
NEURONS = (32, 64, 128, 256, 384, 512)
DURATIONS_S = (1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3)
SHORT_S = 2e-3  # of the curves over rate and neurons


@dataclass(frozen=True)
class Point:
    """One run: `wall_s` is its best wall time, `peak_mib` the most memory of its process."""

    rate_hz: float
    neurons: int
    duration_s: float
    wall_s: float
    row_events: int
    spikes: int
    imported_mib: float
    peak_mib: float


@dataclass(frozen=True)
class Curve:
    """Wall time over one quantity, the others being equal."""

    name: str
    label: str
    x: list[float]
    points: list[Point]

    @property
    def line(self) -> tuple[float, float]:
        """Offset and slope of wall time (s) over x; relative deviations count alike."""
        wall_s = np.array([point.wall_s for point in self.points])
        design = np.stack([np.ones(len(self.x)), np.array(self.x)], axis=1) / wall_s[:, None]
        offset, slope = np.linalg.lstsq(design, np.ones(len(self.x)), rcond=None)[0]
        return float(offset), float(slope)

    @property
    def worst_deviation(self) -> float:
        """Largest deviation of a wall time from the line, relative to the line."""
        offset, slope = self.line
        fitted = offset + slope * np.array(self.x)
        wall_s = np.array([point.wall_s for point in self.points])
        return float(np.max(np.abs(wall_s / fitted - 1)))

    def figure(self) -> Figure:
        """As a line of the table."""
        walls = ", ".join(
            f"{x:.4g}: {p.wall_s:.3g}" for x, p in zip(self.x, self.points, strict=True)
        )
        first, last = self.points[0], self.points[-1]
        note = (
            f"wall time (s) by {self.label}: {walls}; peak memory {first.peak_mib:.0f} to "
            f"{last.peak_mib:.0f} MiB, of which {last.imported_mib:.0f} MiB before the first chip"
        )
        name = f"wall time over {self.name}: largest deviation from a line"
        return Figure(name, "%", values=[100 * self.worst_deviation], note=note)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        offset, slope = self.line
        return {
            "name": self.name,
            "label": self.label,
            "x": self.x,
            "wall_s": [point.wall_s for point in self.points],
            "peak_mib": [point.peak_mib for point in self.points],
            "offset_s": offset,
            "slope_s": slope,
            "worst_deviation": self.worst_deviation,
            "points": [asdict(point) for point in self.points],
        }


def _memory_mib(key: str) -> float:
    """Field of the kernel's account of this process: VmRSS now, VmHWM at its highest."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"{key}:"))
    return int(line.split()[1]) / 1024


def measure_point(rate_hz: float, neurons: int, duration_s: float, repeats: int) -> Point:
    """Measure one run, in a process of its own."""
    imported_mib = _memory_mib("VmRSS")
    program = nuxkit.build(chip_network.STDP_PASS).program
    network = network_at(rate_hz, duration_s)
    walls = []
    for _ in range(repeats):
        chip = chip_network.make_chip(network)
        for circuits in chip.neurons:
            circuits.change(enabled=np.arange(256) < neurons // 2)
        walls.append(run_network(chip, program, duration_s, bench_learning_rate=0))
        found = chip.network.statistics
        check(found.unrecorded == 0, "spikes of the network were lost")
        check(all(chip.is_running(hemisphere) for hemisphere in (0, 1)), "the kernel ended early")
    return Point(
        rate_hz, neurons, duration_s, min(walls), found.row_events, found.spikes,
        imported_mib, _memory_mib("VmHWM"),
    )  # fmt: skip


def measure_growth(
    repeats: int,
    rates_hz: tuple[float, ...] = RATES_HZ,
    neurons: tuple[int, ...] = NEURONS,
    durations_s: tuple[float, ...] = DURATIONS_S,
) -> list[Curve]:
    """Measure the three curves; each point is the best of `repeats`."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as pool:

        def point(rate_hz: float, neurons: int, duration_s: float) -> Point:
            return pool.submit(measure_point, rate_hz, neurons, duration_s, repeats).result()

        by_rate = [point(rate_hz, 512, SHORT_S) for rate_hz in rates_hz]
        by_neurons = [point(STANDARD_RATE_HZ, number, SHORT_S) for number in neurons]
        by_time = [point(STANDARD_RATE_HZ, 512, duration_s) for duration_s in durations_s]
    events = [point.row_events / point.duration_s * 1e-6 for point in by_rate]
    return [
        Curve("spike rate", "10^6 row events a second of hardware time", events, by_rate),
        Curve("neurons", "enabled neurons", [float(n) for n in neurons], by_neurons),
        Curve("simulated time", "ms of hardware time", [t * 1e3 for t in durations_s], by_time),
    ]


def draw_growth(curves: list[Curve], path: Path) -> None:
    """Draw wall times with their lines, and the memory over simulated time."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(curves), figsize=(12, 3.6), layout="constrained")
    for axis, curve in zip(axes, curves, strict=True):
        offset, slope = curve.line
        ends = np.array([0.0, max(curve.x)])
        axis.plot(ends, offset + slope * ends, "--", color="black", linewidth=0.8, label="line")
        axis.plot(curve.x, [point.wall_s for point in curve.points], "o", label="wall time")
        axis.set(xlabel=curve.label, ylabel="wall time (s)", ylim=(0, None))
        axis.set_title(f"over {curve.name}, within {100 * curve.worst_deviation:.0f} % of a line")
    axes[0].legend(frameon=False)
    memory = axes[-1].twinx()
    memory.plot(curves[-1].x, [p.peak_mib for p in curves[-1].points], "x", color="tab:red")
    memory.set(ylabel="peak memory (MiB), crosses", ylim=(0, None))
    figure.savefig(path, dpi=110)
    plt.close(figure)
