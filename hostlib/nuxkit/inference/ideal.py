# SPDX-License-Identifier: BSD-3-Clause
"""What one large ideal chip computes, as a formula."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nuxkit.inference.analog import AnalogArray
from nuxkit.inference.tiles import RESULT_MAX, RESULT_MIN


def ideal_product(
    inputs: npt.ArrayLike, weights: npt.ArrayLike, *, num_sends: int = 1, gain: float = 1 / 64
) -> npt.NDArray[np.int8]:
    """Multiply as one ideal chip that has as many inputs and columns as it takes.

    A column of 128 signed inputs has a membrane and a converter channel of its own: its result
    is ``floor(gain * (num_sends * sum) + 1/2)``, saturated to -128 to 127. A longer column is a
    stack of these, whose results are added exactly and saturated once more.

    Parameters
    ----------
    inputs : array_like of int, shape (batch, inputs)
        From 0 to 31.
    weights : array_like of int, shape (inputs, outputs)
        From -63 to 63.
    num_sends : int
        How often each input is sent.
    gain : float
        Counts per product of input and weight.

    Returns
    -------
    array of int8, shape (batch, outputs)
    """
    inputs, weights = np.asarray(inputs, np.int64), np.asarray(weights, np.int64)
    height = AnalogArray.SIGNED_INPUTS
    total = np.zeros((len(inputs), weights.shape[1]))
    for row in range(0, len(weights), height):
        block = slice(row, row + height)
        counts = np.floor(gain * (num_sends * (inputs[:, block] @ weights[block])) + 0.5)
        total += np.clip(counts, RESULT_MIN, RESULT_MAX)
    return np.clip(total, RESULT_MIN, RESULT_MAX).astype(np.int8)
