# SPDX-License-Identifier: BSD-3-Clause
"""Measures nuxkit's speed: prints a table and writes the figures as JSON (``make bench``).

Every figure is the best of several repetitions. One repetition measures all figures in
turn, so that a slow moment of the machine meets all of them alike. Every measured run is
checked: a wrong result ends the benchmark with an error.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import nuxkit
from bench.analog_figures import AnalogBench
from bench.figure import Figure, check, format_table, ratio_of
from bench.growth import draw_growth, measure_growth
from bench.machine import describe_machine
from bench.network_figures import NetworkBench
from bench.overhead_figures import OverheadBench
from bench.pong_figures import PongBench
from bench.programs import (
    SCALAR_MIX,
    STDP_PASS,
    VECTOR_LOOP,
    build_for_host,
    build_for_qemu,
    find_qemu,
    run_scalar_mix,
)
from bench.sweep_figures import SweepBench
from bench.torch_figures import TorchBench
from bench.trace_figures import TraceBench

SEED = 1
MAX_CYCLES = 10**12
STDP_PASSES = {"native": 100, "reference": 1}
VECTOR_ROUNDS = {"native": 1_000_000, "reference": 1_000}
VECTOR_KINDS = {"saturating adds": 0, "mixed arithmetic": 1}
SCALAR_ROUNDS = 20_000

# --- STDP over the whole array --------------------------------------------------------


def run_stdp(program: Any, core: str, passes: int) -> tuple[Any, np.ndarray]:
    """Run the STDP pass on a driven array; the result and the learned weights."""
    rng = np.random.default_rng(SEED)
    chip = nuxkit.Chip(seed=SEED)
    chip.synram[0].weights = rng.integers(0, 64, (256, 256), dtype=np.uint8)
    times_s = np.sort(rng.uniform(0, 1e-3, 2000))
    rows, labels = rng.integers(0, 256, 2000), np.zeros(2000, dtype=np.int64)
    columns = rng.integers(0, 256, 2000)
    chip.add_spikes(pre=(times_s, rows, labels), post=(times_s + 2e-6, columns), hemisphere=0)
    chip.advance(1.1e-3)
    result = chip.run(
        program, symbols={"bench_iterations": passes}, core=core, max_cycles=MAX_CYCLES
    )
    check(result.return_code == 0, f"stdp_pass.c returned {result.return_code}")
    return result, np.array(chip.synram[0].weights)


def stdp_figures() -> list[Figure]:
    """Emulated time over wall time of full-array passes, on both cores."""
    program = nuxkit.build(STDP_PASS).program
    learned = [run_stdp(program, core, 1)[1] for core in STDP_PASSES]
    check(bool((learned[0] == learned[1]).all()), "the cores learned different weights")

    def measure(core: str) -> float:
        result, _ = run_stdp(program, core, STDP_PASSES[core])
        return float(result.emulated_time_s / result.wall_time_s)

    name = "STDP pass over 512 vectors, emulated over wall time, {} core"
    unit = "s/s"
    return [
        Figure(name.format("native"), unit, lambda: measure("native"), 1.0, True),
        Figure(name.format("reference"), unit, lambda: measure("reference"), None, True),
    ]


# --- Vector instructions ----------------------------------------------------------------


def run_vectors(program: Any, core: str, kind: int, rounds: int) -> tuple[float, int]:
    """Nanoseconds per vector instruction, and the checksum of the final registers."""
    result = nuxkit.Chip(seed=SEED).run(
        program,
        symbols={"bench_kind": kind, "bench_iterations": rounds},
        core=core,
        max_cycles=MAX_CYCLES,
    )
    check(result.return_code == 0, f"vector_loop.c kind {kind} on the {core} core")
    instructions = rounds * result.symbols["bench_per_iteration"]
    return 1e9 * result.wall_time_s / instructions, result.symbols["bench_result"]


def vector_figures() -> list[Figure]:
    """Cost of one vector instruction in a loop, on both cores."""
    program = nuxkit.build(VECTOR_LOOP).program
    figures = []
    for name, kind in VECTOR_KINDS.items():
        checksums = {run_vectors(program, core, kind, 100)[1] for core in VECTOR_ROUNDS}
        check(len(checksums) == 1, f"the cores differ in {name}")
        for core, rounds in VECTOR_ROUNDS.items():

            def measure(core: str = core, kind: int = kind, rounds: int = rounds) -> float:
                return run_vectors(program, core, kind, rounds)[0]

            bar = 25.0 if core == "native" else None
            figures.append(Figure(f"128-lane {name}, {core} core", "ns", measure, bar))
    return figures


# --- Scalar mix beside qemu-ppc -----------------------------------------------------------


class ScalarMix:
    """The scalar benchmark on the emulated processor and under qemu-ppc."""

    def __init__(self, folder: Path) -> None:
        self.program = nuxkit.build(SCALAR_MIX).program
        self.expected = run_scalar_mix([str(build_for_host(folder))], SCALAR_ROUNDS)
        qemu = find_qemu()
        self.qemu_command = [qemu, str(build_for_qemu(folder))] if qemu else None

    def on_emulator(self) -> float:
        """Wall time of the run in seconds."""
        result = nuxkit.Chip(seed=SEED).run(
            self.program, symbols={"bench_iterations": SCALAR_ROUNDS}, max_cycles=MAX_CYCLES
        )
        check(result.return_code == 0, f"job {result.return_code} of scalar_mix.c")
        check(result.symbols["bench_result"] == self.expected, "checksum of scalar_mix.c")
        return float(result.wall_time_s)

    def on_qemu(self) -> float:
        """Wall time in seconds, less that of a run of one round (process start)."""
        assert self.qemu_command is not None
        seconds = []
        for rounds in (1, SCALAR_ROUNDS):
            start = time.perf_counter()
            checksum = run_scalar_mix(self.qemu_command, rounds)
            seconds.append(time.perf_counter() - start)
        check(checksum == self.expected, "checksum of scalar_mix.c under qemu-ppc")
        return seconds[1] - seconds[0]

    def figures(self) -> list[Figure]:
        """Both wall times; the ratio is added when all is measured."""
        emulated = Figure(f"scalar mix, {SCALAR_ROUNDS} rounds, nuxkit", "s", self.on_emulator)
        qemu = Figure(f"scalar mix, {SCALAR_ROUNDS} rounds, qemu-ppc", "s")
        if self.qemu_command:
            qemu.measure = self.on_qemu
        else:
            qemu.note = "not installed"
        return [emulated, qemu]


def scalar_ratio(emulated: Figure, qemu: Figure) -> Figure:
    """Best time of nuxkit over best time of qemu-ppc."""
    return ratio_of("scalar mix, nuxkit over qemu-ppc", emulated, qemu, 3.0, note=qemu.note)


# --- Edit, build, run -----------------------------------------------------------------------


def edit_build_run_figure(folder: Path) -> Figure:
    """Seconds from an edited kernel to its result, through the command line."""
    kernel = folder / "edited_rule.c"
    source = STDP_PASS.read_text()
    cli = [sys.executable, "-c", "from nuxkit.cli import main; main()", "run", str(kernel)]

    def measure() -> float:
        # A text never seen before, so that no cache can answer.
        kernel.write_text(f"{source}\nconst unsigned edit = {time.time_ns() % 2**32}u;\n")
        start = time.perf_counter()
        finished = subprocess.run(cli, capture_output=True, text=True, timeout=120)
        seconds = time.perf_counter() - start
        check(finished.returncode == 0, f"nuxkit run: {finished.stdout}{finished.stderr}")
        return seconds

    return Figure("edit, build, run, result (Python start included)", "s", measure, 1.5)


# --- Command line -----------------------------------------------------------------------------


def main() -> None:
    """Command line of ``make bench``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--repeats", type=int, default=5, help="repetitions (default 5)")
    arguments = parser.parse_args()
    if arguments.repeats < 1:
        parser.error(f"--repeats {arguments.repeats} is below 1")

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scalar = ScalarMix(folder).figures()
        network, pong, sweep = NetworkBench(folder), PongBench(), SweepBench()
        overhead, trace = OverheadBench(), TraceBench(folder)
        layer, analog = TorchBench(), AnalogBench()
        figures = [
            *stdp_figures(),
            *vector_figures(),
            *scalar,
            edit_build_run_figure(folder),
            *network.figures(),
            *pong.figures(),
            *sweep.figures(),
            *overhead.figures(),
            *trace.figures(),
            *layer.figures(),
            *analog.figures(),
        ]
        for repeat in range(arguments.repeats):
            print(f"repetition {repeat + 1} of {arguments.repeats}", file=sys.stderr)
            for figure in figures:
                if figure.measure is not None:
                    figure.values.append(figure.measure())
    figures.insert(figures.index(scalar[1]) + 1, scalar_ratio(*scalar))
    figures += [
        *network.ratios(),
        *pong.ratios(),
        *sweep.ratios(),
        *overhead.ratios(),
        *trace.ratios(),
    ]
    figures += [*layer.ratios(), *analog.ratios()]
    print("cost growth", file=sys.stderr)
    growth = measure_growth(arguments.repeats)
    figures += [curve.figure() for curve in growth]

    machine = describe_machine()
    print(f"{machine['cpu']}, {machine['cores']} cores, AVX2: {machine['avx2']}")
    print(format_table(figures))
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "machine": machine,
        "figures": [figure.as_dict() for figure in figures],
        "growth": [curve.as_dict() for curve in growth],
    }
    arguments.output.write_text(json.dumps(report, indent=2) + "\n")
    picture = arguments.output.with_name("growth.png")
    draw_growth(growth, picture)
    print(f"written to {arguments.output} and {picture}")


if __name__ == "__main__":
    main()
