# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from array_ports import bus_position, bus_read, bus_write, vector_read, vector_write
from nuxemu import memory_map as mm
from nuxemu._native import lib
from nuxemu.array_input import ArrayTypeError, ArrayValueError
from nuxemu.correlation_config import CorrelationConfig
from nuxemu.synapse_array import SynapseArray

FIELDS = {  # region: attribute, bits
    mm.VECTOR_WEIGHT: ("weights", 6),
    mm.VECTOR_LABEL: ("labels", 6),
    mm.VECTOR_TIME_CALIB: ("time_calib", 2),
    mm.VECTOR_AMP_CALIB: ("amp_calib", 2),
}
regions = st.sampled_from(sorted(FIELDS))
rows = st.integers(0, 255)
halves = st.integers(0, 1)
lanes = st.binary(min_size=128, max_size=128).map(lambda data: np.frombuffer(data, np.uint8))
fast = settings(max_examples=40, deadline=None)


def filled(seed: int = 5) -> SynapseArray:
    """Array with random memory."""
    array = SynapseArray(0, CorrelationConfig.ideal())
    random = np.random.default_rng(seed)
    for name, bits in FIELDS.values():
        setattr(array, name, random.integers(0, 1 << bits, (256, 256)))
    return array


def memory(array: SynapseArray) -> dict[str, np.ndarray]:
    return {name: getattr(array, name).copy() for name, _ in FIELDS.values()}


def assert_memory(array: SynapseArray, expected: dict[str, np.ndarray]) -> None:
    for name, values in expected.items():
        np.testing.assert_array_equal(getattr(array, name), values, err_msg=name)


@fast
@given(regions, rows, halves, lanes, lanes)
def test_vector_write_reaches_the_enabled_lanes_of_one_half_row(region, row, half, data, choice):
    array = filled()
    expected = memory(array)
    name, bits = FIELDS[region]
    enable = choice > 127
    line = expected[name][row, half::2]
    line[enable] = data[enable] & ((1 << bits) - 1)
    address = region + 2 * row + half
    assert vector_write(array, address, data, enable) == lib.NUX_ARRAY_STATIC
    assert_memory(array, expected)
    status, read = vector_read(array, address)
    assert status == lib.NUX_ARRAY_STATIC
    np.testing.assert_array_equal(read, line)


@fast
@given(regions, rows, halves, lanes)
def test_vector_write_without_mask_writes_all_lanes(region, row, half, data):
    array = filled()
    name, bits = FIELDS[region]
    vector_write(array, region + 2 * row + half, data)
    written = getattr(array, name)[row, half::2]
    np.testing.assert_array_equal(written, data & ((1 << bits) - 1))


def reversed_low_five(value: int) -> int:
    bits = f"{value:08b}"
    return int(bits[:3] + bits[3:][::-1], 2)


@fast
@given(regions, rows, st.integers(0, 255))
def test_bus_reads_the_byte_of_a_column_with_weight_bits_reversed(region, row, column):
    array = filled()
    word, shift = bus_position(column)
    status, value = bus_read(array, region + 64 * row + word)
    name, _ = FIELDS[region]
    stored = int(getattr(array, name)[row, column])
    expected = reversed_low_five(stored) if region == mm.VECTOR_WEIGHT else stored
    assert (status, value >> shift & 0xFF) == (lib.NUX_ARRAY_STATIC, expected)


@fast
@given(regions, rows, st.integers(0, 63), st.integers(0, 2**32 - 1), st.integers(0, 15))
def test_bus_write_reaches_the_enabled_bytes_of_one_word(region, row, word, value, enabled):
    array = filled()
    expected = memory(array)
    name, bits = FIELDS[region]
    mask = 0
    for column in range(256):
        at, shift = bus_position(column)
        if at == word and enabled >> shift // 8 & 1:
            mask |= 0xFF << shift
            byte = value >> shift & 0xFF
            byte = reversed_low_five(byte) if region == mm.VECTOR_WEIGHT else byte
            expected[name][row, column] = byte & ((1 << bits) - 1)
    assert bus_write(array, region + 64 * row + word, value, mask) == lib.NUX_ARRAY_STATIC
    assert_memory(array, expected)


@fast
@given(rows, halves, lanes)
def test_raw_view_joins_calibration_bits_with_weights_and_labels(row, half, data):
    array = filled()
    pairs = (("time_calib", "weights"), ("amp_calib", "labels"))
    for pair, (high, low) in enumerate(pairs):
        address = mm.VECTOR_RAW + 4 * row + 2 * pair + half
        stored = memory(array)
        _, read = vector_read(array, address)
        np.testing.assert_array_equal(read >> 6, stored[high][row, half::2])
        np.testing.assert_array_equal(read & 63, stored[low][row, half::2])
        stored[high][row, half::2] = data >> 6
        stored[low][row, half::2] = data & 63
        assert vector_write(array, address, data) == lib.NUX_ARRAY_STATIC
        assert_memory(array, stored)


def test_raw_view_on_the_bus_reverses_weight_bits_only():
    array = filled()
    for pair, low, high in (
        (0, array.weights, array.time_calib),
        (1, array.labels, array.amp_calib),
    ):
        _, value = bus_read(array, mm.VECTOR_RAW + 128 * 7 + 64 * pair + 32 + 3)
        for i, column in enumerate((25, 27, 29, 31)):
            stored = int(low[7, column])
            stored = reversed_low_five(stored) if pair == 0 else stored
            assert value >> (24 - 8 * i) & 0xFF == stored | int(high[7, column]) << 6


def test_switch_row_is_stored_beside_the_synapses():
    array = filled()
    before = memory(array)
    for region, (_, bits) in FIELDS.items():
        for half in (0, 1):
            address = region + 2 * mm.SWITCH_ROW + half
            data = np.arange(128) + half
            assert vector_write(array, address, data) == lib.NUX_ARRAY_STATIC
            _, read = vector_read(array, address)
            np.testing.assert_array_equal(read, data & ((1 << bits) - 1))
    assert_memory(array, before)
    _, raw = vector_read(array, mm.VECTOR_RAW + 4 * mm.SWITCH_ROW + 1)
    expected = (np.arange(128) + 1) & 63 | ((np.arange(128) + 1) & 3) << 6
    np.testing.assert_array_equal(raw, expected)


@pytest.mark.parametrize(
    "address",
    [
        mm.VECTOR_WEIGHT + 2 * 258,
        mm.VECTOR_LABEL + 2 * 258,
        mm.VECTOR_RAW + 4 * 258,
        mm.VECTOR_CAUSAL + 2 * 257,
        mm.VECTOR_ACAUSAL + 2 * 256,
        mm.VECTOR_ACAUSAL + 2 * 256 + 1,
        mm.VECTOR_CAUSAL + mm.VECTOR_BUFFERED + 2 * 256,
        mm.VECTOR_RANDOM + 2,
        mm.VECTOR_RANDOM + mm.VECTOR_BUFFERED,
        mm.VECTOR_NEURON_RESET + 2,
        0x3_0000,
        0x5_0000,
        mm.VECTOR_WEIGHT + mm.VECTOR_BUFFERED,
        mm.VECTOR_CAUSAL + 0x10_0000,
        mm.VECTOR_CAUSAL + 0x40_0000,
        mm.VECTOR_EXTMEM,
        0xFFFF_FFFF,
    ],
)
def test_addresses_without_anything_are_refused(address):
    array = filled()
    before = memory(array)
    assert vector_read(array, address)[0] == lib.NUX_ARRAY_UNKNOWN_ADDRESS
    assert vector_write(array, address, 3) == lib.NUX_ARRAY_UNKNOWN_ADDRESS
    assert_memory(array, before)


def test_reset_regions_cannot_be_read_and_buffered_ones_not_written():
    array = filled()
    assert vector_read(array, mm.VECTOR_RESET_CAUSAL)[0] == lib.NUX_ARRAY_UNKNOWN_ADDRESS
    buffered = mm.VECTOR_CAUSAL + mm.VECTOR_BUFFERED
    assert vector_write(array, buffered, 3) == lib.NUX_ARRAY_UNKNOWN_ADDRESS
    for row in (257, 300):
        address = mm.VECTOR_RESET_CAUSAL + 2 * row
        assert vector_write(array, address, 3) == lib.NUX_ARRAY_UNKNOWN_ADDRESS
    assert vector_read(array, mm.VECTOR_NEURON_RESET)[0] == lib.NUX_ARRAY_UNKNOWN_ADDRESS


@pytest.mark.parametrize("name, bits", FIELDS.values())
def test_host_writes_are_checked_and_leave_the_memory_alone(name, bits):
    array = filled()
    before = memory(array)
    values = np.zeros((256, 256), int)
    limit = (1 << bits) - 1
    values[3, 17], values[200, 0] = limit + 1, -1
    with pytest.raises(ArrayValueError, match=rf"{name}\[3, 17\] is {limit + 1}, .* 0 to {limit}"):
        setattr(array, name, values)
    values[3, 17] = limit
    with pytest.raises(ValueError, match=rf"{name}\[200, 0\] is -1"):
        setattr(array, name, values)
    with pytest.raises(ArrayValueError, match=r"shape \(256, 255\).*\(256, 256\)"):
        setattr(array, name, values[:, 1:])
    with pytest.raises(ArrayTypeError, match=f"{name} has dtype float64"):
        setattr(array, name, np.zeros((256, 256)))
    with pytest.raises(TypeError, match="bool"):
        setattr(array, name, np.zeros((256, 256), bool))
    assert_memory(array, before)


def test_views_are_live_and_read_only_and_outlive_the_array():
    array = filled()
    weights = array.weights
    vector_write(array, mm.VECTOR_WEIGHT + 2 * 9, 42)
    assert (weights[9, ::2] == 42).all()
    with pytest.raises(ValueError, match="read-only"):
        weights[0, 0] = 1
    expected = weights.copy()
    del array
    other = filled(6)
    np.testing.assert_array_equal(weights, expected)
    assert (other.weights != weights).any()


def test_arrays_do_not_share_memory():
    top, bottom = filled(1), filled(2)
    before = memory(bottom)
    vector_write(top, mm.VECTOR_WEIGHT, 1)
    assert_memory(bottom, before)
