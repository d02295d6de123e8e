# SPDX-License-Identifier: BSD-3-Clause
"""`nuxemu.AnalogArray` with the errors of nuxkit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

import nuxemu
from nuxkit.chip import Chip
from nuxkit.errors import InputError
from nuxkit.hemispheres import HEMISPHERE_NAMES


@contextmanager
def input_errors() -> Iterator[None]:
    """Turn wrong arguments of nuxemu into an InputError."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error


class AnalogArray(nuxemu.AnalogArray):
    """One hemisphere in the non-spiking mode; see `nuxemu.AnalogArray`.

    Wrong arguments are an InputError, and change nothing.
    """

    def __init__(self, spread: nuxemu.AnalogSpread | None = None, **options: Any) -> None:
        with input_errors():
            super().__init__(spread, **options)

    def set_weights(self, values: npt.ArrayLike, row: int = 0, column: int = 0) -> None:
        """Write weights of a rectangle; see `nuxemu.AnalogArray.set_weights`."""
        with input_errors():
            super().set_weights(values, row, column)

    def _of_columns(self, name: str, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        with input_errors():
            return super()._of_columns(name, values)

    def multiply(
        self, inputs: npt.ArrayLike, *, num_sends: int = 1, wait_between_events: int = 5
    ) -> npt.NDArray[np.int8]:
        """Send inputs and read the columns; see `nuxemu.AnalogArray.multiply`."""
        with input_errors():
            return super().multiply(
                inputs, num_sends=num_sends, wait_between_events=wait_between_events
            )


def attach(
    chip: Chip,
    spread: nuxemu.AnalogSpread | None = None,
    *,
    seed: int = 0,
    gain: float = nuxemu.analog_array.DEFAULT_GAIN,
) -> tuple[AnalogArray, AnalogArray]:
    """Put a chip into the non-spiking mode, so that its processors can multiply.

    What a kernel gets is what `AnalogArray.multiply` of arrays with the same arguments returns,
    see ``nux/inference.h``. Weights are those of the chip's synapses, not of the arrays returned.

    Parameters
    ----------
    chip : Chip
        Its neurons do not take part from now on.
    spread : AnalogSpread, optional
        How the chip deviates from the ideal; not at all if not given.
    seed : int
        Of deviations and noise.
    gain : float
        Counts per product of input and weight.

    Returns
    -------
    top, bottom : AnalogArray
        To be calibrated, for instance.

    Raises
    ------
    nuxkit.InputError
        If an argument is out of its range.
    """
    if not isinstance(chip, Chip):
        raise InputError(f"chip is {chip!r}, but must be a Chip")
    top, bottom = (
        AnalogArray(spread, seed=seed, gain=gain, hemisphere=name) for name in HEMISPHERE_NAMES
    )
    chip.model.attach_analog((top, bottom))
    return top, bottom


def detach(chip: Chip) -> None:
    """Let a chip work with spikes again."""
    chip.model.attach_analog(None)
