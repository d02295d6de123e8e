# SPDX-License-Identifier: BSD-3-Clause
"""One call of the swept function, here, in a worker process or on a cluster."""

from __future__ import annotations

import random
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nuxkit.errors import DataFileError
from nuxkit.sweeps import storage
from nuxkit.sweeps.points import Point, seed_of

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Task:
    """One point to be computed; with `path` its result is also written there."""

    index: int
    point: Point
    path: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of one task.

    Attributes
    ----------
    index : int
        That of the task.
    result : xarray.Dataset or None
        None if the point failed.
    error : str
        Why it failed; empty if it did not.
    not_stored : str
        Why the result could not be written; empty if it was, or need not be.
    """

    index: int
    result: xr.Dataset | None
    error: str = ""
    not_stored: str = ""


def evaluate(function: Callable[..., Any], task: Task) -> Outcome:
    """Call the function for one point; whatever it raises becomes text.

    The global generators of :mod:`random` and NumPy start from a state that depends on the
    point alone, so that a function which uses them gives the same wherever it runs.
    """
    seed = seed_of(0, task.point)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the functions of users may use it
    try:
        result = as_dataset(function(**task.point))
    except (Exception, SystemExit) as error:
        return Outcome(task.index, None, error_text(error))
    return stored(Outcome(task.index, result), task)


def stored(outcome: Outcome, task: Task) -> Outcome:
    """Write the result where the task says; tells in the outcome if that fails."""
    if task.path is None or outcome.result is None:
        return outcome
    try:
        storage.write(task.path, outcome.result, task.point)
    except DataFileError as error:
        return replace(outcome, not_stored=str(error))
    except Exception as error:
        return Outcome(task.index, None, f"the result cannot be stored: {error_text(error)}")
    return outcome


def error_text(error: BaseException) -> str:
    """Kind and text of an exception and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"


def as_dataset(value: Any) -> xr.Dataset:
    """Dataset of what a function returned: a dataset, an array with a name, or a dict.

    In a dict, arrays without dimension names get ``<name>_0``, ``<name>_1``, ...
    """
    import xarray as xr

    if isinstance(value, xr.Dataset):
        return value.load()
    if isinstance(value, xr.DataArray):
        return value.to_dataset(name=value.name or "result").load()
    if isinstance(value, Mapping):
        return xr.Dataset({str(name): _variable(str(name), entry) for name, entry in value.items()})
    raise TypeError(
        "the function of a sweep must return an xarray.Dataset or a dict of arrays and "
        f"numbers, not {type(value).__name__}"
    )


def _variable(name: str, value: Any) -> Any:
    import xarray as xr

    if isinstance(value, xr.DataArray | xr.Variable | tuple):
        return value
    array = np.asarray(value)
    if array.dtype.kind == "O":
        raise TypeError(f"{name}: a {type(value).__name__} is neither a number nor an array")
    return xr.Variable([f"{name}_{axis}" for axis in range(array.ndim)], array)
