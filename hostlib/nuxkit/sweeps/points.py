# SPDX-License-Identifier: BSD-3-Clause
"""The points of a sweep: their parameters, dimensions, coordinates and fingerprints."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from nuxkit.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

Point = dict[str, Any]

#: The dimension of a sweep over a list of points.
LIST_DIMENSION = "point"
_SIMPLE_KINDS = "biufU"


@dataclasses.dataclass(frozen=True)
class Points:
    """All points of a sweep in order, the last dimension running fastest.

    Attributes
    ----------
    dimensions : dict[str, int]
        Size of each dimension of the sweep.
    coordinates : dict[str, tuple[tuple[str, ...], ndarray]]
        Dimensions and values by the name of the parameter.
    points : list[dict[str, Any]]
        The parameters of each call.
    """

    dimensions: dict[str, int]
    coordinates: dict[str, tuple[tuple[str, ...], np.ndarray]]
    points: list[Point]

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the dimensions."""
        return tuple(self.dimensions.values())


def make_points(given: object) -> Points:
    """Points of a grid (mapping of name to values), of a list of dicts, or of a dataset.

    Raises
    ------
    InputError
        There is no point, a point comes twice, or the points are of another form.
    """
    if _is_dataset(given):
        made = _of_dataset(given)
    elif isinstance(given, Mapping):
        made = _of_grid(given)
    elif isinstance(given, Sequence) and not isinstance(given, str | bytes):
        made = _of_list(given)
    else:
        raise InputError(
            "points must be a mapping of names to values, a list of dicts or an "
            f"xarray.Dataset, not {type(given).__name__}"
        )
    if not made.points:
        raise InputError("a sweep needs at least one point; there are none")
    for point in made.points:
        text_of(point)
    return made


def _is_dataset(given: object) -> TypeGuard[xr.Dataset]:
    return hasattr(given, "data_vars")


def _of_grid(given: Mapping[str, Iterable[Any]]) -> Points:
    axes = {_name(name): _values(name, values) for name, values in given.items()}
    if not axes:
        return Points({}, {}, [])
    points = [
        dict(zip(axes, combination, strict=True))
        for combination in itertools.product(*axes.values())
    ]
    return Points(
        {name: len(values) for name, values in axes.items()},
        {name: ((name,), _coordinate(values)) for name, values in axes.items()},
        points,
    )


def _of_list(given: Sequence[Point]) -> Points:
    points = []
    for index, point in enumerate(given):
        if not isinstance(point, Mapping):
            raise InputError(f"point {index} is a {type(point).__name__}, not a dict")
        if set(point) != set(given[0]):
            raise InputError(
                f"point {index} has the parameters {_listed(point)}, "
                f"but point 0 has {_listed(given[0])}"
            )
        points.append({_name(name): _scalar(point[name]) for name in given[0]})
    seen: dict[str, int] = {}
    for index, point in enumerate(points):
        first = seen.setdefault(text_of(point), index)
        if first != index:
            raise InputError(f"point {index} is the same as point {first}: {point}")
    names = list(points[0]) if points else []
    return Points(
        {LIST_DIMENSION: len(points)},
        {
            name: ((LIST_DIMENSION,), _coordinate([point[name] for point in points]))
            for name in names
        },
        points,
    )


def _of_dataset(given: Any) -> Points:
    dimensions = {str(name): int(size) for name, size in given.sizes.items()}
    names = [str(name) for name in (*given.coords, *given.data_vars)]
    spread = {name: given[name].broadcast_like(given).transpose(*dimensions) for name in names}
    flat = {name: variable.values.reshape(-1).tolist() for name, variable in spread.items()}
    count = int(np.prod(tuple(dimensions.values()), dtype=np.int64)) if dimensions else 0
    points = [{name: flat[name][index] for name in names} for index in range(count)]
    coordinates = {
        name: (tuple(map(str, given[name].dims)), np.asarray(given[name].values)) for name in names
    }
    return Points(dimensions, coordinates, points)


def _name(name: object) -> str:
    if not isinstance(name, str) or not name.isidentifier():
        raise InputError(f"{name!r} cannot be the name of a parameter")
    return name


def _values(name: str, values: Iterable[Any]) -> list[Any]:
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise InputError(
            f"{name} must be a list of values, not {values!r}; "
            "give constants with functools.partial(function, name=value)"
        )
    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise InputError(f"the values of {name} must have 1 dimension, not {values.ndim}")
    listed = [_scalar(value) for value in values]
    seen = set()
    for value in listed:
        text = text_of(value)
        if text in seen:
            raise InputError(f"{name} has the value {value!r} twice")
        seen.add(text)
    return listed


def _scalar(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _coordinate(values: list[Any]) -> np.ndarray:
    """Values as a coordinate; text where they are neither numbers nor text of one kind."""
    if all(isinstance(value, bool | int | float | str) for value in values):
        array = np.asarray(values)
        kinds = {isinstance(value, str) for value in values}
        if array.dtype.kind in _SIMPLE_KINDS and len(kinds) == 1:
            return array
    return np.asarray([value if isinstance(value, str) else text_of(value) for value in values])


def _listed(names: Iterable[object]) -> str:
    return ", ".join(map(str, names)) or "none"


def text_of(value: Any) -> str:
    """Text of a parameter's value that is the same in every process and version.

    Raises
    ------
    InputError
        The value is of a kind that has no such text.
    """
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return {type(value).__qualname__: value.name}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, np.ndarray) and value.dtype.kind != "O":
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return {"dtype": value.dtype.str, "shape": value.shape, "sha256": content}
    if isinstance(value, Mapping):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, PurePath):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {entry.name: getattr(value, entry.name) for entry in dataclasses.fields(value)}
        return {type(value).__qualname__: _plain(fields)}
    raise InputError(
        f"{value!r} cannot be a parameter of a sweep: a {type(value).__name__} has no text that "
        "is the same in every process; numbers, text, arrays, lists, dicts and dataclasses have"
    )


def fingerprint(values: Mapping[str, Any]) -> str:
    """Hexadecimal SHA-256 over the text of `values`."""
    return hashlib.sha256(text_of(values).encode()).hexdigest()


def seed_of(seed: int, point: Point) -> int:
    """Seed of one point, 0 to 2**31 - 1: it depends on `seed` and the point's parameters only."""
    return int(fingerprint({"seed": seed, "point": point})[:8], 16) >> 1
