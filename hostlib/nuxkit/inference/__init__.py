# SPDX-License-Identifier: BSD-3-Clause
"""Inference: products of inputs and weights in the non-spiking mode."""

from nuxemu import AnalogSpread

from .analog import AnalogArray, attach, detach
from .calibration import Calibration, calibrate
from .chip_pool import ChipPool

__all__ = [
    "AnalogArray",
    "AnalogSpread",
    "Calibration",
    "ChipPool",
    "attach",
    "calibrate",
    "detach",
]
