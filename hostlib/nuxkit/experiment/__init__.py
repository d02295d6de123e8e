# SPDX-License-Identifier: BSD-3-Clause
"""Experiments: networks with inputs, recordings and host loops."""

from .calls import Call
from .connectors import AllToAll, Connector, FromList, OneToOne
from .experiment import Experiment
from .layout import Layout
from .neuron_population import NeuronPopulation
from .population import Population
from .projection import Projection
from .rule import Rule
from .source_population import SourcePopulation
from .sources import SpikeSourceArray, SpikeSourcePoisson, SpikeSourceRegular
from .trains import SpikeTimes
from .units import ms, s, us

__all__ = [
    "AllToAll",
    "Call",
    "Connector",
    "Experiment",
    "FromList",
    "Layout",
    "NeuronPopulation",
    "OneToOne",
    "Population",
    "Projection",
    "Rule",
    "SourcePopulation",
    "SpikeSourceArray",
    "SpikeSourcePoisson",
    "SpikeSourceRegular",
    "SpikeTimes",
    "ms",
    "s",
    "us",
]
