# SPDX-License-Identifier: BSD-3-Clause
"""The sensor model as it is written down: every spike touches its synapses at once."""

import numpy as np

from nuxemu.synapse_array import SynapseArray


class EagerSensors:
    """Sensors with the parameters of `array` at the moment."""

    def __init__(self, array: SynapseArray) -> None:
        config = array.config
        amplitude = array.amplitude_lsb * (1 + config.amplitude_step * array.amp_calib)
        tau = array.tau_s * (1 + config.tau_step * array.time_calib)
        self.amplitude_causal, self.amplitude_acausal = amplitude
        self.tau_causal, self.tau_acausal = tau
        self.saturation = config.saturation_lsb
        self.labels = array.labels.copy()
        shape = self.labels.shape
        self.causal, self.acausal = np.zeros(shape), np.zeros(shape)
        self.pre_time, self.post_time = np.zeros(shape), np.zeros(shape)
        self.pre_unpaired, self.post_unpaired = np.zeros(shape, bool), np.zeros(shape, bool)

    def pre(self, time: float, row: int, label: int) -> None:
        hit = self.labels[row] == label
        at = row, hit & self.post_unpaired[row]
        distance = time - self.post_time[at]
        added = self.amplitude_acausal[at] * np.exp(-distance / self.tau_acausal[at])
        self.acausal[at] = np.minimum(self.acausal[at] + added, self.saturation)
        self.post_unpaired[row, hit] = False
        self.pre_unpaired[row, hit] = True
        self.pre_time[row, hit] = time

    def post(self, time: float, column: int) -> None:
        at = self.pre_unpaired[:, column], column
        distance = time - self.pre_time[at]
        added = self.amplitude_causal[at] * np.exp(-distance / self.tau_causal[at])
        self.causal[at] = np.minimum(self.causal[at] + added, self.saturation)
        self.pre_unpaired[:, column] = False
        self.post_unpaired[:, column] = True
        self.post_time[:, column] = time

    def run(self, pre, post) -> None:
        """All spikes, as for ``SynapseArray.add_spikes``."""
        events = [(t, 0, row, label) for t, row, label in zip(*pre, strict=True)]
        events += [(t, 1, column, -1) for t, column in zip(*post, strict=True)]
        for time, is_post, line, label in sorted(events, key=lambda event: event[:2]):
            self.post(time, line) if is_post else self.pre(time, line, label)
