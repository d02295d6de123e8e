# SPDX-License-Identifier: BSD-3-Clause
"""What the processor computes on results: exact on the chip and in mock mode alike."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from nuxkit.errors import InputError
from nuxkit.torch.ranges import INPUT, RESULT, check
from nuxkit.torch.trace import note

_MAX_SHIFT = 7


class _Floor(torch.autograd.Function):
    """Round down; the gradient is that of the identity."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor) -> torch.Tensor:
        return values.floor()

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        return gradients[0]


def _floor_through(values: torch.Tensor) -> torch.Tensor:
    found: torch.Tensor = _Floor.apply(values)  # type: ignore[no-untyped-call]
    return found


def relu(input: torch.Tensor) -> torch.Tensor:
    """Set negative counts to 0.

    Parameters
    ----------
    input : torch.Tensor
        From -128 to 127.

    Raises
    ------
    nuxkit.InputError
        If it is of another type or range, or has a value that is not a number.
    """
    check(input, RESULT)
    result = torch.relu(input)
    note("relu", input, result)
    return result


def converting_relu(input: torch.Tensor, shift: int = 2) -> torch.Tensor:
    """Make inputs of the next layer of counts: ``min(max(input, 0) >> shift, 31)``.

    Parameters
    ----------
    input : torch.Tensor
        From -128 to 127.
    shift : int
        Number of bits to drop, 0 to 7.

    Returns
    -------
    torch.Tensor
        From 0 to 31. The gradient is ``2**-shift`` between the limits and 0 beyond.

    Raises
    ------
    nuxkit.InputError
        If an argument is of another type or range, or has a value that is not a number.
    """
    if isinstance(shift, bool) or not isinstance(shift, int) or not 0 <= shift <= _MAX_SHIFT:
        raise InputError(f"shift is {shift!r}, not an integer from 0 to {_MAX_SHIFT}")
    check(input, RESULT)
    result = _floor_through((input * 2.0**-shift).clamp(INPUT.low, INPUT.high))
    note("converting_relu", input, result, shift=shift)
    return result


def add(input: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Add counts and saturate the sum to -128 to 127; the gradient passes straight through.

    Parameters
    ----------
    input, other : torch.Tensor
        From -128 to 127, of shapes that can be broadcast.

    Raises
    ------
    nuxkit.InputError
        If one is of another type or range, has a value that is not a number, or shapes do not
        fit.
    """
    check(input, RESULT)
    check(other, RESULT)
    try:
        total = input + other
    except RuntimeError:
        raise InputError(
            f"shapes {tuple(input.shape)} and {tuple(other.shape)} cannot be added"
        ) from None
    result = saturate(total)
    note("add", input, result, other=other)
    return result


class _Saturate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: torch.Tensor) -> torch.Tensor:
        return values.clamp(RESULT.low, RESULT.high)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        return gradients[0]


def saturate(values: torch.Tensor) -> torch.Tensor:
    """Limit to -128 to 127; the gradient passes straight through."""
    found: torch.Tensor = _Saturate.apply(values)  # type: ignore[no-untyped-call]
    return found


def argmax(input: torch.Tensor, dim: int | None = None, keepdim: bool = False) -> torch.Tensor:
    """Index of the largest count, the first one if there are several.

    Parameters
    ----------
    input : torch.Tensor
        From -128 to 127.
    dim : int
        Dimension to reduce; default: index into the flattened tensor.
    keepdim : bool
        Whether the dimension stays, with size 1; without meaning without `dim`.

    Returns
    -------
    torch.Tensor of int64

    Raises
    ------
    nuxkit.InputError
        If it is empty, of another type or range, or has a value that is not a number; if it has
        no such dimension.
    """
    check(input, RESULT)
    if input.numel() == 0:
        raise InputError(f"a tensor of shape {tuple(input.shape)} has no largest value")
    values = input.detach().numpy()
    if dim is None:
        result = torch.tensor(int(values.argmax()))
        note("argmax", input, result, dim=None)
        return result
    if not -input.ndim <= dim < input.ndim:
        raise InputError(f"dim is {dim}, the tensor has {input.ndim} dimensions")
    result = torch.from_numpy(values.argmax(axis=dim, keepdims=keepdim))
    note("argmax", input, result, dim=dim)
    return result


def _windows(input: torch.Tensor, kernel: Any, stride: Any, dims: int) -> tuple[Any, Any]:
    """Check arguments of a pooling; kernel and stride, one number a dimension."""
    check(input, RESULT)
    if input.ndim not in (dims + 1, dims + 2):
        raise InputError(f"input of shape {tuple(input.shape)} is not ([batch,] channels, ...)")
    kernel = per_dimension("kernel_size", kernel, dims)
    stride = kernel if stride is None else per_dimension("stride", stride, dims)
    for size, window in zip(input.shape[-dims:], kernel, strict=True):
        if window > size:
            raise InputError(f"kernel_size is {window}, more than the input's size {size}")
    return kernel, stride


def per_dimension(name: str, value: Any, dims: int, *, least: int = 1) -> tuple[int, ...]:
    """One integer a dimension, of one for all or of as many as there are."""
    values = (value,) * dims if isinstance(value, int) else value
    if (
        isinstance(values, str)
        or not isinstance(values, (tuple, list))
        or len(values) != dims
        or any(isinstance(v, bool) or not isinstance(v, int) or v < least for v in values)
    ):
        raise InputError(f"{name} is {value!r}, not one or {dims} integers of at least {least}")
    return tuple(values)


def _pool(kind: str, input: torch.Tensor, kernel: Any, stride: Any, dims: int) -> torch.Tensor:
    kernel, stride = _windows(input, kernel, stride, dims)
    if kind.startswith("max"):
        result: torch.Tensor = getattr(F, kind)(input, kernel, stride)
    else:
        mean = getattr(F, kind)(input.double(), kernel, stride)
        result = _floor_through(mean + 0.5).to(input.dtype)
    note(kind, input, result, kernel_size=kernel, stride=stride)
    return result


def max_pool1d(input: torch.Tensor, kernel_size: Any, stride: Any = None) -> torch.Tensor:
    """Give the largest count of each window, as PyTorch's function without padding."""
    return _pool("max_pool1d", input, kernel_size, stride, 1)


def max_pool2d(input: torch.Tensor, kernel_size: Any, stride: Any = None) -> torch.Tensor:
    """Give the largest count of each window, as PyTorch's function without padding."""
    return _pool("max_pool2d", input, kernel_size, stride, 2)


def avg_pool1d(input: torch.Tensor, kernel_size: Any, stride: Any = None) -> torch.Tensor:
    """Give the mean of each window, rounded to the nearest integer, halves up; no padding."""
    return _pool("avg_pool1d", input, kernel_size, stride, 1)


def avg_pool2d(input: torch.Tensor, kernel_size: Any, stride: Any = None) -> torch.Tensor:
    """Give the mean of each window, rounded to the nearest integer, halves up; no padding."""
    return _pool("avg_pool2d", input, kernel_size, stride, 2)
