# SPDX-License-Identifier: BSD-3-Clause
"""Handwritten digits: one convolution and two dense layers, trained with the chip in the loop.

The chip is one before calibration: its columns and synapses deviate more than typical ones
(`training.UNCALIBRATED`), so that a network that was trained without it loses several points on it,
and gets them back when it is trained on with products from it.

    python examples/digits.py [--mnist DIR] [--output DIR] [--seeds N]

Data are the 1797 digits of 8 x 8 pixels that scikit-learn ships, 60 % for training; or with
``--mnist`` the files of MNIST (``train-images-idx3-ubyte``, and so on, also with ``.gz``).
"""

import argparse
import gzip
from pathlib import Path

import numpy as np
import torch
import training
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import nuxkit.torch as nt


def small_digits():
    """Digits of scikit-learn, pixels from 0 to 31."""
    digits = load_digits()
    pixels = np.minimum(2 * digits.images, 31)[:, None]
    train, test, train_classes, test_classes = train_test_split(
        pixels, digits.target, test_size=0.4, random_state=0, stratify=digits.target
    )
    return training.Data.of(train, train_classes, test, test_classes)


def read_idx(folder, name, dimensions):
    """Content of a file of MNIST: unsigned bytes of so many dimensions."""
    for path, open_file in ((folder / name, open), (folder / f"{name}.gz", gzip.open)):
        if path.exists():
            with open_file(path, "rb") as file:
                content = file.read()
            break
    else:
        raise SystemExit(f"{folder} has neither {name} nor {name}.gz")
    expected = bytes([0, 0, 8, dimensions])
    shape = np.frombuffer(content, ">u4", dimensions, 4) if content[:4] == expected else []
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * len(shape))
    if len(shape) != dimensions or values.size != np.prod(shape, dtype=np.int64):
        raise SystemExit(f"{path} is no file of MNIST with {dimensions} dimensions")
    return values.reshape(shape)


def mnist(folder):
    """MNIST, pixels from 0 to 31."""
    parts = []
    for name in ("train", "t10k"):
        parts.append(read_idx(folder, f"{name}-images-idx3-ubyte", 3)[:, None] >> 3)
        parts.append(read_idx(folder, f"{name}-labels-idx1-ubyte", 1))
    return training.Data.of(*parts)


def architectures(size):
    """Two makers of the same network: of plain modules, and of those of the chip."""
    kernel, stride = (3, 1) if size < 16 else (5, 3)
    width = (size - kernel) // stride + 1
    features = 12 * width * width

    def plain():
        return torch.nn.Sequential(
            torch.nn.Conv2d(1, 12, kernel, stride), torch.nn.ReLU(), torch.nn.Flatten(),
            torch.nn.Linear(features, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10),
        )  # fmt: skip

    def chip():
        return torch.nn.Sequential(
            nt.nn.ExpandedConv2d(1, 12, kernel, stride, num_sends=2),
            nt.nn.ConvertingReLU(shift=1),
            torch.nn.Flatten(),
            nt.nn.Linear(features, 64),
            nt.nn.ConvertingReLU(shift=1),
            nt.nn.Linear(64, 10),
        )

    return plain, chip


def draw(results, data, path):
    """Accuracies, losses, confusions and some digits of the test."""
    figure, digits = training.draw(results, data, range(10))
    shown = data.test[:40, 0].numpy()
    rows = [np.concatenate(list(row), axis=1) for row in shown.reshape(5, 8, *shown.shape[1:])]
    digits.imshow(np.concatenate(rows), cmap="gray_r")
    height, width = shown.shape[1:]
    for i, (found, true) in enumerate(zip(results[0].predicted, data.test_classes, strict=True)):
        if i < len(shown):
            digits.text(width * (i % 8), height * (i // 8) + 1, int(found), fontsize=8,
                        color="tab:green" if found == true else "tab:red")  # fmt: skip
    digits.set(xticks=[], yticks=[], title="digits of the test, and the class found")
    figure.savefig(path, dpi=110)


def main():
    """Train, print the table, draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mnist", type=Path, help="folder with the files of MNIST")
    parser.add_argument("--output", type=Path, default=Path("out/digits"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="default: 20, or 6 for MNIST")
    options = parser.parse_args()
    data = mnist(options.mnist) if options.mnist else small_digits()
    epochs = options.epochs or (6 if options.mnist else 20)
    options.output.mkdir(parents=True, exist_ok=True)

    plain, chip = architectures(data.train.shape[-1])
    results = [
        training.train(plain, chip, data, spread=training.UNCALIBRATED, seed=seed, epochs=epochs,
                       loop_epochs=max(1, 3 * epochs // 4))
        for seed in range(options.seeds)
    ]  # fmt: skip
    nt.release_hardware()
    print(f"{len(data.train)} digits for training, {len(data.test)} for the test, right ones (%):")
    print(training.table(results))
    draw(results, data, options.output / "digits.png")
    print(f"Written to {options.output}: digits.png")


if __name__ == "__main__":
    main()
