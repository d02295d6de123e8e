# SPDX-License-Identifier: BSD-3-Clause
"""512 neurons, each different, find the same firing rate.

One Poisson source drives them all. ``kernels/homeostasis.c`` counts the spikes of each neuron in
periods of 10 ms and moves its weight, from 0, a step at a time until it sends 60 a period.

    python examples/homeostasis.py [--output DIR] [--seed N]
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import nuxkit
from nuxkit import ms

KERNEL = Path(__file__).resolve().parents[1] / "kernels" / "homeostasis.c"
NEURONS, PERIODS, PERIOD_S, TARGET = 512, 100, 10 * ms, 60
INPUT_RATE_HZ = 120e3
MISMATCH = 0.1  # relative, of every time constant and charge
TYPICAL = nuxkit.NeuronParameters(enabled=True, tau_mem_s=100e-6, charge_exc_lsb=0.15)
ADAPTED = ("tau_mem_s", "tau_syn_exc_s", "charge_exc_lsb", "threshold_lsb", "reset_lsb")


def make_experiment(seed, periods=PERIODS):
    """Network and rule."""
    experiment = nuxkit.Experiment(seed=seed)
    halves = [TYPICAL.with_mismatch(seed=2 * seed + half, cv=MISMATCH) for half in (0, 1)]
    values = {name: [v for half in halves for v in getattr(half, name)] for name in ADAPTED}
    source = experiment.population(1, nuxkit.SpikeSourcePoisson(INPUT_RATE_HZ), label="source")
    neurons = experiment.population(NEURONS, values, label="neurons")
    synapses = experiment.projection(source, neurons, weight=0, label="synapses")
    timer = nuxkit.Timer(start_s=PERIOD_S, period_s=PERIOD_S, count=periods)
    rule = experiment.rule(
        KERNEL, timer=timer, projections=synapses, populations=neurons, target=TARGET
    )
    return experiment, rule


def learn(seed, periods=PERIODS):
    """Run it; the rule's observables: spikes and weights of each period."""
    experiment, rule = make_experiment(seed, periods)
    experiment.run((periods + 0.5) * PERIOD_S)
    return rule.observables()


def draw(path, found):
    """Draw the spikes and the weights of all neurons over time."""
    figure, axes = plt.subplots(2, 1, figsize=(8, 6), sharex=True, layout="constrained")
    times_ms = found.time / ms
    axes[0].plot(times_ms, found.spikes, color="tab:blue", alpha=0.02)
    axes[0].plot(times_ms, found.spikes.mean("neuron"), color="tab:blue", label="mean")
    axes[0].axhline(TARGET, ls="--", color="black", label="target")
    axes[0].set(ylabel="spikes per period", ylim=(0, 1.5 * TARGET))
    axes[0].legend(frameon=False)
    axes[1].plot(times_ms, found.weights.isel(pre=0), color="tab:green", alpha=0.02)
    axes[1].plot(times_ms, found.weights.mean(["pre", "post"]), color="tab:green")
    axes[1].set(xlabel="hardware time (ms)", ylabel="weight", ylim=(0, 63))
    figure.savefig(path)
    plt.close(figure)


def main():
    """Learn, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("out/homeostasis"), metavar="DIR")
    parser.add_argument("--seed", type=int, default=1, help="of neurons and spikes")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    found = learn(options.seed)
    rates = found.spikes.isel(invocation=slice(-10, None)).mean("invocation")
    reached = (abs(rates - TARGET) <= 0.1 * TARGET).mean()
    print(f"{float(reached):.1%} of the neurons within 10 % of the target in the last 10 periods")
    draw(options.output / "homeostasis.png", found)
    print(options.output / "homeostasis.png")


if __name__ == "__main__":
    main()
