# SPDX-License-Identifier: BSD-3-Clause
"""Sweeps that go on from the results in a folder."""

import json
import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import nuxkit
from nuxkit import InputError


def counted(a, b, log):
    with open(log, "a") as file:
        file.write(f"{a}\n")
    if a == 2 and not os.path.exists(log + ".mended"):
        raise ValueError("broken")
    return {
        "product": a * b,
        "on": a > 1,
        "name": "n" * a,
        "complex": 1j * a,
        "spikes": np.arange(a, dtype=np.uint8),
    }


def other(a, b, log):
    return {"product": a * b}


def run(folder, log, a=(1, 2, 3), function=counted, b=5, **options):
    return nuxkit.sweep(
        function, {"a": a, "b": [b], "log": [str(log)]}, workers=0, folder=folder, **options
    )


def calls(log):
    return [int(line) for line in Path(log).read_text().split()]


def test_a_second_run_computes_only_what_failed_or_is_new(tmp_path):
    log, folder = tmp_path / "log", tmp_path / "sub" / "folder"
    with pytest.warns(RuntimeWarning, match="1 of 3 points failed"):
        run(folder, log)
    assert calls(log) == [1, 2, 3]
    Path(f"{log}.mended").touch()
    result = run(folder, log, a=(4, 3, 2, 1))
    assert calls(log) == [1, 2, 3, 4, 2]
    fresh = run(None, log, a=(4, 3, 2, 1))
    assert result.identical(fresh)
    for name in fresh.variables:
        assert result[name].dtype == fresh[name].dtype, name


def test_workers_write_the_results_as_they_come(tmp_path):
    log = tmp_path / "log"
    Path(f"{log}.mended").touch()
    points = {"a": [1, 2, 3, 4], "b": [5], "log": [str(log)]}
    first = nuxkit.sweep(counted, points, workers=2, folder=tmp_path / "folder")
    again = nuxkit.sweep(counted, points, workers=2, folder=tmp_path / "folder")
    assert sorted(calls(log)) == [1, 2, 3, 4]
    assert again.identical(first)


def test_files_are_netcdf_and_no_other_file_stays(tmp_path):
    with pytest.warns(RuntimeWarning):
        run(tmp_path / "f", tmp_path / "log")
    names = sorted(path.suffix for path in (tmp_path / "f").iterdir())
    assert names == [".json", ".nc", ".nc"]
    with xr.open_dataset(next((tmp_path / "f").glob("*.nc")), engine="h5netcdf") as point:
        assert json.loads(point.attrs["sweep_point"])["b"] == 5


def test_a_damaged_file_is_computed_again(tmp_path):
    log = tmp_path / "log"
    Path(f"{log}.mended").touch()
    run(tmp_path / "f", log)
    damaged = next((tmp_path / "f").glob("*.nc"))
    damaged.write_bytes(damaged.read_bytes()[:100])
    run(tmp_path / "f", log)
    assert len(calls(log)) == 4


def test_another_sweep_in_the_folder_is_refused(tmp_path):
    def made(a, seed=0):
        return {"a2": a * a}

    def swept(function, points, **options):
        nuxkit.sweep(function, points, workers=0, folder=tmp_path / "f", **options)

    swept(made, {"a": [1]})
    swept(partial(made), {"a": [1, 2]})
    with pytest.raises(InputError, match=r"holds another sweep \(function: .*made, not .*other\)"):
        swept(other, {"a": [1], "b": [1], "log": [""]})
    with pytest.raises(InputError, match=r"\(parameters: a, not a, seed\)"):
        swept(made, {"a": [1], "seed": [1]})
    swept_folder = tmp_path / "g"
    nuxkit.sweep(made, {"a": [1]}, workers=0, folder=swept_folder, seed=1)
    with pytest.raises(InputError, match=r"\(seed: 1, not 2\)"):
        nuxkit.sweep(made, {"a": [1]}, workers=0, folder=swept_folder, seed=2)


def test_other_constants_are_another_sweep(tmp_path):
    log = tmp_path / "log"
    for b in (1, 2):
        function = partial(other, b=b, log=str(log))
        options = {"workers": 0, "folder": tmp_path / "f"}
        if b == 1:
            assert nuxkit.sweep(function, {"a": [4]}, **options).product.item() == 4
        else:
            with pytest.raises(InputError, match="constants: "):
                nuxkit.sweep(function, {"a": [4]}, **options)


def test_a_changed_function_is_said(tmp_path):
    log = tmp_path / "log"
    Path(f"{log}.mended").touch()
    run(tmp_path / "f", log)
    manifest = tmp_path / "f" / "sweep.json"
    values = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**values, "source": "0" * 64}))
    with pytest.warns(RuntimeWarning, match="has changed since .* of 3 points there are kept"):
        run(tmp_path / "f", log)


def test_folders_that_cannot_be_used_are_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be the folder of a sweep"):
        run(tmp_path / "file", tmp_path / "log")
    with pytest.raises(InputError, match="not empty and not the folder of a sweep"):
        run(tmp_path, tmp_path / "log")
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "sweep.json").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        run(tmp_path / "f", tmp_path / "log")


def test_a_full_disk_keeps_the_results_and_says_so(tmp_path, monkeypatch):
    log = tmp_path / "log"
    Path(f"{log}.mended").touch()

    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nuxkit.dataset_file.write_whole", full)
    with pytest.warns(RuntimeWarning, match="3 points are not in the folder.*No space left"):
        result = run(tmp_path / "f", log)
    np.testing.assert_array_equal(result["product"].squeeze(), [5, 10, 15])
    assert [path.name for path in (tmp_path / "f").iterdir()] == ["sweep.json"]
    monkeypatch.undo()
    run(tmp_path / "f", log)
    assert len(calls(log)) == 6
