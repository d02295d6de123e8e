# SPDX-License-Identifier: BSD-3-Clause
"""What the processor's kernels compute, in NumPy: each agrees exactly."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .analog import AnalogArray
from .layers import (
    Add,
    Argmax,
    ConvertingReLU,
    Layer,
    MaxMinPool,
    Pool,
    Product,
    ReLU,
    Requantise,
    planes,
)
from .network import Network

Array = npt.NDArray[Any]


class Multiplier(Protocol):
    """An `AnalogArray`, or what does the same."""

    def set_weights(self, values: npt.ArrayLike, row: int = 0, column: int = 0) -> None:
        """Write weights."""

    def multiply(
        self, inputs: npt.ArrayLike, *, num_sends: int = 1, wait_between_events: int = 5
    ) -> npt.NDArray[np.int8]:
        """Multiply a batch of inputs with the weights."""


def saturated(x: Array) -> npt.NDArray[np.int8]:
    """``x``, but at least -128 and at most 127."""
    limited: Array = np.clip(x, -128, 127)
    return limited.astype(np.int8)


def relu(x: Array) -> npt.NDArray[np.int8]:
    """``max(x, 0)``."""
    rectified: Array = np.maximum(x, 0)
    return rectified.astype(np.int8)


def converting_relu(x: Array, shift: int) -> npt.NDArray[np.uint8]:
    """``min(max(x, 0) >> shift, 31)``."""
    inputs: Array = np.minimum(np.maximum(x, 0) >> shift, 31)
    return inputs.astype(np.uint8)


def requantise(x: Array, scale: int) -> npt.NDArray[np.int8]:
    """``x * scale / 128``, to the nearest, halves away from zero, saturating."""
    product = x.astype(np.int32) * scale
    rounded: Array = np.sign(product) * ((np.abs(product) + 64) // 128)
    return saturated(rounded)


def add(x: Array, y: Array) -> npt.NDArray[np.int8]:
    """``x + y``, saturating."""
    return saturated(x.astype(np.int32) + y)


def argmax(x: Array) -> npt.NDArray[np.int64]:
    """Index of the first of the largest values, along the last axis."""
    index: Array = np.argmax(x, axis=-1)
    return index.astype(np.int64)


def _windows(x: Array, kernel: tuple[int, int], stride: tuple[int, int]) -> Array:
    """Windows of the last two axes: shape (..., rows, columns, kernel height, kernel width)."""
    view: Any = np.lib.stride_tricks.sliding_window_view
    windows: Array = view(x, kernel, (-2, -1))
    return windows[..., :: stride[0], :: stride[1], :, :]


def max_pool(x: Array, kernel: tuple[int, int], stride: tuple[int, int]) -> Array:
    """Largest value of each window of the last two axes."""
    largest: Array = _windows(x, kernel, stride).max(axis=(-2, -1))
    return largest


def mean_pool(x: Array, kernel: tuple[int, int], stride: tuple[int, int]) -> Array:
    """Mean of each window of the last two axes, to the nearest, halves up."""
    n = kernel[0] * kernel[1]
    total: Array = _windows(x.astype(np.int64), kernel, stride).sum(axis=(-2, -1))
    mean: Array = (2 * total + n) // (2 * n)
    return mean.astype(x.dtype)


def max_min_pool(x: Array, window: int, shift: int) -> npt.NDArray[np.uint8]:
    """How much the slope varies in windows of the last axis; see `MaxMinPool`."""
    slopes = np.diff(x.astype(np.int32), axis=-1, prepend=x[..., :1].astype(np.int32))
    count = x.shape[-1] // window
    windows = slopes[..., : count * window].reshape(*x.shape[:-1], count, window)
    ranges: Array = (windows.max(axis=-1) - windows.min(axis=-1)) >> shift
    return np.minimum(ranges, 31).astype(np.uint8)


def product(x: Array, layer: Product, array: Multiplier) -> npt.NDArray[np.int8]:
    """Multiply windows as the sequencer does, tile by tile.

    Parameters
    ----------
    x : ndarray of uint8, shape (batch, channels, height, width)
    layer : Product
    array : AnalogArray
        Its trials come in the processor's order if the batch is one.

    Returns
    -------
    ndarray of int8, shape (batch, out_channels, rows, columns)
    """
    (step_y, step_x), (pad_y, pad_x) = layer.stride, layer.padding
    out, _, height, width = layer.weights.shape
    copies, batch = layer.num_expansions, len(x)
    padded = np.pad(x, ((0, 0), (0, 0), (pad_y, pad_y), (pad_x, pad_x)))
    columns = (padded.shape[3] - width) // step_x + 1
    padded = np.pad(padded, ((0, 0), (0, 0), (0, 0), (0, -columns % copies * step_x)))
    wide = (height, width + step_x * (copies - 1))
    windows = _windows(padded, wide, (step_y, step_x * copies))
    rows, groups = windows.shape[2:4]
    flat = windows.transpose(0, 2, 3, 1, 4, 5).reshape(batch * rows * groups, -1)
    result = _blocks(flat, layer, array)
    result = result.reshape(batch, rows, groups, copies, out).transpose(0, 4, 1, 2, 3)
    return result.reshape(batch, out, rows, groups * copies)[..., :columns]


def _blocks(flat: Array, layer: Product, array: Multiplier) -> npt.NDArray[np.int8]:
    matrix, bias = layer.matrix, np.tile(layer.bias, layer.num_expansions)
    inputs, outputs = matrix.shape
    sending = {
        "num_sends": layer.num_sends,
        "wait_between_events": layer.wait_between_events,
    }
    result = np.empty((len(flat), outputs), np.int8)
    high, wide = AnalogArray.SIGNED_INPUTS, AnalogArray.COLUMNS
    # Windows one by one where each needs several tiles: the order of the processor.
    groups = [flat] if inputs <= high else [flat[i : i + 1] for i in range(len(flat))]
    for first in range(0, outputs, wide):
        columns = slice(first, min(first + wide, outputs))
        done = 0
        for group in groups:
            total = np.zeros((len(group), columns.stop - first), np.int32)
            for row in range(0, inputs, high):
                tile = matrix[row : row + high, columns]
                array.set_weights(tile, 0, layer.column)
                part = array.multiply(group[:, row : row + high], **sending)
                total += part[:, layer.column : layer.column + tile.shape[1]]
            sums = add(saturated(total), bias[columns])
            result[done : done + len(group), columns] = sums
            done += len(group)
    return result


def _apply(layer: Layer, x: Array, outputs: list[Array], array: Multiplier) -> Array:
    shape = x.shape[1:]
    if isinstance(layer, Product):
        layered = (1, 1, int(np.prod(shape))) if layer.dense else planes(shape)
        return product(x.reshape(len(x), *layered), layer, array)
    if isinstance(layer, ReLU):
        return relu(x)
    if isinstance(layer, ConvertingReLU):
        return converting_relu(x, layer.shift)
    if isinstance(layer, Requantise):
        return requantise(x, layer.scale)
    if isinstance(layer, Add):
        other = outputs[layer.other] if isinstance(layer.other, int) else layer.other
        return add(x, other.reshape(-1, *shape))
    if isinstance(layer, Pool):
        pool = mean_pool if layer.mean else max_pool
        return pool(x.reshape(len(x), *planes(shape)), *layer.window(shape))
    if isinstance(layer, MaxMinPool):
        return max_min_pool(x, layer.window, layer.shift)
    assert isinstance(layer, Argmax)
    return argmax(x.reshape(len(x), -1))


def run(network: Network, samples: npt.ArrayLike, array: Multiplier | None = None) -> Array:
    """Compute a network as the processor does.

    Parameters
    ----------
    network : Network
    samples : array_like of int, shape ``(batch, *input_shape)``
        As `Network.inputs` takes them.
    array : AnalogArray, optional
        What multiplies; an ideal one if not given. With noise, its trials come in the order of
        the processor if samples are given one at a time.

    Returns
    -------
    ndarray, shape ``(batch, *output_shape)``
        Output of the last layer: classes, or uint8 or int8.
    """
    x: Array = network.inputs(samples)
    array = AnalogArray() if array is None else array
    outputs: list[Array] = []
    for layer, shape in zip(network.layers, network.shapes, strict=True):
        x = _apply(layer, x, outputs, array).reshape(len(x), *shape)
        outputs.append(x)
    return x
