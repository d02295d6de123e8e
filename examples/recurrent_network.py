# SPDX-License-Identifier: BSD-3-Clause
"""A recurrent network that finds its own firing rate.

512 neurons get Poisson input and the spikes of each other. On each processor the rule
``kernels/homeostasis.c`` reads the spike counters of its hemisphere, and makes the weights of a
neuron that fires too rarely larger, of one that fires too often smaller.

    python examples/recurrent_network.py [--output DIR] [--seed N]
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import nuxkit
from nuxkit import rules

KERNEL = Path(__file__).resolve().parents[1] / "kernels" / "homeostasis.c"
# Hardware time, 1000 times faster than biology: 1 ms is 1 s there, 10 kHz is 10 Hz.
PERIODS, PERIOD_US, TARGET = 40, 500, 8  # the target is in spikes a period: 16 kHz
INPUT_RATE_HZ, DELAY_S, TRACE_STEP_S = 20e3, 1e-6, 1e-6
INPUT_LABEL, RECURRENT_LABEL = 0, 1
INHIBITORY_ROWS = 64  # the first ones; the kernel changes the others


def make_chip(seed):
    """Wire 512 neurons: each row carries one input, and the spikes of one neuron."""
    rng = np.random.default_rng(seed)
    chip = nuxkit.Chip(seed=seed)
    rows = np.arange(256)
    modes = np.where(rows < INHIBITORY_ROWS, nuxkit.RowMode.INHIBITORY, nuxkit.RowMode.EXCITATORY)
    chip.network.row_modes = np.stack([modes, modes])
    for array, neurons in zip(chip.synram, chip.neurons, strict=True):
        array.weights = np.tile(rng.integers(8, 24, 256), (256, 1))  # each neuron its own
        array.labels = rng.choice([INPUT_LABEL, RECURRENT_LABEL], (256, 256), p=[0.9, 0.1])
        neurons.change(enabled=True, tau_mem_s=20e-6, charge_exc_lsb=0.04, charge_inh_lsb=0.04)
    for side in (0, 1):
        for row in rows:
            source = 1000 * seed + 256 * side + row  # seeds: every row its own spike train
            chip.network.add_poisson(INPUT_RATE_HZ, row, INPUT_LABEL, side, seed=source)
    # Neurons reach the rows of the other hemisphere.
    partners = np.concatenate([256 + rng.permutation(256), rng.permutation(256)])
    chip.network.set_routing(
        partners, np.tile(rows, 2), RECURRENT_LABEL, DELAY_S, np.repeat([0, 1], 256)
    )
    return chip


def make_program():
    """Program of both processors: the rule, for all neurons and the excitatory rows."""
    rows, columns = np.arange(INHIBITORY_ROWS, 256), np.arange(256)
    period_s = PERIOD_US * 1e-6
    rule = rules.RuleInstance(
        "homeostasis",
        rules.describe(KERNEL),
        rules.Timer(start_s=period_s, period_s=period_s),
        [rules.ProjectionSite(rows=(rows, rows), columns=(columns, columns))],
        [rules.PopulationSite(columns=(columns, columns))],
        record=["spikes"],
    )
    return rules.make_program([rule])


def simulate(seed, periods=PERIODS):
    """Run the rule on both processors; spikes, a membrane trace, weights before and after."""
    chip = make_chip(seed)
    before = np.stack([array.weights for array in chip.synram])
    program = make_program()
    program.load(chip)
    program.set_parameters(chip, "homeostasis", target=TARGET)
    program.start(chip)
    chip.advance((periods - 0.5) * PERIOD_US * 1e-6)
    trace = []
    for _ in range(int(0.5 * PERIOD_US * 1e-6 / TRACE_STEP_S)):
        chip.advance(TRACE_STEP_S)
        trace.append((chip.time_s, chip.neurons[0].membrane()[0]))
    after = np.stack([array.weights for array in chip.synram])
    return chip.network.spikes(), np.array(trace), before, after


def counts_of(spikes, periods=PERIODS):
    """Count the spikes of each neuron in each period; shape (periods, 512)."""
    period = (spikes.times_s / (PERIOD_US * 1e-6)).astype(int)
    return np.histogram2d(period, spikes.neurons, [range(periods + 1), range(513)])[0]


def draw(path, spikes, trace):
    """Draw the raster of the first and last period, rates over time, and a membrane."""
    figure, axes = plt.subplots(2, 2, figsize=(10, 6.5), layout="constrained")
    times_ms, end_ms = spikes.times_s * 1e3, PERIODS * PERIOD_US * 1e-3
    for axis, start_ms in ((axes[0, 0], 0), (axes[0, 1], end_ms - PERIOD_US * 1e-3)):
        axis.plot(times_ms, spikes.neurons, ",", color="black")
        axis.set(xlim=(start_ms, start_ms + PERIOD_US * 1e-3), ylim=(0, 512))
        axis.set(xlabel="hardware time (ms)", ylabel="neuron")
    counts = counts_of(spikes) / (PERIOD_US * 1e-3)  # kHz
    at_ms = np.arange(PERIODS) * PERIOD_US * 1e-3
    axes[1, 0].fill_between(at_ms, *np.percentile(counts, [10, 90], axis=1), alpha=0.2)
    axes[1, 0].plot(at_ms, counts.mean(axis=1), label="mean, middle 80 %")
    axes[1, 0].axhline(TARGET / (PERIOD_US * 1e-3), ls="--", color="black", label="target")
    axes[1, 0].set(xlabel="hardware time (ms)", ylabel="rate (kHz)")
    axes[1, 0].legend(frameon=False)
    axes[1, 1].plot(trace[:, 0] * 1e3, trace[:, 1])
    axes[1, 1].set(xlabel="hardware time (ms)", ylabel="membrane of neuron 0 (CADC steps)")
    figure.savefig(path)
    plt.close(figure)


def main():
    """Simulate, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("out/network"), metavar="DIR")
    parser.add_argument("--seed", type=int, default=1, help="of chip and spikes")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    spikes, trace, before, after = simulate(options.seed)
    counts = counts_of(spikes)
    print(f"target {TARGET} spikes in {PERIOD_US} us; weights and spikes of the neurons:")
    for name, weights, count in (("first", before, counts[0]), ("last", after, counts[-1])):
        print(f"{name:5}  weight {weights[:, INHIBITORY_ROWS:].mean():4.1f}"
              f"  spikes {count.mean():4.1f} +- {count.std():.1f}")  # fmt: skip
    draw(options.output / "network.png", spikes, trace)
    print(options.output / "network.png")


if __name__ == "__main__":
    main()
