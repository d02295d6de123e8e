# SPDX-License-Identifier: BSD-3-Clause
"""One dataset from the results of all points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nuxkit.sweeps.points import Points

if TYPE_CHECKING:
    import xarray as xr

ERROR = "sweep_error"
SEED = "seed"


def combine(
    points: Points,
    results: Sequence[xr.Dataset | None],
    errors: Sequence[str],
    seeds: Sequence[int] | None,
) -> xr.Dataset:
    """Put the results of all points side by side.

    Each variable gets the sweep's dimensions before its own. Sizes and labels may differ from
    point to point; what a point does not have is NaN (integers then become floats), NaT or
    empty text. A result that does not fit the first one counts as failed.

    Parameters
    ----------
    points : Points
    results : sequence of Dataset or None
        In the order of the points; None where a point failed.
    errors : sequence of str
        Why it failed, else empty.
    seeds : sequence of int or None
        Seed of each point.

    Returns
    -------
    Dataset
        With the variable ``sweep_error`` over the sweep's dimensions.
    """
    import xarray as xr

    results, errors = list(results), list(errors)
    taken = {*points.dimensions, *points.coordinates, ERROR, *([SEED] if seeds else [])}
    first = next((result for result in results if result is not None), None)
    for index, result in enumerate(results):
        problem = _misfit(result, first, taken) if result is not None and first is not None else ""
        if problem:
            results[index], errors[index] = None, problem
    good = [index for index, result in enumerate(results) if result is not None]
    present = [result for result in results if result is not None]
    unlabelled = {dim for result in present for dim in result.dims if dim not in result.indexes}
    aligned = xr.align(*present, join="outer", copy=False, exclude=unlabelled)
    names = list(dict.fromkeys(name for result in aligned for name in result.variables))
    dimensions = tuple(points.dimensions)
    made: dict[Any, Any] = {}
    common: dict[Any, Any] = {}
    for name in names:
        found = [(index, r.variables[name]) for index, r in zip(good, aligned, strict=True)
                 if name in r.variables]  # fmt: skip
        if all(name in result.coords for result in aligned) and _all_equal(
            [variable for _, variable in found]
        ):
            common[name] = found[0][1]
        else:
            made[name] = _side_by_side(found, points, dimensions)
    coordinates = {name: (dims, values) for name, (dims, values) in points.coordinates.items()}
    combined = xr.Dataset(made, coords={**common, **coordinates}, attrs=_common_attrs(aligned))
    coords_too = [name for name in made if any(name in result.coords for result in aligned)]
    combined = combined.set_coords(coords_too)
    combined[ERROR] = (dimensions, np.asarray(errors, dtype=str).reshape(points.shape))
    if seeds is not None:
        combined.coords[SEED] = (dimensions, np.asarray(seeds, np.int64).reshape(points.shape))
    return combined


def _misfit(result: xr.Dataset, first: xr.Dataset, taken: set[str]) -> str:
    """Why a result cannot stand beside the first one; empty if it can."""
    clash = sorted(taken.intersection(map(str, (*result.variables, *result.dims))))
    if clash:
        return f"the result has the name {clash[0]!r}, which the sweep itself uses"
    for name, variable in result.variables.items():
        other = first.variables.get(name)
        if other is not None and other.dims != variable.dims:
            return (
                f"{name} has the dimensions {_listed(variable.dims)}, "
                f"but {_listed(other.dims)} at the first point"
            )
    for dimension in result.dims:
        if dimension in first.dims and (dimension in result.indexes) != (
            dimension in first.indexes
        ):
            return f"the dimension {dimension} has labels at some points only"
    return ""


def _side_by_side(
    found: Sequence[tuple[int, xr.Variable]], points: Points, dimensions: tuple[str, ...]
) -> tuple[tuple[Any, ...], np.ndarray, dict[Any, Any]]:
    """Dimensions, values and attributes of one variable over all points."""
    arrays = [(index, _values(variable)) for index, variable in found]
    shapes = [array.shape for _, array in arrays]
    shape = tuple(np.max(shapes, axis=0)) if shapes[0] else ()
    dtype = np.result_type(*(array.dtype for _, array in arrays))
    fill: Any = 0
    if len(found) < len(points.points) or any(each != shape for each in shapes):
        dtype, fill = _with_missing(dtype)
    together = np.full((len(points.points), *shape), fill, dtype)
    for index, array in arrays:
        place: tuple[Any, ...] = (index, *(slice(size) for size in array.shape))
        together[place] = array
    first = found[0][1]
    return (
        (*dimensions, *first.dims),
        together.reshape(*points.shape, *shape),
        dict(first.attrs),
    )


def _values(variable: xr.Variable) -> np.ndarray:
    """Values of a variable; text that was read from a file as an array of text again."""
    values = np.asarray(variable.values)
    if values.dtype.kind in "OT" and all(isinstance(value, str) for value in values.flat):
        return values.astype(str)
    return values


def _with_missing(dtype: np.dtype) -> tuple[np.dtype, Any]:
    """Type that can hold the values and a missing one, and the missing value."""
    if dtype.kind in "biu":
        return np.dtype(np.float64), np.nan
    if dtype.kind in "fc":
        return dtype, np.nan
    if dtype.kind in "mM":
        return dtype, np.array("NaT", dtype)
    return (dtype, "") if dtype.kind == "U" else (np.dtype(object), None)


def _all_equal(variables: Sequence[xr.Variable]) -> bool:
    first = variables[0]
    return all(variable is first or _equal(variable, first) for variable in variables[1:])


def _equal(one: xr.Variable, other: xr.Variable) -> bool:
    return bool(one.equals(other))  # type: ignore[no-untyped-call, unused-ignore]


def _common_attrs(results: Sequence[xr.Dataset]) -> dict[Any, Any]:
    """Attributes that all results have with the same value."""
    if not results:
        return {}
    texts = [{name: repr(value) for name, value in result.attrs.items()} for result in results]
    return {
        name: value
        for name, value in results[0].attrs.items()
        if all(text.get(name) == texts[0][name] for text in texts)
    }


def _listed(dims: Sequence[Any]) -> str:
    return f"({', '.join(map(str, dims))})"
