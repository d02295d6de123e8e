# SPDX-License-Identifier: BSD-3-Clause
"""kernels/homeostasis.c: exact against its twin, and neurons reach the target."""

import matplotlib.image
import numpy as np
import pytest

import nuxkit


def twin(weights, spikes, target):
    """Weights after each period; weights: (pre, post), spikes: (periods, post)."""
    found = []
    for counted in spikes.astype(int):
        weights = np.clip(weights + np.sign(target - counted), 0, 63)
        found.append(weights)
    return np.array(found)


def test_all_neurons_reach_the_target_rate(homeostasis):
    found = homeostasis.learn(seed=2)
    spikes, weights = found.spikes.values, found.weights.values
    assert spikes.shape == (100, 512)
    np.testing.assert_array_equal(weights, twin(np.zeros((1, 512), int), spikes, 60))
    assert (spikes[:10] == 0).all()
    late = spikes[-20:].mean(axis=0)
    assert (abs(late - 60) <= 6).mean() >= 0.95
    # Neurons differ, so each needs a weight of its own.
    assert np.ptp(weights[-1]) > 10
    assert weights[-1].max() < 63


@pytest.mark.parametrize("target", [0, 7, 126])
def test_weights_equal_the_twin_at_any_target_and_placement(homeostasis, target):
    experiment = nuxkit.Experiment(seed=3)
    source = experiment.population(5, nuxkit.SpikeSourcePoisson(30e3))
    places = np.random.default_rng(1).permutation(512)[:70]
    charges = np.linspace(0.2, 3.0, 70)
    neurons = experiment.population(70, {"charge_exc_lsb": charges}, placement=places)
    start = np.random.default_rng(2).integers(0, 64, (5, 70))
    synapses = experiment.projection(source, neurons, weight=start)
    timer = nuxkit.Timer(start_s=1e-3, period_s=1e-3)
    rule = experiment.rule(
        homeostasis.KERNEL, timer=timer, projections=synapses, populations=neurons, target=target
    )
    neurons.record("spikes")
    experiment.run(30.5e-3)
    found = rule.observables()
    weights = found.weights.values
    np.testing.assert_array_equal(weights, twin(start, found.spikes.values, target))
    np.testing.assert_array_equal(synapses.weights, weights[-1])
    assert {0, 63} & {*weights.ravel().tolist()}
    for k in (3, 20):  # it takes some 50 us to read all counters
        counted = neurons.spike_counts(start_s=k * 1e-3, stop_s=(k + 1) * 1e-3)
        assert abs(found.spikes.values[k] - np.minimum(counted, 127.0)).max() <= 8


def test_more_spikes_than_can_be_counted_lower_the_weights(homeostasis):
    experiment = nuxkit.Experiment(seed=1)
    source = experiment.population(1, nuxkit.SpikeSourceRegular(2e-6))
    neurons = experiment.population(3, {"bypass": True})
    synapses = experiment.projection(source, neurons, weight=20)
    timer = nuxkit.Timer(start_s=1e-3, period_s=1e-3, count=10)
    rule = experiment.rule(
        homeostasis.KERNEL, timer=timer, projections=synapses, populations=neurons, target=60
    )
    experiment.run(10.5e-3)
    assert (rule.observables().spikes == 127).all()
    assert (synapses.weights == 10).all()


def test_the_example_leaves_its_picture(homeostasis, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(homeostasis, "PERIODS", 12)
    monkeypatch.setattr(homeostasis.learn, "__defaults__", (12,))
    monkeypatch.setattr("sys.argv", ["homeostasis.py", "--output", str(tmp_path)])
    homeostasis.main()
    assert "0.0% of the neurons" in capsys.readouterr().out
    assert matplotlib.image.imread(tmp_path / "homeostasis.png").shape[0] >= 400
