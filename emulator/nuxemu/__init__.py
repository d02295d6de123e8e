# SPDX-License-Identifier: BSD-3-Clause
"""Model of the BrainScaleS-2 chip as its plasticity processors see it."""

from nuxemu.bus import Bus
from nuxemu.network import Network, RowMode
from nuxemu.network_sources import BackgroundSource, Source
from nuxemu.neurons import NeuronParameters, Neurons
from nuxemu.processor import Processor, Site, SiteKind, Stop, StopReason
from nuxemu.synapse_array import CorrelationConfig, SynapseArray

__all__ = [
    "BackgroundSource",
    "Bus",
    "CorrelationConfig",
    "Network",
    "NeuronParameters",
    "Neurons",
    "Processor",
    "RowMode",
    "Site",
    "SiteKind",
    "Source",
    "Stop",
    "StopReason",
    "SynapseArray",
]
