# SPDX-License-Identifier: BSD-3-Clause
"""A network: layers, one after the other, and the shapes of what is between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from nuxemu.analog_array import INPUT_MAX, integers_within
from nuxkit.errors import InputError

from . import layers as kinds
from .analog import input_errors
from .layers import Add, Layer, MaxMinPool, Shape, Values


class Network:
    """Layers that are computed one after the other.

    Parameters
    ----------
    input_shape : tuple of int
        (n,), (channels, width) or (channels, height, width); inputs are 0 to 31, or samples of a
        recording, -128 to 127, if the first layer is `MaxMinPool`.
    layers : sequence of Layer
        What `linear`, `conv`, `max_pool`, `mean_pool` return, `ReLU`, `ConvertingReLU`,
        `Requantise`, `Add`, `MaxMinPool` or `Argmax`.

    Attributes
    ----------
    input_shape : tuple of int
    input_values : Values
        What the inputs are.
    layers : tuple of Layer
    shapes : tuple of tuple of int
        Of the output of each layer.
    values : tuple of Values
        Of the output of each layer.

    Raises
    ------
    nuxkit.InputError
        Naming the first layer that does not fit to the one before it.
    """

    def __init__(self, input_shape: Sequence[int], layers: Sequence[Layer]) -> None:
        self.input_shape: Shape = tuple(int(n) for n in input_shape)
        if not 1 <= len(self.input_shape) <= 3 or min(self.input_shape) < 1:
            raise InputError(f"input_shape is {input_shape!r}, but must be one to three sizes")
        self.layers = tuple(layers)
        if not self.layers:
            raise InputError("a network needs at least one layer")
        records = isinstance(self.layers[0], MaxMinPool)
        self.input_values = Values.SAMPLES if records else Values.INPUTS
        shape, values = self.input_shape, self.input_values
        shapes: list[Shape] = []
        found: list[Values] = []
        for index, layer in enumerate(self.layers):
            if not isinstance(layer, Layer):
                raise InputError(f"layer {index} is {layer!r}, not a layer")
            try:
                if isinstance(layer, Add) and isinstance(layer.other, int):
                    _check_sum(layer.other, shape, shapes, found)
                shape, values = layer.output(shape, values)
            except InputError as error:
                raise InputError(f"{self.name(index)} {error}") from error
            shapes.append(shape)
            found.append(values)
        self.shapes, self.values = tuple(shapes), tuple(found)

    def name(self, index: int) -> str:
        """How errors call a layer."""
        return f"layer {index} ({type(self.layers[index]).__name__})"

    def inputs(self, samples: Any) -> np.ndarray[Any, np.dtype[Any]]:
        """Check samples.

        Parameters
        ----------
        samples : array_like of int, shape ``(batch, *input_shape)``
            0 to 31; -128 to 127 if they are recordings.

        Returns
        -------
        ndarray of uint8, or of int8
        """
        array = np.asarray(samples)
        if array.shape[1:] != self.input_shape or array.ndim != len(self.input_shape) + 1:
            raise InputError(
                f"samples have the shape {array.shape}, but must have the shape "
                f"(batch, {', '.join(map(str, self.input_shape))})"
            )
        records = self.input_values is Values.SAMPLES
        low, high = (-128, 127) if records else (0, INPUT_MAX)
        with input_errors():
            array = integers_within("samples", array, low, high)
        return array.astype(np.int8 if records else np.uint8)

    @classmethod
    def from_trace(cls, operations: Iterable[Any]) -> Network:
        """Make the network of what `nuxkit.torch.trace` wrote down."""
        traced = list(operations)
        if not traced:
            raise InputError("the trace has no operation")
        made = []
        for index, operation in enumerate(traced):
            try:
                made.append(_layer_of(operation))
            except InputError as error:
                raise InputError(f"operation {index} ({operation.kind}): {error}") from error
        network = cls(traced[0].input_shape, made)
        for index, operation in enumerate(traced):
            # Values are flattened and reshaped between operations as they like.
            if np.prod(operation.output_shape) != np.prod(network.shapes[index]):
                raise InputError(
                    f"operation {index} ({operation.kind}) gives {operation.output_shape}, a "
                    f"network gives {network.shapes[index]}"
                )
        return network


def _check_sum(other: int, shape: Shape, shapes: list[Shape], values: list[Values]) -> None:
    if other >= len(shapes):
        raise InputError(f"adds the output of layer {other}, which is not before it")
    if values[other] is not Values.RESULTS or shapes[other] != shape:
        raise InputError(
            f"adds the output of layer {other}, {values[other].value} of the shape "
            f"{shapes[other]}, to results of the shape {shape}"
        )


def _layer_of(operation: Any) -> Layer:
    kind, arguments = operation.kind, operation.arguments
    sending = {
        k: arguments[k] for k in ("num_sends", "wait_between_events", "column") if k in arguments
    }
    if kind == "matmul":
        return kinds.linear(arguments["weights"], **sending)
    if kind in ("conv1d", "conv2d"):
        return kinds.conv(
            arguments["weights"],
            stride=arguments["stride"],
            padding=arguments["padding"],
            num_expansions=arguments.get("num_expansions", 1),
            **sending,
        )
    if kind == "add":
        return Add(np.broadcast_to(arguments["other"], operation.output_shape))
    if kind == "relu":
        return kinds.ReLU()
    if kind == "converting_relu":
        return kinds.ConvertingReLU(arguments["shift"])
    if kind == "argmax":
        if len(operation.input_shape) != 1:
            raise InputError(f"of values of the shape {operation.input_shape}, not of a vector")
        return kinds.Argmax()
    if kind.startswith(("max_pool", "avg_pool")):
        return kinds.Pool(kind[:3] == "avg", arguments["kernel_size"], arguments["stride"])
    raise InputError("processors have no such operation")
