# SPDX-License-Identifier: BSD-3-Clause
"""Limits, changes and mismatch of neuron parameters."""

from dataclasses import fields

import numpy as np
import pytest

from nuxemu import NeuronParameters, Neurons
from nuxemu.array_input import ArrayTypeError, ArrayValueError
from nuxemu.neuron_parameters import FLAGS, LIMITS

POTENTIALS = ("leak_lsb", "threshold_lsb", "reset_lsb", "e_exc_lsb", "e_inh_lsb", "v_exp_lsb")
NAMES = [field.name for field in fields(NeuronParameters)]


def same(a: NeuronParameters, b: NeuronParameters) -> bool:
    return all((getattr(a, name) == getattr(b, name)).all() for name in NAMES)


def test_numbers_and_flags_are_all_there_is():
    assert set(NAMES) == set(LIMITS) | set(FLAGS)


def test_ten_strong_inputs_in_a_row_make_a_default_neuron_fire():
    neurons = Neurons(NeuronParameters())
    counts = []
    for i in range(10):
        counts.append(neurons.run(i * 1e-6)[0].size)
        neurons.input(i * 1e-6, np.full(256, 63))
    assert sum(counts[:5]) == 0
    assert sum(counts) == 256


@pytest.mark.parametrize("name", LIMITS)
def test_numbers_out_of_their_limits_are_refused_by_name_neuron_value_and_limit(name):
    low, high = LIMITS[name]
    wrong = [low - 1e-3 * abs(low) - 1e-12, np.nan, -np.inf] + (
        [high * 1.001] if high < np.inf else []
    )
    for value in wrong:
        values = np.array(getattr(NeuronParameters(), name))
        values[17] = value
        with pytest.raises(ArrayValueError, match=rf"^{name}\[17\] is .*must be .*{low:g}"):
            NeuronParameters(**{name: values})


def test_only_the_membrane_time_constant_may_be_infinite():
    NeuronParameters(tau_mem_s=np.inf)
    for name in LIMITS:
        if name != "tau_mem_s":
            with pytest.raises(ArrayValueError, match=name):
                NeuronParameters(**{name: np.inf})


@pytest.mark.parametrize(
    "values, message",
    [
        ({"reset_lsb": 125.0}, r"reset_lsb\[0\] is 125, but must be below threshold_lsb\[0\]"),
        ({"conductance": True, "e_exc_lsb": 80.5}, r"e_exc_lsb\[0\] is 80.5, .*1 above leak"),
        ({"conductance": True, "e_inh_lsb": 80.0}, r"e_inh_lsb\[0\] is 80, .*1 below leak"),
        ({"exponential": True, "fire": False}, r"exponential\[0\] is True.*fire\[0\]"),
        ({"exponential": True, "tau_mem_s": np.inf}, r"tau_mem_s\[0\] is infinite"),
        ({"leak_lsb": np.zeros(255)}, r"leak_lsb has shape \(255,\)"),
        ({"fire": np.ones((256, 1), bool)}, r"fire has shape \(256, 1\)"),
        ({"leak_lsb": [[80], [80, 80]]}, r"leak_lsb: "),
    ],
)  # fmt: skip
def test_values_that_do_not_fit_are_refused(values, message):
    with pytest.raises(ArrayValueError, match=message):
        NeuronParameters(**values)


@pytest.mark.parametrize("values", [{"fire": 1}, {"leak_lsb": "80"}, {"leak_lsb": True}])
def test_wrong_types_are_refused(values):
    with pytest.raises(ArrayTypeError, match=next(iter(values))):
        NeuronParameters(**values)
    with pytest.raises(ArrayTypeError, match=next(iter(values))):
        NeuronParameters().changed(**values)


def test_parameters_of_neurons_are_those_set():
    random = np.random.default_rng(0)
    p = NeuronParameters(tau_mem_s=np.inf, bypass=random.random(256) < 0.5).with_mismatch(5)
    neurons = Neurons(p)
    assert same(neurons.parameters, p)
    assert neurons.parameters.leak_lsb.flags.writeable is False
    assert not Neurons().parameters.enabled.any()
    with pytest.raises(ArrayTypeError, match="NeuronParameters"):
        neurons.parameters = {}


def test_changes_reach_the_chosen_neurons_only():
    p = NeuronParameters().changed([3, 200], leak_lsb=[90, 91], fire=False)
    assert p.leak_lsb[[3, 200]].tolist() == [90, 91]
    assert (np.delete(p.leak_lsb, [3, 200]) == 80).all()
    np.testing.assert_array_equal(np.flatnonzero(~p.fire), [3, 200])
    neurons = Neurons(NeuronParameters())
    neurons.change(slice(10, 20), tau_mem_s=2e-5)
    np.testing.assert_array_equal(
        neurons.parameters.tau_mem_s == 2e-5, (np.arange(256) >= 10) & (np.arange(256) < 20)
    )
    for columns, values in (([256], {"leak_lsb": 1.0}), ([1, 2], {"leak_lsb": [1.0] * 3})):
        with pytest.raises(ArrayValueError, match="leak_lsb of the chosen neurons"):
            neurons.change(columns, **values)
    with pytest.raises(ArrayTypeError, match="no parameter 'leak'"):
        neurons.change(leak=3.0)


def test_changes_keep_the_state():
    p = NeuronParameters(charge_exc_lsb=0.3).with_mismatch(8)
    neurons = Neurons(p)
    neurons.input(1e-6, np.full(256, 30))
    neurons.run(4e-6)
    before = neurons.membrane(), neurons.currents()
    neurons.change(range(128), leak_lsb=60.0, tau_mem_s=3e-5)
    np.testing.assert_allclose(neurons.membrane(), before[0], rtol=1e-14)
    np.testing.assert_allclose(neurons.currents(), before[1], rtol=1e-14)
    unchanged = Neurons(p)
    unchanged.input(1e-6, np.full(256, 30))
    np.testing.assert_allclose(neurons.membrane(9e-6)[128:], unchanged.membrane(9e-6)[128:])
    assert (neurons.membrane(9e-6)[:128] < unchanged.membrane(9e-6)[:128]).all()


def test_a_threshold_lowered_below_the_membrane_makes_a_spike_at_once():
    neurons = Neurons(NeuronParameters(leak_lsb=120.0))
    neurons.run(1e-6)
    neurons.change([4], threshold_lsb=110.0)
    times, columns = neurons.run(1e-6)
    assert (times.tolist(), columns.tolist()) == ([1e-6], [4])


def test_neurons_that_were_disabled_begin_anew():
    neurons = Neurons(NeuronParameters(fire=False))
    neurons.input(0.0, np.full(256, 63))
    neurons.run(3e-6)
    assert (neurons.membrane() > 81).all()
    neurons.change(range(7), enabled=False)
    neurons.change(range(7), enabled=True, leak_lsb=90.0)
    np.testing.assert_array_equal(neurons.membrane()[:7], 90)
    np.testing.assert_array_equal(neurons.currents()[:, :7], 0)
    assert (neurons.membrane()[7:] > 81).all()


# --- mismatch -------------------------------------------------------------------------------


def test_mismatch_spreads_every_number_by_what_was_asked():
    p = NeuronParameters(a=1.0)
    patterns = []
    for name in LIMITS:
        drawn = np.concatenate(
            [getattr(p.with_mismatch(s, cv=0.1, potential_sd_lsb=2.0), name) for s in range(40)]
        )
        value = getattr(p, name)[0]
        potential = name in POTENTIALS
        sd = 2.0 if potential else 0.1 * value
        assert abs(drawn.mean() - value) < 5 * sd / np.sqrt(drawn.size)
        assert abs(drawn.std() / sd - 1) < 5 / np.sqrt(2 * drawn.size)
        patterns.append((drawn - value) / sd)
    correlation = np.corrcoef(patterns)  # each parameter has a pattern of its own
    assert np.abs(correlation - np.eye(len(LIMITS))).max() < 5.5 / np.sqrt(patterns[0].size)


def test_mismatch_comes_from_the_seed_alone():
    p = NeuronParameters()
    assert same(p.with_mismatch(3), p.with_mismatch(3))
    assert not same(p.with_mismatch(3), p.with_mismatch(4))
    assert same(p.with_mismatch(3, cv=0, potential_sd_lsb=0), p)
    np.testing.assert_allclose(
        p.with_mismatch(3).leak_lsb[:3], [79.848846, 78.390305, 79.603653], atol=1e-5
    )


def test_mismatch_stays_within_the_limits():
    edge = NeuronParameters(
        leak_lsb=1000.0, e_exc_lsb=1000.0, refractory_time_s=4e-9, charge_exc_lsb=100.0, fire=False
    )
    edge.with_mismatch(0, cv=1, potential_sd_lsb=100)
    close = NeuronParameters(reset_lsb=124.0, conductance=True, e_exc_lsb=82.0, e_inh_lsb=78.0)
    drawn = close.with_mismatch(0, cv=1, potential_sd_lsb=10)
    assert (drawn.threshold_lsb - drawn.reset_lsb >= 1).all()
    assert (drawn.tau_mem_s >= 0.1 * 1e-5).all()
    Neurons(drawn)


@pytest.mark.parametrize(
    "arguments, error",
    [
        ({"seed": 1.5}, ArrayTypeError), ({"seed": True}, ArrayTypeError),
        ({"seed": -1}, ArrayValueError), ({"seed": 0, "cv": -0.1}, ArrayValueError),
        ({"seed": 0, "cv": 1.5}, ArrayValueError), ({"seed": 0, "cv": np.nan}, ArrayValueError),
        ({"seed": 0, "potential_sd_lsb": 101}, ArrayValueError),
        ({"seed": 0, "cv": "5 %"}, ArrayTypeError),
    ],
)  # fmt: skip
def test_mismatch_refuses_what_makes_no_sense(arguments, error):
    with pytest.raises(error, match=list(arguments)[-1]):
        NeuronParameters().with_mismatch(**arguments)
