# SPDX-License-Identifier: BSD-3-Clause
"""Random networks with recurrence against the model as it is written down."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from network.slow_network import SlowNetwork
from network.small_chip import SmallChip, all_to, recording_chip

GRID_S = 5e-8  # of times and delays: many events meet
UNTIL_S = 4e-6


def random_network(seed):
    """SlowNetwork and SmallChip with the same random content."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 3, (2, 256, 256))
    labels[:, 16:] = 9  # few rows answer
    weights = np.where(draw.random((2, 256, 256)) < 0.09, draw.integers(1, 64, (2, 256, 256)), 0)
    modes = draw.choice([0, 1, 1, 1, 2, 3], (2, 256))
    bypass = draw.choice(512, 40, replace=False)
    slow = SlowNetwork(labels, weights, modes, bypass.tolist())
    chip = recording_chip(labels=labels, weights=weights, bypass=bypass.tolist())
    network = chip.network
    network.row_modes = modes
    slow.compare = draw.choice([31, 31, 30, 28, 0], (2, 128))
    network.compare_masks = slow.compare
    slow.enabled = draw.random((2, 128)) < 0.9
    network.driver_enabled = slow.enabled
    for hemisphere in (0, 1):
        for driver in range(4):
            parameters = draw.uniform(0.1, 1), *draw.choice([0.0, 1e-7, 1e-6], 2)
            slow.plastic[hemisphere, driver] = tuple(float(x) for x in parameters)
            names = ("utilisation", "tau_rec_s", "tau_fac_s")
            network.set_short_term_plasticity(
                driver, hemisphere=hemisphere, **dict(zip(names, parameters, strict=True))
            )
    senders, columns = draw.choice(bypass, 60), (2, 16, 3)
    hemispheres, rows, own = (draw.integers(0, n, 60) for n in columns)
    delays = draw.integers(1, 20, 60) * GRID_S
    slow.connections = list(zip(*(x.tolist() for x in (senders, hemispheres, rows, own, delays)),
                                strict=True))  # fmt: skip
    network.set_routing(senders, rows, own, delays, hemispheres)
    return slow, chip, draw


def add_input(slow, network, draw, begin_s, end_s):
    n = int(draw.integers(0, 30))
    times = np.round(draw.uniform(begin_s, end_s, n) / GRID_S) * GRID_S
    times = np.maximum(times, begin_s)
    rows, labels, hemispheres = (draw.integers(0, k, n) for k in (16, 3, 2))
    network.add_spikes(times, rows, labels, hemispheres)
    for event in zip(times.tolist(), hemispheres.tolist(), rows.tolist(), labels.tolist(),
                     strict=True):  # fmt: skip
        slow.push(*event)
    for _ in range(int(draw.integers(0, 4))):
        time = max(float(np.round(draw.uniform(begin_s, end_s) / GRID_S) * GRID_S), begin_s)
        hemisphere, mask, select, label = (int(draw.integers(0, k)) for k in (2, 16, 2, 3))
        network.inject(time, mask, select, label, hemisphere)
        slow.inject(time, hemisphere, mask, select, label)


def assert_same(slow, chip):
    spikes, events = chip.network.spikes(), chip.network.row_events()
    # Records of one time are in the order of hemispheres.
    slow_spikes = sorted(slow.spikes, key=lambda spike: (spike[0], spike[1] // 256))
    assert list(zip(spikes.times_s.tolist(), spikes.neurons.tolist(), strict=True)) == slow_spikes
    slow_events = sorted(slow.row_events, key=lambda event: event[:2])
    assert list(zip(*(x.tolist() for x in events), strict=True)) == slow_events
    expected = np.bincount([neuron for _, neuron in slow.spikes], minlength=512)
    counts, overflows = chip.network.counters()
    np.testing.assert_array_equal(counts, expected % 256)
    np.testing.assert_array_equal(overflows, expected > 255)
    for array, sensors in zip(chip.arrays, slow.sensors, strict=True):
        np.testing.assert_array_equal(array.causal_lsb, sensors.causal_lsb)
        np.testing.assert_array_equal(array.acausal_lsb, sensors.acausal_lsb)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_random_recurrent_networks_run_as_the_model_says(seed):
    slow, chip, draw = random_network(seed)
    for begin_s, end_s in ((0.0, UNTIL_S / 2), (UNTIL_S / 2, UNTIL_S)):
        add_input(slow, chip.network, draw, begin_s, end_s)
        chip.network.advance(end_s)
        # A network that excites itself without end soon drops events, as the model does not.
        assume(chip.network.statistics.dropped == 0)
        slow.run(end_s)
    assert_same(slow, chip)


def test_the_random_networks_spike_and_recur():
    slow, _, draw = random_network(3)
    add_input(slow, SmallChip().network, draw, 0.0, UNTIL_S / 2)
    pushed = len(slow.events)
    slow.run(UNTIL_S)
    assert len(slow.spikes) > 20
    assert len(slow.row_events) > 2 * pushed


@pytest.mark.parametrize("steps", [1, 2, 37])
def test_the_number_of_advances_does_not_matter(steps):
    slow, chip, draw = random_network(11)
    add_input(slow, chip.network, draw, 0.0, UNTIL_S)
    slow.run(UNTIL_S)
    for step in range(steps):
        chip.network.advance(UNTIL_S * (step + 1) / steps)
    assert_same(slow, chip)


def test_a_spike_follows_all_presynaptic_events_of_its_time():
    chip = recording_chip(weights=all_to(7), bypass=[7])
    chip.network.add_spikes([1e-6, 1e-6], [0, 1])
    chip.network.advance(2e-6)
    assert chip.network.spikes().neurons.tolist() == [7, 7]
    causal, acausal = chip.arrays[0].causal_lsb, chip.arrays[0].acausal_lsb
    assert causal[0, 7] == causal[1, 7] == 0.5  # pairs at distance 0
    assert not acausal.any()


def test_forced_sensor_spikes_keep_their_place():
    """Presynaptic before, postsynaptic after the network's events of the same time."""
    chip = SmallChip()
    chip.arrays[0].add_spikes(pre=([1e-6], [3], [0]), post=([1e-6], [5]))
    chip.network.add_spikes(1e-6, 4)
    chip.network.advance(1e-6)
    causal = chip.arrays[0].causal_lsb
    assert causal[3, 5] == causal[4, 5] == 0.5
    assert not chip.arrays[0].acausal_lsb.any()
    assert not chip.network.spikes().neurons.size


def test_bypass_spikes_of_a_time_come_in_the_order_of_neurons():
    labels = np.zeros((2, 256, 256), int)
    weights = np.zeros((2, 256, 256), int)
    for row, neuron in enumerate([300, 200, 100]):
        weights[neuron // 256, row, neuron % 256] = 1
    chip = SmallChip(labels, weights, bypass=[100, 200, 300])
    chip.network.add_spikes([1e-6] * 3, [0, 1, 2], 0, [1, 0, 0])
    chip.network.advance(1e-6)
    assert chip.network.spikes().neurons.tolist() == [100, 200, 300]
    assert (chip.network.spikes().times_s == 1e-6).all()


def test_unsorted_spikes_arrive_sorted_and_at_equal_times_in_their_order():
    chip = recording_chip()
    chip.network.add_spikes([3e-6, 1e-6, 2e-6, 1e-6], [0, 1, 2, 3])
    chip.network.add_spikes([2e-6, 0.0], [4, 5])
    assert chip.network.pending_spikes == 6
    chip.network.advance(5e-6)
    assert chip.network.row_events().rows.tolist() == [5, 1, 3, 2, 4, 0]
    assert chip.network.pending_spikes == 0


def test_events_added_at_the_current_time_happen_when_it_is_reached_again():
    chip = recording_chip()
    chip.network.advance(1e-6)
    chip.network.add_spikes(1e-6, 9)
    chip.network.inject(1e-6, 1, 0, 5)
    assert chip.network.row_events().rows.size == 0
    chip.network.advance(1e-6)
    assert chip.network.row_events().rows.tolist() == [9, 0, 1]
