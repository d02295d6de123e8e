# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit.sweep``: points, results, failures, the same whatever computes them."""

import random
from functools import partial

import numpy as np
import pytest
import xarray as xr

import nuxkit
from nuxkit import InputError


def product(a, b=1):
    return {"product": a * b, "steps": np.arange(3) * a}


def noisy(a, seed=0):
    own = np.random.default_rng(seed).normal(size=3)
    of_numpy = np.random.normal()  # noqa: NPY002 - it starts from the same state everywhere
    return {"own": own, "of_numpy": of_numpy, "of_python": random.random(), "a2": a * a}


def labelled(a):
    times = xr.DataArray([0.1, 0.2], dims="time", attrs={"units": "s"})
    weights = xr.DataArray(
        np.full((2, 2), a, np.uint8),
        dims=("time", "post"),
        coords={"time": times, "post": [10, 11 + a % 2], "label": ("post", ["x", "y"])},
        attrs={"units": "LSB"},
    )
    return xr.Dataset({"weights": weights}, attrs={"same": 1, "other": a})


def ragged(a):
    return {"spikes": np.arange(a), "count": a}


def picky(a):
    if a == 2:
        raise ValueError("two is too many")
    return {"count": a, "on": True, "name": "n" * a}


def here(function, points, **options):
    return nuxkit.sweep(function, points, workers=0, **options)


def test_a_grid_has_a_dimension_per_parameter():
    result = here(product, {"a": [1, 2], "b": (10, 20, 30)})
    assert dict(result.sizes) == {"a": 2, "b": 3, "steps_0": 3}
    np.testing.assert_array_equal(result.product, [[10, 20, 30], [20, 40, 60]])
    assert result.product.dims == ("a", "b")
    assert result.product.dtype == np.int64
    np.testing.assert_array_equal(result.steps.sel(a=2, b=30), [0, 2, 4])
    np.testing.assert_array_equal(result.b, [10, 20, 30])
    assert (result.sweep_error == "").all()


def test_a_list_of_points_has_one_dimension_with_the_parameters_as_coordinates():
    result = here(product, [{"a": 2, "b": 5}, {"a": 3, "b": 4}])
    assert result.product.dims == ("point",)
    np.testing.assert_array_equal(result.product, [10, 12])
    np.testing.assert_array_equal(result.a, [2, 3])


def test_a_dataset_gives_points_over_its_dimensions():
    points = xr.Dataset(
        {"b": ("kind", [10, 20])}, coords={"kind": ["x", "y"], "a": ("size", [1, 2, 3])}
    )
    result = here(lambda a, b, kind: {"text": f"{kind}{a * b}"}, points)
    assert result.text.dims == tuple(points.sizes)
    assert result.text.transpose("kind", "size").values.tolist() == [
        ["x10", "x20", "x30"],
        ["y20", "y40", "y60"],
    ]
    np.testing.assert_array_equal(result.b, [10, 20])


def test_functions_get_the_values_as_given_and_arrays_as_python_numbers():
    kinds = here(lambda a: {"kind": type(a).__name__}, {"a": [1, 2.5, True, None, "x", (1, 2)]})
    assert kinds.kind.values.tolist() == ["int", "float", "bool", "NoneType", "str", "tuple"]
    assert kinds.a.values.tolist() == ["1", "2.5", "true", "null", "x", "[1, 2]"]
    arrays = here(lambda a: {"kind": type(a).__name__}, {"a": np.linspace(0, 1, 3)})
    assert set(arrays.kind.values) == {"float"}
    assert arrays.a.dtype == np.float64


def test_datasets_keep_units_and_labels_and_are_aligned_by_them():
    result = here(labelled, {"a": [1, 2]})
    assert result.weights.dims == ("a", "time", "post")
    assert result.weights.attrs == {"units": "LSB"}
    assert result.time.dims == ("time",)
    assert result.time.attrs == {"units": "s"}
    assert result.attrs == {"same": 1}
    np.testing.assert_array_equal(result.post, [10, 11, 12])
    np.testing.assert_array_equal(result.weights.sel(a=1, time=0.1), [1, np.nan, 1])
    np.testing.assert_array_equal(result.weights.sel(a=2, time=0.2), [2, 2, np.nan])


def test_arrays_of_different_length_are_filled_with_nan():
    result = here(ragged, {"a": [1, 3]})
    np.testing.assert_array_equal(result.spikes, [[0, np.nan, np.nan], [0, 1, 2]])
    assert result["count"].dtype == np.int64


def test_a_failed_point_is_reported_and_the_others_are_there():
    with pytest.warns(RuntimeWarning, match=r"1 of 3 points failed .* \{'a': 2\}: ValueError: two"):
        result = here(picky, {"a": [1, 2, 3]})
    np.testing.assert_array_equal(result["count"], [1, np.nan, 3])
    assert result.name.values.tolist() == ["n", "", "nnn"]
    error = str(result.sweep_error.sel(a=2).item())
    assert error.startswith("ValueError: two is too many (")
    assert "test_sweep_results.py:" in error
    assert result.sweep_error.values.tolist() == ["", error, ""]


def test_all_points_may_fail():
    with pytest.warns(RuntimeWarning, match="2 of 2 points failed"):
        result = here(lambda a: 1 / 0, {"a": [1, 2]})
    assert list(result.data_vars) == ["sweep_error"]
    assert result.sweep_error.str.startswith("ZeroDivisionError").all()


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda a: 3, "must return an xarray.Dataset or a dict"),
        (lambda a: {"x": object()}, "neither a number nor an array"),
        (lambda a: {"a": 1}, "the name 'a', which the sweep itself uses"),
        (lambda a: exit(3), "SystemExit: 3"),
    ],
)
def test_useless_results_are_failures(function, words):
    with pytest.warns(RuntimeWarning):
        result = here(function, {"a": [1]})
    assert words in str(result.sweep_error.item())


def test_results_of_another_form_than_the_first_are_failures():
    with pytest.warns(RuntimeWarning, match="1 of 2 points failed"):
        result = here(lambda a: {"x": np.zeros((2,) * a)}, {"a": [1, 2]})
    assert "x has the dimensions (x_0, x_1), but (x_0) at the first point" in str(
        result.sweep_error.sel(a=2).item()
    )


@pytest.mark.parametrize("workers", [1, np.int64(3)])
def test_processes_give_the_same_bits_as_one(workers):
    points = {"a": list(range(12))}
    expected = here(noisy, points, seed=5)
    got = nuxkit.sweep(noisy, points, seed=5, workers=workers)
    assert got.identical(expected)
    for name in expected.variables:
        assert got[name].dtype == expected[name].dtype
        assert got[name].values.tobytes() == expected[name].values.tobytes()


def test_seeds_depend_on_the_point_and_the_sweeps_seed_only():
    some = here(noisy, {"a": [3, 1]}, seed=5)
    more = here(noisy, {"a": [1, 2, 3]}, seed=5)
    assert some.equals(more.sel(a=[3, 1]))
    assert len(set(more.seed.values)) == 3
    assert not np.intersect1d(here(noisy, {"a": [1, 2, 3]}, seed=6).seed, more.seed).size


def test_computing_here_leaves_the_global_generators_alone():
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    expected = np.random.normal(), random.random()  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    here(noisy, {"a": [1]})
    assert (np.random.normal(), random.random()) == expected  # noqa: NPY002


def test_constants_come_by_partial():
    assert here(partial(product, b=7), {"a": [2]}).product.item() == 14


@pytest.mark.parametrize(
    ("function", "points", "options", "words"),
    [
        (product, {}, {}, "at least one point"),
        (product, [], {}, "at least one point"),
        (product, {"a": []}, {}, "at least one point"),
        (product, {"a": 3}, {}, r"a must be a list of values, not 3; .*functools.partial"),
        (product, {"a": "abc"}, {}, "a must be a list of values"),
        (product, {"a": np.zeros((2, 2))}, {}, "1 dimension, not 2"),
        (product, {"a": [1, 1]}, {}, "a has the value 1 twice"),
        (product, {"a": [object()]}, {}, "cannot be a parameter of a sweep"),
        (product, {"a b": [1]}, {}, "'a b' cannot be the name of a parameter"),
        (product, [{"a": 1}, {"b": 1}], {}, "point 1 has the parameters b, but point 0 has a"),
        (product, [{"a": 1}, {"a": 1}], {}, "point 1 is the same as point 0"),
        (product, [3], {}, "point 0 is a int, not a dict"),
        (product, 3, {}, "points must be a mapping"),
        (product, {"c": [1]}, {}, r"product\(a, b=1\) cannot be called with the parameters c"),
        (3, {"a": [1]}, {}, "must be a function, not 3"),
        (noisy, {"a": [1], "seed": [1]}, {"seed": 3}, "seed is a parameter of the points"),
        (noisy, {"a": [1]}, {"seed": 0.5}, "seed must be an integer"),
        (product, {"a": [1]}, {"workers": -1}, "workers must be 0 or a positive integer, not -1"),
        (product, {"a": [1]}, {"workers": 1, "client": 3}, "workers or client, not both"),
        (product, {"a": [1]}, {"client": 3}, "client must be a dask.distributed.Client, not int"),
    ],
)
def test_wrong_arguments_are_named(function, points, options, words):
    with pytest.raises(InputError, match=words):
        nuxkit.sweep(function, points, **options)


def test_progress_is_shown_when_asked_and_off_without_a_terminal(capfd):
    here(product, {"a": [1, 2]})
    assert capfd.readouterr().err == ""
    here(product, {"a": [1, 2]}, progress=True)
    assert "2/2" in capfd.readouterr().err
