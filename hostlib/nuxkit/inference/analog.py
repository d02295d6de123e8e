# SPDX-License-Identifier: BSD-3-Clause
"""`nuxemu.AnalogArray` with the errors of nuxkit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

import nuxemu
from nuxkit.errors import InputError


@contextmanager
def _input_errors() -> Iterator[None]:
    try:
        yield
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error


class AnalogArray(nuxemu.AnalogArray):
    """One hemisphere in the non-spiking mode; see `nuxemu.AnalogArray`.

    Wrong arguments are an InputError, and change nothing.
    """

    def __init__(self, spread: nuxemu.AnalogSpread | None = None, **options: Any) -> None:
        with _input_errors():
            super().__init__(spread, **options)

    def set_weights(self, values: npt.ArrayLike, row: int = 0, column: int = 0) -> None:
        """Write weights of a rectangle; see `nuxemu.AnalogArray.set_weights`."""
        with _input_errors():
            super().set_weights(values, row, column)

    def multiply(
        self, inputs: npt.ArrayLike, *, num_sends: int = 1, wait_between_events: int = 5
    ) -> npt.NDArray[np.int8]:
        """Send inputs and read the columns; see `nuxemu.AnalogArray.multiply`."""
        with _input_errors():
            return super().multiply(
                inputs, num_sends=num_sends, wait_between_events=wait_between_events
            )
