# SPDX-License-Identifier: BSD-3-Clause
"""Checks of what users give to an experiment: each names the thing, its value and the limit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from nuxemu import memory_map as mm
from nuxkit.errors import InputError

#: Latest hardware time of the model, in seconds.
LAST_S = 1e6
#: One tick of the event buses, in seconds: shortest delay of routing, shortest period of a source.
TICK_S = 8e-9

Reals = npt.NDArray[np.float64]


@contextmanager
def input_errors(who: str) -> Iterator[None]:
    """Turn refusals, also of the chip model, into `InputError` with the name of who was refused."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise InputError(f"{who}: {error}") from error


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _limits(low: float, high: float) -> str:
    return f"from {low:g} to {high:g}" if math.isfinite(high) else f"at least {low:g}"


def number(name: str, value: Any, low: float, high: float) -> float:
    """Check for a number from `low` to `high`; an infinite `high` allows infinity."""
    if not _is_number(value):
        raise InputError(f"{name} is {value!r}, but must be a number")
    if not low <= value <= high:
        raise InputError(f"{name} is {value:g}, but must be {_limits(low, high)}")
    return float(value)


def duration(name: str, value: Any) -> int:
    """Check for a time of at least 0 s; returns cycles of the chip's clock, rounded."""
    return round(number(name, value, 0.0, LAST_S) * mm.PPU_CLOCK_HZ)


def period(name: str, value: Any) -> float:
    """Check for a time of at least one cycle of the chip's clock."""
    return number(name, value, 1 / mm.PPU_CLOCK_HZ, LAST_S)


def integer(name: str, value: Any, low: int, high: int | None = None) -> int:
    """Check for an integer from `low` to `high`."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise InputError(f"{name} is {value!r}, but must be an integer")
    if value < low or (high is not None and value > high):
        limits = f"at least {low}" if high is None else f"from {low} to {high}"
        raise InputError(f"{name} is {value}, but must be {limits}")
    return int(value)


def reals(name: str, values: Any, size: int, low: float, high: float) -> Reals:
    """Check for numbers from `low` to `high`, one for all or one each; float64 of shape (size,)."""
    array = np.asarray(values)
    if array.dtype.kind not in "iuf":
        raise InputError(f"{name} has dtype {array.dtype}, but must hold real numbers")
    if array.shape not in ((), (size,)):
        raise InputError(
            f"{name} has shape {array.shape}, but must be a number or have shape ({size},)"
        )
    full = np.broadcast_to(array, (size,)).astype(np.float64)
    wrong = ~((full >= low) & (full <= high))
    if wrong.any():
        at = int(np.argmax(wrong))
        index = f"[{at}]" if array.ndim else ""
        raise InputError(f"{name}{index} is {full[at]:g}, but must be {_limits(low, high)}")
    return full


def matrix(name: str, values: Any, shape: tuple[int, int], limit: int) -> npt.NDArray[np.uint8]:
    """Check for integers from 0 to `limit`, one for all or of `shape`; uint8 of that shape."""
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise InputError(f"{name} has dtype {array.dtype}, but must have an integer dtype")
    if array.shape not in ((), shape):
        raise InputError(
            f"{name} has shape {array.shape}, but must be a number or have shape {shape}: pre, post"
        )
    wrong = (array < 0) | (array > limit)
    if wrong.any():
        at = np.unravel_index(int(np.argmax(wrong)), array.shape)
        index = f"[{', '.join(str(i) for i in at)}]" if array.ndim else ""
        raise InputError(f"{name}{index} is {array[at]}, but must be 0 to {limit}")
    return np.broadcast_to(array, shape).astype(np.uint8)


def indices(name: str, values: Any, size: int) -> npt.NDArray[np.int64]:
    """Check for different indices from 0 to ``size - 1``; None gives all of them."""
    if values is None:
        return np.arange(size, dtype=np.int64)
    array = np.atleast_1d(np.asarray(values))
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise InputError(f"{name} must be a list of integers, but is {values!r}")
    wrong = (array < 0) | (array >= size)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise InputError(f"{name}[{at}] is {array[at]}, but must be from 0 to {size - 1}")
    if np.unique(array).size < array.size:
        raise InputError(f"{name} must be different from each other, but are {array.tolist()}")
    return array.astype(np.int64)
