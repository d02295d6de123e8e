# SPDX-License-Identifier: BSD-3-Clause
"""Calibration: the columns' offsets and gains are measured and trimmed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nuxemu.analog_array import INPUT_MAX, WEIGHT_MAX
from nuxkit.chip import Chip
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
        weight = max(1, min(WEIGHT_MAX, round(total / (rows * INPUT_MAX))))
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
    what: AnalogArray | Chip | Iterable[AnalogArray | Chip], *, trials: int = 64
) -> tuple[Calibration, ...]:
    """Measure and correct offset and gain of each column, of one array or chip or of many.

    Parameters
    ----------
    what : AnalogArray or Chip, or several of them
        A chip stands for its two arrays; it must be in the non-spiking mode (`attach`). All
        columns of an array get the gain that it was made with.
    trials : int
        Readings that are averaged.

    Returns
    -------
    tuple of Calibration
        One for each array; top before bottom.

    Raises
    ------
    nuxkit.InputError
        If something is neither an array nor a chip in the non-spiking mode; nothing is changed
        then. If `trials` is not an integer of at least 1.
    """
    found = []
    for array in _arrays(what):
        before = measure(array, trials)
        array.offset_trim = array.offset_trim + before.offset
        safe = np.where(before.gain > 0, before.gain, array.gain)
        array.gain_trim = array.gain_trim * array.gain / safe
        found.append(Calibration(before, measure(array, trials)))
    return tuple(found)


def _arrays(what: object) -> list[AnalogArray]:
    if isinstance(what, AnalogArray):
        return [what]
    if isinstance(what, Chip):
        attached = [array.analog for array in what.model.arrays if array.analog is not None]
        if not attached:
            raise InputError("the chip is not in the non-spiking mode; attach() does that")
        return _arrays(attached)
    if isinstance(what, Iterable):
        return [array for each in what for array in _arrays(each)]
    raise InputError(f"{what!r} cannot be calibrated: it is neither an AnalogArray nor a Chip")
