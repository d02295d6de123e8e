# SPDX-License-Identifier: BSD-3-Clause
"""An analog array as the processors of a chip use it."""

from __future__ import annotations

from typing import Any

import numpy as np

from nuxemu import memory_map as mm
from nuxemu._native import ffi
from nuxemu.analog_array import BASELINE, AnalogArray


class AnalogUnit:
    """Membranes of a hemisphere that sum up events, and are read as an analog array is.

    Weights are those of the synapse array. The deviations, the trims and the noise are those of
    `analog`; each conversion is one of its trials.

    Parameters
    ----------
    analog : AnalogArray
    """

    def __init__(self, analog: AnalogArray) -> None:
        self.analog = analog
        self._factors = analog.synapse_factors()
        self.native = ffi.new("nux_analog *")
        self.native.factors = ffi.cast("const double *", ffi.from_buffer(self._factors))
        self.native.leak_hz = analog.spread.leak_hz
        self._callback = ffi.callback("nux_analog_read_fn", self._read)
        self.native.read = self._callback

    def _read(self, user: Any, steps: Any, readings: Any) -> None:
        held = np.frombuffer(ffi.buffer(steps, 8 * mm.NUM_COLUMNS), np.float64)
        found = BASELINE + self.analog.readings(held[None])[0].astype(np.int16)
        ffi.buffer(readings, mm.NUM_COLUMNS)[:] = found.astype(np.uint8).tobytes()
