# SPDX-License-Identifier: BSD-3-Clause
"""Each mistake has its own clear error, and the experiment can be used on."""

import numpy as np
import pytest

import nuxkit
from nuxkit import ExperimentError, FromList, InputError, OneToOne, SpikeSourceArray, Timer

TIMER = Timer(period_s=1e-3, count=2)


def runs(experiment, neurons, inputs, projection):
    """Check that an experiment is as before its user's mistake."""
    assert set(experiment.populations) == {"inputs", "neurons"}
    assert set(experiment.projections) == {"inputs_to_neurons"}
    assert not experiment.rules
    assert (projection.weights == 40).all()
    neurons.record("spikes")
    experiment.run(1 * nuxkit.ms)
    assert neurons.spikes().times_s.size > 0


MISTAKES = [
    (lambda e, i, n, p: e.population(0), InputError, "size of 'population2' is 0, but must be at"),
    (lambda e, i, n, p: e.population(2.0), InputError, "is 2.0, but must be an integer"),
    (lambda e, i, n, p: e.population(True), InputError, "is True, but must be an integer"),
    (lambda e, i, n, p: e.population(497), ExperimentError, "497 neurons, but only 496 of the"),
    (lambda e, i, n, p: e.population(1, "LIF"), InputError, "kind of 'population2' is 'LIF'"),
    (lambda e, i, n, p: e.population(1, label="inputs"), ExperimentError, "'inputs' .* is taken"),
    (lambda e, i, n, p: e.population(1, label="a/b"), InputError, "name without '/'"),
    (lambda e, i, n, p: e.population(1, label=3), InputError, "label of a population is 3"),
    (lambda e, i, n, p: e.population(1, placement=[512]), InputError, r"\[0\] is 512, .* 0 to 511"),
    (lambda e, i, n, p: e.population(2, placement=[20]), ExperimentError, "1 elements, .* has 2"),
    (lambda e, i, n, p: e.population(2, placement=[20, 20]), InputError, "must be different"),
    (lambda e, i, n, p: e.population(1, placement=[3]), ExperimentError, "3 belongs to .*neurons"),
    (lambda e, i, n, p: e.population(1, placement=["x"]), InputError, "list of integers"),
    (lambda e, i, n, p: e.population(1, {"tau": 1}), InputError, "no parameter 'tau', but leak"),
    (lambda e, i, n, p: e.population(3, {"leak_lsb": [1, 2]}), InputError, r"shape \(2,\), .*3"),
    (lambda e, i, n, p: e.population(3, {"leak_lsb": "x"}), InputError, "must hold real numbers"),
    (lambda e, i, n, p: e.population(3, {"fire": 1.0}), InputError, "fire has dtype float64"),
    (lambda e, i, n, p: e.population(
        3, nuxkit.NeuronParameters().with_mismatch(1)), InputError, "differs from neuron to"),
    (lambda e, i, n, p: n.set(tau_mem_s=-1.0), InputError, r"'neurons': tau_mem_s\[0\] is -1"),
    (lambda e, i, n, p: n.set(nothing=1), InputError, "no parameter 'nothing'"),
    (lambda e, i, n, p: n.get("nothing"), InputError, "no parameter 'nothing'"),
    (lambda e, i, n, p: n.record("w", every_s=1e-6), InputError, "cannot record 'w', but 'spikes'"),
    (lambda e, i, n, p: n.record("v"), InputError, "every_s of v of neurons is None"),
    (lambda e, i, n, p: n.record("v", every_s=0), InputError, "must be from 4e-09"),
    (lambda e, i, n, p: n.record("spikes", every_s=1), InputError, "recorded when they happen"),
    (lambda e, i, n, p: n.spikes(), ExperimentError, "not recorded: call record"),
    (lambda e, i, n, p: n.get_data("v"), ExperimentError, "'v' of 'neurons' is not recorded"),
    (lambda e, i, n, p: i.record("v"), InputError, "'inputs' cannot record 'v'"),
    (lambda e, i, n, p: p.record("traces", every_s=1), InputError, "cannot record 'traces', but w"),
    (lambda e, i, n, p: p.get_data("weights"), ExperimentError, "is not recorded"),
    (lambda e, i, n, p: e.projection(n, i), InputError, "must be a population of neurons"),
    (lambda e, i, n, p: e.projection(i, n, OneToOne), InputError, "but must be a connector"),
    (lambda e, i, n, p: e.projection("inputs", n), InputError, "pre is 'inputs', but must be"),
    (lambda e, i, n, p: e.projection(
        nuxkit.Experiment().population(1, SpikeSourceArray()), n), InputError, "of this exper"),
    (lambda e, i, n, p: e.projection(i, n), ExperimentError,
     "'inputs_to_neurons' and 'inputs_to_neurons_2' overlap: .* from neuron 0 to 0"),
    (lambda e, i, n, p: e.projection(i, n, receptor="gaba"), InputError, "receptor .* 'gaba'"),
    (lambda e, i, n, p: e.projection(i, n, delay_s=-1), InputError, "delay_s .* is -1, but"),
    (lambda e, i, n, p: e.projection(n, n, delay_s=0), InputError, "must be from 8e-09"),
    (lambda e, i, n, p: e.projection(i, n, OneToOne()), InputError, "same size, .* 8 and 16"),
    (lambda e, i, n, p: e.projection(i, n, FromList([(0, 16)])), InputError, "post 16, .* to 15"),
    (lambda e, i, n, p: e.projection(i, n, FromList([0, 1])), InputError, r"shape \(n, 2\)"),
    (lambda e, i, n, p: e.projection(i, n, FromList([(1, 1)] * 2)), InputError, r"\(1, 1\) occ"),
    (lambda e, i, n, p: e.projection(i, n, weight=64), InputError, "weight .* is 64, .* 0 to 63"),
    (lambda e, i, n, p: e.projection(i, n, weight=1.5), InputError, "float64, .* integer"),
    (lambda e, i, n, p: e.projection(i, n, 5), InputError, "is 5, but must be a connector"),
    (lambda e, i, n, p: e.projection(i, n, weight=True), InputError, "bool, .* integer"),
    (lambda e, i, n, p: e.projection(i, n, weight=[1, 2]), InputError, r"\(2,\), .* \(8, 16\)"),
    (lambda e, i, n, p: setattr(p, "weights", np.full((8, 16), -1)), InputError, r"\[0, 0\] is -1"),
    (lambda e, i, n, p: setattr(p, "weights", np.ones((16, 8), int)), InputError, r"\(16, 8\)"),
    (lambda e, i, n, p: e.run(-1), InputError, "duration_s is -1, but must be"),
    (lambda e, i, n, p: e.run(float("nan")), InputError, "duration_s is nan"),
    (lambda e, i, n, p: e.run("1 ms"), InputError, "'1 ms', but must be a number"),
    (lambda e, i, n, p: e.run(1e7), InputError, "must be from 0 to 1e"),
    (lambda e, i, n, p: e.run(1e-3, max_wall_s=0), InputError, "max_wall_s is 0"),
    (lambda e, i, n, p: e.call_at(-1, print), InputError, "time_s is -1"),
    (lambda e, i, n, p: e.call_at(1, 3), InputError, "function is 3, but must be callable"),
    (lambda e, i, n, p: e.call_every(0, print), InputError, "period_s is 0"),
    (lambda e, i, n, p: e.call_every(1, print, count=0), InputError, "count is 0"),
    (lambda e, i, n, p: e.reset(-1), InputError, "seed is -1"),
    (lambda e, i, n, p: e.reset("x"), InputError, "seed is 'x'"),
    (lambda e, i, n, p: e.read("x"), ExperimentError, "no rules"),
    (lambda e, i, n, p: e.run_batch([], 1), InputError, "at least one entry"),
    (lambda e, i, n, p: e.run_batch([3], 1), InputError, "entry 0 of the batch is 3"),
    (lambda e, i, n, p: e.run_batch([{}, {"x": {}}], 1), InputError, "entry 1 .*: 'x' is no popul"),
    (lambda e, i, n, p: e.run_batch([{i: 3}], 1), InputError, "has 3, but must have a mapping"),
    (lambda e, i, n, p: e.run_batch([{i: {"rate_hz": -1}}], 1e-6), InputError, "rate_hz is -1"),
]  # fmt: skip


@pytest.mark.parametrize(("mistake", "kind", "words"), MISTAKES)
def test_a_mistake_is_named_and_changes_nothing(network, mistake, kind, words):
    experiment, inputs, neurons, projection = network()
    with pytest.raises(InputError, match=words) as error:
        mistake(experiment, inputs, neurons, projection)
    assert type(error.value) is kind
    runs(experiment, neurons, inputs, projection)


RULE_MISTAKES = [
    (dict(gain=1), "rule adder: no parameter 'gain'; .*adder.c declares: step, share, table"),
    (dict(stp=1), "did you mean step"),
    (dict(step=11), "rule adder: parameter step is 11, but must be from -10 to 10"),
    (dict(step=1.5), r"parameter step is 1.5 \(float64\), but must be an integer"),
    (dict(step="1"), "parameter step is '1'"),
    (dict(step=[1, 2]), r"parameter step has shape \(2,\), but must have a single value"),
    (dict(table=[1, 2]), r"parameter table has shape \(2,\), but must have shape \(3,\)"),
    (dict(share=0.6), "parameter share is 0.6, but must be from 0"),
    (dict(timer=1e-3), "timer of a rule is 0.001, but must be a nuxkit.Timer"),
    (dict(name="two words"), "name must be one of C"),
    (dict(name="inputs"), "label 'inputs' of a rule is taken"),
    (dict(placement="rom"), "placement is 'rom', but must be one of auto, sram"),
    (dict(record=["energy"]), "no observable 'energy'; .* declares"),
    (dict(capacity=-1), "capacity is -1"),
    (dict(projections=["p"]), "projections of a rule: 'p' is none of this experiment"),
    (dict(populations="n"), "populations of a rule: 'n' is none of this experiment"),
]


@pytest.mark.parametrize(("options", "words"), RULE_MISTAKES)
def test_a_mistake_with_a_rule_is_named_and_changes_nothing(network, rule_file, options, words):
    experiment, inputs, neurons, projection = network()
    with pytest.raises(InputError, match=words):
        experiment.rule(rule_file, **{"timer": TIMER, **options})
    runs(experiment, neurons, inputs, projection)


def test_sources_as_populations_of_a_rule_are_refused(network, rule_file):
    experiment, inputs, neurons, projection = network()
    with pytest.raises(InputError, match="'inputs' of 8> is no population of neurons"):
        experiment.rule(rule_file, timer=TIMER, populations=inputs)
    runs(experiment, neurons, inputs, projection)


def test_a_period_below_that_of_the_scheduler_is_refused():
    with pytest.raises(InputError, match="period_s is 1e-06 s, but must be from 4e-06"):
        Timer(period_s=1e-6)


@pytest.mark.parametrize(
    ("text", "kind"), [(None, nuxkit.ProgramFileError), ("void rule(", nuxkit.BuildError)]
)
def test_a_rule_that_cannot_be_built_leaves_the_experiment(network, tmp_path, text, kind):
    experiment, inputs, neurons, projection = network()
    path = tmp_path / "broken.c"
    if text is not None:
        path.write_text(text)
    with pytest.raises(kind, match=r"broken\.c"):
        experiment.rule(path, timer=TIMER)
    runs(experiment, neurons, inputs, projection)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("step", 11, "from -10 to 10"),
        ("nothing", 1, "no parameter 'nothing'"),
        ("table", [1.5, 2, 3], "must be an integer"),
    ],
)
def test_refused_parameters_stay_as_they_were(network, rule_file, name, value, words):
    experiment, _, _, projection = network()
    rule = experiment.rule(rule_file, timer=TIMER, projections=projection, step=2)
    for _ in range(2):  # before and after the first run
        with pytest.raises(InputError, match=words):
            rule.parameters[name] = value
        with pytest.raises(InputError, match=words):
            rule.set(**({"share": 0.5, "step": 3} | {name: value}))
        assert rule.parameters["step"] == 2
        experiment.run(2 * nuxkit.ms)
    assert (projection.weights == 44).all()
    with pytest.raises(InputError, match="cannot be removed"):
        del rule.parameters["step"]


def test_too_many_rows_are_counted_and_their_owners_named(network):
    experiment, _, neurons, _ = network()
    many = experiment.population(249, SpikeSourceArray(), label="many")
    with pytest.raises(ExperimentError, match=r"249 rows of the top .* only 248 of 256") as error:
        experiment.projection(many, neurons)
    assert "the others belong to 'inputs_to_neurons'" in str(error.value)
    few = experiment.population(248, SpikeSourceArray(), label="few")
    experiment.projection(few, neurons)
    with pytest.raises(ExperimentError, match="1 rows of the top"):
        experiment.projection(experiment.population(1, SpikeSourceArray()), neurons)
    experiment.run(1 * nuxkit.us)


def test_networks_cannot_grow_after_the_first_run_but_after_reset(network, rule_file):
    experiment, _, neurons, _ = network()
    experiment.run(1 * nuxkit.us)
    for what, add in (
        ("population", lambda: experiment.population(1, label="late")),
        ("projection", lambda: experiment.projection(neurons, neurons)),
        ("rule", lambda: experiment.rule(rule_file, timer=TIMER)),
    ):
        with pytest.raises(ExperimentError, match=rf"{what} cannot be added at 1e-06 s.*reset"):
            add()
    experiment.reset()
    experiment.population(1, label="late")
    rule = experiment.rule(rule_file, timer=TIMER)
    experiment.run(2 * nuxkit.ms)
    assert rule.statistics[0].invoked == 2
    with pytest.raises(ExperimentError, match="timer of 'adder' cannot be changed"):
        rule.timer = TIMER


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(seed=-1), "seed is -1"),
        (dict(seed=1.0), "seed is 1.0"),
        (dict(neurons={}), "neurons is {}, but must be NeuronParameters"),
        (dict(correlation=1), "must be a CorrelationConfig"),
        (dict(deadlines="warn"), "deadlines is 'warn', but must be"),
    ],
)
def test_wrong_options_of_experiments_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        nuxkit.Experiment(**options)
