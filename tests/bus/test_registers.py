# SPDX-License-Identifier: BSD-3-Clause
"""Registers of processors, arrays and converters: round trip from everywhere, and effect."""

import numpy as np
import pytest

from array_ports import vector_read
from bus.bus_machine import (
    FULL,
    Chip,
    HostAccess,
    ProgramAccess,
    chip,
    finished,
    hemisphere_word,
    load,
    pair_word,
    pointer,
    run,
)
from nuxemu import CorrelationConfig, StopReason, SynapseArray
from nuxemu import memory_map as mm

WAYS = ["host", "top", "bottom"]
HEMISPHERES = [0, 1]
SUB_WORDS = [0xFFFF_0000, 0xFFFF, 0xFF00_0000, 0xFF_0000, 0xFF00, 0xFF]

#: Name, word of the top hemisphere, bits that exist, value at first.
PLAIN = [
    ("synapse memory timing", mm.OMNIBUS_SYNRAM_CONFIG_WORD, 0xFF, 0),
    ("synapse memory timing", mm.OMNIBUS_SYNRAM_CONFIG_WORD + 1, 0xFFFF, 0),
    ("synapse memory timing", mm.OMNIBUS_SYNRAM_CONFIG_WORD + 2, 0x7, 0),
    ("sense delay", mm.OMNIBUS_CORRELATION_CONFIG_WORD, 0xFFF, 1),
    ("reset duration", mm.OMNIBUS_CORRELATION_CONFIG_WORD + 1, 0xFFF, 200),
    ("reset fall time", mm.OMNIBUS_CORRELATION_CONFIG_WORD + 2, 0xFFF, 5),
    ("reset mode, voltages", mm.OMNIBUS_CORRELATION_CONFIG_WORD + 3, 0x7, 0),
    ("CADC configuration", mm.OMNIBUS_CADC_CONFIG_WORD, 0xFFFF1, 1),
    ("CADC offset", mm.OMNIBUS_CADC_OFFSETS_EAST_WORD, 0xFF, 128),
    ("CADC offset", mm.OMNIBUS_CADC_OFFSETS_EAST_WORD + 255, 0xFF, 128),
    ("CADC offset", mm.OMNIBUS_CADC_OFFSETS_WEST_WORD, 0xFF, 128),
    ("CADC offset", mm.OMNIBUS_CADC_OFFSETS_WEST_WORD + 255, 0xFF, 128),
]
#: The same for pairs of units at the distance of the central blocks.
PAIRS = [
    ("driver buses", mm.OMNIBUS_PADI_CONFIG_WORD, 0xFFFF00FF, 0),
    ("clock of short-term plasticity", mm.OMNIBUS_STP_CONFIG_WORD, 0x1F, 0),
]
REGISTERS = [
    (hemisphere_word(word, h), bits, first) for _, word, bits, first in PLAIN for h in (0, 1)
] + [(pair_word(word, h), bits, first) for _, word, bits, first in PAIRS for h in (0, 1)]


def access(target: Chip, way: str) -> HostAccess | ProgramAccess:
    return HostAccess(target) if way == "host" else ProgramAccess(target, WAYS.index(way) - 1)


@pytest.mark.parametrize("way", WAYS)
def test_registers_keep_their_bits_and_no_others(way):
    port = access(chip(), way)
    words = [word for word, *_ in REGISTERS]
    assert [port.read(word) for word in words] == [first for *_, first in REGISTERS]
    values = {}
    for i, (word, bits, _) in enumerate(REGISTERS):
        value = (0x9E37_79B9 * (i + 1)) & FULL
        port.write(word, value)
        values[word] = value & bits
    assert {word: port.read(word) for word in words} == values
    for word, bits, _ in REGISTERS:
        port.write(word, FULL)
        assert port.read(word) == bits


@pytest.mark.parametrize("mask", SUB_WORDS)
@pytest.mark.parametrize("way", ["host", "bottom"])
def test_parts_of_a_register_are_written_alone(way, mask):
    port = access(chip(), way)
    for word, bits, _ in REGISTERS:
        port.write(word, 0)
        port.write(word, 0xA5A5_A5A5 & mask, mask)
        assert port.read(word) == 0xA5A5_A5A5 & mask & bits
        port.write(word, FULL)
        port.write(word, 0, mask)
        assert port.read(word) == bits & ~mask


def test_half_words_and_bytes_of_a_register_are_read():
    target = chip()
    word = hemisphere_word(mm.OMNIBUS_CADC_CONFIG_WORD, 1)
    target.bus.write(word, 0xA_BCD1)
    source = load(3, pointer(word)) + "lhz 4,2(3); lbz 5,1(3); lha 6,2(3); wait"
    finished(target.machines[0], source)
    gpr = [target.machines[0].gpr(i) for i in (4, 5, 6)]
    assert gpr == [0xBCD1, 0xA, 0xFFFF_BCD1]


# --- Processors ------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_control_registers_keep_four_bits(way, nux_hemisphere):
    target = chip()
    port = access(target, way)
    word = hemisphere_word(mm.OMNIBUS_PPU_CONTROL_WORD, nux_hemisphere)
    other = hemisphere_word(mm.OMNIBUS_PPU_CONTROL_WORD, 1 - nux_hemisphere)
    before = port.read(other)
    port.write(word, 0xFFFF_FFFF)
    assert port.read(word) == 0b1111
    port.write(word, 0b1001, 0xFF)
    assert port.read(word) == 0b1001
    assert port.read(other) == before


def test_the_status_register_tells_that_a_processor_sleeps(nux_hemisphere):
    target = chip()
    word = hemisphere_word(mm.OMNIBUS_PPU_STATUS_WORD, nux_hemisphere)
    assert target.bus.read(word) == 0
    finished(target.machines[nux_hemisphere], "nop; wait")
    assert target.bus.read(word) == 1
    finished(target.machines[1 - nux_hemisphere], load(3, pointer(word)) + "lwz 4,0(3); wait")
    assert target.machines[1 - nux_hemisphere].gpr(4) == 1


# --- Converters ------------------------------------------------------------------------------


def test_a_disabled_cadc_refuses_conversions_of_its_hemisphere_only():
    target = chip()
    target.bus.write(hemisphere_word(mm.OMNIBUS_CADC_CONFIG_WORD, 0), 0)
    source = load(3, mm.VECTOR_CAUSAL) + "here: fxvinx 1,0,3; wait"
    stop = run(target.machines[0], source)
    assert (stop.reason, stop.pc) == (StopReason.CADC_DISABLED, target.machines[0].at("here"))
    finished(target.machines[1], source)
    with pytest.raises(RuntimeError, match="CADC is disabled"):
        target.arrays[0].read_correlation()
    finished(target.machines[0], load(3, mm.VECTOR_CAUSAL | mm.VECTOR_BUFFERED)
             + "fxvinx 1,0,3; wait")  # fmt: skip
    target.bus.write(hemisphere_word(mm.OMNIBUS_CADC_CONFIG_WORD, 0), 1)
    finished(target.machines[0], source)


@pytest.mark.parametrize("channel", [0, 1])
@pytest.mark.parametrize("column", [0, 1, 127, 128, 201, 255])
def test_channel_offsets_are_added_to_the_reading(nux_hemisphere, column, channel):
    target = chip()
    array = target.arrays[nux_hemisphere]
    half = mm.OMNIBUS_CADC_OFFSETS_WEST_WORD if column < 128 else mm.OMNIBUS_CADC_OFFSETS_EAST_WORD
    word = hemisphere_word(half, nux_hemisphere) + 2 * (column % 128) + channel
    before = SynapseArray(nux_hemisphere).read_correlation()
    target.bus.write(word, 128 - 23)
    after = array.read_correlation()
    expected = [readings.astype(int) for readings in before]
    expected[channel][:, column] -= 23
    np.testing.assert_array_equal(after, expected)


def test_readings_with_offsets_are_clipped():
    target = chip()
    baseline = CorrelationConfig().baseline_lsb
    for offset, reading in ((255, 255), (0, round(baseline) - 128)):
        for column in range(128):
            for base in (mm.OMNIBUS_CADC_OFFSETS_WEST_WORD, mm.OMNIBUS_CADC_OFFSETS_EAST_WORD):
                target.bus.write(base + 2 * column, offset)
        causal, acausal = target.arrays[0].read_correlation()
        assert abs(np.median(causal) - reading) <= 2
        assert causal.min() >= 0
        assert abs(np.median(acausal) - baseline) <= 2


def test_the_columns_switches_are_stored_in_two_rows_of_their_own():
    """Raw rows 256 (neurons) and 257 (sensors), all bits, on the bus and in vector IO space."""
    target = chip()
    for row in (mm.SWITCH_ROW, mm.SWITCH_ROW + 1):
        for pair in (0, 1):
            index = 4 * row + 2 * pair
            word = hemisphere_word(mm.OMNIBUS_SYNRAM_WORD, 1) + mm.VECTOR_RAW + 32 * index
            target.bus.write(word + 3, 0xC080_4000)
            assert target.bus.read(word + 3) == 0xC080_4000
            lanes = vector_read(target.arrays[1], mm.VECTOR_RAW + index)[1]
            assert lanes[12:16].tolist() == [0xC0, 0x80, 0x40, 0x00]
            calib = mm.VECTOR_AMP_CALIB if pair else mm.VECTOR_TIME_CALIB
            lanes = vector_read(target.arrays[1], calib + 2 * row)[1]
            assert lanes[12:16].tolist() == [3, 2, 1, 0]
    assert not vector_read(target.arrays[0], mm.VECTOR_RAW + 4 * mm.SWITCH_ROW)[1].any()


# --- System time -----------------------------------------------------------------------------


def test_system_time_counts_two_processor_cycles():
    target = chip()
    machine = target.machines[0]
    delay = "li 9,200; mtctr 9; loop: bdnz loop; "
    finished(machine, "lis 3,0x8000; mfspr 10,284; lwz 4,0(3); " + delay
             + "mfspr 11,284; lwz 5,0(3); lwz 6,4(3); wait")  # fmt: skip
    ticks = machine.gpr(5) - machine.gpr(4)
    cycles = machine.gpr(11) - machine.gpr(10)
    assert ticks > 100
    assert abs(2 * ticks - cycles) <= 2
    assert machine.gpr(6) == 0


def test_system_time_is_hardware_time_and_runs_on_from_what_is_written():
    target = chip()
    bus = target.bus
    for ticks in (0, 1, 12_345, 2**32 - 1, 2**32, 3 * 2**32 + 7, 2**40 + 1):
        time_s = ticks / mm.SYSTIME_CLOCK_HZ
        assert bus.read(0, time_s=time_s) == ticks & FULL
        assert bus.read(1, time_s=time_s) == ticks >> 32
    bus.write(0, 1000, time_s=2**40 / mm.SYSTIME_CLOCK_HZ)
    bus.write(1, 0xFFFF_FFFF, time_s=2**40 / mm.SYSTIME_CLOCK_HZ)
    later = 2**40 + 2**32 - 500
    assert bus.read(1, time_s=later / mm.SYSTIME_CLOCK_HZ) == 0  # 43 bits
    assert bus.read(0, time_s=later / mm.SYSTIME_CLOCK_HZ) == 500
