# SPDX-License-Identifier: BSD-3-Clause
"""Model of the BrainScaleS-2 chip as its plasticity processors see it."""

from nuxemu.bus import Bus
from nuxemu.chip_model import ChipEnd, ChipModel
from nuxemu.chip_state import ChipState, StateError
from nuxemu.processor import Processor, Site, SiteKind, Stop, StopReason
from nuxemu.synapse_array import CorrelationConfig, SynapseArray

__all__ = [
    "Bus",
    "ChipEnd",
    "ChipModel",
    "ChipState",
    "CorrelationConfig",
    "Processor",
    "Site",
    "SiteKind",
    "StateError",
    "Stop",
    "StopReason",
    "SynapseArray",
]
