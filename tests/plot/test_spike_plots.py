# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit.plot.raster`` and ``nuxkit.plot.rates``."""

import numpy as np
import pytest
import xarray as xr

import nuxkit
from nuxkit import InputError

TIMES_S = np.array([0.001, 0.002, 0.002, 0.009])
NEURONS = np.array([0, 3, 1, 3])


@pytest.mark.parametrize(
    "spikes",
    [
        (TIMES_S, NEURONS),
        ((TIMES_S, NEURONS),),
        (list(TIMES_S), list(NEURONS)),
        (xr.DataArray(TIMES_S, dims="spike", coords={"neuron": ("spike", NEURONS)}),),
    ],
)
def test_a_raster_has_a_mark_per_spike_in_a_fitting_unit(spikes):
    ax = nuxkit.plot.raster(*spikes)
    (line,) = ax.lines
    np.testing.assert_allclose(line.get_xdata(), TIMES_S * 1e3)
    np.testing.assert_array_equal(line.get_ydata(), NEURONS)
    assert ax.get_xlabel() == "hardware time (ms)"
    assert ax.get_ylim() == (-0.5, 3.5)
    ax.figure.canvas.draw()


def test_the_unit_of_time_follows_the_times():
    assert nuxkit.plot.raster(TIMES_S * 1e-3, NEURONS).get_xlabel() == "hardware time (µs)"
    assert nuxkit.plot.raster(TIMES_S * 1e3, NEURONS).get_xlabel() == "hardware time (s)"


def test_no_spikes_give_an_empty_picture():
    nuxkit.plot.raster([], []).figure.canvas.draw()
    nuxkit.plot.rates([], []).figure.canvas.draw()


def test_plots_draw_on_the_given_axes(figures):
    _, (left, right) = figures.subplots(1, 2)
    assert nuxkit.plot.raster(TIMES_S, NEURONS, ax=right, color="red") is right
    assert right.lines[0].get_color() == "red"
    assert not left.lines
    assert nuxkit.plot.rates(TIMES_S, NEURONS, ax=left) is left


def test_rates_of_few_neurons_have_a_line_each():
    ax = nuxkit.plot.rates(TIMES_S, NEURONS, bins=2, stop_s=0.01, target_hz=150.0)
    *neurons, target = ax.lines
    assert ax.get_ylabel() == "rate (Hz)"
    rates_hz = [line.get_ydata() for line in neurons]
    np.testing.assert_allclose(rates_hz, [[200, 0], [200, 0], [0, 0], [200, 200]])
    np.testing.assert_allclose(neurons[0].get_xdata(), [2.5, 7.5])
    np.testing.assert_allclose(target.get_ydata(), 150)


def test_rates_of_many_neurons_are_the_mean_over_silent_ones_too():
    ax = nuxkit.plot.rates(TIMES_S, NEURONS, bins=1, stop_s=0.01, size=100)
    (line,) = ax.lines
    np.testing.assert_allclose(line.get_ydata(), [4])  # 4 spikes, 100 neurons, 10 ms
    assert ax.get_legend().get_texts()[1].get_text() == "mean of 100"


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (([0.0],), {}, "indices, the neurons of the spikes, are missing"),
        (([0.0, 1.0], [1]), {}, r"times_s \(2\) and indices \(1\) must have the same length"),
        (([0.0], [-1]), {}, "integers, 0 or more"),
        (([0.0], [0.5]), {}, "integers, 0 or more"),
        (([np.nan], [0]), {}, "finite"),
        (([[0.0]], [0]), {}, r"times_s must have 1 dimension, but has the shape \(1, 1\)"),
        ((["x"], [0]), {}, "times_s: could not convert"),
        (([0.0], [0]), {"bins": 0}, "bins is 0"),
        (([0.0], [3]), {"size": 3}, "size is 3, but must be at least 4"),
        (([0.0], [3]), {"stop_s": 0.0}, "stop_s - start_s is 0.0"),
    ],
)
def test_wrong_arguments_are_named(arguments, options, words):
    with pytest.raises(InputError, match=words):
        nuxkit.plot.rates(*arguments, **options)
