# SPDX-License-Identifier: BSD-3-Clause
"""examples/digits.py learns, loses on a chip that deviates, and learns again in its loop."""

import gzip
import re
import sys

import matplotlib.image
import numpy as np
import pytest

from example_scripts import load_example


def accuracies(text):
    """Accuracy of the first seed, %, by way."""
    found = re.findall(r"^(float|quantised|direct|in the loop) +(\d+\.\d+)", text, re.M)
    return {way: float(value) for way, value in found}


def test_training_in_the_loop_gets_back_what_direct_transfer_loses(tmp_path, monkeypatch, capsys):
    example = load_example("digits")
    arguments = ["example", "--output", str(tmp_path), "--seeds", "1", "--epochs", "8"]
    monkeypatch.setattr(sys, "argv", arguments)
    example.main()
    right = accuracies(capsys.readouterr().out)
    assert right["float"] > 93
    assert right["quantised"] > 95
    assert right["direct"] < right["quantised"] - 3
    assert right["in the loop"] > right["quantised"] - 1.5
    assert matplotlib.image.imread(tmp_path / "digits.png").std() > 0.1


def write_mnist(folder, images, classes, name):
    """Files of MNIST, one of them compressed."""
    header = bytes([0, 0, 8, 3]) + np.array(images.shape, ">u4").tobytes()
    (folder / f"{name}-images-idx3-ubyte").write_bytes(header + images.tobytes())
    header = bytes([0, 0, 8, 1]) + np.array(classes.shape, ">u4").tobytes()
    with gzip.open(folder / f"{name}-labels-idx1-ubyte.gz", "wb") as file:
        file.write(header + classes.tobytes())


def test_files_of_mnist_are_read(tmp_path):
    example = load_example("digits")
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (6, 28, 28), np.uint8)
    classes = np.arange(6, dtype=np.uint8)
    write_mnist(tmp_path, images[:4], classes[:4], "train")
    write_mnist(tmp_path, images[4:], classes[4:], "t10k")
    data = example.mnist(tmp_path)
    assert np.array_equal(data.train[:, 0].numpy(), images[:4] >> 3)
    assert data.test_classes.tolist() == [4, 5]
    plain, _ = example.architectures(28)
    assert plain()(data.test / 31).shape == (2, 10)


def test_bad_files_of_mnist_are_named(tmp_path):
    example = load_example("digits")
    with pytest.raises(SystemExit, match="has neither train-images-idx3-ubyte"):
        example.mnist(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(bytes(20))
    with pytest.raises(SystemExit, match="train-images-idx3-ubyte is no file of MNIST"):
        example.mnist(tmp_path)
