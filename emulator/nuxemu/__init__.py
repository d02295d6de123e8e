# SPDX-License-Identifier: BSD-3-Clause
"""Model of the BrainScaleS-2 chip as its plasticity processors see it."""

from nuxemu.bus import Bus
from nuxemu.chip_model import ChipEnd, ChipModel
from nuxemu.chip_state import ChipState, StateError
from nuxemu.network import Network, RowMode
from nuxemu.network_sources import BackgroundSource, Source
from nuxemu.processor import Processor, Site, SiteKind, Stop, StopReason
from nuxemu.synapse_array import CorrelationConfig, SynapseArray

__all__ = [
    "BackgroundSource",
    "Bus",
    "ChipEnd",
    "ChipModel",
    "ChipState",
    "CorrelationConfig",
    "Network",
    "Processor",
    "RowMode",
    "Site",
    "SiteKind",
    "StateError",
    "Source",
    "Stop",
    "StopReason",
    "SynapseArray",
]
