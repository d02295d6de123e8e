# SPDX-License-Identifier: BSD-3-Clause
"""Where the values of a network lie in the processor's memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nuxemu import memory_map as mm
from nuxkit.errors import InputError

from .layers import Add, ConvertingReLU, Product, ReLU, Requantise
from .network import Network

_ELEMENTWISE = (ReLU, ConvertingReLU, Requantise, Add)


def _padded(size: int) -> int:
    """Room for values: whole vectors."""
    return -(-size // mm.VECTOR_BYTES) * mm.VECTOR_BYTES


@dataclass
class _Buffer:
    place: int
    size: int
    last_use: int  # layer


@dataclass(frozen=True)
class MemoryPlan:
    """Places in the workspace, in bytes from its start.

    Attributes
    ----------
    input : int
        Of the sample.
    sources, targets : tuple of int
        By layer: what it reads and what it writes.
    others : tuple of int
        By layer: constants or the other summand of a sum, the window of a convolution.
    used : int
        Bytes from the start to the end of the last value.
    """

    input: int
    sources: tuple[int, ...]
    targets: tuple[int, ...]
    others: tuple[int, ...]
    used: int


def plan_memory(network: Network, first: int, size: int) -> MemoryPlan:
    """Place all values; those that are not needed any more make room for others.

    Parameters
    ----------
    network : Network
    first : int
        Bytes of the workspace that are used already.
    size : int
        Bytes of the workspace.

    Raises
    ------
    nuxkit.InputError
        There is not enough room; names the layer.
    """
    return _Planner(network, first, size).plan()


class _Planner:
    def __init__(self, network: Network, first: int, size: int) -> None:
        self.network, self.size = network, size
        self.first = self.used = -(-first // 8) * 8
        self.live: list[_Buffer] = []
        # The output of layer i is read by the next one, and by sums that name it.
        self.last_use = [i + 1 for i in range(len(network.layers))]
        for index, layer in enumerate(network.layers):
            if isinstance(layer, Add) and isinstance(layer.other, int):
                self.last_use[layer.other] = max(self.last_use[layer.other], index)

    def plan(self) -> MemoryPlan:
        layers, forever = self.network.layers, len(self.network.layers)
        constants = {
            index: self.allocate(index, layer.other.size, forever)
            for index, layer in enumerate(layers)
            if isinstance(layer, Add) and not isinstance(layer.other, int)
        }
        source = self.allocate(0, int(np.prod(self.network.input_shape)), 0)
        begin = source.place
        outputs: list[_Buffer] = []
        sources: list[int] = []
        others: list[int] = []
        for index, layer in enumerate(layers):
            self.live = [buffer for buffer in self.live if buffer.last_use >= index]
            other = 0
            if isinstance(layer, Product):
                window = self.window(layer)
                other = self.allocate(index, window, index).place if window else source.place
            elif isinstance(layer, Add):
                named = isinstance(layer.other, int)
                other = (outputs[layer.other] if named else constants[index]).place
            if isinstance(layer, _ELEMENTWISE) and source.last_use == index:
                target = source
                target.last_use = self.last_use[index]
            else:
                count = int(np.prod(self.network.shapes[index]))
                target = self.allocate(index, count, self.last_use[index])
            sources.append(source.place)
            others.append(other)
            outputs.append(target)
            source = target
        places = tuple(buffer.place for buffer in outputs)
        return MemoryPlan(begin, tuple(sources), places, tuple(others), self.used)

    @staticmethod
    def window(layer: Product) -> int:
        """Bytes for the values of a window; a dense layer needs none."""
        return 0 if layer.dense else layer.matrix.shape[0]

    def allocate(self, index: int, count: int, last_use: int) -> _Buffer:
        """Lowest place with room."""
        needed = _padded(count)
        place = self.first
        for buffer in sorted(self.live, key=lambda buffer: buffer.place):
            if place + needed <= buffer.place:
                break
            place = max(place, buffer.place + buffer.size)
        if place + needed > self.size:
            in_use = sum(buffer.size for buffer in self.live)
            raise InputError(
                f"{self.network.name(index)} does not fit: {count} values take {needed} bytes of "
                f"the processor's memory, beside {self.first} bytes of description and {in_use} "
                f"bytes that are in use, but there are {self.size}"
            )
        self.live.append(buffer := _Buffer(place, needed, last_use))
        self.used = max(self.used, place + needed)
        return buffer
