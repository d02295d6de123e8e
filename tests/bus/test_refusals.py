# SPDX-License-Identifier: BSD-3-Clause
"""What is not there is refused by name, on the bus and in vector IO space; nothing is silent."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.bus_machine import chip, full_chip, load, pointer, run
from nuxemu import BusError, StopReason
from nuxemu import memory_map as mm
from nuxemu._native import ffi, lib
from nuxemu.address_map import BUS_BLOCKS, VECTOR_BLOCKS, Block, bus_refusal, vector_refusal

REFUSED = [block for block in BUS_BLOCKS if not block.is_modelled]
MODELLED = [block for block in BUS_BLOCKS if block.is_modelled]


def name_of(block: Block) -> str:
    return block.name


def test_blocks_are_in_order_and_do_not_overlap():
    for blocks in (BUS_BLOCKS, VECTOR_BLOCKS):
        for block, following in itertools.pairwise(blocks):
            assert block.first <= block.last < following.first
        assert len({block.name for block in blocks}) == len(blocks)


@pytest.mark.parametrize("block", REFUSED, ids=name_of)
def test_a_unit_that_the_model_does_not_have_is_named(block):
    target = full_chip()
    for word in (block.first, block.last):
        for source, is_store in (("lwz 4,0(3)", False), ("stw 4,0(3)", True)):
            stop = run(target.machines[0], load(3, pointer(word)) + f"here: {source}; wait")
            assert stop.reason is StopReason.UNKNOWN_BUS_ADDRESS
            assert (stop.address, stop.is_store) == (pointer(word), is_store)
            assert stop.pc == target.machines[0].at("here")
        with pytest.raises(BusError) as caught:
            target.bus.read(word)
        message = str(caught.value)
        assert f"bus word 0x{word:08x} (address 0x{pointer(word):08x})" in message
        assert f"{block.name}, 0x{block.first:08x}" in message
        assert message.endswith("which the model does not have")


@pytest.mark.parametrize("block", MODELLED, ids=name_of)
def test_every_register_of_a_block_works_in_its_directions_only(block):
    target = full_chip()
    bus = target.bus
    array = block.last - block.first == mm.OMNIBUS_SYNRAM_SIZE - 1
    ends = {block.first, block.last - block.stride + 1} if not array else {block.first}
    words = [word + offset for word in ends for offset in range(block.used)]
    for word in words:
        if block.readable:
            bus.read(word)
        else:
            with pytest.raises(BusError, match=f"{block.name}.* which can only be written"):
                bus.read(word)
        if block.writable:
            bus.write(word, 0)
        else:
            with pytest.raises(BusError, match=f"{block.name}.* which can only be read"):
                bus.write(word, 0)


@pytest.mark.parametrize("block", [b for b in MODELLED if b.used < b.stride], ids=name_of)
def test_words_between_registers_are_refused(block):
    target = full_chip()
    bus = target.bus
    for offset in range(block.used, block.stride):
        for first in (block.first, block.last - block.stride + 1):
            with pytest.raises(BusError, match=rf"{block.name}.*every {block.stride} words"):
                bus.read(first + offset) if block.readable else bus.write(first + offset, 1)


@pytest.mark.parametrize("block", BUS_BLOCKS, ids=name_of)
def test_beside_a_block_the_nearest_one_is_named(block):
    target = full_chip()
    bus = target.bus
    for word, distance in ((block.first - 1, 1), (block.last + 1, 1)):
        inside = any(other.distance(word) == 0 for other in BUS_BLOCKS)
        if word < 0 or inside:
            continue
        nearest = {other.name for other in BUS_BLOCKS if other.distance(word) == distance}
        with pytest.raises(BusError) as caught:
            bus.read(word)
        message = str(caught.value)
        assert "no unit at" in message
        assert any(f"nearest known block: {name}, 0x" in message for name in nearest)


#: Drivers, spikes and rates, taken as bytes and as words.
OLDER = [
    address >> shift for address in (0x1C00_0000, 0x1C00_0040, 0x1E00_0000) for shift in (0, 2)
]


@pytest.mark.parametrize("word", [*OLDER, 0x1FFF_FFFF, 0x0400_0000])
def test_addresses_of_older_chips_and_of_nothing_are_refused(word):
    target = full_chip()
    for source in ("lwz 4,0(3)", "stb 4,2(3)", "sth 4,0(3)"):
        stop = run(target.machines[1], load(3, pointer(word)) + f"{source}; wait")
        assert stop.reason is StopReason.UNKNOWN_BUS_ADDRESS


FULL_CHIP = full_chip()
addresses = st.one_of(
    st.integers(0, 0x1FFF_FFFF),
    st.integers(0, 0x20_0000),
    st.integers(0x0200_0000, 0x0400_0000),
    st.sampled_from(BUS_BLOCKS).flatmap(lambda b: st.integers(max(b.first - 3, 0), b.last + 3)),
)


@settings(max_examples=600, deadline=None)
@given(addresses, st.booleans())
def test_an_address_works_exactly_if_the_list_of_blocks_says_so(word, is_store):
    value = ffi.new("uint32_t *", 0)
    native = FULL_CHIP.bus._native
    mask = 0xFFFF_FFFF if is_store else 0
    for array in FULL_CHIP.arrays:
        array._native.cadc_config = 1
    reason = lib.nux_bus_access(native, word, value, mask, 0.0, ffi.new("uint32_t *"))
    block = min(BUS_BLOCKS, key=lambda each: each.distance(word))
    offset = word - block.first
    if block.last - block.first == mm.OMNIBUS_SYNRAM_SIZE - 1 and block.distance(word) == 0:
        works = vector_works((offset & ~0xFFFF) | (offset & 0xFFFF) // 32, is_store)
    else:
        allowed = block.writable if is_store else block.readable
        works = block.distance(word) == 0 and allowed and offset % block.stride < block.used
    assert (reason == 0) is works
    if not works:
        assert reason == lib.NUX_TRAP_BUS
        sentence = bus_refusal(word, is_store)
        assert f"0x{word:08x}" in sentence
        assert any(each.name in sentence for each in BUS_BLOCKS)


# --- Vector IO space -------------------------------------------------------------------------


def vector_works(address: int, is_store: bool) -> bool:
    inside = [block for block in VECTOR_BLOCKS if block.distance(address) == 0]
    return any(block.writable if is_store else block.readable for block in inside)


def boundaries() -> list[int]:
    regions = {region << 16 for region in range(64)}
    edges = {0, 1, 511, 512, 513, 515, 516, 1023, 1024, 1031, 1032, 0xFFFF}
    edges |= {block.last & 0xFFFF for block in VECTOR_BLOCKS}
    return sorted(region + edge for region in regions for edge in edges)


@pytest.mark.parametrize("is_store", [False, True])
def test_every_region_ends_where_the_list_says(is_store):
    target = full_chip()
    array, lanes = target.arrays[0]._native, ffi.new("uint8_t[128]")
    for address in boundaries():
        if is_store:
            status = lib.nux_array_vector_write(array, address, 0.0, lanes, ffi.NULL)
        else:
            status = lib.nux_array_vector_read(array, address, 0.0, lanes)
        assert (status >= 0) is vector_works(address, is_store), hex(address)
        assert status >= 0 or status == lib.NUX_ARRAY_UNKNOWN_ADDRESS
        if status < 0:
            sentence = vector_refusal(address, is_store)
            assert f"0x{address:08x}" in sentence
            assert any(block.name in sentence for block in VECTOR_BLOCKS)


@pytest.mark.parametrize(
    ("address", "is_store", "words"),
    [
        (0x3_0000, False, "nearest known block: amplitude calibration bits, 0x00020000"),
        (0x3_0000, True, "nearest known block: amplitude calibration bits, 0x00020000"),
        (mm.VECTOR_RESET_CAUSAL, False, "correlation reset of both sensors"),
        (mm.VECTOR_RESET_CAUSAL, False, "which can only be written"),
        (mm.VECTOR_BUFFERED | mm.VECTOR_CAUSAL, True, "which can only be read"),
        (mm.VECTOR_NEURON_RESET, False, "neuron reset, 0x00090200 to 0x00090201"),
        (mm.VECTOR_CAUSAL | 0x10_0000, False, "no unit at vector address 0x00180000"),
        (mm.VECTOR_RANDOM + 2, False, "random generators, 0x000e0000 to 0x000e0001"),
        (mm.VECTOR_EXTMEM + mm.EXTMEM_SIZE // 16 - 1, False, "last vector is at 0x80001ff8"),
        (mm.VECTOR_DRAM - 1, False, "nearest known block: DRAM, 0x81000000"),
    ],
)
def test_refused_vector_accesses_stop_the_run_and_say_what_is_near(address, is_store, words):
    target = full_chip()
    source = "fxvoutx 1,0,3" if is_store else "fxvinx 1,0,3"
    stop = run(target.machines[0], load(3, address) + f"here: {source}; wait")
    assert stop.reason is StopReason.UNKNOWN_VECTOR_ADDRESS
    assert (stop.address, stop.is_store) == (address, is_store)
    assert stop.pc == target.machines[0].at("here")
    assert words in vector_refusal(address, is_store)


@pytest.mark.parametrize("ignored", [0, mm.VECTOR_IGNORED])
def test_two_upper_bits_of_array_addresses_do_not_count(ignored):
    target = chip()
    machine = target.machines[0]
    run(machine, "li 4,21; fxvsplatb 1,4; " + load(3, ignored | mm.VECTOR_LABEL | 14)
        + "fxvoutx 1,0,3; fxvinx 2,0,3; wait")  # fmt: skip
    np.testing.assert_array_equal(target.arrays[0].labels[7, ::2], 21)
    assert (machine.cpu.vector_registers[2] == 21).all()


def test_an_array_address_on_the_bus_is_explained_as_a_vector_address():
    target = chip()
    with pytest.raises(BusError, match=r"synapse array, bottom.*no unit at vector address "
                                       r"0x00030000.*amplitude"):  # fmt: skip
        target.bus.read(0x03C3_0000)


@pytest.mark.parametrize(
    ("word", "value", "mask", "words"),
    [
        (-1, 0, 1, "word address"),
        (2**32, 0, 1, "word address"),
        (0, 2**32, 1, "value is"),
        (0, -1, 1, "value is"),
        (0, 0, 0, "mask is"),
    ],
)
def test_host_accesses_out_of_range_are_refused(word, value, mask, words):
    with pytest.raises((BusError, ValueError), match=words):
        chip().bus.write(word, value, mask=mask)


def test_a_time_that_is_none_is_refused():
    for time_s in (-1.0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="time_s"):
            chip().bus.read(0, time_s=time_s)
