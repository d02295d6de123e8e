# SPDX-License-Identifier: BSD-3-Clause
"""Results in files: netCDF-4 (HDF5), which xarray, Matlab, Julia and others read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import DataFileError, InputError
from .whole_file import write_whole

if TYPE_CHECKING:
    import xarray

_ENGINE: Any = "h5netcdf"


def save(
    path: str | os.PathLike[str], data: xarray.Dataset | xarray.DataArray | xarray.DataTree
) -> None:
    """Write results to a file; it is there whole or not at all.

    Parameters
    ----------
    path : path
        Name of the file; an existing one is replaced.
    data : xarray.Dataset, xarray.DataArray or xarray.DataTree
        E.g. what `Experiment.results` returns.

    Raises
    ------
    InputError
        If that is nothing of xarray, or holds what netCDF cannot.
    DataFileError
        If the file cannot be written (no such folder, no permission, disk full); an existing file
        is as before.
    """
    import xarray

    path = Path(path)
    if isinstance(data, xarray.DataArray):
        data = data.to_dataset(name="data" if data.name is None else data.name)
    if not isinstance(data, xarray.Dataset | xarray.DataTree):
        raise InputError(f"data is a {type(data).__name__}, but must be a dataset of xarray")
    try:
        content = data.to_netcdf(None, engine=_ENGINE)
    except Exception as error:  # h5netcdf has errors of its own, such as that for a bool attribute
        raise InputError(f"cannot write {path}: {error}") from error
    # Made in memory and then written, so that a full disk is an ordinary error.
    try:
        write_whole(path, bytes(content))
    except OSError as error:
        raise DataFileError(
            f"cannot write {path}: {error.strerror or error}; what was there is as it was"
        ) from error


def load(path: str | os.PathLike[str]) -> xarray.Dataset | xarray.DataTree:
    """Read what `save` wrote, into memory.

    Returns
    -------
    xarray.Dataset or xarray.DataTree
        A tree if the file has groups.

    Raises
    ------
    DataFileError
        If there is no such file, or it is damaged or of another format.
    """
    import xarray

    path = Path(path)
    if path.is_dir():
        raise DataFileError(f"cannot read {path}: it is a folder")
    if not path.is_file():
        raise DataFileError(f"cannot read {path}: there is no such file")
    try:
        with xarray.open_datatree(path, engine=_ENGINE) as tree:
            loaded = tree.load()
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise DataFileError(f"cannot read {path}: {error}") from error
    return loaded if loaded.children else loaded.to_dataset()
