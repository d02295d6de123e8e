# SPDX-License-Identifier: BSD-3-Clause
import time

import numpy as np
import pytest

from network.small_chip import SmallChip, all_to, recording_chip
from nuxemu._native import lib

TICK_S = 8e-9


def test_a_spike_arrives_at_each_target_after_its_delay():
    chip = recording_chip(weights=all_to(256 + 9), bypass=[256 + 9])
    chip.network.row_modes = np.where(np.arange(256) < 200, 1, 2)[None].repeat(2, 0)
    chip.network.set_routing([265, 265, 265], [7, 201, 202], [1, 2, 3], [3e-6, TICK_S, 2e-6],
                             [0, 1, 1])  # fmt: skip
    chip.network.add_spikes(1e-6, 0, 0, 1)
    chip.network.advance(1e-6)
    assert chip.network.in_flight == 3
    chip.network.advance(1e-5)
    events = chip.network.row_events()
    assert events.times_s.tolist() == [1e-6, 1e-6 + TICK_S, 1e-6 + 2e-6, 1e-6 + 3e-6]
    assert list(zip(events.hemispheres, events.rows, events.labels, strict=True)) == [
        (1, 0, 0), (1, 201, 2), (1, 202, 3), (0, 7, 1)]  # fmt: skip
    assert chip.network.statistics.routed == 3
    assert chip.network.in_flight == 0


def test_a_loop_keeps_an_event_alive():
    chip = SmallChip(weights=all_to(5), bypass=[5])
    chip.network.set_routing([5], 3, 0, 1e-6)
    chip.network.add_spikes(0.0, 3)
    chip.network.advance(300.5e-6)
    times = chip.network.spikes().times_s
    np.testing.assert_allclose(times, np.arange(301) * 1e-6, rtol=1e-12)
    counts, overflows = chip.network.counters()
    assert counts[5] == 301 - 256
    assert overflows[5]
    assert not counts[:5].any()
    assert overflows.sum() == 1


def test_counters_are_reset_one_by_one_or_all():
    chip = SmallChip(weights=all_to(5) + all_to(511), bypass=[5, 511])
    for _ in range(300):
        chip.network.add_spikes([0.0, 0.0], 0, 0, [0, 1])
    chip.network.advance(0.0)
    assert chip.network.counters().counts[[5, 511]].tolist() == [44, 44]
    chip.network.reset_counters(5)
    counts, overflows = chip.network.counters()
    assert (counts[5], overflows[5], counts[511], overflows[511]) == (0, False, 44, True)
    chip.network.reset_counters()
    assert not chip.network.counters().overflows.any()
    assert chip.network.spikes().neurons.size == 600


def test_new_routing_leaves_events_under_way():
    chip = recording_chip(weights=all_to(5), bypass=[5])
    chip.network.row_modes = np.where(np.arange(256) < 2, 1, 2)[None].repeat(2, 0)
    chip.network.set_routing([5], 100, 0, 5e-6)
    chip.network.add_spikes([1e-6, 3e-6], 0)
    chip.network.advance(2e-6)
    chip.network.set_routing([5], 101, 0, 1e-6)
    chip.network.advance(1e-5)
    assert chip.network.row_events().rows.tolist() == [0, 0, 101, 100]


def test_routing_reads_back_sorted_by_neuron():
    network = SmallChip().network
    network.set_routing([9, 2, 9], [1, 2, 3], [4, 5, 6], [1e-6, 2e-6, 3e-6], [0, 1, 1])
    neurons, rows, labels, hemispheres, delays = network.routing
    assert neurons.tolist() == [2, 9, 9]
    assert rows.tolist() == [2, 1, 3]
    assert labels.tolist() == [5, 4, 6]
    assert hemispheres.tolist() == [1, 0, 1]
    assert delays.tolist() == [2e-6, 1e-6, 3e-6]
    network.set_routing([], [], [], [])
    assert network.routing.neurons.size == 0


def test_a_runaway_network_is_bounded_and_what_is_lost_is_counted():
    """Every spike makes two: without a limit there would be 2^1250 of them."""
    chip = SmallChip(weights=all_to(5), bypass=[5])
    chip.network.record_spikes = False
    chip.network.set_routing([5, 5], [3, 4], 0, TICK_S)
    chip.network.add_spikes(0.0, 3)
    begin = time.monotonic()
    span_s = 1e-5
    chip.network.advance(span_s)
    assert time.monotonic() - begin < 60
    statistics = chip.network.statistics
    most = lib.NUX_NETWORK_ROUTED_BURST + 4 * lib.NUX_NETWORK_TICK_HZ * span_s
    assert 0.9 * most < statistics.routed <= most
    assert statistics.dropped > 1000
    assert statistics.routed + statistics.dropped == 2 * statistics.spikes
    assert chip.network.in_flight <= lib.NUX_NETWORK_IN_FLIGHT


@pytest.mark.parametrize("delay_s", [8e-9, 1e-6])
def test_all_neurons_at_once_are_carried(delay_s):
    weights = np.full((2, 256, 256), 63)
    chip = SmallChip(weights=weights, bypass=range(512))
    senders = np.repeat(np.arange(512), 512)
    rows, hemispheres = np.tile(np.arange(256), 1024), np.tile(np.repeat([0, 1], 256), 512)
    chip.network.set_routing(senders, rows, 9, delay_s, hemispheres)  # no synapse has label 9
    chip.network.add_spikes([0.0, 0.0], 0, 0, [0, 1])
    chip.network.advance(2e-6)
    assert chip.network.statistics.spikes == 512
    assert chip.network.statistics.routed == 512 * 512
    assert chip.network.statistics.dropped == 0
    assert chip.network.statistics.row_events == 2 + 512 * 512
