# SPDX-License-Identifier: BSD-3-Clause
import math

import numpy as np
import pytest

from network.small_chip import recording_chip
from nuxemu import BackgroundSource
from nuxemu.array_input import ArrayTypeError, ArrayValueError

TICK_S = 8e-9


def even_rows(network):
    """Times, rows and labels of events; each event reaches both rows of its driver."""
    events = network.row_events()
    even = events.rows % 2 == 0
    assert events.rows.size == 2 * even.sum()
    return events.times_s[even], events.rows[even], events.labels[even]


@pytest.mark.parametrize("index", range(8))
def test_each_source_fires_on_its_own_bus(index):
    network = recording_chip().network
    number, label = 5, 33
    network.background[index] = BackgroundSource(
        enable=True, period=125, label=number << 6 | label | 0b101 << 11
    )
    network.advance(10.5e-6)
    events = network.row_events()
    assert (events.hemispheres == index // 4).all()
    assert (events.rows // 2 == 4 * number + index % 4).all()
    assert (events.labels == label).all()
    np.testing.assert_allclose(events.times_s[::2], np.arange(1, 11) * 1e-6, rtol=1e-12)


@pytest.mark.parametrize("period, rate", [(1, 3), (10, 128), (100, 255), (7, 1)])
def test_random_events_are_a_binned_poisson_process(period, rate):
    network = recording_chip().network
    network.background[0] = BackgroundSource(True, True, period, rate, seed=4711)
    mean_s = period * TICK_S / (rate / 255)
    network.advance(4000 * mean_s)
    times, _, _ = even_rows(network)
    bins = times / (period * TICK_S)
    np.testing.assert_allclose(bins, np.round(bins), atol=1e-6)
    p = rate / 255
    assert abs(times.size - 4000) <= 4 * math.sqrt(4000 * (1 - p))
    intervals = np.diff(np.round(bins))
    if p < 1:  # geometric
        for length in (1, 2, 3):
            expected = intervals.size * p * (1 - p) ** (length - 1)
            found = (intervals == length).sum()
            assert abs(found - expected) < 4.5 * math.sqrt(expected) + 1
    else:
        assert (intervals == 1).all()


def test_masked_label_bits_are_uniform_and_the_others_stay():
    network = recording_chip().network
    label = 0b01010_100001  # row select 10, label 33
    network.background[1] = BackgroundSource(True, True, 1, 255, 9, mask=0b11000110, label=label)
    network.advance(20000.5 * TICK_S)
    _, rows, labels = even_rows(network)
    words = (rows.astype(int) // 8) << 6 | labels
    assert set((words & ~0b11000110).tolist()) == {label & ~0b11000110}
    random = (words >> 1 & 3) | (words >> 6 & 3) << 2
    counts = np.bincount(random, minlength=16)
    chi_square = ((counts - 1250) ** 2 / 1250).sum()
    assert chi_square < 45  # 15 degrees of freedom: p < 1e-4
    serial = np.corrcoef(random[:-1], random[1:])[0, 1]
    assert abs(serial) < 4 / math.sqrt(random.size)


def test_rate_zero_is_silent():
    network = recording_chip().network
    network.background[0] = BackgroundSource(True, True, 1, 0)
    network.advance(1e-3)
    assert network.statistics.row_events == 0


def test_regular_mode_knows_no_rate_and_no_mask():
    network = recording_chip().network
    network.background[0] = BackgroundSource(True, False, 1000, rate=0, mask=255, label=3)
    network.advance(80.5e-6)
    times, _, labels = even_rows(network)
    assert times.size == 10
    assert (labels == 3).all()


def test_the_seed_is_loaded_when_a_source_is_enabled():
    network = recording_chip().network
    on = BackgroundSource(True, True, 10, 100, seed=1, mask=63)
    network.background[0] = on
    network.advance(1e-4)
    first = even_rows(network)
    network.clear_row_events()
    network.background[0] = on.changed(enable=False)
    network.advance(2e-4)
    assert network.row_events().rows.size == 0
    network.background[0] = on
    network.advance(3e-4)
    again = even_rows(network)
    np.testing.assert_allclose(again[0] - 2e-4, first[0], atol=1e-15)
    np.testing.assert_array_equal(again[2], first[2])
    network.background[0] = on.changed(enable=False)
    network.background[0] = on.changed(seed=2)
    network.clear_row_events()
    network.advance(4e-4)
    assert not np.array_equal(even_rows(network)[2][:100], first[2][:100])


def test_writing_the_same_configuration_changes_nothing():
    plain, written = (recording_chip().network for _ in range(2))
    on = BackgroundSource(True, True, 13, 40, seed=1, mask=63)
    plain.background[0] = written.background[0] = on
    for step in range(1, 200):
        written.advance(step * 0.777e-6)
        written.background[0] = on
    plain.advance(written.now_s)
    assert plain.save() == written.save()
    assert plain.statistics.row_events > 300


def test_a_new_period_counts_from_the_next_reload():
    network = recording_chip().network
    source = BackgroundSource(True, False, 125)
    network.background[0] = source
    network.advance(2.5e-6)
    network.background[0] = source.changed(period=250)
    network.advance(9.5e-6)
    times, _, _ = even_rows(network)
    np.testing.assert_allclose(times, np.array([1, 2, 3, 5, 7, 9]) * 1e-6, rtol=1e-12)


def test_period_zero_is_one_tick():
    network = recording_chip().network
    network.background[0] = BackgroundSource(True)
    network.advance(10.5 * TICK_S)
    np.testing.assert_allclose(even_rows(network)[0], np.arange(1, 11) * TICK_S, rtol=1e-12)


def test_configurations_read_back():
    network = recording_chip().network
    sources = [BackgroundSource(i % 2 == 0, i % 3 == 0, i, i, i, i, i) for i in range(8)]
    for index, source in enumerate(sources):
        network.background[index] = source
    assert list(network.background) == sources


@pytest.mark.parametrize(
    "name, value, limit",
    [("period", 65536, 65535), ("rate", 256, 255), ("seed", 2**32, 2**32 - 1), ("mask", -1, 255),
     ("label", 1 << 14, 16383)],
)  # fmt: skip
def test_values_beyond_their_field_are_refused(name, value, limit):
    with pytest.raises(ArrayValueError, match=f"{name} is {value}, but must be 0 to {limit}"):
        BackgroundSource(**{name: value})


def test_wrong_types_and_indices_are_refused():
    background = recording_chip().network.background
    with pytest.raises(ArrayTypeError, match="enable is 1, but must be True or False"):
        BackgroundSource(enable=1)
    with pytest.raises(ArrayTypeError, match="must be a BackgroundSource"):
        background[0] = 3
    with pytest.raises(IndexError, match="source 8 is not one of 0 to 7"):
        background[8] = BackgroundSource()
