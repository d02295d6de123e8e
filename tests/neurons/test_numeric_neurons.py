# SPDX-License-Identifier: BSD-3-Clause
"""Neurons without a closed form against SciPy at tight tolerance."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neurons.reference_neuron import ReferenceNeuron, drive, parameters_of
from nuxemu import NeuronParameters, Neurons

#: Potentials of Naud et al. in LSB: 2 LSB per mV; times a thousand times faster.
LSB_PER_MV, ZERO_MV = 2.0, -100.0

# C (pF), gL (nS), EL, VT, DeltaT (mV), a (nS), tau_w (ms), b (pA), Vr (mV), I (pA), for how long
# (ms). After R. Naud, N. Marcille, C. Clopath, W. Gerstner, "Firing patterns in the adaptive
# exponential integrate-and-fire model", Biol. Cybern. 99 (2008), table 1.
PATTERNS = {
    "tonic": (200, 10, -70, -50, 2, 2, 30, 0, -58, 500, 400),
    "adapting": (200, 12, -70, -50, 2, 2, 300, 60, -58, 500, 400),
    "initial burst": (130, 18, -58, -50, 2, 4, 150, 120, -50, 400, 400),
    "bursting": (200, 10, -58, -50, 2, 2, 120, 100, -46, 210, 400),
}


def pattern(name: str) -> tuple[NeuronParameters, float, float]:
    """Parameters of a pattern, its current in LSB/s and its duration in s."""
    c, gl, el, vt, delta_t, a, tau_w, b, reset, current, duration = PATTERNS[name]

    def lsb(mv: float) -> float:
        return LSB_PER_MV * (mv - ZERO_MV)

    tau_mem = c / gl * 1e-6
    parameters = NeuronParameters(
        leak_lsb=lsb(el), threshold_lsb=lsb(vt + 20 * delta_t), reset_lsb=lsb(reset),
        v_exp_lsb=lsb(vt), delta_t_lsb=LSB_PER_MV * delta_t, tau_mem_s=tau_mem,
        a=a / gl, b_lsb=LSB_PER_MV * b / gl, tau_w_s=tau_w * 1e-6, tau_syn_exc_s=1.0,
        refractory_time_s=1e-8, exponential=True, adaptation=True,
    )  # fmt: skip
    return parameters, LSB_PER_MV * current / gl / tau_mem, duration * 1e-6


def check_pattern(name: str, intervals: np.ndarray) -> None:
    """The spikes of the reference have the shape that the pattern's name says."""
    assert intervals.size >= 5, intervals
    early, late = intervals[:2], intervals[-2:]
    if name == "tonic":
        assert np.ptp(intervals[5:]) < 0.02 * intervals.mean()
    elif name == "adapting":
        assert (np.diff(intervals) > 0).all() and late.mean() > 2 * early.mean()
    elif name == "initial burst":
        assert late.mean() > 3 * early[0] and np.ptp(late) < 0.05 * late.mean()
    else:
        long = intervals > 3 * intervals.min()
        assert 2 <= np.count_nonzero(long) < intervals.size / 2  # bursts with breaks


@pytest.mark.parametrize("name", PATTERNS)
def test_adex_patterns_are_those_of_the_reference_integration(name):
    parameters, current, duration = pattern(name)
    reference = ReferenceNeuron(parameters_of(parameters, 0), i_exc=current)
    reference.run(duration)
    expected = np.array(reference.spikes)
    intervals = np.diff(expected)
    check_pattern(name, intervals)
    neurons = Neurons(parameters)
    neurons.set_state(exc_lsb_per_s=current)
    times, columns = neurons.run(duration)
    own = times[columns == 7]
    assert own.size == expected.size
    # The bar is 1 % of the interval. Errors add up from spike to spike.
    error = np.abs(own - expected)
    assert (error[1:] < 1e-5 * intervals).all(), error[1:] / intervals


def test_conductance_based_psps_match():
    p = NeuronParameters(conductance=True, fire=False, e_exc_lsb=200.0, e_inh_lsb=60.0,
                         charge_exc_lsb=1.0, charge_inh_lsb=0.8)  # fmt: skip
    events = [(1e-6, 40, False, 1.0), (2e-6, 63, True, 1.0), (9e-6, 63, False, 2.0)]
    events += [(9.5e-6, 63, True, 3.0), (3e-5, 10, True, 1.0)]
    neurons, reference = Neurons(p), ReferenceNeuron(parameters_of(p, 0))
    for event in events:
        reference.input(event)
        neurons.run(event[0])
        np.testing.assert_allclose(neurons.membrane()[0], reference.v, rtol=0, atol=1e-5)
        neurons.input(event[0], np.full(256, event[1]), event[2], event[3])
    for time in np.linspace(3.01e-5, 1e-4, 50):
        reference.run(time)
        neurons.run(time)
        np.testing.assert_allclose(neurons.membrane()[0], reference.v, rtol=0, atol=1e-5)


def test_reversal_potentials_bound_the_membrane():
    p = NeuronParameters(conductance=True, fire=False, e_exc_lsb=130.0, e_inh_lsb=60.0)
    neurons = Neurons(p)
    neurons.input(0.0, np.full(256, 63), amplitude=1000.0)
    neurons.run(2e-6)
    assert (np.abs(neurons.membrane() - 130) < 1).all()
    neurons.input(2e-6, np.full(256, 63), inhibitory=True, amplitude=50000.0)
    neurons.run(4e-6)
    assert (np.abs(neurons.membrane() - 60) < 1).all()


@pytest.mark.parametrize("threshold_part", [0.999999, 1.000001])
def test_a_crossing_within_a_step_is_found(threshold_part):
    """A peak just over or under the threshold, long before the next event."""
    p = NeuronParameters(conductance=True, charge_exc_lsb=0.5, threshold_lsb=1000.0)
    events = [(1e-6, 63, False, 1.0)]
    reference = ReferenceNeuron(parameters_of(p, 0))
    reference.input(events[0])
    peak = 80.0
    for time in np.linspace(1e-6, 2e-5, 2001)[1:]:
        reference.run(time)
        peak = max(peak, reference.v)
    assert 90 < peak < 120
    p = p.changed(threshold_lsb=80 + (peak - 80) * threshold_part)
    times, _ = drive(Neurons(p), events, 1e-4)
    assert times.size == (256 if threshold_part < 1 else 0)


def test_adaptation_goes_on_while_the_membrane_is_held():
    p = NeuronParameters(adaptation=True, a=0.5, b_lsb=8.0, tau_w_s=3e-5, refractory_time_s=2e-5,
                         leak_lsb=150.0)  # fmt: skip
    reference, neurons = ReferenceNeuron(parameters_of(p, 0)), Neurons(p)
    for time in np.linspace(1e-6, 5e-4, 100):
        reference.run(time)
        neurons.run(time)
        np.testing.assert_allclose(neurons.adaptation()[0], reference.w, rtol=0, atol=1e-5)
        np.testing.assert_allclose(neurons.membrane()[0], reference.v, rtol=0, atol=1e-5)
    assert len(reference.spikes) > 3


def test_linear_neurons_beside_numeric_ones_stay_exact():
    numeric = np.arange(256) % 4 == 1
    mixed = NeuronParameters(conductance=numeric, leak_lsb=130.0)
    plain = NeuronParameters(leak_lsb=130.0)
    events = [(i * 1e-6, i % 64, i % 3 == 0, 1.0) for i in range(200)]
    times, columns = drive(Neurons(mixed), events, 3e-4)
    expected, _ = drive(Neurons(plain), events, 3e-4)
    for column in (0, 2, 255):
        np.testing.assert_allclose(times[columns == column], expected[::256], rtol=1e-10)


EVENTS = st.lists(
    st.tuples(
        st.floats(0, 3e-5), st.integers(0, 63), st.booleans(), st.sampled_from([0.5, 1.0, 2.0])
    ),
    min_size=1, max_size=15,
).map(lambda events: sorted(events, key=lambda event: event[0]))  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(
    events=EVENTS,
    conductance=st.booleans(),
    exponential=st.booleans(),
    adaptation=st.booleans(),
    tau_mem=st.sampled_from([2e-6, 1e-5, 3e-5]),
    tau_exc=st.sampled_from([2e-6, 5e-6]),
    leak=st.floats(60, 110),
    charge=st.floats(0.05, 1.0),
    a=st.floats(-0.5, 3),
    b=st.floats(0, 20),
)
def test_random_input_gives_the_spikes_of_the_reference(
    events, conductance, exponential, adaptation, tau_mem, tau_exc, leak, charge, a, b
):
    p = NeuronParameters(
        leak_lsb=leak, tau_mem_s=tau_mem, tau_syn_exc_s=tau_exc, charge_exc_lsb=charge,
        charge_inh_lsb=charge / 2, conductance=conductance, exponential=exponential, a=a, b_lsb=b,
        adaptation=adaptation, tau_w_s=2e-5, threshold_lsb=140.0,
    )  # fmt: skip
    reference = ReferenceNeuron(parameters_of(p, 0))
    for event in events:
        reference.input(event)
    reference.run(6e-5)
    times, columns = drive(Neurons(p), events, 6e-5)
    assert np.ptp(np.bincount(columns, minlength=256)) == 0
    own = times[columns == 0]
    assume(own.size == len(reference.spikes) or reference.margin > 1e-3)
    np.testing.assert_allclose(own, reference.spikes, rtol=0, atol=1e-9)


def test_a_reset_within_the_upstroke_fires_after_every_refractory_time():
    p = NeuronParameters(exponential=True, v_exp_lsb=-470.0, delta_t_lsb=0.1, threshold_lsb=1000.0,
                         reset_lsb=390.0, leak_lsb=0.0, refractory_time_s=1e-7)  # fmt: skip
    times, columns = Neurons(p).run(1e-5)
    own = times[columns == 0]
    assert own.size in (100, 101)
    np.testing.assert_allclose(np.diff(own), 1e-7, rtol=0, atol=1e-12)
