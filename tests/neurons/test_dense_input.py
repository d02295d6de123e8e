# SPDX-License-Identifier: BSD-3-Clause
"""Many events for many neurons, near their thresholds: the usual load of a network."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from neurons.plain_membranes import PlainMembranes
from nuxemu import NeuronParameters, Neurons

N_EVENTS = 1500


def near_threshold(
    rate_hz: float, cv: float, seed: int, tau_mem_s: float = 2e-5, tau_syn_s: float = 5e-6
) -> NeuronParameters:
    """Mean drive around threshold after `N_EVENTS` at `rate_hz`, a fifth of them inhibitory."""
    reached = 1 - np.exp(-N_EVENTS / rate_hz / tau_mem_s)
    charge = 45 / (tau_mem_s * rate_hz * 0.6 * 31.5) / reached
    p = NeuronParameters(
        tau_mem_s=tau_mem_s, tau_syn_exc_s=tau_syn_s, charge_exc_lsb=charge, charge_inh_lsb=charge
    ).with_mismatch(seed, cv=cv)
    return p.changed(tau_syn_inh_s=p.tau_syn_exc_s)


def dense_events(rate_hz: float, seed: int, n: int):
    """Time, weights, inhibitory, amplitude; in bursts, and with gaps."""
    random = np.random.default_rng(seed)
    weights = random.integers(0, 64, (64, 256))
    weights[:8] *= random.integers(0, 2, (8, 256))
    time = 0.0
    for _ in range(n):
        time += random.exponential(1 / rate_hz) * random.choice([0, 0.3, 1, 1, 1, 1, 1, 3])
        amplitude = random.choice([1.0, 1.0, 1.0, random.uniform(0, 3)])
        yield time, weights[random.integers(64)], bool(random.random() < 0.2), float(amplitude)


def spikes_of(neurons: Neurons, events, between=None) -> list[tuple[float, int]]:
    found = []
    for time, weights, inhibitory, amplitude in events:
        found += zip(*(part.tolist() for part in neurons.run(time)), strict=True)
        if between:
            between(time)
        neurons.input(time, weights, inhibitory, amplitude)
    found += zip(*(part.tolist() for part in neurons.run(time + 2e-5)), strict=True)
    return found


@settings(max_examples=8, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from([1e5, 1e6, 2.5e6, 1e7]),
    st.sampled_from([0.0, 0.02, 0.1, 0.3]),
    st.sampled_from([(2e-5, 5e-6), (1e-5, 1.5e-6), (3e-6, 2e-5), (1e-4, 1e-5)]),
)
@example(0, 2.5e6, 0.0, (2e-5, 5e-6))
@example(0, 2.5e6, 0.1, (2e-5, 5e-6))
def test_no_spike_is_missed_and_all_are_at_their_times(seed, rate_hz, cv, taus):
    p = near_threshold(rate_hz, cv, seed, *taus)
    events = list(dense_events(rate_hz, seed, N_EVENTS if rate_hz >= 1e6 else N_EVENTS // 10))
    plain = PlainMembranes(p)
    for time, weights, inhibitory, amplitude in events:
        plain.run(time)
        plain.input(weights, inhibitory, amplitude)
    plain.run(time + 2e-5)
    assert len(plain.spikes) > 20
    found = spikes_of(Neurons(p), events)
    assert len(found) == len(plain.spikes)
    by_column = [sorted(spikes, key=lambda spike: spike[::-1]) for spikes in (found, plain.spikes)]
    assert [c for _, c in by_column[0]] == [c for _, c in by_column[1]]
    times = [np.array([t for t, _ in spikes]) for spikes in by_column]
    # An error grows from spike to spike where membranes cross the threshold slowly.
    error = np.abs(times[0] - times[1])
    assert np.median(error) < 1e-14
    assert np.quantile(error, 0.99) < 1e-12
    assert error.max() < 1e-10


@pytest.mark.parametrize("cv", [0.0, 0.1])
def test_looking_in_between_changes_no_bit(cv):
    p = near_threshold(2.5e6, cv, 3)
    quiet, watched = Neurons(p), Neurons(p)
    events = list(dense_events(2.5e6, 4, N_EVENTS))

    def look(time: float) -> None:
        watched.membrane(time)
        watched.currents()
        watched.save()
        assert (watched.membrane(time) < p.threshold_lsb + 1e-9).all()

    expected = spikes_of(quiet, events)
    assert len(expected) > 100
    assert spikes_of(watched, events, look) == expected
    assert watched.save() == quiet.save()


@pytest.mark.parametrize("cv", [0.0, 0.1])
def test_a_checkpoint_at_any_event_goes_on_with_the_same_bits(cv):
    p = near_threshold(2.5e6, cv, 5)
    straight, moved = Neurons(p), [Neurons(p)]
    events = list(dense_events(2.5e6, 6, 600))
    expected = spikes_of(straight, events)
    found = []
    for index, (time, weights, inhibitory, amplitude) in enumerate(events):
        found += zip(*(part.tolist() for part in moved[0].run(time)), strict=True)
        if index % 7 == 0:
            data = moved[0].save()
            moved[0] = Neurons()
            moved[0].load(data)
            assert moved[0].save() == data
        moved[0].input(time, weights, inhibitory, amplitude)
    found += zip(*(part.tolist() for part in moved[0].run(time + 2e-5)), strict=True)
    assert found == expected
    assert moved[0].save() == straight.save()


def test_resting_membranes_are_read_as_they_will_go_on():
    """The end of a refractory time needs no step: what is read after it is what comes of it."""
    p = NeuronParameters(tau_mem_s=2e-5)
    neurons, twin = Neurons(p), Neurons(p)
    for each in (neurons, twin):
        for time in np.arange(12) * 1e-7:
            each.run(time)
            each.input(time, np.full(256, 63))
        times, _ = each.run(3e-6)
        assert times.size == 256
    end = times[0] + 2e-6
    assert end > neurons.now_s
    for time in (end - 1e-9, end, end + 1e-9, end + 5e-7):
        neurons.run(time)
        twin.run(time)
        twin.input(time, np.zeros(256, int))  # nothing, but brought up to date
        np.testing.assert_allclose(neurons.membrane(), twin.membrane(), rtol=1e-13)
    assert (neurons.membrane() > 70).all()
    held = Neurons(p)
    held.load(neurons.save())
    np.testing.assert_array_equal(held.membrane(), neurons.membrane())


def test_refractory_times_may_be_much_longer_than_time_constants():
    p = NeuronParameters(tau_mem_s=1e-8, tau_syn_exc_s=1e-8, refractory_time_s=3e-5)
    p = p.changed(range(128), refractory_time_s=3.3e-5)
    neurons = Neurons(p)
    neurons.input(1e-6, np.full(256, 63), amplitude=40.0)
    times, columns = neurons.run(1.01e-6)
    assert times.size == 256
    ends = np.empty(256)
    ends[columns] = times
    ends += p.refractory_time_s
    for time in (ends[128] + 2e-9, ends[0] + 1e-9, ends[0] + 1e-8):
        neurons.run(time)
        neurons.input(time, np.full(256, 1), inhibitory=True, amplitude=0.0)
        after = np.maximum(time - ends, 0)
        np.testing.assert_allclose(neurons.membrane(), 80 - 10 * np.exp(-after / 1e-8), rtol=1e-9)


# --- events that reach few neurons, and inhibition ------------------------------------------


def sparse_events(rate_hz: float, seed: int, n: int, inhibitory: float):
    """Most of them for a tenth of the neurons, others for all."""
    random = np.random.default_rng(seed)
    time = 0.0
    for _ in range(n):
        time += random.exponential(1 / rate_hz)
        weights = random.integers(0, 64, 256)
        weights *= random.random(256) < random.choice([0.02, 0.1, 0.1, 0.1, 1])
        yield time, weights, bool(random.random() < inhibitory), float(random.choice([1.0, 0.4]))


def by_neuron(spikes) -> tuple[list[int], np.ndarray]:
    """Columns, and the times of each in order."""
    ordered = sorted(spikes, key=lambda spike: spike[::-1])
    return [column for _, column in ordered], np.array([time for time, _ in ordered])


@settings(max_examples=3, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from([0.1, 0.3, 0.4]),
    st.sampled_from([0.0, 0.1]),
    st.sampled_from([(2e-5, 5e-6), (1e-5, 1.5e-6), (3e-6, 2e-5)]),
)
@example(1, 0.3, 0.0, (2e-5, 5e-6))
@example(1, 0.3, 0.1, (2e-5, 5e-6))
def test_sparse_events_and_inhibition_give_the_spikes_of_the_plain_model(
    seed, inhibitory, cv, taus
):
    p = near_threshold(2.5e6, cv, seed, *taus)
    # The same mean drive: from 0.264 of the weights, with a mean amplitude of 0.7.
    factor = 0.6 / (1 - 2 * inhibitory) / (0.264 * 0.7)
    p = p.changed(
        charge_exc_lsb=factor * p.charge_exc_lsb, charge_inh_lsb=factor * p.charge_inh_lsb
    )
    events = list(sparse_events(2.5e6, seed, N_EVENTS // 2, inhibitory))
    plain = PlainMembranes(p)
    for time, weights, is_inhibitory, amplitude in events:
        plain.run(time)
        plain.input(weights, is_inhibitory, amplitude)
    plain.run(time + 2e-5)
    assert len(plain.spikes) > 20
    found, expected = (by_neuron(s) for s in (spikes_of(Neurons(p), events), plain.spikes))
    assert found[0] == expected[0]
    error = np.abs(found[1] - expected[1])
    assert np.median(error) < 1e-14
    assert error.max() < 1e-10


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from([0.0, 0.1]),
    st.sampled_from([1e5, 1e6, 5e6]),
    st.sampled_from([3e-7, 5e-6, 5e-5]),
    st.sampled_from([0.3, 1.0, 3.0]),
)
def test_no_membrane_is_ever_above_its_threshold(seed, cv, rate_hz, tau_inh_s, charge):
    """Also with inhibition that is much faster or slower than excitation, or much stronger."""
    p = near_threshold(rate_hz, cv, seed)
    p = p.changed(
        tau_syn_inh_s=tau_inh_s, charge_exc_lsb=2 * p.charge_exc_lsb,
        charge_inh_lsb=2 * charge * p.charge_inh_lsb,
    )  # fmt: skip
    neurons, before, spikes = Neurons(p), 0.0, 0
    for time, weights, inhibitory, amplitude in dense_events(rate_hz, seed, 400):
        for look in np.linspace(before, time, 4)[1:]:
            spikes += neurons.run(look)[0].size
            assert (neurons.membrane() < p.threshold_lsb + 1e-9).all()
        neurons.input(time, weights, inhibitory, amplitude)
        before = time
    # Strong inhibition may let none through in 80 us.
    assert spikes > 20 or (rate_hz, charge) == (5e6, 3.0)


@pytest.mark.parametrize("cv", [0.0, 0.02, 0.3])
def test_events_for_few_and_for_many_neurons_add_the_same_bits(cv):
    """The neurons of one half do not see what reaches the others."""
    p = NeuronParameters(fire=False).with_mismatch(1, cv=cv)
    few, many = Neurons(p), Neurons(p)
    random = np.random.default_rng(2)
    time = 0.0
    for _ in range(300):
        time += random.exponential(1e-7)
        weights, inhibitory = random.integers(0, 64, 256), bool(random.random() < 0.3)
        few.input(time, np.where(np.arange(256) < 100, weights, 0), inhibitory)
        many.input(time, weights, inhibitory)
    for one, other in zip(
        (few.membrane(), *few.currents()), (many.membrane(), *many.currents()), strict=True
    ):
        np.testing.assert_array_equal(one[:100], other[:100])
        assert (one[100:] != other[100:]).all()
