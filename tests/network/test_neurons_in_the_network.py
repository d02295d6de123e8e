# SPDX-License-Identifier: BSD-3-Clause
"""Signs, strengths and times at the neurons; networks that recur through membranes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network.slow_network import SlowNetwork
from network.small_chip import TAU_SYN_S, SmallChip, recording_chip
from nuxemu import RowMode
from nuxemu._native import ffi, lib

CHARGE_LSB = 0.2  # per weight unit, the default of the neurons
LEAK_LSB = 80.0


class SlowNetworkOfNeurons(SlowNetwork):
    """With the model's neuron circuits, asked one by one by the slow event loop."""

    def __init__(self, labels, weights, row_modes, neurons) -> None:
        super().__init__(labels, weights, row_modes, ())
        self.neurons = neurons
        self.columns = ffi.new("uint16_t[256]")

    def run(self, until) -> None:
        while True:
            event = self.events[0][0] if self.events else math.inf
            membrane = min(each.next_s for each in self.neurons)
            if min(event, membrane) > until:
                break
            if event <= membrane:
                super().run(event)
                continue
            for hemisphere, each in enumerate(self.neurons):
                if each.next_s == membrane:
                    n = lib.nux_neurons_step(each._native, membrane, self.columns)
                    for column in self.columns[0:n]:
                        self._spike(membrane, 256 * hemisphere + column)

    def _drive(self, time, hemisphere, row, label, strength) -> None:
        super()._drive(time, hemisphere, row, label, strength)
        weights = self.weights[hemisphere][row].astype(np.uint8)
        match = np.where(self.labels[hemisphere][row] == label, 0xFF, 0).astype(np.uint8)
        for inhibitory in (0, 1):
            if self.row_modes[hemisphere, row] >> inhibitory & 1:
                lib.nux_neurons_input(
                    self.neurons[hemisphere]._native, time, weights.tobytes(), match.tobytes(),
                    inhibitory, strength, self.columns,
                )  # fmt: skip


def random_networks(seed):
    """The same network, slow and native, with recurrence through 30 membranes."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 2, (2, 256, 256))
    weights = draw.integers(20, 64, (2, 256, 256))
    modes = draw.choice([1, 1, 1, 1, 1, 2, 3], (2, 256))
    lif = draw.choice(512, 30, replace=False).tolist()
    chip = recording_chip(labels=labels, weights=weights, lif=lif)
    slow = SlowNetworkOfNeurons(labels, weights, modes, SmallChip(lif=lif).neurons)
    chip.network.row_modes = modes
    senders, delays = draw.choice(lif, 60), draw.uniform(8e-9, 2e-6, 60)
    rows, own, hemispheres = (draw.integers(0, n, 60) for n in (8, 2, 2))
    chip.network.set_routing(senders, rows, own, delays, hemispheres)
    columns = (senders, hemispheres, rows, own, delays)
    slow.connections = list(zip(*(column.tolist() for column in columns), strict=True))
    parameters = {"utilisation": 0.4, "tau_rec_s": 3e-6, "tau_fac_s": 2e-6}
    chip.network.set_short_term_plasticity([0, 1], **parameters)
    slow.plastic = dict.fromkeys([(0, 0), (0, 1)], tuple(parameters.values()))
    times = draw.uniform(0, 3e-5, 500)
    rows, own, hemispheres = (draw.integers(0, n, 500) for n in (8, 2, 2))
    chip.network.add_spikes(times, rows, own, hemispheres)
    for event in zip(*(x.tolist() for x in (times, hemispheres, rows, own)), strict=True):
        slow.push(*event)
    return slow, chip


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_recurrent_networks_of_membranes_run_as_the_model_says(seed):
    slow, chip = random_networks(seed)
    slow.run(4e-5)
    chip.network.advance(4e-5)
    spikes = chip.network.spikes()
    assert spikes.neurons.tolist() == [neuron for _, neuron in slow.spikes]
    # The neurons find a crossing to 1e-13 s; strengths differ in the last bits.
    times = [time for time, _ in slow.spikes]
    np.testing.assert_allclose(spikes.times_s, times, rtol=0, atol=1e-12)
    times = [event[0] for event in slow.row_events]
    np.testing.assert_allclose(chip.network.row_events().times_s, times, rtol=0, atol=1e-12)


def test_the_random_networks_of_membranes_are_active():
    slow, _ = random_networks(1)
    slow.run(4e-5)
    assert len(slow.spikes) > 30
    assert len({neuron for _, neuron in slow.spikes}) > 10
    assert len(slow.row_events) > 500 + 30


def membranes(chip):
    """Of all neurons, in LSB, shape (512,)."""
    return np.concatenate([each.membrane() for each in chip.neurons])


def test_rows_excite_or_inhibit_or_both_with_the_weights_of_matching_labels():
    draw = np.random.default_rng(4)
    labels, weights = draw.integers(0, 4, (2, 256, 256)), draw.integers(0, 64, (2, 256, 256))
    chip = SmallChip(labels, weights, integrators=range(512))
    modes = np.tile([RowMode.DISABLED, RowMode.EXCITATORY, RowMode.INHIBITORY, RowMode.BOTH], 128)
    chip.network.row_modes = modes.reshape(2, 256)
    slow = SlowNetwork(labels, weights, modes.reshape(2, 256), ())
    for time, hemisphere, row in ((1e-6, 0, 0), (1e-6, 0, 1), (2e-6, 1, 2), (2e-6, 1, 3),
                                  (3e-6, 1, 1), (4e-6, 0, 6)):  # fmt: skip
        chip.network.add_spikes(time, row, 2, hemisphere)
        slow.push(time, hemisphere, row, 2)
    slow.run(1.0)
    chip.network.advance(1e-4)  # a thousand synaptic time constants later
    np.testing.assert_allclose(
        membranes(chip) - LEAK_LSB, CHARGE_LSB * slow.charges, rtol=1e-9, atol=1e-9
    )
    assert (slow.charges[:256] < 0).any()
    assert (slow.charges > 30).any()


@pytest.mark.parametrize(
    "utilisation, tau_rec_s, tau_fac_s",
    [(0.5, 10e-6, 0.0), (0.05, 1e-6, 20e-6), (1.0, 5e-6, 0.0), (0.2, 0.0, 0.0), (0.2, 0.0, 1e-5)],
)
def test_strengths_follow_tsodyks_and_markram(utilisation, tau_rec_s, tau_fac_s):
    """Event by event, in the form of the paper: left of each event the variables have recovered."""
    times = np.sort(np.random.default_rng(6).uniform(0, 1e-4, 30))
    weights = np.full((2, 256, 256), 10)
    chip = SmallChip(weights=weights, integrators=[0])
    chip.network.set_short_term_plasticity(
        4, utilisation=utilisation, tau_rec_s=tau_rec_s, tau_fac_s=tau_fac_s
    )
    chip.network.add_spikes(times, 8)
    expected, resources, use = [], 1.0, 0.0
    for before, time in zip([0.0, *times[:-1]], times, strict=True):
        if tau_fac_s:
            use *= math.exp((before - time) / tau_fac_s)
        else:
            use = 0.0
        if tau_rec_s:
            resources = 1 + (resources - 1) * math.exp((before - time) / tau_rec_s)
        else:
            resources = 1.0
        use += utilisation * (1 - use)
        expected.append(use * resources / utilisation)
        resources -= use * resources
    last, current = 0.0, 0.0
    for time, strength in zip(times, expected, strict=True):
        chip.network.advance(time)
        faded = current * math.exp((last - time) / TAU_SYN_S)
        last, current = time, chip.neurons[0].currents()[0, 0]
        jump = (current - faded) * TAU_SYN_S / (10 * CHARGE_LSB)
        assert jump == pytest.approx(strength, rel=1e-9)
    assert expected[0] == 1
    assert np.ptp(expected) > 0.1 or (tau_rec_s == 0 and tau_fac_s == 0)


def test_without_plasticity_every_event_has_strength_one():
    chip = SmallChip(weights=np.full((2, 256, 256), 10), integrators=[0])
    chip.network.set_short_term_plasticity(0, utilisation=0.9, tau_rec_s=1.0)
    chip.network.add_spikes([1e-6, 2e-6], 0)
    chip.network.advance(1e-4)
    assert membranes(chip)[0] - LEAK_LSB == pytest.approx(CHARGE_LSB * 10 * (1 + 0.1), rel=1e-4)
    chip.network.clear_short_term_plasticity(0)
    chip.network.add_spikes([1.01e-4, 1.02e-4], 0)
    chip.network.advance(2e-4)
    assert membranes(chip)[0] - LEAK_LSB == pytest.approx(CHARGE_LSB * 10 * 3.1, rel=1e-4)


def test_both_rows_of_a_driver_share_its_resources():
    chip = SmallChip(weights=np.full((2, 256, 256), 10), integrators=[0])
    chip.network.set_short_term_plasticity(1, utilisation=0.5, tau_rec_s=1.0)
    chip.network.add_spikes([1e-6, 2e-6], [2, 3])
    chip.network.advance(1e-4)
    assert membranes(chip)[0] - LEAK_LSB == pytest.approx(CHARGE_LSB * 10 * 1.5, rel=1e-4)
    chip.network.inject(1e-4, 0b10, 0, 0)  # driver 1: both rows, one use of the resources
    chip.network.advance(2e-4)
    assert membranes(chip)[0] - LEAK_LSB == pytest.approx(CHARGE_LSB * 10 * 2.0, rel=1e-4)


def firing_chip() -> SmallChip:
    """One neuron whose leak is above its threshold; row 1 excites it, row 0 has weight 0."""
    weights = np.zeros((2, 256, 256), int)
    weights[0, 1] = 5
    chip = SmallChip(weights=weights, lif=[0])
    chip.neurons[0].change(leak_lsb=140.0)
    return chip


def test_an_event_at_the_very_time_of_a_spike_neither_loses_nor_moves_it():
    undisturbed, disturbed = firing_chip(), firing_chip()
    undisturbed.network.advance(5e-5)
    times = undisturbed.network.spikes().times_s
    assert times.size == 3
    disturbed.network.add_spikes(times, 0)
    disturbed.network.advance(5e-5)
    np.testing.assert_allclose(disturbed.network.spikes().times_s, times, rtol=0, atol=1e-12)
    excited = firing_chip()
    excited.network.add_spikes(times[0], 1)
    excited.network.advance(5e-5)
    assert excited.network.spikes().times_s[0] == times[0]
    assert excited.network.spikes().times_s[1] < times[1]
    assert excited.arrays[0].causal_lsb[1, 0] == 0.5  # presynaptic first: a pair at distance 0
