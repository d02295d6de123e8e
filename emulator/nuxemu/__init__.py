# SPDX-License-Identifier: BSD-3-Clause
"""Model of the BrainScaleS-2 chip as its plasticity processors see it."""

from nuxemu.analog_array import AnalogArray, AnalogSpread
from nuxemu.bus import Bus, BusError
from nuxemu.chip_model import ChipEnd, ChipModel
from nuxemu.chip_state import ChipState, StateError
from nuxemu.loop_time import Place, loop_cycles
from nuxemu.network import Network, RowMode
from nuxemu.network_sources import BackgroundSource, Source
from nuxemu.neurons import NeuronParameters, Neurons
from nuxemu.processor import (
    Checks,
    DebugEvent,
    Mark,
    Processor,
    Site,
    SiteKind,
    Stop,
    StopReason,
    Wait,
    Watch,
)
from nuxemu.synapse_array import CorrelationConfig, SynapseArray
from nuxemu.trace import TraceBuffer, TraceKind

__all__ = [
    "AnalogArray",
    "AnalogSpread",
    "BackgroundSource",
    "Bus",
    "BusError",
    "Checks",
    "ChipEnd",
    "ChipModel",
    "ChipState",
    "CorrelationConfig",
    "DebugEvent",
    "Mark",
    "Network",
    "NeuronParameters",
    "Neurons",
    "Place",
    "Processor",
    "RowMode",
    "Site",
    "SiteKind",
    "Source",
    "StateError",
    "Stop",
    "StopReason",
    "SynapseArray",
    "TraceBuffer",
    "TraceKind",
    "Wait",
    "Watch",
    "loop_cycles",
]
