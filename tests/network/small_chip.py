# SPDX-License-Identifier: BSD-3-Clause
"""Two arrays with ideal sensors, their neurons, and the network between them."""

import numpy as np

from nuxemu import CorrelationConfig, Network, SynapseArray
from nuxemu._native import ffi, lib


class _Neurons:
    def __init__(self):
        self._native = ffi.gc(lib.nux_neurons_new(), lib.nux_neurons_free)


class SmallChip:
    """Attributes: arrays, neurons, network."""

    def __init__(self, labels=None, weights=None, bypass=()) -> None:
        config = CorrelationConfig.ideal()
        self.arrays = (SynapseArray(0, config), SynapseArray(1, config))
        for hemisphere, array in enumerate(self.arrays):
            array.labels = np.zeros((256, 256), int) if labels is None else labels[hemisphere]
            array.weights = np.zeros((256, 256), int) if weights is None else weights[hemisphere]
        self.neurons = (_Neurons(), _Neurons())
        for neuron in bypass:
            self.neurons[neuron // 256]._native.bypass[neuron % 256] = 1
        self.network = Network(self.arrays, self.neurons)


def recording_chip(**options) -> SmallChip:
    """Chip of which row events are recorded."""
    chip = SmallChip(**options)
    chip.network.record_row_events = True
    return chip


def all_to(neuron: int) -> np.ndarray:
    """Weights, shape (2, 256, 256), with 63 from every row to one neuron, else 0."""
    weights = np.zeros((2, 256, 256), int)
    weights[neuron // 256, :, neuron % 256] = 63
    return weights
