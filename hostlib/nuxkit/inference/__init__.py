# SPDX-License-Identifier: BSD-3-Clause
"""Inference: products of inputs and weights in the non-spiking mode, on one chip or several."""

from nuxemu import AnalogSpread

from .analog import AnalogArray

__all__ = ["AnalogArray", "AnalogSpread", "Calibration", "ChipPool", "calibrate"]

from .calibration import Calibration, calibrate
from .chip_pool import ChipPool
