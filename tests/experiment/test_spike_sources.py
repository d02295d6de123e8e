# SPDX-License-Identifier: BSD-3-Clause
"""Spikes of sources do not depend on how time is cut, and have the right statistics."""

import hashlib
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nuxkit
from nuxkit.experiment.trains import make_train

SOURCES = {
    "array": nuxkit.SpikeSourceArray([[3e-4, 1e-4, 1e-4], [], [5e-4, 9e-4]]),
    "poisson": nuxkit.SpikeSourcePoisson([0.0, 50e3, 3e5], start_s=[0, 2e-4, 0]),
    "regular": nuxkit.SpikeSourceRegular([7e-6, 3.3e-5, 1e-4], start_s=2e-5, stop_s=8e-4),
}


def all_spikes(source, cuts=(), end_s=1e-3, now_s=0.0):
    train = make_train(source, 3, now_s, (1, 2))
    edges = [now_s, *sorted(cuts), end_s]
    parts = [train.spikes(begin, end) for begin, end in itertools.pairwise(edges)]
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


@pytest.mark.parametrize("kind", SOURCES)
@settings(deadline=None, max_examples=40)
@given(cuts=st.lists(st.floats(0, 1e-3), max_size=8))
def test_spikes_are_the_same_however_time_is_cut(kind, cuts):
    whole, cut = all_spikes(SOURCES[kind]), all_spikes(SOURCES[kind], cuts)
    assert np.array_equal(whole[0], cut[0])
    assert np.array_equal(whole[1], cut[1])
    assert (np.diff(whole[0]) >= 0).all()


def test_spikes_of_an_array_are_sorted_and_complete():
    times, indices = all_spikes(SOURCES["array"])
    assert times.tolist() == [1e-4, 1e-4, 3e-4, 5e-4, 9e-4]
    assert indices.tolist() == [0, 0, 0, 2, 2]


def test_one_list_of_times_is_for_all_sources():
    times, indices = all_spikes(nuxkit.SpikeSourceArray(np.array([1e-4, 5e-4])))
    assert times.tolist() == [1e-4] * 3 + [5e-4] * 3
    assert indices.tolist() == [0, 1, 2, 0, 1, 2]


def test_regular_spikes_are_multiples_of_the_period_within_the_span():
    times, indices = all_spikes(SOURCES["regular"])
    for i, period in enumerate((7e-6, 3.3e-5, 1e-4)):
        wanted = 2e-5 + np.arange(1000) * period
        assert np.array_equal(times[indices == i], wanted[wanted < 8e-4])


def test_poisson_sources_have_their_rates_and_exponential_intervals():
    source = nuxkit.SpikeSourcePoisson([1e3, 50e3, 3e5])
    times, indices = all_spikes(source, end_s=1.0)
    for i, rate in enumerate((1e3, 50e3, 3e5)):
        mine = times[indices == i]
        assert abs(mine.size - rate) < 4 * np.sqrt(rate)
        intervals = np.sort(np.diff(mine)) * rate
        expected = 1 - np.exp(-intervals)
        distance = np.abs(expected - np.arange(intervals.size) / intervals.size).max()
        assert distance < 1.95 / np.sqrt(intervals.size)  # Kolmogorov-Smirnov, p = 0.001


def test_poisson_spikes_keep_to_start_and_stop():
    source = nuxkit.SpikeSourcePoisson(1e6, start_s=[0, 2e-4, 5e-4], stop_s=[1e-4, 3e-4, 6e-4])
    times, indices = all_spikes(source)
    for i, start in enumerate((0, 2e-4, 5e-4)):
        mine = times[indices == i]
        assert 50 < mine.size < 200
        assert start <= mine.min()
        assert mine.max() < start + 1e-4


def test_poisson_spikes_are_the_same_on_every_machine():
    times, indices = all_spikes(nuxkit.SpikeSourcePoisson([1e3, 5e4, 3e5]), end_s=0.1)
    digest = hashlib.sha256(times.astype("<f8").tobytes() + indices.astype("<i8").tobytes())
    assert digest.hexdigest()[:16] == "1d12bc3046cabccc"


def test_a_high_rate_over_a_long_time_takes_little_memory_at_once():
    train = make_train(nuxkit.SpikeSourceRegular(1e-6), 64, 0.0, ())
    assert train.rate_hz == pytest.approx(64e6)  # the run loop cuts its spans by that
    experiment = nuxkit.Experiment()
    inputs = experiment.population(64, nuxkit.SpikeSourceRegular(1e-6))
    sizes = []
    send = inputs.send
    inputs.send = lambda begin, end: (sizes.append(end - begin), send(begin, end))
    experiment.run(20 * nuxkit.ms)
    assert max(sizes) * 64e6 < 3e5
    assert sum(sizes) == pytest.approx(20e-3)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (nuxkit.SpikeSourcePoisson(-1.0), "rate_hz is -1"),
        (nuxkit.SpikeSourcePoisson(float("nan")), "rate_hz is nan"),
        (nuxkit.SpikeSourcePoisson([1.0, 2.0]), r"shape \(2,\)"),
        (nuxkit.SpikeSourcePoisson("fast"), "real numbers"),
        (nuxkit.SpikeSourcePoisson(2e8), "from 0 to 1.25e"),
        (nuxkit.SpikeSourcePoisson(1.0, start_s=2, stop_s=1), "before start_s"),
        (nuxkit.SpikeSourceRegular(1e-9), "period_s is 1e-09"),
        (nuxkit.SpikeSourceArray([-1.0]), r"spike_times_s\[0\] is -1"),
        (nuxkit.SpikeSourceArray([[1.0], [2.0]]), "lists for 2 sources"),
        (nuxkit.SpikeSourceArray([[1.0], [2.0], [float("inf")]]), r"spike_times_s\[2\]\[0\]"),
        (nuxkit.SpikeSourceArray(1e-3), "must hold times"),
        (nuxkit.SpikeSourceArray(np.array(1e-3)), "must hold times"),
        (nuxkit.SpikeSourceArray("abc"), "must hold times"),
        (nuxkit.SpikeSourceArray([True, False]), "real numbers"),
    ],
)
def test_wrong_sources_are_refused_with_their_population(source, words):
    experiment = nuxkit.Experiment()
    with pytest.raises(nuxkit.InputError, match=words) as error:
        experiment.population(3, source, label="inputs")
    assert "inputs" in str(error.value)
    assert not experiment.populations
