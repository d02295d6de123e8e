# SPDX-License-Identifier: BSD-3-Clause
"""Populations and projections: what arrives where, in logical order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nuxkit

BYPASS = {"bypass": True}  # one spike per input event


def test_one_spike_arrives_at_the_connected_neurons_after_the_delay():
    experiment = nuxkit.Experiment()
    inputs = experiment.population(3, nuxkit.SpikeSourceArray([[1e-5], [2e-5], [3e-5]]))
    neurons = experiment.population(300, BYPASS)
    pairs = [(0, 7), (0, 299), (2, 256)]
    experiment.projection(inputs, neurons, nuxkit.FromList(pairs), weight=63, delay_s=4e-6)
    neurons.record("spikes")
    experiment.run(1 * nuxkit.ms)
    times, indices = neurons.spikes()
    assert sorted(zip(times.round(9), indices.tolist(), strict=True)) == [
        (1.4e-5, 7),
        (1.4e-5, 299),
        (3.4e-5, 256),
    ]


def test_neurons_project_to_neurons_of_the_other_hemisphere():
    experiment = nuxkit.Experiment()
    inputs = experiment.population(1, nuxkit.SpikeSourceArray([1e-5]))
    first = experiment.population(256, BYPASS, label="first")
    second = experiment.population(256, BYPASS, label="second")
    experiment.projection(inputs, first, nuxkit.FromList([(0, 5)]), weight=1)
    experiment.projection(first, second, nuxkit.OneToOne(), weight=1, delay_s=2e-6)
    first.record("spikes")
    second.record("spikes")
    experiment.run(0.1 * nuxkit.ms)
    assert first.spikes().indices.tolist() == second.spikes().indices.tolist() == [5]
    assert second.spikes().times_s[0] - first.spikes().times_s[0] == pytest.approx(2e-6)


def test_one_to_one_with_all_neurons_fits():
    experiment = nuxkit.Experiment()
    inputs = experiment.population(512, nuxkit.SpikeSourceArray([[i * 1e-6] for i in range(512)]))
    neurons = experiment.population(512, BYPASS)
    projection = experiment.projection(inputs, neurons, nuxkit.OneToOne(), weight=9)
    neurons.record("spikes")
    experiment.run(1 * nuxkit.ms)
    assert np.array_equal(neurons.spikes().indices, np.arange(512))
    assert np.array_equal(projection.weights, 9 * np.eye(512, dtype=int))


def test_projections_with_other_columns_share_rows_when_no_row_is_free():
    experiment = nuxkit.Experiment()
    spikes = [[i * 1e-6] for i in range(200)]
    a, b = (experiment.population(200, nuxkit.SpikeSourceArray(spikes)) for _ in range(2))
    left, right = (experiment.population(100, BYPASS, label=name) for name in ("left", "right"))
    for one, other in ((a, left), (b, right)):
        pairs = [(i, i % 100) for i in range(0 if one is a else 100, 200)]
        experiment.projection(one, other, nuxkit.FromList(pairs), weight=3)
        other.record("spikes")
    experiment.run(1 * nuxkit.ms)
    assert left.spikes().indices.tolist() == [*range(100), *range(100)]
    assert right.spikes().indices.tolist() == list(range(100))
    rows = [set(plan.rows) for plans in experiment.layout().synapses.values() for plan in plans]
    assert rows[0] & rows[1]


def test_one_presynaptic_neuron_has_one_row_for_several_projections():
    experiment = nuxkit.Experiment()
    inputs = experiment.population(4, nuxkit.SpikeSourceArray([[1e-5], [], [], []]))
    groups = [experiment.population(50, BYPASS, label=f"group{i}") for i in range(3)]
    for i, group in enumerate(groups):
        experiment.projection(inputs, group, weight=1, delay_s=0 if i < 2 else 3e-6)
        group.record("spikes")
    rows = [plans[0].rows.tolist() for plans in experiment.layout().synapses.values()]
    assert rows[0] == rows[1] == rows[2] == [0, 1, 2, 3]
    experiment.run(50 * nuxkit.us)
    for group, delay_s in zip(groups, (0, 0, 3e-6), strict=True):
        assert np.array_equal(group.spikes().indices, np.arange(50))
        assert group.spikes().times_s == pytest.approx(1e-5 + delay_s)
    assert experiment.statistics.row_events == 2  # the first two groups share the event


def test_inhibition_lowers_and_excitation_raises_the_membrane():
    experiment = nuxkit.Experiment()
    inputs = experiment.population(2, nuxkit.SpikeSourceArray([1e-5]))
    neurons = experiment.population(2, {"fire": False})
    for receptor, pair in (("excitatory", (0, 0)), ("inhibitory", (1, 1))):
        experiment.projection(
            inputs, neurons, nuxkit.FromList([pair]), weight=63, receptor=receptor
        )
    rest = neurons.get("leak_lsb")
    experiment.run(15 * nuxkit.us)
    up, down = neurons.membrane_lsb - rest
    assert up > 1
    assert down == pytest.approx(-up)


@settings(deadline=None, max_examples=10)
@given(st.data())
def test_weights_are_read_as_they_were_written_wherever_they_are(data):
    experiment = nuxkit.Experiment()
    seed = data.draw(st.integers(0, 1000))
    random = np.random.default_rng(seed)
    neurons, size = random.permutation(512), random.integers(1, 20)
    post = experiment.population(size, placement=neurons[:size])
    projections = []
    for _ in range(3):
        pre = experiment.population(int(random.integers(1, 60)), nuxkit.SpikeSourceArray())
        connected = random.random((pre.size, size)) < 0.5
        pairs = np.argwhere(connected)
        projections.append(experiment.projection(pre, post, nuxkit.FromList(pairs), weight=5))
    wanted = []
    for projection in projections:
        values = random.integers(0, 64, projection.shape)
        projection.weights = values
        wanted.append(values * projection.connected)
    for projection, values in zip(projections, wanted, strict=True):
        assert np.array_equal(projection.weights, values)
        assert (projection.labels == 63).tolist() == (~projection.connected).tolist()
    assert sum(int((array.weights > 0).sum()) for array in experiment.chip.synram) == sum(
        int((values > 0).sum()) for values in wanted
    )


def test_parameters_of_neurons_are_kept_by_neuron():
    experiment = nuxkit.Experiment(neurons=nuxkit.NeuronParameters(leak_lsb=90.0))
    thresholds = np.linspace(120, 200, 300)
    neurons = experiment.population(300, {"threshold_lsb": thresholds})
    assert np.array_equal(neurons.get("threshold_lsb"), thresholds)
    assert (neurons.get("leak_lsb") == 90).all()
    neurons.set(threshold_lsb=thresholds + 1, tau_mem_s=2e-5)
    bottom = experiment.chip.neurons[1].parameters
    assert np.array_equal(bottom.threshold_lsb[:44], thresholds[256:] + 1)
    assert (bottom.tau_mem_s[:44] == 2e-5).all()
    assert not bottom.enabled[44:].any()


def test_a_neuron_out_of_range_is_named_by_its_number_in_the_population():
    experiment = nuxkit.Experiment()
    experiment.population(200)
    neurons = experiment.population(100, label="second")
    with pytest.raises(nuxkit.InputError, match=r"'second': threshold_lsb\[70\] is "):
        neurons.set(threshold_lsb=np.where(np.arange(100) == 70, 1e9, 125.0))
    with pytest.raises(nuxkit.InputError, match=r"'second': reset_lsb\[99\] .*threshold_lsb\[99\]"):
        neurons.set(reset_lsb=np.where(np.arange(100) == 99, 130.0, 70.0))
    assert (neurons.get("threshold_lsb") == 125).all()


def test_layout_tells_rows_and_columns():
    experiment = nuxkit.Experiment()
    inputs = experiment.population(10, nuxkit.SpikeSourceArray(), label="inputs")
    neurons = experiment.population(300, label="neurons")
    experiment.projection(inputs, neurons, label="all")
    assert str(experiment.layout()).splitlines() == [
        "neurons: top columns 0-255",
        "neurons: bottom columns 0-43",
        "all: top rows 0-9, columns 0-255",
        "all: bottom rows 0-9, columns 0-43",
    ]
    assert np.array_equal(experiment.layout().neurons["neurons"], np.arange(300))
