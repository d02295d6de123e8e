# SPDX-License-Identifier: BSD-3-Clause
"""Leaky integrate-and-fire neurons and their reductions against closed forms."""

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from neurons.reference_neuron import ReferenceNeuron, drive, parameters_of
from nuxemu import NeuronParameters, Neurons
from nuxemu.array_input import ArrayTypeError

LEAK, CHARGE = 80.0, 0.2


def kernel(h: np.ndarray, tau_mem: float, tau_syn: float) -> np.ndarray:
    """Membrane after h from a unit step of the current: stable for equal time constants."""
    m, s = 1 / tau_mem, 1 / tau_syn
    slow, fast = min(m, s), max(m, s)
    x = (fast - slow) * h
    phi = np.where(x > 0, -np.expm1(-x) / np.where(x > 0, x, 1), 1.0)
    return h * np.exp(-slow * h) * phi


def single(column: int = 5, **parameters) -> Neurons:
    """Neurons of which only one is enabled."""
    return Neurons(NeuronParameters(enabled=np.arange(256) == column, **parameters))


PAIRS = [(1e-5, 5e-6), (5e-6, 1e-5), (1e-5, 1e-5), (1e-5, 1e-5 * (1 + 1e-9)), (1e-5, 1.001e-5),
         (1e-5, 1.1e-5), (1e-4, 1e-7), (1e-7, 1e-4), (2e-5, 1e-8), (0.5, 1e-6),
         (np.inf, 5e-6)]  # fmt: skip


@pytest.mark.parametrize("tau_mem, tau_syn", PAIRS)
@pytest.mark.parametrize("inhibitory", [False, True])
def test_a_psp_has_the_closed_form(tau_mem, tau_syn, inhibitory):
    taus = {"tau_syn_inh_s" if inhibitory else "tau_syn_exc_s": tau_syn}
    neurons = Neurons(NeuronParameters(tau_mem_s=tau_mem, fire=False, **taus))
    neurons.input(1e-5, np.arange(256) % 64, inhibitory)
    slowest = min(max(tau_mem, tau_syn), 1e-2)
    h = np.concatenate([[0], np.geomspace(1e-10, 20 * slowest, 200)])
    times = 1e-5 + h
    measured = np.array([neurons.membrane(t) for t in times]) - LEAK
    current = CHARGE * (np.arange(256) % 64) / tau_syn * (-1 if inhibitory else 1)
    expected = kernel((times - 1e-5)[:, None], tau_mem, tau_syn) * current
    np.testing.assert_allclose(measured, expected, rtol=1e-11, atol=2e-13 * 80)
    currents = np.array([neurons.currents(t) for t in times])[:, int(inhibitory)]
    decay = np.exp(-(times - 1e-5) / tau_syn)[:, None]
    np.testing.assert_allclose(currents, np.abs(current) * decay, rtol=1e-12, atol=1e-90)


def test_psps_add_up():
    random = np.random.default_rng(2)
    p = NeuronParameters(fire=False, tau_syn_exc_s=3e-6, tau_syn_inh_s=1.5e-5).with_mismatch(3)
    neurons = Neurons(p)
    times = np.sort(random.uniform(0, 1e-4, 500))
    expected = p.leak_lsb.copy()
    end = 1.1e-4
    for time in times:
        weights, inhibitory = random.integers(0, 64, 256), bool(random.random() < 0.4)
        amplitude = random.uniform(0, 2)
        neurons.input(time, weights, inhibitory, amplitude)
        tau = p.tau_syn_inh_s if inhibitory else p.tau_syn_exc_s
        charge = -p.charge_inh_lsb if inhibitory else p.charge_exc_lsb
        for c in range(256):
            psp = kernel(np.array(end - time), p.tau_mem_s[c], tau[c])
            expected[c] += psp * weights[c] * charge[c] * amplitude / tau[c]
    np.testing.assert_allclose(neurons.membrane(end), expected, rtol=1e-11)


@pytest.mark.parametrize("leak", [125.001, 126.0, 150.0, 300.0, 1000.0])
def test_the_f_i_curve_has_the_closed_form(leak):
    tau_mem = np.linspace(1e-6, 1e-4, 256)
    neurons = Neurons(NeuronParameters(leak_lsb=leak, tau_mem_s=tau_mem, refractory_time_s=1.5e-6))
    neurons.set_state(membrane_lsb=70.0)
    times, columns = neurons.run(2e-3)
    interval = 1.5e-6 + tau_mem * np.log((leak - 70) / (leak - 125))
    for column in range(256):
        own = times[columns == column]
        expected = np.arange(1, own.size + 1) * interval[column] - 1.5e-6
        np.testing.assert_allclose(own, expected, rtol=1e-9, atol=5e-15)
        assert own.size == int((2e-3 + 1.5e-6) / interval[column])


def test_an_integrator_fires_after_equal_charges():
    """Constant current into a membrane without leak: the interval is charge over current."""
    neurons = Neurons(NeuronParameters(tau_mem_s=np.inf, tau_syn_exc_s=1.0))
    slope = np.linspace(1e5, 1e7, 256)
    neurons.set_state(membrane_lsb=70.0, exc_lsb_per_s=slope)
    times, columns = neurons.run(1e-3)
    for column in range(256):
        first = times[columns == column][:1]
        expected = -np.log1p(-(125 - 70) / slope[column])  # the current decays over 1 s
        if expected < 1e-3:
            np.testing.assert_allclose(first, [expected], rtol=1e-9)
        else:
            assert first.size == 0


def test_an_integrator_sums_charges():
    random = np.random.default_rng(4)
    neurons = Neurons(NeuronParameters(tau_mem_s=np.inf, fire=False))
    total = np.zeros(256)
    for time in np.sort(random.uniform(0, 1e-3, 3000)):
        weights, inhibitory = random.integers(0, 64, 256), bool(random.random() < 0.5)
        neurons.input(time, weights, inhibitory)
        total += np.where(inhibitory, -1.0, 1.0) * weights
    np.testing.assert_allclose(neurons.membrane(2e-3), LEAK + CHARGE * total, rtol=1e-12)
    assert neurons.next_s == np.inf


@pytest.mark.parametrize("tau_mem, tau_syn", [pair for pair in PAIRS if pair[0] < 1])
def test_a_crossing_between_events_is_found_at_its_time(tau_mem, tau_syn):
    """Thresholds from just under to just over the peak of one PSP."""
    m, s = 1 / tau_mem, 1 / tau_syn
    top = np.log(m / s) / (m - s) if abs(m - s) > 1e-6 * m else 2 / (m + s)
    current = CHARGE * 63 / tau_syn
    peak = kernel(np.array(top), tau_mem, tau_syn) * current
    relative = np.concatenate([1 - np.geomspace(1e-7, 0.95, 128), 1 + np.geomspace(1e-7, 1, 128)])
    neurons = Neurons(
        NeuronParameters(
            leak_lsb=0, reset_lsb=-100, threshold_lsb=np.minimum(peak * relative, 1000),
            tau_mem_s=tau_mem, tau_syn_exc_s=tau_syn, charge_exc_lsb=CHARGE, refractory_time_s=1.0,
        )
    )  # fmt: skip
    neurons.input(1e-6, np.full(256, 63))
    times, columns = neurons.run(0.5)
    np.testing.assert_array_equal(np.sort(columns), np.flatnonzero(relative < 1))
    for time, column in zip(times, columns, strict=True):
        level = peak * relative[column] / current

        def above(h, level=level):
            return kernel(np.array(h), tau_mem, tau_syn) - level

        expected = brentq(above, 0, top, xtol=1e-22, rtol=1e-14)
        # Near the peak the crossing depends on rounding.
        allowed = 1e-12 + 1e-13 * top / np.sqrt(1 - relative[column])
        assert abs(time - 1e-6 - expected) < max(allowed, 1e-9 * expected), (column, time)


def test_crossing_during_fading_inhibition():
    """Inhibition that fades faster than excitation lets the membrane rise later."""
    p = NeuronParameters(tau_syn_exc_s=2e-5, tau_syn_inh_s=2e-6, charge_exc_lsb=1, charge_inh_lsb=1)
    neurons, reference = Neurons(p), ReferenceNeuron(parameters_of(p, 0))
    events = [(1e-6, 63, False, 6.0), (1e-6, 60, True, 1.0), (1.5e-6, 63, True, 1.0)]
    times, columns = drive(neurons, events, 1e-4)
    for event in events:
        reference.input(event)
    reference.run(1e-4)
    assert len(reference.spikes) > 0
    np.testing.assert_allclose(times[columns == 0], reference.spikes, rtol=1e-8)


def test_membranes_stay_at_reset_while_refractory_and_currents_go_on():
    neurons = single(leak_lsb=150.0, refractory_time_s=3e-6, charge_exc_lsb=0.01)
    neurons.set_state(membrane_lsb=124.9)
    times, _ = neurons.run(1e-6)
    assert times.size == 1
    neurons.input(1e-6, np.full(256, 63))
    jump = 63 * 0.01 / 5e-6
    until = times[0] + 3e-6
    for time in (1e-6, 2e-6, until):
        assert neurons.membrane(time)[5] == 70
        np.testing.assert_allclose(
            neurons.currents(time)[0, 5], jump * np.exp(-(time - 1e-6) / 5e-6)
        )
    neurons.run(until)
    time = until + 1e-6
    decayed = jump * np.exp(-(until - 1e-6) / 5e-6)
    expected = 150 - 80 * np.exp(-0.1) + decayed * kernel(np.array(1e-6), 1e-5, 5e-6)
    np.testing.assert_allclose(neurons.membrane(time)[5], expected, rtol=1e-10)


def test_a_processor_resets_membranes_without_a_spike():
    neurons = Neurons(NeuronParameters(leak_lsb=120.0, refractory_time_s=1e-6))
    neurons.run(1e-6)
    neurons.reset(2e-6, np.arange(0, 256, 3))
    membrane = neurons.membrane(2.5e-6)
    chosen = np.arange(256) % 3 == 0
    np.testing.assert_array_equal(membrane, np.where(chosen, 70.0, 120.0))
    times, _ = neurons.run(4e-6)
    assert times.size == 0
    expected = 120 - 50 * np.exp(-(4e-6 - 3e-6) / 1e-5)
    np.testing.assert_allclose(neurons.membrane(4e-6)[chosen], expected, rtol=1e-9)


def test_without_a_threshold_neurons_never_fire():
    neurons = Neurons(NeuronParameters(leak_lsb=500.0, fire=False))
    neurons.input(0.0, np.full(256, 63), amplitude=1000.0)
    times, _ = neurons.run(1.0)
    assert times.size == 0
    np.testing.assert_array_equal(neurons.membrane(), 500.0)


def test_bypassed_neurons_send_one_spike_per_excitatory_event():
    bypass = np.arange(256) % 2 == 0
    neurons = Neurons(NeuronParameters(bypass=bypass))
    weights = np.arange(256) % 5
    for time in (1e-6, 1e-6, 1.001e-6):  # refractory times do not matter
        columns = neurons.input(time, weights)
        np.testing.assert_array_equal(columns, np.flatnonzero(bypass & (weights > 0)))
        assert neurons.input(time, weights // 2, inhibitory=True).size == 0
    np.testing.assert_array_equal(neurons.membrane(2e-6)[bypass], LEAK)
    assert (neurons.membrane(2e-6)[~bypass & (weights > 0)] != LEAK).all()


def test_bypassed_neurons_that_are_disabled_are_silent():
    neurons = Neurons(NeuronParameters(bypass=True, enabled=False))
    assert neurons.input(0.0, np.full(256, 63)).size == 0


def test_disabled_neurons_do_nothing_and_cost_nothing():
    neurons = Neurons()
    fresh = neurons.save()
    neurons.input(0.0, np.full(256, 63))
    neurons.input(0.0, np.full(256, 63), inhibitory=True)
    neurons.reset(0.0)
    assert neurons.run(0.0)[0].size == 0
    assert neurons.save() == fresh
    assert neurons.next_s == np.inf
    np.testing.assert_array_equal(neurons.membrane(1e-3), LEAK)


@pytest.mark.parametrize("flags", [{"enabled": False}, {"bypass": True}])
def test_parameters_of_neurons_without_membrane_leave_their_neighbours_alone(flags):
    p = NeuronParameters(fire=False, tau_mem_s=2e-5)
    plain, mixed = Neurons(p), Neurons(p)
    for neurons, tau_mem in ((plain, 2e-5), (mixed, 1e-6)):
        neurons.change(slice(0, 256, 4), tau_mem_s=tau_mem, **flags)
        neurons.input(1e-6, np.full(256, 20))
    np.testing.assert_array_equal(mixed.membrane(9e-6), plain.membrane(9e-6))
    for neurons in (plain, mixed):
        neurons.run(9e-6)
        neurons.change(leak_lsb=81.0)
    np.testing.assert_array_equal(mixed.membrane(3e-5)[1:4], plain.membrane(3e-5)[1:4])


def test_neurons_without_input_weight_are_left_alone():
    """Only groups that an event reaches are touched: their bits do not depend on other events."""
    weights = np.where(np.arange(256) < 8, 10, 0)
    quiet, busy = (Neurons(NeuronParameters()) for _ in range(2))
    for i in range(100):
        busy.input(i * 1e-7, np.where(np.arange(256) < 8, 0, 3))
        if i % 50 == 0:
            quiet.input(i * 1e-7, weights)
            busy.input(i * 1e-7, weights)
    np.testing.assert_array_equal(quiet.membrane(2e-5)[:8], busy.membrane(2e-5)[:8])


@pytest.mark.parametrize("value", ["1e-6", True, [1e-6]])
def test_what_is_no_number_is_refused_by_name(value):
    neurons = Neurons()
    with pytest.raises(ArrayTypeError, match=r"until_s is .*, but must be a number"):
        neurons.run(value)
    with pytest.raises(ArrayTypeError, match=r"time_s is .*, but must be a number"):
        neurons.membrane(value)
    with pytest.raises(ArrayTypeError, match=r"amplitude is .*, but must be a number"):
        neurons.input(1e-6, np.ones(256, int), amplitude=value)


def test_simultaneous_spikes_come_in_order_of_columns():
    neurons = Neurons(NeuronParameters(leak_lsb=150.0))
    times, columns = neurons.run(1e-4)
    assert times.size == 8 * 256  # the first at time 0: rest is above the threshold
    np.testing.assert_array_equal(columns, np.tile(np.arange(256), 8))
    assert np.unique(times).size == 8


def test_looking_between_events_changes_no_bit():
    random = np.random.default_rng(5)
    p = NeuronParameters(charge_exc_lsb=0.3, conductance=np.arange(256) < 32).with_mismatch(1)
    calm, watched = Neurons(p), Neurons(p)
    for time in np.sort(random.uniform(0, 1e-4, 300)):
        weights = random.integers(0, 64, 256)
        for watch in random.uniform(watched.now_s, time, 3):
            watched.run(max(watch, watched.now_s))
            watched.membrane()
        for neurons in (calm, watched):
            neurons.run(time)
            neurons.input(time, weights)
    assert calm.save() == watched.save()


EVENTS = st.lists(
    st.tuples(
        st.floats(0, 3e-5), st.integers(0, 63), st.booleans(), st.sampled_from([0.5, 1.0, 1.5])
    ),
    min_size=1, max_size=25,
).map(lambda events: sorted(events, key=lambda event: event[0]))  # fmt: skip

# The membrane is above the threshold for 0.3 us only.
SHORT_PEAK = [
    (0.0, 11, False, 0.5), (0.0, 38, False, 1.5), (0.0, 50, False, 1.0),
    (5.620171374302477e-06, 24, True, 1.0), (5.907775545219409e-06, 53, False, 1.5),
    (6.01964300972946e-06, 3, True, 1.5), (8.204586894208496e-06, 21, False, 1.5),
    (8.372746527071458e-06, 37, False, 1.5), (1.0579035388153384e-05, 44, False, 1.0),
    (1.1607592220686755e-05, 17, False, 1.0),
]  # fmt: skip


@settings(max_examples=40, deadline=None)
@example(SHORT_PEAK, 2e-6, 5e-6, 1e-6, 101.875, 0.5, 1e-8)
@given(
    events=EVENTS,
    tau_mem=st.sampled_from([2e-6, 5e-6, 1e-5, 1e-4, np.inf]),
    tau_exc=st.sampled_from([2e-6, 5e-6, 1e-5]),
    tau_inh=st.sampled_from([1e-6, 5e-6, 2e-5]),
    leak=st.floats(60, 140),
    charge=st.floats(0.01, 1.0),
    refractory=st.sampled_from([1e-8, 2e-6, 1e-5]),
)
def test_random_input_gives_the_spikes_of_the_plain_model(
    events, tau_mem, tau_exc, tau_inh, leak, charge, refractory
):
    p = NeuronParameters(
        leak_lsb=leak, tau_mem_s=tau_mem, tau_syn_exc_s=tau_exc, tau_syn_inh_s=tau_inh,
        charge_exc_lsb=charge, charge_inh_lsb=charge / 2, refractory_time_s=refractory,
    )  # fmt: skip
    reference = ReferenceNeuron(parameters_of(p, 0))
    for event in events:
        reference.input(event)
    reference.run(6e-5)
    times, columns = drive(Neurons(p), events, 6e-5)
    assert np.ptp(np.bincount(columns, minlength=256)) == 0
    own = times[columns == 0]
    assume(reference.margin > 1e-6 or own.size == len(reference.spikes))
    np.testing.assert_allclose(own, reference.spikes, rtol=0, atol=1e-10)
