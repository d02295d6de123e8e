# SPDX-License-Identifier: BSD-3-Clause
"""examples/recurrent_network.py: neurons spike, and the kernel brings them to the target."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

import nuxkit
from example_scripts import load_example

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLE = REPOSITORY / "examples" / "recurrent_network.py"


@pytest.fixture
def example():
    return load_example("recurrent_network")


def test_all_neurons_come_to_the_target(example):
    spikes, trace, before, after = example.simulate(seed=2)
    counts = example.counts_of(spikes)
    assert counts[0].mean() < example.TARGET / 3
    assert abs(counts[-5:].mean() - example.TARGET) < 1
    assert np.abs(counts[-5:].mean(axis=0) - example.TARGET).max() < 4
    assert counts[0].std() > counts[-5:].mean(axis=0).std()
    change = after.astype(int) - before
    assert (change[:, : example.INHIBITORY_ROWS] == 0).all()
    # All weights of a neuron went the same way by the same steps, as none is at a bound.
    changed = change[:, example.INHIBITORY_ROWS :]
    assert (changed == changed[:, :1]).all()
    assert changed.max() > 3
    # Between reset and threshold, and never at rest.
    assert trace[:, 1].min() > 60 and trace[:, 1].max() <= 125
    assert trace[:, 1].std() > 2


def test_a_higher_target_gives_more_spikes(example):
    example.TARGET = 14
    counts = example.counts_of(example.simulate(seed=1)[0])
    assert abs(counts[-5:].mean() - 14) < 1.5


def test_spikes_depend_on_the_recurrent_connections(example):
    # Other delays give other spikes.
    first = example.simulate(seed=1, periods=2)[0]
    again = example.simulate(seed=1, periods=2)[0]
    example.DELAY_S = 5e-6
    other = example.simulate(seed=1, periods=2)[0]
    np.testing.assert_array_equal(first.times_s, again.times_s)
    assert first.times_s.size != other.times_s.size or (first.times_s != other.times_s).any()


def test_rule_refuses_a_target_that_it_cannot_count(example):
    chip, program = nuxkit.Chip(), example.make_program()
    program.load(chip)
    for target in (-1, 127):
        with pytest.raises(nuxkit.InputError, match="target"):
            program.set_parameters(chip, "homeostasis", target=target)


def test_example_leaves_its_picture_where_it_says(tmp_path):
    folders = [str(REPOSITORY / folder) for folder in ("hostlib", "emulator")]
    finished = subprocess.run(
        [sys.executable, str(EXAMPLE), "--output", "pictures", "--seed", "5"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr
    assert str(Path("pictures") / "network.png") in finished.stdout.splitlines()
    picture = matplotlib.image.imread(tmp_path / "pictures" / "network.png")
    assert picture.shape[0] >= 400 and picture.shape[1] >= 600
    assert 0.02 < np.any(picture[..., :3] < 0.99, axis=2).mean() < 0.9
