# SPDX-License-Identifier: BSD-3-Clause
"""Inference: products of inputs and weights in the non-spiking mode, networks on a processor."""

from nuxemu import AnalogSpread

from .analog import AnalogArray, attach, detach
from .calibration import Calibration, calibrate
from .chip_pool import ChipPool
from .compiler import CompiledNetwork, compile_network
from .layers import (
    Add,
    Argmax,
    ConvertingReLU,
    MaxMinPool,
    ReLU,
    Requantise,
    conv,
    linear,
    max_pool,
    mean_pool,
)
from .network import Network
from .standalone import Outputs, Standalone

__all__ = [
    "Add",
    "AnalogArray",
    "AnalogSpread",
    "Argmax",
    "Calibration",
    "ChipPool",
    "CompiledNetwork",
    "ConvertingReLU",
    "MaxMinPool",
    "Network",
    "Outputs",
    "ReLU",
    "Requantise",
    "Standalone",
    "attach",
    "calibrate",
    "compile_network",
    "conv",
    "detach",
    "linear",
    "max_pool",
    "mean_pool",
]
