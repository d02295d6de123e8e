# SPDX-License-Identifier: BSD-3-Clause
"""Layers of a network that a processor runs alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from nuxemu.analog_array import WEIGHT_MAX, integers_within
from nuxkit.errors import InputError

from .analog import input_errors

Shape = tuple[int, ...]
Int8 = npt.NDArray[np.int8]

#: Shift that makes zero of the largest result.
MAX_SHIFT = 7


class Values(Enum):
    """What values are: a recording, inputs of a multiplication, its results, or a class."""

    SAMPLES = "samples, -128 to 127"
    INPUTS = "inputs, 0 to 31"
    RESULTS = "results, -128 to 127"
    CLASS = "a class"


def _int8(name: str, values: Any, low: int, high: int) -> Int8:
    with input_errors():
        array = integers_within(name, values, low, high)
    if array.size == 0:
        raise InputError(f"{name} have the shape {array.shape}: there are none")
    return array.astype(np.int8)


def _count(name: str, value: Any, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise InputError(f"{name} is {value!r}, but must be an integer")
    if not low <= value <= high:
        raise InputError(f"{name} is {value}, but must be {low} to {high}")
    return int(value)


def _pair(name: str, value: Any, low: int) -> tuple[int, int]:
    """Two numbers; one stands for both, or for the width alone of planes of one row."""
    numbers = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(numbers) == 1:
        numbers = (low, numbers[0])
    if len(numbers) != 2:
        raise InputError(f"{name} is {value!r}, but must be one or two integers")
    first, second = (_count(name, number, low, 0xFFFF) for number in numbers)
    return first, second


def planes(shape: Shape) -> tuple[int, int, int]:
    """Channels, height and width of a shape: a vector is one row of one channel.

    Raises
    ------
    nuxkit.InputError
        If it has more than three dimensions.
    """
    if not 1 <= len(shape) <= 3:
        raise InputError(f"values of the shape {shape} are no planes: one to three dimensions")
    channels = shape[0] if len(shape) > 1 else 1
    height = shape[1] if len(shape) == 3 else 1
    return channels, height, shape[-1]


def _positions(size: int, kernel: int, stride: int, padding: int = 0) -> int:
    return (size + 2 * padding - kernel) // stride + 1


class Layer:
    """What all layers have in common."""

    def output(self, shape: Shape, values: Values) -> tuple[Shape, Values]:
        """Shape and kind of what the layer makes of values.

        Raises
        ------
        nuxkit.InputError
            The layer cannot take them.
        """
        raise NotImplementedError


def _need(values: Values, *allowed: Values) -> None:
    if values not in allowed:
        raise InputError(f"takes {' or '.join(v.value for v in allowed)}, but gets {values.value}")


@dataclass(frozen=True, eq=False)
class Product(Layer):
    """Windows of padded planes, each multiplied with the same weights; see `linear`, `conv`.

    Attributes
    ----------
    weights : ndarray of int8, shape (out_channels, channels, kernel height, kernel width)
    bias : ndarray of int8, shape (out_channels,)
    stride, padding : tuple of int
        Of height and width.
    num_expansions : int
        Neighbouring windows of a row that are calculated at once.
    num_sends, wait_between_events : int
        See `AnalogArray.multiply`.
    column : int
        First column of the synapse array.
    dense : bool
        One window, of all values whatever their shape.
    """

    weights: Int8
    bias: Int8
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    num_expansions: int = 1
    num_sends: int = 1
    wait_between_events: int = 5
    column: int = 0
    dense: bool = False

    def output(self, shape: Shape, values: Values) -> tuple[Shape, Values]:
        """See `Layer.output`."""
        _need(values, Values.INPUTS)
        out, channels, *kernel = self.weights.shape
        if self.dense:
            if np.prod(shape) != kernel[1]:
                raise InputError(f"has weights for {kernel[1]} inputs, but gets {np.prod(shape)}")
            return (out,), Values.RESULTS
        has, *size = planes(shape)
        if has != channels:
            raise InputError(f"has weights for {channels} channels, but gets {has}")
        numbers = [
            _positions(*each) for each in zip(size, kernel, self.stride, self.padding, strict=True)
        ]
        if min(numbers) < 1:
            raise InputError(
                f"has a kernel of {kernel[0]} x {kernel[1]}, more than the padded input of "
                f"{size[0] + 2 * self.padding[0]} x {size[1] + 2 * self.padding[1]}"
            )
        return (out, *(numbers if len(shape) == 3 else numbers[1:])), Values.RESULTS

    @property
    def matrix(self) -> Int8:
        """Weights of the inputs of a window for all columns, int8 of shape (inputs, columns).

        Copies for neighbouring windows stand side by side, each shifted by a stride.
        """
        out, channels, height, width = self.weights.shape
        copies, step = self.num_expansions, self.stride[1]
        wide = np.zeros((copies, out, channels, height, width + step * (copies - 1)), np.int8)
        for i in range(copies):
            wide[i, ..., i * step : i * step + width] = self.weights
        return wide.reshape(copies * out, -1).T


def _product(
    weights: Any, dims: tuple[int, ...], bias: Any, sends: Any, wait: Any, column: Any
) -> tuple[Int8, Int8, dict[str, Any]]:
    checked = _int8("weights", weights, -WEIGHT_MAX, WEIGHT_MAX)
    if checked.ndim not in dims:
        raise InputError(
            f"weights have the shape {checked.shape}, but must have "
            f"{' or '.join(map(str, dims))} dimensions"
        )
    out = checked.shape[1] if dims == (2,) else checked.shape[0]
    added = np.zeros(out, np.int8) if bias is None else _int8("bias", bias, -128, 127)
    if added.shape != (out,):
        raise InputError(f"bias has the shape {added.shape}, but must have the shape ({out},)")
    return (
        checked,
        added,
        {
            "num_sends": _count("num_sends", sends, 1, 0xFFFF),
            "wait_between_events": _count("wait_between_events", wait, 1, 0xFFFF),
            "column": _count("column", column, 0, 255),
        },
    )


def linear(
    weights: npt.ArrayLike,
    bias: npt.ArrayLike | None = None,
    *,
    num_sends: int = 1,
    wait_between_events: int = 5,
    column: int = 0,
) -> Product:
    """Dense layer: all inputs, whatever their shape, times a matrix.

    Parameters
    ----------
    weights : array_like of int, shape (inputs, outputs)
        -63 to 63.
    bias : array_like of int, shape (outputs,), optional
        -128 to 127, added to the results, saturating.
    num_sends, wait_between_events : int
        See `AnalogArray.multiply`.
    column : int
        First column of the synapse array, 0 to 255; 0 for a layer of more than 128 inputs or
        256 columns. Layers in different columns stay loaded together.

    Returns
    -------
    Product

    Raises
    ------
    nuxkit.InputError
        Naming what is out of its range.
    """
    matrix, added, options = _product(weights, (2,), bias, num_sends, wait_between_events, column)
    return Product(matrix.T[:, None, None, :], added, dense=True, **options)


def conv(
    weights: npt.ArrayLike,
    bias: npt.ArrayLike | None = None,
    *,
    stride: int | tuple[int, ...] = 1,
    padding: int | tuple[int, ...] = 0,
    dilation: int | tuple[int, ...] = 1,
    num_expansions: int = 1,
    num_sends: int = 1,
    wait_between_events: int = 5,
    column: int = 0,
) -> Product:
    """Convolution of one or two dimensions.

    Parameters
    ----------
    weights : array_like of int, shape (out_channels, in_channels, [height,] width)
        Kernels, -63 to 63.
    bias : array_like of int, shape (out_channels,), optional
        As for `linear`.
    stride, padding : int or tuple of int
        One number for all dimensions, or one for each. Padding is with zeros.
    dilation : int or tuple of int
        1: others are not supported.
    num_expansions : int
        Copies of the kernels side by side, for neighbouring positions along the last dimension.
    num_sends, wait_between_events : int
        See `AnalogArray.multiply`.
    column : int
        As for `linear`.

    Returns
    -------
    Product

    Raises
    ------
    nuxkit.InputError
        Naming what is out of its range.
    """
    kernels, added, options = _product(
        weights, (3, 4), bias, num_sends, wait_between_events, column
    )
    flat = kernels.ndim == 3
    if any(each != 1 for each in np.atleast_1d(dilation)):
        raise InputError(f"dilation is {dilation!r}: convolutions on the chip have a dilation of 1")
    steps, zeros = _pair("stride", stride, 1), _pair("padding", padding, 0)
    if flat:
        kernels, steps, zeros = kernels[:, :, None, :], (1, steps[1]), (0, zeros[1])
    copies = _count("num_expansions", num_expansions, 1, 256)
    return Product(kernels, added, steps, zeros, copies, **options)


@dataclass(frozen=True)
class ReLU(Layer):
    """Rectification, ``max(x, 0)``."""

    def output(self, shape: Shape, values: Values) -> tuple[Shape, Values]:
        """See `Layer.output`."""
        _need(values, Values.RESULTS)
        return shape, values


@dataclass(frozen=True)
class ConvertingReLU(Layer):
    """From results to inputs: ``min(max(x, 0) >> shift, 31)``, with a shift of 0 to 7."""

    shift: int = 2

    def __post_init__(self) -> None:
        _count("shift", self.shift, 0, MAX_SHIFT)

    def output(self, shape: Shape, values: Values) -> tuple[Shape, Values]:
        """See `Layer.output`."""
        _need(values, Values.RESULTS)
        return shape, Values.INPUTS


@dataclass(frozen=True)
class Requantise(Layer):
    """``x * scale / 128``, to the nearest, halves away from zero; a scale of -128 to 127."""

    scale: int

    def __post_init__(self) -> None:
        _count("scale", self.scale, -128, 127)

    def output(self, shape: Shape, values: Values) -> tuple[Shape, Values]:
        """See `Layer.output`."""
        _need(values, Values.RESULTS)
        return shape, values


@dataclass(frozen=True, eq=False)
class Add(Layer):
    """Saturating sum with the output of an earlier layer, by its number, or with constants.

    Parameters
    ----------
    other : int or array_like of int
        Number of a layer, from 0, or values of the shape of the input, -128 to 127.
    """

    other: Any

    def __post_init__(self) -> None:
        if isinstance(self.other, int | np.integer):
            object.__setattr__(self, "other", _count("other", self.other, 0, 0xFFFF))
        else:
            object.__setattr__(self, "other", _int8("other", self.other, -128, 127))

    def output(self, shape: Shape, values: Values) -> tuple[Shape, Values]:
        """See `Layer.output`."""
        _need(values, Values.RESULTS)
        if isinstance(self.other, np.ndarray) and self.other.size != np.prod(shape):
            raise InputError(f"adds {self.other.size} constants to {int(np.prod(shape))} values")
        return shape, values


@dataclass(frozen=True)
class Pool(Layer):
    """Pooling without padding; see `max_pool` and `mean_pool`."""

    mean: bool
    kernel: Any
    stride: Any = None

    def __post_init__(self) -> None:
        _pair("kernel", self.kernel, 1)
        _pair("stride", self.kernel if self.stride is None else self.stride, 1)

    def window(self, shape: Shape) -> tuple[tuple[int, int], tuple[int, int]]:
        """Kernel and stride, (height, width) each, for an input of a shape."""
        kernel = _pair("kernel", self.kernel, 1)
        stride = kernel if self.stride is None else _pair("stride", self.stride, 1)
        if len(shape) < 3:
            kernel, stride = (1, kernel[1]), (1, stride[1])
        return kernel, stride

    def output(self, shape: Shape, values: Values) -> tuple[Shape, Values]:
        """See `Layer.output`."""
        _need(values, Values.RESULTS, Values.INPUTS)
        channels, *size = planes(shape)
        kernel, stride = self.window(shape)
        numbers = [_positions(*each) for each in zip(size, kernel, stride, strict=True)]
        if min(numbers) < 1:
            raise InputError(
                f"has windows of {kernel[0]} x {kernel[1]}, more than the input of "
                f"{size[0]} x {size[1]}"
            )
        inner = numbers if len(shape) == 3 else numbers[1:]
        return ((channels, *inner) if len(shape) > 1 else (inner[-1],)), values


def max_pool(kernel: int | tuple[int, ...], stride: int | tuple[int, ...] | None = None) -> Pool:
    """Largest value of each window; the stride is that of the kernel if not given."""
    return Pool(False, kernel, stride)


def mean_pool(kernel: int | tuple[int, ...], stride: int | tuple[int, ...] | None = None) -> Pool:
    """Mean of each window, to the nearest, halves up; stride as in `max_pool`."""
    return Pool(True, kernel, stride)


@dataclass(frozen=True)
class MaxMinPool(Layer):
    """From a recording to inputs: how much its slope varies in each window.

    Of the differences d between one sample and the one before it (0 for the first one of a row),
    each window gives ``min((max(d) - min(d)) >> shift, 31)``. As first layer only; a rest that is
    shorter than a window is left out.

    Parameters
    ----------
    window : int
        Samples, at least 1.
    shift : int
        0 to 7.
    """

    window: int
    shift: int = 1

    def __post_init__(self) -> None:
        _count("window", self.window, 1, 0xFFFF)
        _count("shift", self.shift, 0, MAX_SHIFT)

    def output(self, shape: Shape, values: Values) -> tuple[Shape, Values]:
        """See `Layer.output`."""
        _need(values, Values.SAMPLES)
        if shape[-1] < self.window:
            raise InputError(f"has windows of {self.window}, more than the {shape[-1]} samples")
        return (*shape[:-1], shape[-1] // self.window), Values.INPUTS


@dataclass(frozen=True)
class Argmax(Layer):
    """Number of the largest value, of the first one if there are several."""

    def output(self, shape: Shape, values: Values) -> tuple[Shape, Values]:
        """See `Layer.output`."""
        _need(values, Values.RESULTS, Values.INPUTS)
        return (), Values.CLASS
