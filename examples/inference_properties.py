# SPDX-License-Identifier: BSD-3-Clause
"""What the non-spiking mode does to a product: range, noise, spread of columns, leak.

Measures an emulated chip with typical deviations, before and after its calibration:

- readings over the exact product: linear up to about 80 counts, saturating beyond;
- the noise between trials of the same input;
- offsets and gains of the columns, before and after the calibration;
- what is lost when events are sent more slowly.

    python examples/inference_properties.py [--output DIR] [--seed N]
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from nuxkit import Chip, plot
from nuxkit.inference import AnalogSpread, attach, calibrate

PUBLISHED_RANGE = 80  # counts
WAITS = [1, 5, 25, 125, 625]  # cycles of 8 ns between events
TRIALS = 400


def transfer(array):
    """Exact products in counts, and readings of all columns."""
    array.set_weights(np.full((array.SIGNED_INPUTS, array.COLUMNS), 5))
    lengths = np.repeat(np.arange(20)[:, None], array.SIGNED_INPUTS, axis=1)
    up = array.multiply(lengths)
    array.set_weights(np.full((array.SIGNED_INPUTS, array.COLUMNS), -5))
    down = array.multiply(lengths)
    counts = 5 * lengths.sum(axis=1) * array.gain
    return np.concatenate([-counts[::-1], counts]), np.concatenate([down[::-1], up]).astype(float)


def noise(array):
    """Read the same input many times; less each column's mean."""
    array.set_weights(np.full((array.SIGNED_INPUTS, array.COLUMNS), 1))
    readings = array.multiply(np.full((TRIALS, array.SIGNED_INPUTS), 15)).astype(float)
    return readings - readings.mean(axis=0)


def leak(array):
    """Mean reading for each waiting time, relative to the shortest."""
    array.set_weights(np.full((array.SIGNED_INPUTS, array.COLUMNS), 1))
    x = np.full((TRIALS, array.SIGNED_INPUTS), 15)
    means = [array.multiply(x, wait_between_events=wait).mean() for wait in WAITS]
    return np.array(means) / means[0]


def draw(found, before, after, noises, left, path):
    """Six panels in one picture."""
    figure, panels = plt.subplots(2, 3, figsize=(13, 7), layout="constrained")
    (transfer_before, transfer_after, histogram), (offsets, gains, waiting) = panels
    for ax, (counts, readings), title in (
        (transfer_before, before, "before calibration"),
        (transfer_after, after, "after calibration"),
    ):
        ax.plot(counts, readings[:, ::16], color="tab:blue", linewidth=0.6, alpha=0.6)
        ax.plot(counts, np.clip(counts, -128, 127), color="black", label="ideal")
        ax.axvspan(-PUBLISHED_RANGE, PUBLISHED_RANGE, color="tab:green", alpha=0.1,
                   label="published linear range")  # fmt: skip
        ax.set(xlabel="exact product (counts)", ylabel="reading (counts)", title=title)
        ax.legend(frameon=False, loc="upper left")
    histogram.hist(noises.ravel(), np.arange(-8.25, 8.5, 0.5), color="tab:gray")
    histogram.set(xlabel="reading less the mean (counts)", ylabel="trials",
                  title=f"noise between trials, s.d. {noises.std():.2f}")  # fmt: skip
    plot.calibration(found, "offset", ax=offsets)
    plot.calibration(found, "gain", ax=gains)
    waiting.semilogx(WAITS, 100 * left, "o-")
    waiting.set(xlabel="cycles of 8 ns between events", ylabel="mean reading (%)",
                title="leak while events are sent")  # fmt: skip
    figure.savefig(path, dpi=110)


def main():
    """Measure, print the figures, draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("out/inference_properties"))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)

    chip = Chip(seed=options.seed)
    top, _ = attach(chip, AnalogSpread.typical(), seed=options.seed)
    before = transfer(top)
    found = calibrate(chip)
    after = transfer(top)
    noises, left = noise(top), leak(top)

    counts, readings = after
    inside = np.abs(counts) <= PUBLISHED_RANGE
    slopes = np.polyfit(counts[inside], readings[inside], 1)[0]
    residue = readings - counts[:, None] * slopes
    print(f"slope within +-{PUBLISHED_RANGE} counts: {slopes.mean():.3f} +- {slopes.std():.3f}")
    print(f"largest mean deviation from a line there: "
          f"{np.abs(residue[inside].mean(axis=1)).max():.2f} counts")  # fmt: skip
    print(f"readings at the ends: {readings[0].mean():.1f}, {readings[-1].mean():.1f}")
    print(f"noise between trials: {noises.std():.2f} counts")
    for name, of in (("offset", "counts"), ("gain", "of the mean")):
        values = [
            np.concatenate([getattr(getattr(each, when), name) for each in found])
            for when in ("before", "after")
        ]
        spreads = [v.std() / (1 if name == "offset" else v.mean()) for v in values]
        print(f"{name}s of columns: s.d. {spreads[0]:.3f} before, {spreads[1]:.3f} after, {of}")
    print(f"left after waiting {WAITS[-1]} cycles: {100 * left[-1]:.1f} %")
    draw(found, before, after, noises, left, options.output / "properties.png")
    print(f"Written to {options.output}: properties.png")


if __name__ == "__main__":
    main()
