# SPDX-License-Identifier: BSD-3-Clause
"""Ranges of the chip's numbers, and the checks against them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from nuxemu.analog_array import (
    INPUT_MAX,
    READING_MAX,
    READING_MIN,
    WEIGHT_MAX,
    packed_or_none,
)
from nuxkit.errors import InputError


class Range(NamedTuple):
    """What a kind of number is called, its limits, and the type that holds it."""

    name: str
    low: int
    high: int
    dtype: Any


INPUT = Range("input", 0, INPUT_MAX, np.uint8)
WEIGHT = Range("weights", -WEIGHT_MAX, WEIGHT_MAX, np.int8)
RESULT = Range("operand", READING_MIN, READING_MAX, np.int8)


def check_tensor(name: str, tensor: Any) -> None:
    """Raise unless it is a tensor of 32- or 64-bit floating point numbers on the host."""
    if not isinstance(tensor, torch.Tensor):
        raise InputError(f"{name} is of type {type(tensor).__name__}, not a torch.Tensor")
    if tensor.dtype not in (torch.float32, torch.float64):
        raise InputError(
            f"{name} has the dtype {tensor.dtype}, not torch.float32 or torch.float64: "
            f"convert it with .float()"
        )
    if tensor.device.type != "cpu":
        raise InputError(f"{name} is on the device {tensor.device}, not in the host's memory")


def _host(tensor: torch.Tensor, limits: Range) -> npt.NDArray[Any]:
    """Give the numbers of a tensor, checked against the range."""
    check_tensor(limits.name, tensor)
    values: npt.NDArray[Any] = tensor.detach().numpy()
    if values.size == 0:
        return values
    low, high = values.min(), values.max()  # both are NaN if one value is
    if low >= limits.low and high <= limits.high:
        return values
    if low != low:
        raise InputError(f"{limits.name} has a value that is not a number (NaN)")
    wrong = low if low < limits.low else high
    raise InputError(
        f"{limits.name} has the value {wrong:g}, out of the range {limits.low} to {limits.high}"
    )


def check(tensor: Any, limits: Range) -> None:
    """Raise unless it is a tensor of floating point numbers that all lie in the range."""
    _host(tensor, limits)


def pack(tensor: Any, limits: Range) -> npt.NDArray[Any]:
    """Check as `check`, and round to the nearest integers, halves to even, as the chip takes."""
    if isinstance(tensor, torch.Tensor) and tensor.dtype == torch.float32 and tensor.is_cpu:
        packed = packed_or_none(tensor.detach().numpy(), limits.low, limits.high)
        if packed is not None:
            return packed.view(limits.dtype)
    values = _host(tensor, limits)
    found: npt.NDArray[Any] = np.empty(values.shape, limits.dtype)
    np.rint(values, out=found, casting="unsafe")  # needs no large array in between
    return found


def check_positive(name: str, value: Any) -> None:
    """Raise unless it is an integer of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{name} is {value!r}, not an integer of at least 1")
