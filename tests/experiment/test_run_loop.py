# SPDX-License-Identifier: BSD-3-Clause
"""Time, recordings, calls of the host, reset."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import numpy as np
import pytest

import nuxkit


def state(experiment):
    experiment._session.collect_spikes()  # those that wait on the chip are part of its state
    return experiment.chip.model.save().digest


def test_many_short_runs_are_one_long_run(network):
    results = []
    for parts in (1, 37):
        experiment, inputs, neurons, projection = network(seed=5)
        inputs.record("spikes")
        neurons.record("spikes")
        neurons.record("v", every_s=10e-6)
        projection.record("weights", every_s=0.5e-3)
        for _ in range(parts):
            experiment.run(3.7e-3 / parts)
        tree = experiment.results()
        results.append((tree, state(experiment)))
    assert results[0][1] == results[1][1]
    assert results[0][0].identical(results[1][0])
    assert results[0][0]["neurons"].sizes["spike"] > 100


def test_reset_repeats_the_experiment_bit_for_bit(network):
    experiment, inputs, neurons, projection = network(seed=5)
    neurons.record("spikes")
    neurons.record("v", every_s=50e-6)
    experiment.run(2 * nuxkit.ms)
    before, digest = experiment.results(), state(experiment)
    projection.weights = 3
    inputs_before = inputs.source
    experiment.run(1 * nuxkit.ms)
    experiment.reset()
    assert experiment.time_s == 0
    assert inputs.source is inputs_before
    assert (projection.weights == 40).all()
    assert neurons.spikes().times_s.size == 0
    experiment.run(2 * nuxkit.ms)
    assert experiment.results().identical(before)
    assert state(experiment) == digest


def test_another_seed_gives_other_spikes_and_the_first_one_the_first(network):
    experiment, inputs, *_ = network(seed=5)
    inputs.record("spikes")
    found = []
    for seed in (5, 6, 5):
        experiment.reset(seed)
        experiment.run(1 * nuxkit.ms)
        found.append(inputs.spikes().times_s)
    assert np.array_equal(found[0], found[2])
    assert not np.array_equal(found[0], found[1])


def test_populations_of_sources_differ_from_each_other():
    experiment = nuxkit.Experiment()
    sources = [experiment.population(2, nuxkit.SpikeSourcePoisson(1e5)) for _ in range(2)]
    for source in sources:
        source.record("spikes")
    experiment.run(1 * nuxkit.ms)
    assert not np.array_equal(*(source.spikes().times_s for source in sources))


def test_recordings_have_their_times_and_values(network):
    experiment, _, neurons, projection = network()
    experiment.run(0.1 * nuxkit.ms)
    neurons.record("v", every_s=20e-6)
    projection.record("causal", every_s=50e-6)
    experiment.run(0.1 * nuxkit.ms)
    v, causal = neurons.get_data("v"), projection.get_data("causal")
    assert v.dims == ("time", "neuron")
    assert v["time"].values == pytest.approx(np.arange(6) * 20e-6 + 0.1e-3)
    assert np.array_equal(v[-1], neurons.membrane_lsb)
    assert causal.dims == ("time", "pre", "post")
    assert np.array_equal(causal[-1], projection.causal)
    assert causal[-1].sum() > causal[0].sum() >= 0
    assert v.attrs["units"] == causal.attrs["units"] == "LSB"


def test_correlation_is_in_logical_order():
    experiment = nuxkit.Experiment(correlation=nuxkit.CorrelationConfig.ideal())
    inputs = experiment.population(3, nuxkit.SpikeSourceArray([[], [1e-5], []]))
    neurons = experiment.population(4, {"bypass": True}, placement=[400, 3, 0, 300])
    projection = experiment.projection(inputs, neurons, nuxkit.FromList([(1, 0), (1, 2), (0, 1)]))
    projection.weights = 10
    experiment.run(20 * nuxkit.us)
    assert projection.causal.nonzero()[0].tolist() == [1, 1]
    assert projection.causal.nonzero()[1].tolist() == [0, 2]


def test_calls_come_at_their_times_in_order():
    experiment = nuxkit.Experiment()
    calls = []
    experiment.call_every(30e-6, lambda t: calls.append(("every", t)), count=3)
    experiment.call_at(60e-6, lambda t: calls.append(("at", t)))
    experiment.call_at(0.0, lambda t: calls.append(("first", t)))
    experiment.run(45 * nuxkit.us)
    assert calls == [("first", 0.0), ("every", 30e-6)]
    experiment.run(1 * nuxkit.ms)
    assert calls[2:] == [("every", 60e-6), ("at", 60e-6), ("every", 90e-6)]
    experiment.reset()
    experiment.run(1 * nuxkit.ms)
    assert calls[5:] == calls[:5]


def test_calls_close_the_loop():
    experiment = nuxkit.Experiment()
    inputs = experiment.population(1, nuxkit.SpikeSourceArray())
    neurons = experiment.population(1, {"bypass": True})
    projection = experiment.projection(inputs, neurons, weight=1)
    neurons.record("spikes")
    counts = []

    def step(time_s):
        counts.append(int(neurons.spike_counts(time_s - 10e-6)[0]))
        inputs.set(spike_times_s=time_s + np.arange(1, len(counts) + 1) * 1e-6)
        if len(counts) == 4:
            projection.weights = 0

    experiment.call_every(10e-6, step)
    experiment.run(65 * nuxkit.us)
    assert counts == [0, 1, 2, 3, 0, 0]


def test_calls_made_by_calls_are_not_repeated_twice_after_reset():
    experiment = nuxkit.Experiment()
    calls = []
    experiment.call_at(1e-6, lambda t: experiment.call_at(2e-6, calls.append))
    for _ in range(2):
        experiment.run(5 * nuxkit.us)
        assert calls == [2e-6]
        calls.clear()
        experiment.reset()


def test_cancelled_calls_are_not_made():
    experiment = nuxkit.Experiment()
    calls = []
    call = experiment.call_every(1e-6, lambda t: (calls.append(t), call.cancel()))
    experiment.run(5 * nuxkit.us)
    experiment.reset()
    experiment.run(5 * nuxkit.us)
    assert calls == [1e-6]


def test_a_call_that_raises_ends_the_run_where_it_was_made():
    experiment = nuxkit.Experiment()
    inputs = experiment.population(1, nuxkit.SpikeSourceRegular(1e-6))
    inputs.record("spikes")

    def fail(time_s):
        raise KeyError("reward")

    experiment.call_at(20e-6, fail)
    with pytest.raises(nuxkit.CallbackError, match="fail, called at 2e-05 s, raised KeyError") as e:
        experiment.run(50 * nuxkit.us)
    assert isinstance(e.value.__cause__, KeyError)
    assert experiment.time_s == 20e-6
    experiment.run(29.5 * nuxkit.us)
    assert np.array_equal(inputs.spikes().times_s, np.arange(50) * 1e-6)


@pytest.mark.parametrize("what", ["run", "reset", "run_batch"])
def test_runs_within_calls_are_refused(what):
    experiment = nuxkit.Experiment()
    arguments = {"run": (1e-3,), "reset": (), "run_batch": ([{}], 1e-3)}[what]
    experiment.call_at(1e-6, lambda t: getattr(experiment, what)(*arguments))
    with pytest.raises(nuxkit.CallbackError, match=rf"ExperimentError: {what}\(\) cannot be used"):
        experiment.run(2 * nuxkit.us)
    experiment.run(2 * nuxkit.us)


def test_input_can_be_changed_between_runs():
    experiment = nuxkit.Experiment()
    array = experiment.population(1, nuxkit.SpikeSourceArray([1e-3, 5e-3]))
    poisson = experiment.population(1, nuxkit.SpikeSourcePoisson(0.0))
    array.record("spikes")
    poisson.record("spikes")
    experiment.run(2 * nuxkit.ms)
    array.set(spike_times_s=[2e-3, 3e-3])
    poisson.set(rate_hz=1e6)
    experiment.run(4 * nuxkit.ms)
    assert array.spikes().times_s.tolist() == [1e-3, 2e-3, 3e-3]
    times = poisson.spikes().times_s
    assert 2e-3 <= times.min() < 2.1e-3
    assert abs(times.size - 4000) < 300
    with pytest.raises(nuxkit.InputError, match=r"spike_times_s has 0\.001 s, before the present"):
        array.set(spike_times_s=[1e-3])


def test_a_refused_change_of_a_source_changes_nothing(network):
    found = []
    for refuse in (False, True):
        experiment, inputs, *_ = network()
        inputs.record("spikes")
        if refuse:
            with pytest.raises(nuxkit.InputError, match="no parameter 'rate'"):
                inputs.set(rate=3.0)
            with pytest.raises(nuxkit.InputError, match="rate_hz is -3"):
                inputs.set(rate_hz=-3.0)
        inputs.set(rate_hz=30e3)
        experiment.run(1 * nuxkit.ms)
        found.append(inputs.spikes().times_s)
    assert np.array_equal(*found)


def test_spikes_before_recording_are_not_in_it(network):
    experiment, _, neurons, _ = network()
    experiment.run(0.5 * nuxkit.ms)
    neurons.record("spikes")
    experiment.run(0.5 * nuxkit.ms)
    times = neurons.spikes().times_s
    assert times.min() > 0.5e-3
    some = neurons.spikes(0.6e-3, 0.8e-3).times_s
    assert np.array_equal(some, times[(times >= 0.6e-3) & (times < 0.8e-3)])
    assert neurons.spike_counts().sum() == times.size


def test_wall_time_limit_leaves_an_experiment_that_goes_on(network):
    experiment, inputs, *_ = network(inputs=64, neurons=512)
    inputs.set(rate_hz=100e3)
    with pytest.raises(nuxkit.RunLimitError, match="max_wall_s"):
        experiment.run(100.0, max_wall_s=0.5)
    reached = experiment.time_s
    assert 0 < reached < 100
    experiment.run(0.1 * nuxkit.ms)
    assert experiment.time_s == pytest.approx(reached + 0.1e-3)


PROGRESS = """
import sys
from nuxkit.experiment import progress
progress._DELAY_S = 0
import nuxkit
experiment = nuxkit.Experiment()
inputs = experiment.population(64, nuxkit.SpikeSourcePoisson(1e6))
experiment.run(10 * nuxkit.ms)
"""


def run_with(stderr):
    code = [sys.executable, "-c", PROGRESS]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(code, env=environment, stderr=stderr, timeout=60, check=True)


def test_progress_is_shown_on_a_terminal_only():
    assert run_with(subprocess.PIPE).stderr == b""
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    try:
        run_with(writer)
        os.set_blocking(reader, False)
        assert b"hardware time" in os.read(reader, 1000)
    finally:
        os.close(writer)
        os.close(reader)
