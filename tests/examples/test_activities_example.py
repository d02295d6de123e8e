# SPDX-License-Identifier: BSD-3-Clause
"""examples/activities.py learns, loses on a chip that deviates, and learns again in its loop."""

import re
import sys

import matplotlib.image
import numpy as np
import pytest

from example_scripts import load_example


def test_training_in_the_loop_gets_back_what_direct_transfer_loses(tmp_path, monkeypatch, capsys):
    example = load_example("activities")
    arguments = ["example", "--output", str(tmp_path), "--seeds", "1", "--epochs", "50"]
    monkeypatch.setattr(sys, "argv", arguments)
    example.main()
    text = capsys.readouterr().out
    found = re.findall(r"^(float|quantised|direct|in the loop) +(\d+\.\d+)", text, re.M)
    right = {way: float(value) for way, value in found}
    assert right["float"] > 90
    assert right["quantised"] > 90
    assert right["direct"] < right["quantised"] - 5
    assert right["in the loop"] > 88
    assert matplotlib.image.imread(tmp_path / "activities.png").std() > 0.1


def write_uci(folder, count):
    """Write files of UCI's data set, with random numbers."""
    rng = np.random.default_rng(2)
    for split in ("train", "test"):
        signals = folder / split / "Inertial Signals"
        signals.mkdir(parents=True)
        for kind in ("total_acc", "body_gyro"):
            for axis in "xyz":
                values = rng.standard_normal((count, 128))
                np.savetxt(signals / f"{kind}_{axis}_{split}.txt", values)
        np.savetxt(folder / split / f"y_{split}.txt", 1 + np.arange(count) % 6, "%d")


def test_files_of_uci_are_read(tmp_path):
    example = load_example("activities")
    write_uci(tmp_path, 7)
    cut, names = example.uci_har(tmp_path)
    data = example.quantised(*cut)
    assert data.train.shape == (7, 6, 128)
    assert data.test_classes.tolist() == [0, 1, 2, 3, 4, 5, 0]
    assert len(names) == 6
    assert data.train.min() == 0
    assert data.train.max() == 31
    plain, _ = example.architectures(128, 6)
    assert plain()(data.test / 31).shape == (7, 6)


def test_missing_windows_are_named(tmp_path):
    example = load_example("activities")
    write_uci(tmp_path, 3)
    (tmp_path / "test" / "y_test.txt").write_text("1\n2\n")
    with pytest.raises(SystemExit, match="not of the same number"):
        example.uci_har(tmp_path)
