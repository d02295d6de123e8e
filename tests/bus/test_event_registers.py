# SPDX-License-Identifier: BSD-3-Clause
"""Spike counters, spike injection, synapse drivers and background sources, by their registers."""

import numpy as np
import pytest

from bus.bus_machine import (
    FULL,
    FullChip,
    chip,
    finished,
    full_chip,
    load,
    pair_word,
    pointer,
)
from nuxemu import BusError, RowMode
from nuxemu import memory_map as mm

ALL_BUSES = 0xF


def event(buses: int, row_select: int, label: int) -> int:
    """Word that injects an event."""
    return buses | label << 16 | row_select << 22


def counter_word(first: int, neuron: int) -> int:
    """Word of a neuron (hemisphere * 256 + column) in a block."""
    hemisphere, column = divmod(neuron, 256)
    return pair_word(first, column // 128) + 4 * (column % 128 + 128 * hemisphere)


def bypassing_chip() -> FullChip:
    """Every event on an excitatory row makes all neurons of its hemisphere spike once."""
    target = full_chip()
    for array, neurons in zip(target.arrays, target.neurons, strict=True):
        array.weights = np.full((256, 256), 63)
        neurons.set(enabled=1, bypass=1, fire=1)
    return target


def spike(target: FullChip, hemisphere: int, times: int) -> None:
    """Let all neurons of a hemisphere spike."""
    start = target.network.now_s + 1e-6
    target.network.add_spikes(start + np.arange(times) * 1e-6, 0, 0, hemisphere)
    target.network.advance(start + times * 1e-6)


# --- Spike counters --------------------------------------------------------------------------


@pytest.mark.parametrize("processor", [0, 1])
def test_counters_of_both_hemispheres_are_read_and_reset_from_anywhere(processor):
    target = bypassing_chip()
    spike(target, 0, 3)
    spike(target, 1, 5)
    neurons = [0, 127, 128, 255, 256, 383, 384, 511]
    machine = target.machines[processor]
    for neuron in neurons:
        read = load(3, pointer(counter_word(mm.OMNIBUS_SPIKE_COUNTER_WORD, neuron)))
        reset = load(5, pointer(counter_word(mm.OMNIBUS_SPIKE_COUNTER_RESET_WORD, neuron)))
        finished(machine, read + reset + "lwz 6,0(3); stw 3,0(5); lwz 7,0(3); wait")
        assert machine.gpr(6) == (3 if neuron < 256 else 5)
        assert machine.gpr(7) == 0
    counts = target.network.counters().counts
    assert np.flatnonzero(counts == 0).tolist() == neurons


def test_a_counter_passes_255_with_bit_8_until_it_is_reset():
    target = bypassing_chip()
    word = counter_word(mm.OMNIBUS_SPIKE_COUNTER_WORD, 300)
    spike(target, 1, 255)
    assert target.bus.read(word) == 255
    spike(target, 1, 1)
    assert target.bus.read(word) == 0x100
    spike(target, 1, 260)
    assert target.bus.read(word) == 0x100 | 4
    target.bus.write(counter_word(mm.OMNIBUS_SPIKE_COUNTER_RESET_WORD, 300), 0)
    assert target.bus.read(word) == 0
    spike(target, 1, 2)
    assert target.bus.read(word) == 2


def test_a_read_sees_the_spikes_up_to_its_time():
    target = bypassing_chip()
    target.network.add_spikes([1e-6, 2e-6, 3e-6], 0, 0, 0)
    word = counter_word(mm.OMNIBUS_SPIKE_COUNTER_WORD, 17)
    counts = [target.bus.read(word, time_s=t) for t in (0.5e-6, 1e-6, 2.5e-6, 3e-6, 1e-6)]
    assert counts == [0, 1, 2, 3, 3]


# --- Spike injection -------------------------------------------------------------------------


@pytest.mark.parametrize("processor", [0, 1])
def test_a_write_injects_an_event_into_the_chosen_rows(processor, nux_hemisphere):
    target = full_chip()
    target.network.record_row_events = True
    target.network.compare_masks = np.full((2, 128), 0x1F)
    word = pair_word(mm.OMNIBUS_PADI_EVENT_WORD, nux_hemisphere)
    finished(target.machines[processor], load(3, pointer(word))
             + load(4, event(0b0110, 19, 42)) + "stw 4,0(3); wait")  # fmt: skip
    target.network.advance(1e-3)
    events = target.network.row_events()
    drivers = [4 * 19 + bus for bus in (1, 2)]
    rows = sorted(2 * driver + row for driver in drivers for row in (0, 1))
    assert sorted(events.rows.tolist()) == rows
    assert set(events.labels.tolist()) == {42}
    assert set(events.hemispheres.tolist()) == {nux_hemisphere}


def test_injected_events_reach_neurons_and_counters():
    target = bypassing_chip()
    modes = np.zeros((2, 256), int)
    modes[1, 11] = RowMode.EXCITATORY
    target.network.row_modes = modes
    labels = np.zeros((256, 256), int)
    labels[11, 200] = 5
    target.arrays[1].labels = labels
    inject = pair_word(mm.OMNIBUS_PADI_EVENT_WORD, 1)
    source = load(3, pointer(inject)) + load(4, event(ALL_BUSES, 0, 5)) + "li 5,10; mtctr 5; "
    source += "loop: stw 4,0(3); bdnz loop; "
    count = load(3, pointer(counter_word(mm.OMNIBUS_SPIKE_COUNTER_WORD, 256 + 200)))
    target.network.compare_masks = np.zeros((2, 128), int)
    finished(target.machines[0], source + count + "nop; nop; nop; nop; lwz 6,0(3); wait")
    target.network.advance(1e-3)
    counts = target.network.counters().counts
    assert counts[456] == 10
    assert counts.sum() == 10


# --- Synapse drivers -------------------------------------------------------------------------


def driver_word(hemisphere: int, driver: int, word: int) -> int:
    return pair_word(mm.OMNIBUS_DRIVER_WORD, hemisphere) + 4 * driver + word


@pytest.mark.parametrize("driver", [0, 1, 77, 127])
def test_driver_registers_configure_the_driver(nux_hemisphere, driver):
    target = full_chip()
    network, bus = target.network, target.bus
    modes, masks = network.row_modes.copy(), network.compare_masks.copy()
    enabled = network.driver_enabled.copy()
    bus.write(driver_word(nux_hemisphere, driver, 0), 0b10110 << 9 | 1 << 15)
    bus.write(driver_word(nux_hemisphere, driver, 1), 1 << 5 | 1 << 6)  # top exc., bottom inh.
    masks[nux_hemisphere, driver] = 0b10110
    modes[nux_hemisphere, 2 * driver : 2 * driver + 2] = RowMode.INHIBITORY, RowMode.EXCITATORY
    np.testing.assert_array_equal(network.row_modes, modes)
    np.testing.assert_array_equal(network.compare_masks, masks)
    np.testing.assert_array_equal(network.driver_enabled, enabled)
    bus.write(driver_word(nux_hemisphere, driver, 0), 0)
    bus.write(driver_word(nux_hemisphere, driver, 1), 0xF0)
    modes[nux_hemisphere, 2 * driver : 2 * driver + 2] = RowMode.BOTH
    enabled[nux_hemisphere, driver] = False
    np.testing.assert_array_equal(network.row_modes, modes)
    np.testing.assert_array_equal(network.driver_enabled, enabled)


def test_driver_registers_show_what_the_host_configured():
    target = full_chip()
    modes = target.network.row_modes.copy()
    modes[1, 20:22] = RowMode.DISABLED, RowMode.INHIBITORY
    target.network.row_modes = modes
    assert target.bus.read(driver_word(1, 10, 1)) == 1 << 7
    assert target.bus.read(driver_word(1, 11, 1)) == 0b11 << 4
    enabled = target.network.driver_enabled.copy()
    enabled[0, 3] = False
    target.network.driver_enabled = enabled
    assert target.bus.read(driver_word(0, 3, 0)) >> 15 == 0
    assert target.bus.read(driver_word(0, 4, 0)) >> 15 == 1
    assert target.bus.read(driver_word(0, 3, 2)) == 0
    target.network.set_short_term_plasticity([3], utilisation=0.3, tau_rec_s=1e-5)
    assert target.bus.read(driver_word(0, 3, 2)) == 1 << 4


def test_driver_registers_keep_their_bits_and_no_others():
    target = full_chip()
    rng = np.random.default_rng(4)
    expected = {}
    for hemisphere in (0, 1):
        for driver in range(0, 128, 9):
            for word, bits in enumerate((0xFFFF, 0x3FFF, 0xDF)):
                address = driver_word(hemisphere, driver, word)
                value = int(rng.integers(0, 2**32))
                target.bus.write(address, value)
                expected[address] = value & bits
    assert {address: target.bus.read(address) for address in expected} == expected
    address = driver_word(0, 9, 1)
    target.bus.write(address, 0)
    target.bus.write(address, FULL, mask=0xFF00)
    assert target.bus.read(address) == 0x3F00


def test_the_plasticity_bit_switches_short_term_plasticity():
    target = full_chip()
    finished(target.machines[1], load(3, pointer(driver_word(0, 5, 2)))
             + "li 4,0x10; stw 4,0(3); wait")  # fmt: skip
    plastic = target.network._drivers["plastic"]
    assert np.argwhere(plastic).tolist() == [[0, 5]]
    target.bus.write(driver_word(0, 5, 2), 0)
    assert not plastic.any()


# --- Background sources ----------------------------------------------------------------------


def background_word(source: int, word: int) -> int:
    return mm.OMNIBUS_BACKGROUND_WORD + 3 * source + word


def test_a_program_starts_and_stops_a_regular_source():
    """Source 6: bus 2 of the bottom hemisphere."""
    target = full_chip()
    target.network.record_row_events = True
    target.network.compare_masks = np.full((2, 128), 0x1F)
    period = 250  # 2 us
    label = 33 | 7 << 6
    target.bus.write(background_word(6, 2), label << 16)
    source = load(3, pointer(background_word(6, 0))) + load(4, period << 16 | 1)
    finished(target.machines[0], source + "stw 4,0(3); lwz 5,0(3); wait")
    assert target.machines[0].gpr(5) == period << 16 | 1
    start = target.network.now_s
    target.network.advance(start + 100.5 * 2e-6)
    target.bus.write(background_word(6, 0), 0)
    target.network.advance(1e-3)
    events = target.network.row_events()
    driver = 4 * 7 + 2
    assert set(events.rows.tolist()) == {2 * driver, 2 * driver + 1}
    assert set(events.labels.tolist()) == {33}
    assert set(events.hemispheres.tolist()) == {1}
    assert events.times_s.size == 200
    np.testing.assert_allclose(np.diff(events.times_s[::2]), 2e-6, atol=1e-12)


def test_a_random_source_has_its_rate_and_random_labels():
    target = full_chip()
    target.network.record_row_events = True
    target.network.compare_masks = np.zeros((2, 128), int)
    target.network.driver_enabled = np.arange(128) == np.zeros((2, 1))  # driver 0 of both
    target.bus.write(background_word(0, 1), 1234)
    target.bus.write(background_word(0, 2), 0x3F | 51 << 8)  # random label bits, rate
    target.bus.write(background_word(0, 0), 25 << 16 | 0b11)  # 200 ns bins
    target.network.advance(4e-3)
    events = target.network.row_events()
    spikes = events.times_s.size / 2
    expected = 20_000 * 51 / 255
    assert abs(spikes - expected) < 5 * np.sqrt(expected)
    assert set(events.labels.tolist()) == set(range(64))


def test_background_registers_keep_their_bits_and_no_others():
    target = full_chip()
    expected = {}
    for source in range(8):
        for word, bits in enumerate((0xFFFF_0003, FULL, 0x3FFF_FFFF)):
            value = (0x9E37_79B9 * (3 * source + word + 1)) & FULL
            address = background_word(source, word)
            target.bus.write(address, value)
            expected[address] = value & bits
    assert {address: target.bus.read(address) for address in expected} == expected
    assert target.network.background[3].seed == expected[background_word(3, 1)]


# --- Without a network -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "write"),
    [
        (mm.OMNIBUS_PADI_EVENT_WORD, True),
        (mm.OMNIBUS_SPIKE_COUNTER_WORD, False),
        (mm.OMNIBUS_SPIKE_COUNTER_RESET_WORD, True),
        (mm.OMNIBUS_DRIVER_WORD, False),
        (mm.OMNIBUS_BACKGROUND_WORD, True),
    ],
)
def test_without_a_network_these_registers_are_refused(word, write):
    target = chip()
    bus = target.bus
    with pytest.raises(BusError, match="which is not connected"):
        bus.write(word, 1) if write else bus.read(word)
