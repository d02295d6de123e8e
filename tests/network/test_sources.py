# SPDX-License-Identifier: BSD-3-Clause
import math

import numpy as np
import pytest

from network.small_chip import recording_chip
from nuxemu.array_input import ArrayTypeError, ArrayValueError


def kolmogorov_smirnov(samples, distribution) -> float:
    """Distance from a distribution times sqrt(n): above 1.95 with probability 0.001 only."""
    n = samples.size
    expected = distribution(np.sort(samples))
    above, below = np.arange(1, n + 1) / n - expected, expected - np.arange(n) / n
    return float(max(above.max(), below.max()) * math.sqrt(n))


def times_of(network, row):
    events = network.row_events()
    return events.times_s[events.rows == row]


@pytest.mark.parametrize("rate_hz, span_s", [(1e6, 0.05), (20e6, 2e-3)])
@pytest.mark.parametrize("seed", [1, 2, 2**64 - 1])
def test_poisson_intervals_are_exponential(rate_hz, span_s, seed):
    network = recording_chip().network
    network.add_poisson(rate_hz, 3, seed=seed)
    network.advance(span_s)
    times = times_of(network, 3)
    expected = rate_hz * span_s
    assert abs(times.size - expected) < 4 * math.sqrt(expected)
    intervals = np.diff(times) * rate_hz
    assert kolmogorov_smirnov(intervals, lambda x: 1 - np.exp(-x)) < 1.95
    serial = np.corrcoef(intervals[:-1], intervals[1:])[0, 1]
    assert abs(serial) < 4 / math.sqrt(intervals.size)


def test_poisson_sources_of_different_seeds_are_independent():
    network = recording_chip().network
    for row in range(20):
        network.add_poisson(1e6, row, seed=row)
    network.advance(0.01)
    bins = np.array([np.histogram(times_of(network, row), 1000, (0, 0.01))[0] for row in range(20)])
    assert abs(bins.mean() / bins.var() - 1) < 0.05  # variance equals mean
    correlations = np.corrcoef(bins)[np.triu_indices(20, 1)]
    assert abs(correlations).max() < 4.5 / math.sqrt(1000)
    assert abs(correlations.mean()) < 4 / math.sqrt(1000 * correlations.size)


def test_equal_seeds_give_equal_events():
    network = recording_chip().network
    for row in (1, 2):
        network.add_poisson(1e6, row, seed=77)
    network.advance(1e-3)
    np.testing.assert_array_equal(times_of(network, 1), times_of(network, 2))
    assert times_of(network, 1).size > 900


def test_regular_events_are_at_multiples_of_the_period():
    network = recording_chip().network
    network.add_regular(1.1e-6, 5, start_s=3e-6, stop_s=0.9e-3)
    network.advance(1e-3)
    count = math.ceil((0.9e-3 - 3e-6) / 1.1e-6)
    np.testing.assert_array_equal(times_of(network, 5), 3e-6 + np.arange(count) * 1.1e-6)


def test_a_source_reaches_all_its_targets_at_once():
    network = recording_chip().network
    network.add_regular(1e-6, [9, 8, 7], [1, 2, 3], [0, 1, 0], start_s=1e-6)
    network.advance(1e-6)
    events = network.row_events()
    assert list(zip(events.hemispheres, events.rows, events.labels, strict=True)) == [
        (0, 9, 1), (0, 7, 3), (1, 8, 2)]  # fmt: skip


def test_start_and_stop_bound_a_poisson_source():
    network = recording_chip().network
    network.add_poisson(10e6, 0, seed=5, start_s=1e-4, stop_s=2e-4)
    network.advance(1e-3)
    times = times_of(network, 0)
    assert 1e-4 <= times[0] < 1.1e-4
    assert 1.9e-4 < times[-1] < 2e-4


def test_a_source_added_later_starts_then():
    network = recording_chip().network
    network.advance(1.05e-5)
    network.add_regular(1e-6, 0)
    network.add_poisson(1e6, 1, seed=1)
    network.advance(3e-5)
    np.testing.assert_allclose(times_of(network, 0), np.arange(11, 31) * 1e-6, rtol=1e-12)
    assert times_of(network, 1)[0] > 1.05e-5


def test_a_changed_source_goes_on_with_its_new_parameters():
    network = recording_chip().network
    regular = network.add_regular(1e-6, 0)
    poisson = network.add_poisson(1e6, 1, seed=3)
    network.advance(1e-3)
    regular.change(period_s=4e-6)
    poisson.change(rate_hz=5e6)
    network.clear_row_events()
    network.advance(2e-3)
    np.testing.assert_allclose(times_of(network, 0), np.arange(251, 501) * 4e-6, rtol=1e-12)
    assert abs(times_of(network, 1).size - 5000) < 4 * math.sqrt(5000)
    assert regular.parameters == {"period_s": 4e-6, "start_s": 0.0, "stop_s": math.inf}
    assert poisson.parameters["rate_hz"] == 5e6
    poisson.change(rate_hz=0.0)
    network.clear_row_events()
    network.advance(3e-3)
    assert times_of(network, 1).size == 0


def test_a_removed_source_is_silent_and_gone_and_the_others_go_on():
    network = recording_chip().network
    kept = [network.add_regular(1e-6, row) for row in range(5)]
    gone = kept.pop(2)
    gone.remove()
    network.advance(3e-6)
    assert sorted(set(network.row_events().rows.tolist())) == [0, 1, 3, 4]
    with pytest.raises(ArrayValueError, match="source 3 is not in the network"):
        gone.remove()
    with pytest.raises(ArrayValueError, match="source 3 is not in the network"):
        gone.change(period_s=1e-6)
    assert network.add_regular(1e-6, 7).id == 6
    kept[-1].change(period_s=2e-6)
    assert kept[-1].parameters["period_s"] == 2e-6


def test_sources_of_the_same_time_take_turns_by_age():
    network = recording_chip().network
    for row in (5, 3, 4):
        network.add_regular(1e-6, row)
    network.advance(2e-6)
    assert network.row_events().rows.tolist() == [5, 3, 4] * 3


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ({"rate_hz": -1.0, "rows": 0, "seed": 0}, "rate_hz is -1.0, but must be from 0 to 1.25e"),
        ({"rate_hz": math.nan, "rows": 0, "seed": 0}, "rate_hz is nan"),
        ({"rate_hz": 1e9, "rows": 0, "seed": 0}, "rate_hz is 1000000000.0"),
        ({"rate_hz": 1.0, "rows": 256, "seed": 0}, r"rows\[0\] is 256, but must be 0 to 255"),
        ({"rate_hz": 1.0, "rows": [1, 2], "labels": [1, 64], "seed": 0}, r"labels\[1\] is 64"),
        ({"rate_hz": 1.0, "rows": [1, 2], "labels": [1, 4, 5], "seed": 0}, "rows has 2 elements"),
        ({"rate_hz": 1.0, "rows": [], "seed": 0}, "rows has 0 elements"),
        ({"rate_hz": 1.0, "rows": 0, "seed": -1}, "seed is -1"),
        ({"rate_hz": 1.0, "rows": 0, "seed": 0, "start_s": 2.0, "stop_s": 1.0}, "stop_s is 1"),
        ({"rate_hz": 1.0, "rows": 0, "hemispheres": 2, "seed": 0}, r"hemispheres\[0\] is 2"),
    ],
)
def test_wrong_poisson_sources_are_refused(arguments, sentence):
    network = recording_chip().network
    state = network.save()
    with pytest.raises(ArrayValueError, match=sentence):
        network.add_poisson(**arguments)
    assert network.save() == state


def test_wrong_regular_sources_are_refused():
    network = recording_chip().network
    with pytest.raises(ArrayValueError, match="period_s is 1e-09, but must be from 8e-09"):
        network.add_regular(1e-9, 0)
    with pytest.raises(ArrayTypeError, match="period_s is '1', but must be a number"):
        network.add_regular("1", 0)
    source = network.add_regular(1e-6, 0)
    with pytest.raises(ArrayTypeError, match="no parameter rate_hz, but period_s, start_s, stop_s"):
        source.change(rate_hz=3.0)
