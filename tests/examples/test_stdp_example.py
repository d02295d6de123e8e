# SPDX-License-Identifier: BSD-3-Clause
"""examples/stdp.py: the planted group wins, the curve is STDP, the pictures show the data."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import pytest

from example_scripts import load_example

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLE = REPOSITORY / "examples" / "stdp.py"
PICTURES = ("stdp_curve.png", "weight_matrix.png", "weights_over_time.png", "stdp.png")
PERIODS = 8


@pytest.fixture
def example():
    return load_example("stdp")


def mean_changes(example, weights):
    """Change of the mean weight of the group, of the others, on other neurons."""
    change = weights[-1].astype(float) - weights[0]
    return [change[mask].mean() for mask in example.populations().values()]


# --- Learning -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_planted_group_wins(example, seed):
    times_s, weights = example.learn(seed, PERIODS)
    group, others, control = mean_changes(example, weights)
    assert group > 8
    assert others < -2
    assert control < -2
    # Row by row: each input of the group ends above every other input.
    rows = weights[-1][:, example.FOLLOWERS].mean(axis=1)
    assert rows[example.GROUP].min() > np.delete(rows, example.GROUP).max()
    assert np.all(np.diff(times_s) > example.PERIOD_S)


def test_group_does_not_win_without_learning(example):
    example.LEARNING_RATE = 0
    _, weights = example.learn(1, 2)
    assert mean_changes(example, weights) == [0, 0, 0]


def test_group_loses_when_the_rule_is_reversed(example):
    example.LEARNING_RATE = -16
    group, others, _ = mean_changes(example, example.learn(1, 4)[1])
    assert group < -4
    assert others > 1


def test_group_does_not_win_without_correlation(example):
    example.EVENT_RATE_HZ = 0.0
    group, others, _ = mean_changes(example, example.learn(1, 4)[1])
    assert group < -1
    assert abs(group - others) < 0.3


def test_same_seed_learns_the_same_weights(example):
    first, second, other = (example.learn(seed, 2)[1] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


# --- Curve --------------------------------------------------------------------------------


def test_curve_has_both_branches_with_their_time_constants(example):
    causal, acausal = example.measure_curve(seed=1, pairs=100)
    delays_s = example.PAIR_DELAYS_S
    assert causal.shape == acausal.shape == (delays_s.size, 6 * 256)
    branches = ((causal, delays_s, 50.0), (acausal, -delays_s, 75.0))
    for correlation, distance_s, amplitude in branches:
        mean, nominal = correlation.mean(axis=1), amplitude * np.exp(-distance_s / 5e-6)
        right = distance_s > 0
        np.testing.assert_allclose(mean[right], nominal[right], rtol=0.05, atol=0.5)
        assert np.abs(mean[~right]).max() < 0.5
        # Sensors differ by a tenth, and readings have noise.
        nearest = correlation[right][np.argmin(distance_s[right])]
        assert 0.05 < nearest.std() / nearest.mean() < 0.2


# --- Pictures -----------------------------------------------------------------------------


def test_example_leaves_pictures_where_it_says(tmp_path):
    folders = [str(REPOSITORY / folder) for folder in ("hostlib", "emulator")]
    finished = subprocess.run(
        [sys.executable, str(EXAMPLE), "--quick", "--output", "pictures", "--seed", "5"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr
    assert sorted(p.name for p in (tmp_path / "pictures").iterdir()) == sorted(PICTURES)
    for name in PICTURES:
        assert str(Path("pictures") / name) in finished.stdout.splitlines()
        picture = matplotlib.image.imread(tmp_path / "pictures" / name)
        height, width = picture.shape[:2]
        assert height >= 400 and width >= 600
        colours = np.unique(picture[..., :3].reshape(-1, 3), axis=0)
        assert len(colours) > 50
        assert 0.005 < np.any(picture[..., :3] < 0.99, axis=2).mean() < 0.9


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    curve = tuple(rng.uniform(0, 50, (40, 30)) for _ in range(2))
    times_s = np.linspace(0, 0.2, 5)
    return curve, times_s, rng.integers(0, 64, (5, 256, 256))


def test_curve_picture_shows_means_and_spreads(example, data):
    curve, _, _ = data
    axes = plt.figure().subplots()
    example.draw_curve(axes, *curve, 100)
    for container, correlation, sign in zip(axes.containers, curve, (1, -1), strict=True):
        points, _, (bars,) = container
        np.testing.assert_allclose(points.get_xdata(), example.PAIR_DELAYS_S * 1e6)
        np.testing.assert_allclose(points.get_ydata(), sign * correlation.mean(axis=1))
        spans = np.array([np.ptp(bar[:, 1]) for bar in bars.get_segments()])
        np.testing.assert_allclose(spans, 2 * correlation.std(axis=1))


def test_matrix_picture_shows_first_and_last_weights(example, data):
    _, _, weights = data
    before, after = plt.figure().subplots(1, 2)
    example.draw_matrices(before, after, weights)
    np.testing.assert_array_equal(before.images[0].get_array(), weights[0])
    np.testing.assert_array_equal(after.images[0].get_array(), weights[-1])


def test_course_picture_shows_means_over_time(example, data):
    _, times_s, weights = data
    axes = plt.figure().subplots()
    example.draw_course(axes, times_s, weights)
    for line, mask in zip(axes.lines, example.populations().values(), strict=True):
        np.testing.assert_allclose(line.get_xdata(), times_s * 1e3)
        np.testing.assert_allclose(line.get_ydata(), [w[mask].mean() for w in weights])


def test_readme_picture_is_small():
    picture = REPOSITORY / "docs" / "images" / "stdp.png"
    assert 20_000 < picture.stat().st_size < 150_000
    assert matplotlib.image.imread(picture).shape[1] >= 900
