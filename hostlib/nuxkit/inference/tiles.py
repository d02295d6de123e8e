# SPDX-License-Identifier: BSD-3-Clause
"""Cutting a product of any size into pieces that one array multiplies in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nuxkit.inference import AnalogArray

#: Limits of a result, in counts.
RESULT_MIN, RESULT_MAX = -128, 127


@dataclass(frozen=True)
class Tile:
    """One pass: which inputs and outputs of the whole product it covers, and on which array."""

    rows: slice
    columns: slice
    array: int


@lru_cache(maxsize=1024)
def tiles(inputs: int, outputs: int, arrays: int) -> tuple[Tile, ...]:
    """Cut a product into tiles, block of inputs by block of inputs, and deal them to the arrays.

    Parameters
    ----------
    inputs, outputs : int
        Shape of the weight matrix, at least 1 x 1.
    arrays : int
        Number of arrays; tile ``t`` runs on array ``t % arrays``.

    Returns
    -------
    tuple of Tile
        ``ceil(inputs / 128) * ceil(outputs / 256)`` tiles.
    """
    height, width = AnalogArray.SIGNED_INPUTS, AnalogArray.COLUMNS
    cut = [
        (slice(row, min(row + height, inputs)), slice(column, min(column + width, outputs)))
        for row in range(0, inputs, height)
        for column in range(0, outputs, width)
    ]
    return tuple(Tile(rows, columns, t % arrays) for t, (rows, columns) in enumerate(cut))


def join(
    shape: tuple[int, int], parts: list[tuple[Tile, npt.NDArray[np.int8]]]
) -> npt.NDArray[np.int8]:
    """Put results of tiles together: blocks of inputs are added exactly, then saturated once.

    Parameters
    ----------
    shape : (int, int)
        Shape (batch, outputs) of the whole product.
    parts : list of (Tile, array of int8, shape (batch, columns of the tile))
        One result per tile; first those of the first block of inputs.

    Returns
    -------
    array of int8, shape (batch, outputs)
    """
    if len(parts) == 1:
        return parts[0][1]
    blocks = len({tile.rows.start for tile, _ in parts})
    # Up to 256 sums of 8 bits fit 16.
    wide = np.int8 if blocks == 1 else np.int16 if blocks <= 256 else np.int32
    total = np.empty(shape, wide)
    for tile, result in parts:
        part = total[:, tile.columns]
        if tile.rows.start == 0:
            part[:] = result
        else:
            part += result
    return total.clip(RESULT_MIN, RESULT_MAX).astype(np.int8) if blocks > 1 else total
