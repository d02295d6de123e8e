# SPDX-License-Identifier: BSD-3-Clause
"""Calibration: the columns' offsets and gains are measured and trimmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nuxemu.analog_array import INPUT_MAX
from nuxkit.errors import InputError

from .analog import AnalogArray

Reals = npt.NDArray[np.float64]

#: Readings at which gains are measured, well inside the linear range.
_PROBE_COUNTS = 60


@dataclass(frozen=True)
class Measured:
    """Offsets and gains of columns.

    Attributes
    ----------
    offset : ndarray of float64, shape (256,)
        Mean reading of reset membranes, counts.
    gain : ndarray of float64, shape (256,)
        Counts per product of input and weight.
    """

    offset: Reals
    gain: Reals


@dataclass(frozen=True)
class Calibration:
    """What a calibration of one array found, before and after it.

    Attributes
    ----------
    before, after : Measured
        Without and with the trims.
    """

    before: Measured
    after: Measured


def measure(array: AnalogArray, trials: int = 64) -> Measured:
    """Measure offsets and gains of all columns; the weights are as before then.

    Parameters
    ----------
    array : AnalogArray
    trials : int
        Readings that are averaged.
    """
    if isinstance(trials, bool) or not isinstance(trials, int) or trials < 1:
        raise InputError(f"trials is {trials!r}, but must be an integer of at least 1")
    kept = array.weights
    rows = array.SIGNED_INPUTS
    try:
        silent = array.multiply(np.zeros((trials, rows), np.uint8))
        # Weights of both signs, so that offsets and the two kinds of synapses average out.
        total = _PROBE_COUNTS / array.gain
        weight = max(1, min(63, round(total / (rows * INPUT_MAX))))
        x = np.zeros((trials, rows), np.uint8)
        x[:, :] = min(INPUT_MAX, max(1, round(total / (rows * weight))))
        product = int(x[0].sum(dtype=np.int64)) * weight
        array.set_weights(np.full((rows, array.COLUMNS), weight, np.int8))
        up = array.multiply(x)
        array.set_weights(np.full((rows, array.COLUMNS), -weight, np.int8))
        down = array.multiply(x)
    finally:
        array.set_weights(kept)
    gain = (up.mean(axis=0) - down.mean(axis=0)) / (2 * product)
    return Measured(silent.mean(axis=0), gain)


def calibrate(
    arrays: AnalogArray | Sequence[AnalogArray], *, trials: int = 64
) -> tuple[Calibration, ...]:
    """Measure and correct offset and gain of each column, of one array or of many.

    Parameters
    ----------
    arrays : AnalogArray or sequence of AnalogArray
        All get the same gain, the one that they were made with.
    trials : int
        Readings that are averaged.

    Returns
    -------
    tuple of Calibration
        One for each array.
    """
    found = []
    for array in [arrays] if isinstance(arrays, AnalogArray) else arrays:
        before = measure(array, trials)
        array.offset_trim = array.offset_trim + before.offset
        safe = np.where(before.gain > 0, before.gain, array.gain)
        array.set_gain_trim(array.gain_trim * array.gain / safe)
        found.append(Calibration(before, measure(array, trials)))
    return tuple(found)
