# SPDX-License-Identifier: BSD-3-Clause
"""Activities of daily living from inertial sensors: a small network, trained in the loop.

    python examples/activities.py [--uci-har DIR] [--output DIR] [--seeds N]

Data are the BasicMotions recordings that sktime ships: accelerometer and gyroscope of a smart
watch, 10 s at 10 Hz, while students stood, walked, ran and played badminton; 40 recordings for
training and 40 for the test, cut into windows of 6 s. With ``--uci-har`` those of the data set
*Human Activity Recognition Using Smartphones* (folders ``train`` and ``test`` with ``Inertial
Signals``): six activities, windows of 2.56 s at 50 Hz.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
import training
from sktime.datasets import load_basic_motions

import nuxkit.torch as nt

WINDOW = 60  # samples
CHANNELS = 6
UCI_NAMES = ["walking", "upstairs", "downstairs", "sitting", "standing", "laying"]


def windows(recordings, classes, step):
    """Cut recordings of shape (recordings, channels, time) into windows."""
    starts = range(0, recordings.shape[2] - WINDOW + 1, step)
    cut = np.concatenate([recordings[..., start : start + WINDOW] for start in starts])
    return cut, np.tile(classes, len(starts))


def basic_motions():
    """Windows of training and test, and names of the activities."""
    found = {}
    for split in ("train", "test"):
        recordings, classes = load_basic_motions(split=split, return_type="numpy3d")
        found[split] = recordings, np.array(classes, str)
    names = sorted(set(found["train"][1]))
    cut = []
    for split, step in (("train", 10), ("test", 20)):
        recordings, classes = found[split]
        cut += windows(recordings, np.array([names.index(each) for each in classes]), step)
    return cut, names


def uci_har(folder):
    """Windows of training and test, and names of the activities."""
    found = []
    for split in ("train", "test"):
        signals = [
            np.loadtxt(folder / split / "Inertial Signals" / f"{kind}_{axis}_{split}.txt", ndmin=2)
            for kind in ("total_acc", "body_gyro")
            for axis in "xyz"
        ]
        classes = np.loadtxt(folder / split / f"y_{split}.txt", dtype=int, ndmin=1) - 1
        if any(len(each) != len(classes) for each in signals):
            raise SystemExit(f"{folder / split}: signals and classes are not of the same number")
        found += [np.stack(signals, 1), classes]
    return found, UCI_NAMES


def quantised(train, train_classes, test, test_classes):
    """Make inputs, 0 to 31: of each channel 98 % of the training's values fill the range."""
    largest = np.quantile(np.abs(train), 0.98, axis=(0, 2))[None, :, None]
    inputs = [np.clip(np.round(15.5 + 15.5 * x / largest), 0, 31) for x in (train, test)]
    return training.Data.of(inputs[0], train_classes, inputs[1], test_classes)


def architectures(length, classes):
    """Two makers of the same network: of plain modules, and of those of the chip."""
    features = 16 * ((length - 8) // 4 + 1)

    def plain():
        return torch.nn.Sequential(
            torch.nn.Conv1d(CHANNELS, 16, 8, 4), torch.nn.ReLU(), torch.nn.Flatten(),
            torch.nn.Linear(features, 32), torch.nn.ReLU(), torch.nn.Linear(32, classes),
        )  # fmt: skip

    def chip():
        return torch.nn.Sequential(
            nt.nn.ExpandedConv1d(CHANNELS, 16, 8, 4),
            nt.nn.ConvertingReLU(shift=1),
            torch.nn.Flatten(),
            nt.nn.Linear(features, 32),
            nt.nn.ConvertingReLU(shift=1),
            nt.nn.Linear(32, classes),
        )

    return plain, chip


def draw(results, data, names, path):
    """Accuracies, losses, confusions and a window of each activity."""
    figure, recordings = training.draw(results, data, names)
    for i, name in enumerate(names):
        chosen = data.test[data.test_classes == i]
        if len(chosen):
            recordings.plot(chosen[0, 0].numpy() + 36 * i, drawstyle="steps")
            recordings.text(0, 36 * i + 32, name)
    recordings.set(xlabel="sample", ylabel="input (0 to 31, shifted by 36 each)",
                   title="first channel of a window")  # fmt: skip
    figure.savefig(path, dpi=110)


def main():
    """Train, print the table, draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uci-har", type=Path, help="folder of the data set of UCI")
    parser.add_argument("--output", type=Path, default=Path("out/activities"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="default: 60, or 8 for UCI's data")
    options = parser.parse_args()
    cut, names = uci_har(options.uci_har) if options.uci_har else basic_motions()
    data = quantised(*cut)
    epochs = options.epochs or (8 if options.uci_har else 60)
    options.output.mkdir(parents=True, exist_ok=True)

    plain, chip = architectures(data.train.shape[-1], len(names))
    results = [
        training.train(plain, chip, data, spread=training.UNCALIBRATED, seed=seed, epochs=epochs,
                       loop_epochs=epochs, rate=0.6)
        for seed in range(options.seeds)
    ]  # fmt: skip
    nt.release_hardware()
    print(f"{len(data.train)} windows for training, {len(data.test)} for the test, right ones (%):")
    print(training.table(results))
    draw(results, data, names, options.output / "activities.png")
    print(f"Written to {options.output}: activities.png")


if __name__ == "__main__":
    main()
