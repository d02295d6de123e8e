# SPDX-License-Identifier: BSD-3-Clause
"""Model of the BrainScaleS-2 chip as its plasticity processors see it."""

from nuxemu.processor import ExternalMemory, Processor, Site, SiteKind, Stop, StopReason
from nuxemu.synapse_array import CorrelationConfig, SynapseArray

__all__ = [
    "CorrelationConfig",
    "ExternalMemory",
    "Processor",
    "Site",
    "SiteKind",
    "Stop",
    "StopReason",
    "SynapseArray",
]
