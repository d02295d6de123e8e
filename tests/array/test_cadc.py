# SPDX-License-Identifier: BSD-3-Clause
import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from array_ports import bus_position, bus_read, bus_write, vector_read, vector_write
from nuxemu import memory_map as mm
from nuxemu._native import lib
from nuxemu.correlation_config import CorrelationConfig
from nuxemu.synapse_array import SynapseArray

CHANNELS = ((mm.VECTOR_CAUSAL, 0), (mm.VECTOR_ACAUSAL, 1))


def correlated(config: CorrelationConfig) -> SynapseArray:
    """Array whose sensors all hold something, different in every row and channel."""
    array = SynapseArray(4, config)
    rows = np.arange(256)
    for repeat in range(8):
        start = repeat * 1e-3
        array.add_spikes(
            pre=(start + rows * 1e-7, rows, np.zeros(256, int)),
            post=(np.full(256, start + 2.56e-5), rows),
        )
    array.advance(1.0)
    return array


def test_pre_before_post_lowers_the_causal_reading_only():
    array = SynapseArray(0, CorrelationConfig.ideal())
    n = 40
    pre = np.arange(n) * 1e-4
    array.add_spikes(pre=(pre, [5] * n, [0] * n), post=(pre + 1e-6, [9] * n))
    array.advance(1.0)
    causal, acausal = array.read_correlation()
    assert causal[5, 9] == round(180 - n * 0.5 * np.exp(-0.2))
    causal[5, 9] = 180
    assert (causal == 180).all() and (acausal == 180).all()


def test_post_before_pre_lowers_the_acausal_reading_only():
    array = SynapseArray(0, CorrelationConfig.ideal())
    n = 40
    post = np.arange(n) * 1e-4
    array.add_spikes(pre=(post + 1e-6, [5] * n, [0] * n), post=(post, [9] * n))
    array.advance(1.0)
    causal, acausal = array.read_correlation()
    assert acausal[5, 9] == round(180 - n * 0.5 * np.exp(-0.2))
    acausal[5, 9] = 180
    assert (causal == 180).all() and (acausal == 180).all()


def test_reading_is_baseline_and_offset_minus_correlation_rounded_and_clipped():
    array = correlated(CorrelationConfig(noise_lsb=0.0, offset_spread_lsb=80.0))
    readings = array.read_correlation()
    held = array.causal_lsb, array.acausal_lsb
    for channel in (0, 1):
        value = array.config.baseline_lsb + array.offset_lsb[channel] - held[channel]
        expected = np.clip(np.rint(value), 0, 255)
        np.testing.assert_array_equal(readings[channel], expected)
        assert (expected == 255).any()


def test_readings_are_clipped_at_zero():
    array = correlated(CorrelationConfig.ideal(baseline_lsb=1.0, amplitude_causal_lsb=100.0))
    causal, _ = array.read_correlation()
    assert causal.min() == 0


@pytest.mark.parametrize("offset, reading", [(0.5, 180), (1.5, 182), (-0.5, 180), (-1.5, 178)])
def test_ties_are_rounded_to_even(offset, reading):
    array = SynapseArray(0, CorrelationConfig.ideal())
    array.offset_lsb = np.full((2, 256), offset)
    assert (array.read_correlation()[0] == reading).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 255), st.sampled_from(CHANNELS), st.integers(0, 1))
def test_one_unbuffered_read_converts_both_channels_and_halves(row, first, half):
    array = correlated(CorrelationConfig.ideal())
    held = array.causal_lsb[row], array.acausal_lsb[row]
    status, lanes = vector_read(array, first[0] + 2 * row + half)
    assert status == lib.NUX_ARRAY_CONVERT
    np.testing.assert_array_equal(lanes, np.rint(180 - held[first[1]][half::2]))
    array.reset_correlation()
    for base, channel in CHANNELS:
        for other in (0, 1):
            address = base + mm.VECTOR_BUFFERED + 2 * row + other
            status, lanes = vector_read(array, address)
            assert status == lib.NUX_ARRAY_BUFFERED
            np.testing.assert_array_equal(lanes, np.rint(180 - held[channel][other::2]))
    assert array.latched_row == row


def test_buffered_reads_return_the_latch_whatever_their_row():
    array = correlated(CorrelationConfig())
    vector_read(array, mm.VECTOR_CAUSAL + 2 * 10)
    _, latched = vector_read(array, mm.VECTOR_CAUSAL + mm.VECTOR_BUFFERED + 2 * 10)
    _, other = vector_read(array, mm.VECTOR_CAUSAL + mm.VECTOR_BUFFERED + 2 * 99)
    np.testing.assert_array_equal(latched, other)
    assert array.latched_row == 10


def test_before_any_conversion_the_latch_is_zero_and_says_so():
    array = correlated(CorrelationConfig())
    assert array.latched_row is None
    status, lanes = vector_read(array, mm.VECTOR_ACAUSAL + mm.VECTOR_BUFFERED)
    assert status == lib.NUX_ARRAY_BUFFERED
    assert not lanes.any()
    assert array.latched_row is None


def test_the_bus_reads_the_same_conversion():
    array = correlated(CorrelationConfig())
    row, column = 33, 201
    word, shift = bus_position(column)
    status, value = bus_read(array, mm.VECTOR_ACAUSAL + 64 * row + word)
    assert status == lib.NUX_ARRAY_CONVERT
    _, lanes = vector_read(array, mm.VECTOR_ACAUSAL + mm.VECTOR_BUFFERED + 2 * row + column % 2)
    assert value >> shift & 0xFF == lanes[column // 2]
    status, buffered = bus_read(array, mm.VECTOR_ACAUSAL + mm.VECTOR_BUFFERED + 64 * row + word)
    assert (status, buffered) == (lib.NUX_ARRAY_BUFFERED, value)


def test_a_bus_write_resets_the_synapses_of_its_word():
    array = correlated(CorrelationConfig())
    causal = array.causal_lsb
    word, shift = bus_position(201)
    assert (causal[33] > 0).all()
    status = bus_write(array, mm.VECTOR_CAUSAL + 64 * 33 + word, 0x01010101, 0xFF << shift)
    assert status == lib.NUX_ARRAY_RESET
    causal[33, 201] = 0
    np.testing.assert_array_equal(array.causal_lsb, causal)


def test_reads_see_the_spikes_up_to_their_time_only():
    array = SynapseArray(0, CorrelationConfig.ideal(amplitude_causal_lsb=10.0))
    array.add_spikes(pre=([1e-6, 3e-6], [0, 0], [0, 0]), post=([1e-6, 3e-6], [0, 0]))
    for now_s, reading in ((0.5e-6, 180), (1e-6, 170), (2.9e-6, 170), (3e-6, 160), (2e-6, 160)):
        _, lanes = vector_read(array, mm.VECTOR_CAUSAL, now_s)
        assert lanes[0] == reading
    assert array.now_s == 3e-6


@pytest.mark.parametrize("region", [mm.VECTOR_WEIGHT, mm.VECTOR_LABEL])
def test_a_conversion_of_connected_neurons_is_refused(region):
    array = correlated(CorrelationConfig())
    before, _ = vector_read(array, mm.VECTOR_CAUSAL)
    assert before == lib.NUX_ARRAY_CONVERT
    vector_write(array, region + 2 * mm.SWITCH_ROW + 1, 0x20, np.arange(128) == 77)
    status, lanes = vector_read(array, mm.VECTOR_CAUSAL)
    assert status == lib.NUX_ARRAY_NO_NEURON
    assert (lanes == 0xEE).all()
    with pytest.raises(RuntimeError, match="no neurons"):
        array.read_correlation()
    vector_write(array, region + 2 * mm.SWITCH_ROW + 1, 0x1F)
    assert vector_read(array, mm.VECTOR_CAUSAL)[0] == lib.NUX_ARRAY_CONVERT


def test_noise_has_the_configured_spread_and_no_structure():
    array = SynapseArray(1, CorrelationConfig.ideal(noise_lsb=8.0))
    readings = np.array([array.read_correlation() for _ in range(8)], float) - 180
    assert readings.mean() == pytest.approx(0, abs=0.05)
    assert readings.std() == pytest.approx(np.sqrt(64 + 1 / 12), rel=0.01)
    assert np.mean(np.abs(readings) < 8.5) == pytest.approx(0.712, abs=0.02)
    trials = readings.reshape(8, -1)
    series = {
        "channels": (readings[:, 0], readings[:, 1]),
        "columns": (readings[..., 1:], readings[..., :-1]),
        "conversions": (readings[..., 1:, :], readings[..., :-1, :]),
        "passes": (trials[1:], trials[:-1]),
    }
    for name, (one, other) in series.items():
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.01, name
    per_column = readings.mean(axis=(0, 2))
    assert np.abs(per_column).max() < 5 * 8 / np.sqrt(8 * 256)


def test_same_seed_same_readings_other_seed_other_readings():
    one, same, other = (SynapseArray(seed) for seed in (3, 3, 4))
    first = one.read_correlation()
    np.testing.assert_array_equal(first, same.read_correlation())
    assert (np.array(first) != other.read_correlation()).mean() > 0.5
    assert (np.array(first) != one.read_correlation()).any()  # new noise


def test_readings_are_the_same_on_every_machine():
    array = correlated(CorrelationConfig())
    causal, acausal = array.read_correlation()
    digest = hashlib.sha256(causal.tobytes() + acausal.tobytes())
    digest.update(array.causal_lsb.astype("<f8").tobytes())
    assert digest.hexdigest()[:16] == "0d3e3c7723e87a01"
