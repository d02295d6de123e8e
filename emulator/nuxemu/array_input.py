# SPDX-License-Identifier: BSD-3-Clause
"""Checks of what the host gives to a synapse array."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


class ArrayValueError(ValueError):
    """A value given to the synapse array is out of its range or order, or has a wrong shape."""


class ArrayTypeError(TypeError):
    """A value given to the synapse array has the wrong type."""


def _element(name: str, index: tuple[np.intp, ...]) -> str:
    return f"{name}[{', '.join(str(i) for i in index)}]" if index else name


def _first(mask: npt.NDArray[np.bool_]) -> tuple[np.intp, ...]:
    return np.unravel_index(int(np.argmax(mask)), mask.shape)


def _with_shape(name: str, array: npt.NDArray[np.generic], shape: tuple[int | None, ...]) -> None:
    wanted = "(" + ", ".join("n" if n is None else str(n) for n in shape) + ")"
    if array.ndim != len(shape) or any(
        n is not None and n != m for n, m in zip(shape, array.shape, strict=True)
    ):
        raise ArrayValueError(f"{name} has shape {array.shape}, but must have shape {wanted}")


def integers(
    name: str, values: npt.ArrayLike, shape: tuple[int | None, ...], limit: int
) -> npt.NDArray[np.generic]:
    """Check for integers from 0 to `limit`; None in `shape` stands for any length.

    Returns
    -------
    numpy.ndarray
        Of an integer dtype.

    Raises
    ------
    ArrayTypeError
        If the values are not integers.
    ArrayValueError
        If the shape is wrong; or a value is out of range: names the first one and its index.
    """
    array = np.asarray(values)
    _with_shape(name, array, shape)
    if array.size == 0:
        return array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise ArrayTypeError(f"{name} has dtype {array.dtype}, but must have an integer dtype")
    wrong = (array < 0) | (array > limit)
    if wrong.any():
        at = _first(wrong)
        raise ArrayValueError(f"{_element(name, at)} is {array[at]}, but must be 0 to {limit}")
    return array


def reals(
    name: str, values: npt.ArrayLike, shape: tuple[int | None, ...], low: float, high: float
) -> npt.NDArray[np.float64]:
    """Check for finite numbers from `low` to `high`, as `integers`; returns float64."""
    array = np.asarray(values)
    _with_shape(name, array, shape)
    if array.size > 0 and array.dtype.kind not in "iuf":
        raise ArrayTypeError(f"{name} has dtype {array.dtype}, but must hold real numbers")
    array = array.astype(np.float64)
    wrong = ~np.isfinite(array) | ~((array >= low) & (array <= high))
    if wrong.any():
        at = _first(wrong)
        limits = f"from {low:g} to {high:g}" if high < np.inf else f"finite and at least {low:g}"
        raise ArrayValueError(f"{_element(name, at)} is {array[at]}, but must be {limits}")
    return array


def spike_times(name: str, values: npt.ArrayLike, now_s: float) -> npt.NDArray[np.float64]:
    """Check for sorted times in seconds, none before `now_s`; returns float64 of shape (n,).

    Raises
    ------
    ArrayTypeError
        If the values are not real numbers.
    ArrayValueError
        If a time is not finite, negative, smaller than the one before it, or before `now_s`: names
        the first one and its index.
    """
    times = reals(name, values, (None,), 0.0, np.inf)
    falls = times[1:] < times[:-1]
    if falls.any():
        (at,) = _first(falls)
        raise ArrayValueError(
            f"{name} must be sorted, but {name}[{at + 1}] is {times[at + 1]:g} s, after "
            f"{times[at]:g} s at [{at}]"
        )
    if times.size > 0 and times[0] < now_s:
        raise ArrayValueError(
            f"{name}[0] is {times[0]:g} s, before the array's current time of {now_s:g} s"
        )
    return times


def parts(name: str, values: object, names: str) -> tuple[npt.ArrayLike, ...]:
    """Check that the arrays of spikes come as a tuple (or list) of as many as `names` lists.

    Raises
    ------
    ArrayTypeError
        If they do not.
    """
    count = len(names.split(","))
    if not isinstance(values, tuple | list) or len(values) != count:
        raise ArrayTypeError(f"{name} must be a tuple of {count} arrays: ({names})")
    return tuple(values)


def same_length(**arrays: npt.NDArray[np.generic]) -> None:
    """Raise ArrayValueError unless all arrays are equally long."""
    if len({array.size for array in arrays.values()}) > 1:
        sizes = ", ".join(f"{array.size} {name}" for name, array in arrays.items())
        raise ArrayValueError(f"spikes need arrays of the same length, but there are {sizes}")
