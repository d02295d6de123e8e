# SPDX-License-Identifier: BSD-3-Clause
"""Neurons as processors and host reach them: resets in all forms, readout on the CADC."""

import numpy as np
import pytest

from array_ports import bus_position, vector_read, vector_write
from bus.bus_machine import (
    FullChip,
    chip,
    finished,
    full_chip,
    hemisphere_word,
    load,
    pair_word,
    pointer,
    run,
)
from nuxemu import BusError, StopReason, SynapseArray
from nuxemu import memory_map as mm

RESET_LSB, CHARGED = 40.0, 100.0


def charged_chip() -> FullChip:
    target = full_chip()
    for neurons in target.neurons:
        neurons.set(reset_lsb=RESET_LSB)
        neurons.hold_membranes(CHARGED)
    return target


def reset_columns(target: FullChip) -> list[list[int]]:
    """Columns at the reset potential, by hemisphere; all others must have kept theirs."""
    membranes = [neurons.membranes_lsb() for neurons in target.neurons]
    assert all(set(values) <= {RESET_LSB, CHARGED} for values in membranes)
    return [np.flatnonzero(values == RESET_LSB).tolist() for values in membranes]


VECTOR_FORMS = {
    "documented address": (mm.VECTOR_NEURON_RESET, 0),
    "documented address, any value": (mm.VECTOR_NEURON_RESET, 0xFF),
    "address of the speed test": (mm.VECTOR_NEURON_RESET_OF_SPEED_TEST, 0),
    "row 256 of the reset region": (mm.VECTOR_RESET_CAUSAL + 2 * mm.SWITCH_ROW, 0),
    "payload 2 in row 256 of the causal region": (mm.VECTOR_CAUSAL + 2 * mm.SWITCH_ROW, 2),
}


@pytest.mark.parametrize("form", VECTOR_FORMS)
@pytest.mark.parametrize("half", [0, 1])
def test_a_vector_write_resets_a_half_of_the_own_neurons(form, nux_hemisphere, half):
    address, payload = VECTOR_FORMS[form]
    target = charged_chip()
    finished(target.machines[nux_hemisphere], load(3, address + half)
             + f"li 4,{payload}; fxvsplatb 1,4; fxvoutx 1,0,3; wait")  # fmt: skip
    expected: list[list[int]] = [[], []]
    expected[nux_hemisphere] = list(range(half, 256, 2))
    assert reset_columns(target) == expected


@pytest.mark.parametrize("form", VECTOR_FORMS)
def test_only_enabled_bytes_reset_their_neuron(form):
    address, payload = VECTOR_FORMS[form]
    target = charged_chip()
    enable = np.isin(np.arange(128), [0, 5, 127])
    vector_write(target.arrays[0], address + 1, payload, enable)
    assert reset_columns(target) == [[1, 11, 255], []]


def test_the_condition_of_a_vector_store_chooses_the_neurons():
    target = charged_chip()
    machine = target.machines[1]
    machine.cpu.vector_registers[2] = np.where(np.arange(128) % 3 == 0, 1, 0)
    finished(machine, load(3, mm.VECTOR_NEURON_RESET) + "fxvcmpb 2; fxvoutx 2,0,3,1; wait")
    assert reset_columns(target) == [[], list(range(0, 256, 6))]


def test_payloads_other_than_two_reset_no_neuron():
    target = charged_chip()
    payloads = np.arange(128) % 5  # bit 1 is in 2 and 3
    vector_write(target.arrays[0], mm.VECTOR_CAUSAL + 2 * mm.SWITCH_ROW, payloads)
    expected = [2 * lane for lane in range(128) if payloads[lane] in (2, 3)]
    assert reset_columns(target) == [expected, []]


@pytest.mark.parametrize(
    "form", ["documented address", "payload 2 in row 256 of the causal region"]
)
def test_words_of_the_array_on_the_bus_reset_four_neurons(form):
    address, payload = VECTOR_FORMS[form]
    target = charged_chip()
    quad, _ = bus_position(9)
    region = address & 0xF_0000
    word = hemisphere_word(mm.OMNIBUS_SYNRAM_WORD, 1) + region + 64 * mm.SWITCH_ROW + quad
    finished(target.machines[0], load(3, pointer(word))
             + load(4, payload * 0x0101_0101) + "stw 4,0(3); wait")  # fmt: skip
    assert reset_columns(target) == [[], [9, 11, 13, 15]]
    target.bus.write(word + 1, payload * 0x0101_0101, mask=0x00FF_0000)
    assert reset_columns(target) == [[], [9, 11, 13, 15, 19]]


@pytest.mark.parametrize("processor", [0, 1])
@pytest.mark.parametrize(
    ("hemisphere", "column"), [(0, 0), (1, 0), (0, 127), (0, 128), (1, 200), (1, 255)]
)
def test_a_word_of_its_own_resets_each_neuron_from_anywhere(processor, hemisphere, column):
    target = charged_chip()
    n = column % 128 + 128 * hemisphere
    word = pair_word(mm.OMNIBUS_NEURON_RESET_WORD, column // 128) + 4 * n
    finished(target.machines[processor], load(3, pointer(word)) + "stw 3,0(3); wait")
    expected: list[list[int]] = [[], []]
    expected[hemisphere] = [column]
    assert reset_columns(target) == expected


@pytest.mark.parametrize("half", [0, 1])
def test_the_pulse_word_is_a_postsynaptic_spike_of_half_of_all_columns(half):
    target = chip()
    for array in target.arrays:
        array.add_spikes(pre=([1e-6], [9], [0]))
        array.advance(1e-6)
    target.bus.write(pair_word(mm.OMNIBUS_POST_PULSE_WORD, half), 0, time_s=1.5e-6)
    for array in target.arrays:
        causal = array.causal_lsb
        columns = slice(128 * half, 128 * half + 128)
        assert (causal[9, columns] > 0.3).all()
        causal[9, columns] = 0
        assert not causal.any()


# --- Readout ---------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", [0, 1])
def test_switched_columns_read_their_neuron_and_others_their_sensor(nux_hemisphere, channel):
    target = full_chip()
    membranes = np.arange(256) * 0.5 + 20.25
    target.neurons[nux_hemisphere].hold_membranes(membranes)
    expected = [np.asarray(each)[3] for each in SynapseArray(nux_hemisphere).read_correlation()]
    array = target.arrays[nux_hemisphere]
    region = mm.VECTOR_LABEL if channel else mm.VECTOR_WEIGHT
    chosen = np.isin(np.arange(128), [0, 7, 100, 127])
    vector_write(array, region + 2 * mm.SWITCH_ROW + 1, mm.SWITCH_NEURON, chosen)
    twin = SynapseArray(nux_hemisphere)
    for row in range(3):  # the noise of as many conversions
        vector_read(twin, mm.VECTOR_CAUSAL + 2 * row)
        vector_read(array, mm.VECTOR_CAUSAL + 2 * row)
    machine = target.machines[nux_hemisphere]
    source = ""
    reads = [(base, half) for base in (mm.VECTOR_CAUSAL, mm.VECTOR_ACAUSAL) for half in (0, 1)]
    for number, (base, half) in enumerate(reads):
        address = base + 6 + half + (mm.VECTOR_BUFFERED if number else 0)
        source += load(3, address) + f"fxvinx {number},0,3; "
    finished(machine, source + "wait")
    registers = machine.cpu.vector_registers[:4].reshape(2, 2, 128)
    readings = registers.transpose(0, 2, 1).reshape(2, 256).astype(float)
    columns = 2 * np.flatnonzero(chosen) + 1
    wanted = membranes[columns] + array.offset_lsb[channel, columns]
    assert abs(readings[channel, columns] - wanted).max() < 6  # noise
    readings[channel, columns] = expected[channel][columns]
    np.testing.assert_array_equal(readings, expected)


def test_membranes_are_rounded_and_clipped_and_rise_with_the_potential():
    target = full_chip()
    array = target.arrays[0]
    array.offset_lsb = np.zeros((2, 256))
    array._native.noise_lsb = 0.0
    membranes = np.linspace(-50, 300, 256)
    membranes[:4] = [-1e30, 1e30, 254.5, 0.5]
    target.neurons[0].hold_membranes(membranes)
    for half in (0, 1):
        vector_write(array, mm.VECTOR_WEIGHT + 2 * mm.SWITCH_ROW + half, mm.SWITCH_NEURON)
    for half in (0, 1):
        lanes = vector_read(array, mm.VECTOR_CAUSAL + half)[1]
        wanted = np.clip(np.rint(membranes[half::2]), 0, 255)
        np.testing.assert_array_equal(lanes, wanted)
    target.bus.write(mm.OMNIBUS_CADC_OFFSETS_WEST_WORD + 2 * 100, 128 + 11)
    lanes = vector_read(array, mm.VECTOR_CAUSAL)[1]
    assert lanes[50] == np.rint(membranes[100]) + 11


# --- Without neurons -------------------------------------------------------------------------


@pytest.mark.parametrize("form", VECTOR_FORMS)
def test_resets_without_neurons_are_refused(form):
    address, payload = VECTOR_FORMS[form]
    machine = chip().machines[0]
    source = load(3, address) + f"li 4,{payload}; fxvsplatb 1,4; here: fxvoutx 1,0,3; wait"
    stop = run(machine, source)
    assert (stop.reason, stop.pc) == (StopReason.NO_NEURON, machine.at("here"))


def test_a_reset_word_without_neurons_is_refused():
    with pytest.raises(BusError, match="needs neurons"):
        chip().bus.write(mm.OMNIBUS_NEURON_RESET_WORD, 0)
