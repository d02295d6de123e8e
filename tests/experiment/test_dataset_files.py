# SPDX-License-Identifier: BSD-3-Clause
"""Results come back from files as they were; a file is written whole or not at all."""

import os
import resource
import stat

import h5py
import numpy as np
import pytest
import xarray
from hypothesis import given, settings
from hypothesis import strategies as st

import nuxkit


def dataset(size=10):
    return xarray.Dataset(
        {
            "weights": (("time", "pre"), np.arange(2 * size, dtype=np.uint8).reshape(2, size)),
            "v": ("time", [1.5, np.nan], {"units": "LSB"}),
        },
        {"time": ("time", [0.0, 1e-3], {"units": "s"}), "side": ("time", ["top", "bottom"])},
        {"rule": "stdp", "missed": 3},
    )


def test_results_of_an_experiment_come_back(network, rule_file, tmp_path):
    experiment, inputs, neurons, projection = network()
    inputs.record("spikes")
    neurons.record("v", every_s=1e-4)
    projection.record("weights", every_s=1e-3)
    experiment.rule(
        rule_file, timer=nuxkit.Timer(period_s=1e-3, count=2), projections=projection,
        populations=neurons,
    )  # fmt: skip
    experiment.run(2 * nuxkit.ms)
    results = experiment.results()
    nuxkit.save(tmp_path / "results.nc", results)
    loaded = nuxkit.load(tmp_path / "results.nc")
    assert loaded.identical(results)
    for node in results.subtree:
        for name, variable in node.variables.items():
            assert loaded[node.path].variables[name].dtype.kind == variable.dtype.kind
    with h5py.File(tmp_path / "results.nc") as file:  # a standard format
        assert file["adder/weights"].dtype == np.uint8


def test_batches_come_back(network, tmp_path):
    experiment, inputs, *_ = network()
    inputs.record("spikes")
    results = experiment.run_batch([{inputs: {"rate_hz": rate}} for rate in (1e3, 2e4)], 1e-3)
    nuxkit.save(tmp_path / "results.nc", results)
    loaded = nuxkit.load(tmp_path / "results.nc")
    assert loaded["inputs"].to_dataset().identical(results["inputs"].to_dataset())


@settings(deadline=None, max_examples=20)
@given(
    values=st.lists(st.floats(allow_nan=True, width=64), max_size=20),
    dtype=st.sampled_from(["f8", "f4", "i1", "i2", "i4", "u1", "u2", "u4", "i8"]),
)
def test_numbers_come_back(tmp_path_factory, values, dtype):
    with np.errstate(all="ignore"):
        array = np.asarray(values).astype(dtype)
    path = tmp_path_factory.mktemp("files") / "data.nc"
    given_data = xarray.Dataset({"x": ("i", array)})
    nuxkit.save(path, given_data)
    loaded = nuxkit.load(path)
    assert loaded.identical(given_data)
    assert loaded["x"].dtype == array.dtype


def test_an_array_is_saved_as_a_dataset(tmp_path):
    nuxkit.save(tmp_path / "v.nc", dataset()["v"])
    assert nuxkit.load(tmp_path / "v.nc")["v"].identical(dataset()["v"])


def test_files_have_the_rights_of_the_user(tmp_path):
    before = os.umask(0o027)
    try:
        nuxkit.save(tmp_path / "x.nc", dataset())
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x.nc").stat().st_mode) == 0o640


def test_a_full_disk_leaves_the_earlier_file_and_no_other(network, tmp_path):
    experiment, _, neurons, _ = network()
    neurons.record("v", every_s=1e-6)
    path = tmp_path / "results.nc"
    nuxkit.save(path, dataset())
    experiment.run(1 * nuxkit.ms)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(nuxkit.DataFileError, match=r"results\.nc: File too large; what was"):
            nuxkit.save(path, experiment.results())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert os.listdir(tmp_path) == ["results.nc"]
    assert nuxkit.load(path).identical(dataset())
    nuxkit.save(path, experiment.results())
    experiment.run(1 * nuxkit.ms)


def test_wrong_places_and_data_are_named(tmp_path):
    with pytest.raises(nuxkit.DataFileError, match=r"no/x\.nc: No such file or directory"):
        nuxkit.save(tmp_path / "no" / "x.nc", dataset())
    with pytest.raises(nuxkit.DataFileError, match="Is a directory"):
        nuxkit.save(tmp_path, dataset())
    with pytest.raises(nuxkit.InputError, match="data is a dict"):
        nuxkit.save(tmp_path / "x.nc", {"a": 1})
    with pytest.raises(nuxkit.InputError, match="Invalid value for attr 'a'"):
        nuxkit.save(tmp_path / "x.nc", xarray.Dataset(attrs={"a": {"b": 1}}))
    with pytest.raises(nuxkit.InputError, match="boolean"):
        nuxkit.save(tmp_path / "x.nc", xarray.Dataset(attrs={"a": True}))
    with pytest.raises(nuxkit.DataFileError, match="Is a directory"):
        nuxkit.save("", dataset())
    assert os.listdir(tmp_path) == []


def test_files_that_are_none_of_ours_are_named(tmp_path):
    path = tmp_path / "x.nc"
    with pytest.raises(nuxkit.DataFileError, match=r"x\.nc: there is no such file"):
        nuxkit.load(path)
    with pytest.raises(nuxkit.DataFileError, match="it is a folder"):
        nuxkit.load(tmp_path)
    path.write_text("no such thing")
    with pytest.raises(nuxkit.DataFileError, match=r"cannot read .*x\.nc"):
        nuxkit.load(path)
    nuxkit.save(path, dataset(1000))
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(nuxkit.DataFileError, match=r"cannot read .*x\.nc"):
        nuxkit.load(path)
