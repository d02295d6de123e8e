# SPDX-License-Identifier: BSD-3-Clause
"""The sweep itself: which points are to be computed, by whom, and what came of them."""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nuxkit.errors import InputError
from nuxkit.sweeps.cluster import check_client, run_on_cluster
from nuxkit.sweeps.combine import SEED, combine
from nuxkit.sweeps.points import Point, Points, make_points, seed_of
from nuxkit.sweeps.pool import run_local
from nuxkit.sweeps.storage import Folder
from nuxkit.sweeps.task import Outcome, Task, evaluate

if TYPE_CHECKING:
    import xarray as xr


def sweep(
    function: Callable[..., Any],
    points: Mapping[str, Iterable[Any]] | Sequence[Mapping[str, Any]] | xr.Dataset,
    *,
    seed: int | None = None,
    workers: int | None = None,
    client: Any = None,
    folder: str | Path | None = None,
    progress: bool | None = None,
) -> xr.Dataset:
    """Call a function for many points and put the results into one dataset.

    The result is the same, bit for bit, whatever computes it, if the function depends on
    its arguments and the global random generators only.

    Parameters
    ----------
    function : callable
        Called as ``function(**point)``; returns an :class:`xarray.Dataset` or a dict of
        numbers and arrays. It may be defined anywhere, also in a script or notebook.
    points : mapping, sequence of dicts, or Dataset
        A mapping of names to values is a grid: every combination is a point, every name a
        dimension of the result. A list of dicts makes the dimension ``point``. Of a dataset,
        each combination of its dimensions is a point, with all its variables as parameters.
    seed : int, optional
        With it, the function gets one more argument, ``seed``, that depends on this number
        and the point's parameters only; the result has it as a coordinate.
    workers : int, optional
        Processes on this machine, one per core if not given; 0 computes in this process.
    client : dask.distributed.Client, optional
        Computes on this cluster instead.
    folder : str or Path, optional
        Keeps the result of each finished point there; the same sweep, or one with more
        points, goes on from what is there.
    progress : bool, optional
        Shows a progress bar; if not given, on a terminal only.

    Returns
    -------
    Dataset
        All variables with the sweep's dimensions first, the parameters as coordinates, and
        ``sweep_error``: why a point failed, empty text if it did not. Where a point failed,
        values are NaN. A point fails if the function raises an exception or three worker
        processes die of it.

    Raises
    ------
    nuxkit.InputError
        The points make no sense, the function has no such parameters or cannot be sent to
        another process, or the folder holds another sweep.

    Warns
    -----
    RuntimeWarning
        Points failed, or results could not be written to the folder.
    """
    made = make_points(points)
    calls, seeds = _with_seeds(made, seed)
    _check_call(function, calls[0])
    run = _runner(function, workers, client)
    store = _folder(folder, function, calls[0], seed)
    outcomes: dict[int, Outcome] = {}
    tasks = []
    for index, call in enumerate(calls):
        found = store.load(call) if store else None
        if found is not None:
            outcomes[index] = Outcome(index, found)
        else:
            tasks.append(Task(index, call, str(store.file_of(call)) if store else None))
    if store and store.function_changed and outcomes:
        warnings.warn(
            f"{_name_of(function)} has changed since {store.path} was made; the results of "
            f"{len(outcomes)} points there are kept. Remove the folder to compute them again",
            RuntimeWarning,
            stacklevel=2,
        )
    with _bar(len(calls), len(outcomes), _name_of(function), progress) as bar:
        for outcome in run(tasks) if tasks else ():
            outcomes[outcome.index] = outcome
            bar.update()
    ordered = [outcomes[index] for index in range(len(calls))]
    result = combine(
        made, [outcome.result for outcome in ordered], [o.error for o in ordered], seeds
    )
    _warn(result.sweep_error.values.ravel().tolist(), ordered, calls)
    return result


def _with_seeds(points: Points, seed: int | None) -> tuple[list[Point], list[int] | None]:
    if seed is None:
        return points.points, None
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise InputError(f"seed must be an integer, not {seed!r}")
    if SEED in points.points[0]:
        raise InputError("seed is a parameter of the points already; leave out the argument seed")
    seeds = [seed_of(int(seed), point) for point in points.points]
    return [{**point, SEED: own} for point, own in zip(points.points, seeds, strict=True)], seeds


def _check_call(function: Callable[..., Any], call: Point) -> None:
    if not callable(function):
        raise InputError(f"the first argument must be a function, not {function!r}")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # a built-in function: calling it will tell
    try:
        signature.bind(**call)
    except TypeError as error:
        raise InputError(
            f"{_name_of(function)}{signature} cannot be called with the parameters "
            f"{', '.join(call)}: {error}"
        ) from None


def _runner(
    function: Callable[..., Any], workers: int | None, client: Any
) -> Callable[[Sequence[Task]], Iterator[Outcome]]:
    if client is not None:
        if workers is not None:
            raise InputError("give workers or client, not both")
        check_client(client)
        return lambda tasks: run_on_cluster(function, tasks, client)
    if workers is None:
        workers = len(os.sched_getaffinity(0))
    if isinstance(workers, bool) or not isinstance(workers, int | np.integer) or workers < 0:
        raise InputError(f"workers must be 0 or a positive integer, not {workers!r}")
    if workers == 0:
        return lambda tasks: _run_here(function, tasks)
    return lambda tasks: run_local(function, tasks, workers)


def _run_here(function: Callable[..., Any], tasks: Sequence[Task]) -> Iterator[Outcome]:
    """Compute in this process; the global random generators stay as they were."""
    states = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        for task in tasks:
            yield evaluate(function, task)
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002


def _folder(
    folder: str | Path | None, function: Callable[..., Any], call: Point, seed: int | None
) -> Folder | None:
    if folder is None:
        return None
    name, source = _name_of(function), _source_checksum(function)
    return Folder(folder, name, source, list(call), seed, _constants(function))


def _innermost(function: Any) -> Any:
    while isinstance(function, functools.partial):
        function = function.func
    return inspect.unwrap(function)


def _constants(function: Any) -> dict[str, Any]:
    """Arguments that :func:`functools.partial` has bound."""
    if not isinstance(function, functools.partial):
        return {}
    given = {str(position): value for position, value in enumerate(function.args)}
    return {**_constants(function.func), **given, **function.keywords}


def _name_of(function: Callable[..., Any]) -> str:
    """Name of a function, the same whether its file is run or imported."""
    inner = _innermost(function)
    name = getattr(inner, "__qualname__", type(inner).__qualname__)
    module = getattr(inner, "__module__", None) or ""
    if module == "__main__":
        module = Path(getattr(sys.modules["__main__"], "__file__", None) or "").stem
    return f"{module.rpartition('.')[2]}.{name}".lstrip(".")


def _source_checksum(function: Callable[..., Any]) -> str | None:
    try:
        return hashlib.sha256(inspect.getsource(_innermost(function)).encode()).hexdigest()
    except (OSError, TypeError):
        return None


def _bar(total: int, done: int, name: str, progress: bool | None) -> Any:
    from tqdm import tqdm  # type: ignore[import-untyped, unused-ignore]

    off = None if progress is None else not progress  # None: off unless on a terminal
    return tqdm(total=total, initial=done, desc=name, unit="point", disable=off)


def _warn(errors: Sequence[str], outcomes: Sequence[Outcome], calls: Sequence[Point]) -> None:
    failed = [index for index, error in enumerate(errors) if error]
    if failed:
        warnings.warn(
            f"{len(failed)} of {len(errors)} points failed (see sweep_error); the first is "
            f"{calls[failed[0]]}: {errors[failed[0]]}",
            RuntimeWarning,
            stacklevel=3,
        )
    lost = [outcome.not_stored for outcome in outcomes if outcome.not_stored]
    if lost:
        warnings.warn(
            f"the results of {len(lost)} points are not in the folder: {lost[0]}",
            RuntimeWarning,
            stacklevel=3,
        )
