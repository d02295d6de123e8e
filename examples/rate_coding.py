# SPDX-License-Identifier: BSD-3-Clause
"""A picture drawn by spikes.

64 Poisson sources drive 64 neurons, one each, that send a spike for every event they get.
``kernels/rate_coding.c`` writes a column of the picture into their weights every millisecond, so
the raster of 64 ms shows it.

    python examples/rate_coding.py [--output DIR] [--seed N]
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import nuxkit
from nuxkit import ms

KERNEL = Path(__file__).resolve().parents[1] / "kernels" / "rate_coding.c"
SIZE, PERIOD_S, INPUT_RATE_HZ = 64, 1 * ms, 4e3


def make_image():
    """Draw a smiling face: weights, shape (neuron, period)."""
    y, x = np.mgrid[1 : -1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    radius, below = np.hypot(x, y), y < -0.15
    face = abs(radius - 0.85) < 0.08
    mouth = (abs(radius - 0.5) < 0.07) & below
    eyes = np.hypot(abs(x) - 0.32, y - 0.3) < 0.12
    return np.flipud(np.where(face | mouth | eyes, 63, 0))  # neuron 0 is drawn at the bottom


def run(seed, image, periods=SIZE):
    """Run it; spikes of sources and neurons, and what the rule recorded."""
    experiment = nuxkit.Experiment(seed=seed)
    sources = experiment.population(SIZE, nuxkit.SpikeSourcePoisson(INPUT_RATE_HZ), label="in")
    neurons = experiment.population(SIZE, {"bypass": True}, label="neurons")
    synapses = experiment.projection(sources, neurons, nuxkit.OneToOne(), weight=0)
    timer = nuxkit.Timer(period_s=PERIOD_S, count=periods)
    rule = experiment.rule(KERNEL, timer=timer, projections=synapses, image=image.ravel())
    sources.record("spikes")
    neurons.record("spikes")
    experiment.run(periods * PERIOD_S)
    return sources.spikes(), neurons.spikes(), rule


def seen(spikes, periods=SIZE):
    """Count the spikes of each neuron in each period: the picture in the raster."""
    times_s, neurons = spikes
    edges = np.arange(periods + 1) * PERIOD_S
    return np.histogram2d(neurons, times_s, [np.arange(SIZE + 1), edges])[0]


def draw(path, image, spikes):
    """Draw the picture, and the raster that shows it."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 4.5), layout="constrained")
    axes[0].imshow(image, origin="lower", cmap="Greys", aspect="auto")
    axes[0].set(title="weights", xlabel="invocation", ylabel="neuron")
    times_s, neurons = spikes
    axes[1].plot(times_s / ms, neurons, "|", color="black", markersize=3)
    axes[1].set(title="spikes", xlabel="hardware time (ms)", xlim=(0, SIZE), ylim=(-0.5, 63.5))
    figure.savefig(path)
    plt.close(figure)


def main():
    """Run, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("out/rate_coding"), metavar="DIR")
    parser.add_argument("--seed", type=int, default=1, help="of the sources")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    image = make_image()
    _, spikes, _ = run(options.seed, image)
    correlation = np.corrcoef(seen(spikes).ravel(), image.ravel())[0, 1]
    print(f"{spikes[0].size} spikes, correlation with the picture {correlation:.2f}")
    draw(options.output / "rate_coding.png", image, spikes)
    print(options.output / "rate_coding.png")


if __name__ == "__main__":
    main()
