# SPDX-License-Identifier: BSD-3-Clause
"""kernels/rate_coding.c: the raster shows the picture."""

import matplotlib.image
import numpy as np


def test_raster_shows_the_picture(rate_coding):
    image = rate_coding.make_image()
    (in_s, sources), spikes, _ = rate_coding.run(1, image)
    seen = rate_coding.seen(spikes)
    assert np.corrcoef(seen.ravel(), image.ravel())[0, 1] > 0.8
    # A neuron sends the spikes that its source sends while its pixel is dark; weights are written
    # within the first microseconds of a period.
    period = (in_s / rate_coding.PERIOD_S).astype(int)
    clear = in_s % rate_coding.PERIOD_S > 20e-6
    dark = image[sources, np.minimum(period, 63)] > 0
    expected = {(t, n) for t, n in zip(in_s[clear & dark], sources[clear & dark], strict=True)}
    found = {
        (t, n)
        for t, n in zip(*spikes, strict=True)
        if t % rate_coding.PERIOD_S > 20e-6
    }  # fmt: skip
    assert len(found) > 3000
    assert {n for _, n in found} == set(np.flatnonzero(image.any(axis=1)))
    assert sorted(n for _, n in found) == sorted(n for _, n in expected)
    times = [np.array(sorted(t for t, _ in which)) for which in (found, expected)]
    np.testing.assert_allclose(*times, atol=8e-9)


def test_weights_are_the_columns_of_the_picture(rate_coding):
    image = np.random.default_rng(5).integers(0, 64, (64, 64))
    _, _, rule = rate_coding.run(2, image, periods=70)
    found = rule.observables().column.values[:, 0]
    expected = image.T[np.arange(70) % 64]  # begins again
    np.testing.assert_array_equal(found, expected)
    experiment_weights = rule.projections[0].weights
    np.testing.assert_array_equal(np.diag(experiment_weights), expected[-1])


def test_another_picture_gives_another_raster(rate_coding):
    rows = np.arange(64)
    image = np.where((rows[:, np.newaxis] // 16 + rows // 16) % 2, 63, 0)
    _, spikes, _ = rate_coding.run(3, image)
    assert np.corrcoef(rate_coding.seen(spikes).ravel(), image.ravel())[0, 1] > 0.8


def test_the_example_leaves_its_picture(rate_coding, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["rate_coding.py", "--output", str(tmp_path), "--seed", "4"])
    rate_coding.main()
    assert "correlation with the picture 0.8" in capsys.readouterr().out
    picture = matplotlib.image.imread(tmp_path / "rate_coding.png")
    assert picture.shape[1] >= 800
