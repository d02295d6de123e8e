# SPDX-License-Identifier: BSD-3-Clause
"""Two arrays with ideal sensors, their neurons, and the network between them."""

import numpy as np

from nuxemu import CorrelationConfig, Network, NeuronParameters, Neurons, SynapseArray

TAU_SYN_S = 1e-7  # of integrators


class SmallChip:
    """Attributes: arrays, neurons, network.

    Neurons, by number, 0 to 511, that are bypassed; that are leaky integrate-and-fire neurons; that
    integrate without leak or threshold. The others are disabled.
    """

    def __init__(self, labels=None, weights=None, bypass=(), lif=(), integrators=()) -> None:
        config = CorrelationConfig.ideal()
        self.arrays = (SynapseArray(0, config), SynapseArray(1, config))
        for hemisphere, array in enumerate(self.arrays):
            array.labels = np.zeros((256, 256), int) if labels is None else labels[hemisphere]
            array.weights = np.zeros((256, 256), int) if weights is None else weights[hemisphere]
        used, passed, summing = (
            np.isin(np.arange(512), neurons).reshape(2, 256)
            for neurons in ([*bypass, *lif, *integrators], list(bypass), list(integrators))
        )
        self.neurons = tuple(
            Neurons(
                NeuronParameters(
                    enabled=used[hemisphere],
                    bypass=passed[hemisphere],
                    fire=~summing[hemisphere],
                    tau_mem_s=np.where(summing[hemisphere], np.inf, 10e-6),
                    tau_syn_exc_s=np.where(summing[hemisphere], TAU_SYN_S, 5e-6),
                    tau_syn_inh_s=np.where(summing[hemisphere], TAU_SYN_S, 5e-6),
                )
            )
            for hemisphere in (0, 1)
        )
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
