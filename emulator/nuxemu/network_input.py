# SPDX-License-Identifier: BSD-3-Clause
"""Checks of what the host gives to the network."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from nuxemu import array_input as check
from nuxemu import memory_map as mm
from nuxemu._native import ffi, lib
from nuxemu.array_input import ArrayTypeError, ArrayValueError

HEMISPHERES = 2
NEURONS = HEMISPHERES * mm.NUM_COLUMNS
DRIVERS = int(lib.NUX_NETWORK_DRIVERS)
#: One tick of the event buses, in seconds: shortest delay and shortest period.
TICK_S = 1 / int(lib.NUX_NETWORK_TICK_HZ)
#: Latest hardware time of the model, in seconds.
LAST_S = 1e6

#: A target of routing or of a source, as nux_network_target.
TARGET = np.dtype([("row", np.uint16), ("hemisphere", np.uint8), ("label", np.uint8)])


def number(name: str, value: object, low: float, high: float) -> float:
    """Check for a number from `low` to `high`.

    Raises
    ------
    ArrayTypeError
        If it is not a number.
    ArrayValueError
        If it is out of range or NaN.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ArrayTypeError(f"{name} is {value!r}, but must be a number")
    if not low <= value <= high:
        raise ArrayValueError(f"{name} is {value}, but must be from {low:g} to {high:g}")
    return float(value)


def integer(name: str, value: object, limit: int) -> int:
    """Check for an integer from 0 to `limit`, as `number`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ArrayTypeError(f"{name} is {value!r}, but must be an integer")
    if not 0 <= value <= limit:
        raise ArrayValueError(f"{name} is {value}, but must be 0 to {limit}")
    return int(value)


def boolean(name: str, value: object) -> bool:
    """Check for True or False; raises ArrayTypeError."""
    if not isinstance(value, bool | np.bool_):
        raise ArrayTypeError(f"{name} is {value!r}, but must be True or False")
    return bool(value)


def integers(name: str, values: npt.ArrayLike, n: int | None, limit: int) -> npt.NDArray[Any]:
    """Check for integers from 0 to `limit`, one for all or one each (`n`; None: any number)."""
    if np.ndim(values) == 0:
        one = check.integers(name, np.reshape(np.asarray(values), 1), (1,), limit)
        return one if n is None else np.full(n, one[0])
    array = check.integers(name, values, (None,), limit)
    if n is not None and array.size != n:
        raise ArrayValueError(f"{name} has {array.size} elements, but must have {n}, or be one")
    return array


def reals(
    name: str, values: npt.ArrayLike, n: int, low: float, high: float
) -> npt.NDArray[np.float64]:
    """Check for finite numbers from `low` to `high`, one for all or one each (`n`)."""
    if np.ndim(values) == 0:
        one = check.reals(name, np.reshape(np.asarray(values), 1), (1,), low, high)
        return np.full(n, one[0])
    array = check.reals(name, values, (None,), low, high)
    if array.size != n:
        raise ArrayValueError(f"{name} has {array.size} elements, but must have {n}, or be one")
    return array


def times(name: str, values: npt.ArrayLike, now_s: float) -> npt.NDArray[np.float64]:
    """Check for times in seconds, none before `now_s`; in any order.

    Raises
    ------
    ArrayTypeError
        If they are not real numbers.
    ArrayValueError
        If a time is not finite, before `now_s` or beyond the last one: names it and its index.
    """
    array = check.reals(name, np.atleast_1d(np.asarray(values)), (None,), 0.0, LAST_S)
    early = array < now_s
    if early.any():
        at = int(np.argmax(early))
        raise ArrayValueError(
            f"{name}[{at}] is {array[at]:g} s, before the network's current time of {now_s:g} s"
        )
    return array


def targets(
    rows: npt.ArrayLike, labels: npt.ArrayLike, hemispheres: npt.ArrayLike, n: int | None
) -> npt.NDArray[Any]:
    """Check rows (0 to 255), labels (0 to 63) and hemispheres (0, 1); each one for all or one each.

    Returns
    -------
    numpy.ndarray
        Of dtype TARGET and shape (n,); n is the longest of the three if it is None.
    """
    if n is None:
        n = max(np.size(rows), np.size(labels), np.size(hemispheres))
    found = np.zeros(n, TARGET)
    found["row"] = integers("rows", rows, n, mm.NUM_ROWS - 1)
    found["label"] = integers("labels", labels, n, mm.LABEL_MAX)
    found["hemisphere"] = integers("hemispheres", hemispheres, n, HEMISPHERES - 1)
    return found


def until(value: object, now_s: float) -> float:
    """Check for a finite time that is not before `now_s`; raises as `number`."""
    time_s = number("until_s", value, 0.0, LAST_S)
    if time_s < now_s or math.isnan(time_s):
        raise ArrayValueError(
            f"until_s is {time_s:g} s, before the network's current time of {now_s:g} s"
        )
    return time_s


def elements(kind: str, array: npt.NDArray[Any]) -> Any:
    """Give the native core an array, or a contiguous copy of it; the result keeps it alive."""
    return ffi.from_buffer(f"{kind}[]", np.ascontiguousarray(array))
