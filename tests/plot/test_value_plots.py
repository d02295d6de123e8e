# SPDX-License-Identifier: BSD-3-Clause
"""Weights, observables and STDP curves."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

import nuxkit
from nuxkit import InputError

WEIGHTS = np.arange(5 * 3 * 4).reshape(5, 3, 4)
RECORDED = xr.DataArray(
    WEIGHTS,
    dims=("invocation", "pre", "post"),
    coords={"time": ("invocation", np.arange(5) * 1e-3)},
    name="weights",
    attrs={"units": "LSB"},
)


def test_a_weight_matrix_has_pre_upwards_and_post_to_the_right():
    ax = nuxkit.plot.weight_matrix(WEIGHTS[0])
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), WEIGHTS[0])
    assert image.origin == "lower"
    assert image.get_clim() == (0, 63)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("postsynaptic neuron", "presynaptic neuron")
    assert len(ax.figure.axes) == 2  # the scale of colours


def test_a_weight_matrix_of_a_recording_is_the_last_one_in_any_order_of_dimensions():
    ax = nuxkit.plot.weight_matrix(RECORDED.transpose("post", "invocation", "pre"), colorbar=False)
    np.testing.assert_array_equal(ax.images[0].get_array(), WEIGHTS[-1])
    assert len(ax.figure.axes) == 1


def test_weights_over_time_use_the_times_of_the_recording():
    ax = nuxkit.plot.weight_evolution(RECORDED.transpose("post", "invocation", "pre"))
    (line,) = ax.lines
    np.testing.assert_allclose(line.get_xdata(), np.arange(5))
    np.testing.assert_allclose(line.get_ydata(), WEIGHTS.mean(axis=(1, 2)))
    assert ax.get_xlabel() == "hardware time (ms)"


def test_groups_of_weights_are_drawn_apart():
    first = np.zeros((3, 4), bool)
    first[0] = True
    ax = nuxkit.plot.weight_evolution(WEIGHTS, groups={"first": first, "others": ~first})
    assert len(ax.lines) == 4 + 8  # few enough for a line each
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), WEIGHTS[:, 0, 1])
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["first", "others"]
    colours = [line.get_color() for line in ax.lines]
    assert len(set(colours[:4])) == len(set(colours[4:])) == 1
    assert colours[0] != colours[4]


def test_observables_have_a_panel_each_with_name_unit_and_lines():
    data = xr.Dataset(
        {
            "weights": RECORDED,
            "reward": (("invocation", "hemisphere"), np.arange(10.0).reshape(5, 2)),
            "constant": 3,
        },
        coords={"hemisphere": ["top", "bottom"]},
    )
    panels = nuxkit.plot.observables_over_time(data)
    assert [ax.get_ylabel() for ax in panels] == ["weights (LSB)", "reward"]
    assert [line.get_label() for line in panels[1].lines] == ["top", "bottom"]
    np.testing.assert_array_equal(panels[1].lines[1].get_ydata(), [1, 3, 5, 7, 9])
    one = nuxkit.plot.observables_over_time(data, ["reward"])
    assert one.get_ylabel() == "reward"
    assert nuxkit.plot.observables_over_time(data["reward"]).get_ylabel() == "reward"
    nuxkit.plot.observables_over_time(data, ax=[one, panels[0]])


def test_a_curve_has_both_sides_in_order_with_mean_and_spread():
    delays_s = np.array([5e-6, -5e-6, 10e-6, -10e-6])
    changes = np.array([[4, 6], [-3, -3], [2, 2], [-1, -1.0]])
    ax = nuxkit.plot.stdp_curve(delays_s, changes)
    causal, acausal = (container for container in ax.containers)
    np.testing.assert_allclose(causal.lines[0].get_xdata(), [5, 10])
    np.testing.assert_allclose(causal.lines[0].get_ydata(), [5, 2])
    np.testing.assert_allclose(acausal.lines[0].get_xdata(), [-10, -5])
    segment = causal.lines[2][0].get_segments()[0]
    np.testing.assert_allclose(segment[:, 1], [4, 6])
    assert ax.get_xlabel().endswith("(µs)")
    nuxkit.plot.stdp_curve(delays_s, changes[:, 0])


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: nuxkit.plot.weight_matrix(WEIGHTS), "weights must have 2 dimensions"),
        (lambda: nuxkit.plot.weight_matrix(RECORDED[0, :, 0]), "must have pre and post"),
        (lambda: nuxkit.plot.weight_evolution(WEIGHTS, [0.0]), r"weights \(5\) and time_s \(1\)"),
        (
            lambda: nuxkit.plot.weight_evolution(WEIGHTS, groups={"a": np.ones((2, 2), bool)}),
            r"group 'a' must be a bool array of the shape \(3, 4\)",
        ),
        (lambda: nuxkit.plot.stdp_curve([0.0], [1.0, 2.0]), "same length"),
        (lambda: nuxkit.plot.observables_over_time(WEIGHTS), "must be a dataset or data array"),
        (
            lambda: nuxkit.plot.observables_over_time(xr.Dataset({"weights": RECORDED}), ["x"]),
            "'x' is no observable over time; there are: weights",
        ),
        (lambda: nuxkit.plot.observables_over_time(xr.Dataset({"x": 1})), "no observables"),
        (
            lambda: nuxkit.plot.observables_over_time(xr.Dataset({"w": RECORDED}), ax=[1, 2]),
            "1 observables need 1 axes, but ax has 2",
        ),
    ],
)
def test_wrong_arguments_are_named(draw, words):
    with pytest.raises(InputError, match=words):
        draw()


def test_importing_nuxkit_imports_neither_matplotlib_nor_xarray():
    code = f"import sys; sys.path[:] = {sys.path!r}; import nuxkit; nuxkit.plot, nuxkit.sweep; "
    code += "print({'matplotlib', 'xarray', 'dask'}.intersection(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr
