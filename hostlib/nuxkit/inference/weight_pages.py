# SPDX-License-Identifier: BSD-3-Clause
"""Weights in external memory, in tiles that the processor loads at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nuxemu import memory_map as mm
from nuxkit.errors import InputError

from .analog import AnalogArray
from .layers import Int8, Product
from .network import Network

#: Inputs of a layer, so that 16 bits hold the sum of all its tiles' results.
MAX_INPUTS = 256 * AnalogArray.SIGNED_INPUTS
#: Columns of a layer.
MAX_OUTPUTS = 0xFFFF


@dataclass
class Page:
    """One tile, or all tiles of a large layer.

    Attributes
    ----------
    first : int
        Number of its first vector of 128 bytes.
    content : ndarray of int8, shape (columns / 256, 1 + rows, 256)
        Of each block of columns first the biases, then the weights.
    free : ndarray of bool, shape (256,)
        Columns that another layer can have.
    """

    first: int
    content: Int8
    free: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @property
    def rows(self) -> int:
        """Inputs that it has weights for."""
        return int(self.content.shape[1]) - 1


def page_weights(network: Network, limit: int) -> tuple[dict[int, Page], bytes]:
    """Put weights into pages; layers of one tile share a page if their columns differ.

    Parameters
    ----------
    network : Network
    limit : int
        Bytes that there are.

    Returns
    -------
    pages : dict of int to Page
        By the number of the layer.
    weights : bytes
        All pages.

    Raises
    ------
    nuxkit.InputError
        Names the layer that is too large, and the limit.
    """
    pages: dict[int, Page] = {}
    order: list[Page] = []
    for index, layer in enumerate(network.layers):
        if not isinstance(layer, Product):
            continue
        blocks = _blocks(network.name(index), layer)
        used = range(layer.column, layer.column + layer.matrix.shape[1])
        last = order[-1] if order else None
        if last is not None and _fits(blocks, used) and last.free[used].all():
            missing = max(0, blocks.shape[1] - last.content.shape[1])
            last.content = np.pad(last.content, ((0, 0), (0, missing), (0, 0)))
            last.content[:, : blocks.shape[1], used] = blocks[:, :, used]
        else:
            free = np.full(AnalogArray.COLUMNS, _fits(blocks, used))
            order.append(last := Page(0, blocks, free))
        if _fits(blocks, used):
            last.free[used] = False
        pages[index] = last
        size = sum(page.content.nbytes for page in order)
        if size > limit:
            raise InputError(
                f"{network.name(index)} does not fit: with its weights of {blocks.nbytes} bytes "
                f"there are {size}, but the external memory has {limit}"
            )
    place = 0
    for page in order:
        page.first = place
        place += page.content.nbytes // mm.VECTOR_BYTES
    return pages, b"".join(_bytes(page.content) for page in order)


def _fits(blocks: Int8, used: range) -> bool:
    """Whether a layer has one tile."""
    return blocks.shape[1] <= 1 + AnalogArray.SIGNED_INPUTS and used.stop <= AnalogArray.COLUMNS


def _blocks(name: str, layer: Product) -> Int8:
    """Biases and weights of a layer in its columns, by blocks of columns."""
    inputs, outputs = layer.matrix.shape
    for what, number, limit in (("inputs", inputs, MAX_INPUTS), ("columns", outputs, MAX_OUTPUTS)):
        if number > limit:
            raise InputError(f"{name} has {number} {what}, but must have up to {limit}")
    one_tile = inputs <= AnalogArray.SIGNED_INPUTS
    if layer.column and not (one_tile and layer.column + outputs <= AnalogArray.COLUMNS):
        raise InputError(
            f"{name} has {inputs} inputs and {outputs} columns from column {layer.column} on: one "
            f"that needs more than a tile must begin in column 0"
        )
    wide = AnalogArray.COLUMNS
    count = -(-(layer.column + outputs) // wide)
    content = np.zeros((1 + inputs, count * wide), np.int8)
    columns = slice(layer.column, layer.column + outputs)
    content[0, columns] = np.tile(layer.bias, layer.num_expansions)
    content[1:, columns] = layer.matrix
    return content.reshape(1 + inputs, count, wide).transpose(1, 0, 2)


def _bytes(content: Int8) -> bytes:
    # (block, row, half, lane), where lane i of half h is column 2 i + h.
    halves = content.reshape(*content.shape[:2], -1, 2).swapaxes(-1, -2)
    # The words of a vector are the other way round in external memory.
    words = halves.reshape(-1, mm.VECTOR_BYTES // 4, 4)[:, ::-1]
    return np.ascontiguousarray(words).tobytes()
