# SPDX-License-Identifier: BSD-3-Clause
"""Rules in experiments: parameters, observables in logical order, statistics, closed loops."""

import subprocess

import numpy as np
import pytest

import nuxkit


@pytest.fixture
def no_compiler(monkeypatch):
    """Refuse to start any process from when it is called."""

    def forbid():
        def refuse(*arguments, **options):
            raise AssertionError(f"a process was started: {arguments}")

        monkeypatch.setattr(subprocess, "Popen", refuse)

    return forbid


def with_rule(network, rule_file, count=4, **options):
    experiment, inputs, neurons, projection = network(**options)
    rule = experiment.rule(
        rule_file,
        timer=nuxkit.Timer(start_s=0.5e-3, period_s=1e-3, count=count),
        projections=projection,
        populations=neurons,
    )
    return experiment, inputs, neurons, projection, rule


def test_weights_before_and_after_each_invocation(network, rule_file):
    experiment, _, _, projection, rule = with_rule(network, rule_file, neurons=300)
    initial = np.random.default_rng(1).integers(0, 50, projection.shape)
    projection.weights = initial
    projection.record("weights", every_s=1e-3)
    experiment.run(4 * nuxkit.ms)
    steps = initial + np.arange(4)[:, None, None]
    assert np.array_equal(rule.observables()["weights"], steps)
    assert np.array_equal(projection.get_data("weights"), initial + np.arange(5)[:, None, None])
    assert np.array_equal(projection.weights, initial + 4)


def test_observables_have_dimensions_units_and_times(network, rule_file):
    experiment, *_, rule = with_rule(network, rule_file, neurons=300)
    experiment.run(10 * nuxkit.ms)
    found = rule.observables()
    assert found["time"].values.tolist() == [0.5e-3, 1.5e-3, 2.5e-3, 3.5e-3]
    assert found["index"].values.tolist() == [0, 1, 2, 3]
    assert found["hemisphere"].values.tolist() == ["top", "bottom"]
    assert {name: found[name].dims for name in found} == {
        "weights": ("invocation", "pre", "post"),
        "columns": ("invocation", "neuron"),
        "counts": ("invocation", "hemisphere", "counts_index"),
        "reward": ("invocation", "hemisphere"),
    }
    assert {name: found[name].attrs["units"] for name in found} == {
        "weights": "LSB", "columns": "1", "counts": "1", "reward": "1",
    }  # fmt: skip
    assert found["counts"].values[:, :, 0].tolist() == [[i, i] for i in range(4)]
    assert found["counts"].values[:, :, 1].tolist() == [[0, 1]] * 4
    assert (found["reward"] == 0.5).all()
    assert found.attrs["invoked_top"] == found.attrs["invoked_bottom"] == 4
    assert found.attrs["missed_top"] == found.attrs["dropped_bottom"] == 0


@pytest.mark.parametrize("seed", range(3))
def test_observables_are_in_logical_order_wherever_neurons_are(rule_file, seed):
    random = np.random.default_rng(seed)
    places = random.permutation(512)
    experiment = nuxkit.Experiment()
    inputs = experiment.population(5, nuxkit.SpikeSourceArray())
    one = experiment.population(30, placement=places[:30], label="one")
    other = experiment.population(7, placement=places[30:37], label="other")
    projections = [experiment.projection(inputs, post) for post in (other, one)]
    weights = [random.integers(0, 60, projection.shape) for projection in projections]
    for projection, values in zip(projections, weights, strict=True):
        projection.weights = values
    rule = experiment.rule(
        rule_file, timer=nuxkit.Timer(period_s=1e-3, count=2),
        projections=projections, populations=[one, other],
    )  # fmt: skip
    experiment.run(2 * nuxkit.ms)
    found = rule.observables()
    for projection, values in zip(projections, weights, strict=True):
        recorded = found[f"weights_{projection.label}"]
        assert recorded.dims[1:] == (f"pre_{projection.label}", f"post_{projection.label}")
        assert np.array_equal(recorded, [values, values + 1])
    assert np.array_equal(found["columns_one"][0], places[:30] % 256)
    assert np.array_equal(found["columns_other"][1], places[30:37] % 256)


def test_synapses_that_do_not_exist_are_recorded_as_zero(rule_file):
    experiment = nuxkit.Experiment()
    inputs = experiment.population(3, nuxkit.SpikeSourceArray())
    neurons = experiment.population(3)
    pairs = nuxkit.FromList([(0, 1), (2, 2)])
    projection = experiment.projection(inputs, neurons, pairs, weight=5)
    rule = experiment.rule(
        rule_file, timer=nuxkit.Timer(period_s=1e-3, count=2), projections=[projection]
    )
    experiment.run(2 * nuxkit.ms)
    assert np.array_equal(rule.observables()["weights"][1], 6 * projection.connected)
    assert np.array_equal(projection.weights, 7 * projection.connected)


@pytest.mark.parametrize("seed", range(3))
def test_presynaptic_neurons_may_differ_between_the_hemispheres(rule_file, seed):
    random = np.random.default_rng(seed)
    pairs = np.argwhere(random.random((40, 30)) < 0.1)
    experiment = nuxkit.Experiment()
    inputs = experiment.population(40, nuxkit.SpikeSourceArray())
    neurons = experiment.population(30, placement=random.permutation(512)[:30])
    projection = experiment.projection(inputs, neurons, nuxkit.FromList(pairs))
    weights = random.integers(0, 60, projection.shape) * projection.connected
    projection.weights = weights
    rule = experiment.rule(
        rule_file, timer=nuxkit.Timer(period_s=1e-3, count=2), projections=[projection]
    )
    experiment.run(2 * nuxkit.ms)
    found = rule.observables()["weights"]
    assert np.array_equal(found, [weights, weights + projection.connected])
    assert np.array_equal(projection.weights, weights + 2 * projection.connected)


def test_a_rule_changes_one_to_one_synapses_of_all_neurons(rule_file):
    experiment = nuxkit.Experiment()
    inputs = experiment.population(512, nuxkit.SpikeSourceArray())
    neurons = experiment.population(512)
    projection = experiment.projection(inputs, neurons, nuxkit.OneToOne(), weight=3)
    rule = experiment.rule(
        rule_file, timer=nuxkit.Timer(period_s=2e-3, count=2), projections=[projection]
    )
    experiment.run(4 * nuxkit.ms)
    assert np.array_equal(projection.weights, 5 * np.eye(512))
    assert np.array_equal(rule.observables()["weights"][1], 4 * np.eye(512))


def test_parameters_change_during_and_between_runs_without_a_compiler(
    network, rule_file, no_compiler
):
    experiment, _, _, projection, rule = with_rule(network, rule_file, weight=10)
    assert dict(rule.parameters) | {"table": None} == {"step": 1, "share": 0.25, "table": None}
    assert rule.parameters["table"].tolist() == [7, 7, 7]
    experiment.run(1 * nuxkit.ms)
    no_compiler()
    rule.parameters["step"] = 5
    call = experiment.call_at(2e-3, lambda t: rule.set(step=-2, share=0.5, table=[1, 2, 3]))
    experiment.run(3 * nuxkit.ms)
    assert rule.observables()["weights"].values[:, 0, 0].tolist() == [10, 11, 16, 14]
    assert (projection.weights == 12).all()
    assert rule.parameters["share"] == 0.5
    assert rule.parameters["table"].tolist() == [1, 2, 3]
    call.cancel()
    experiment.reset()
    experiment.run(4 * nuxkit.ms)
    assert rule.observables()["weights"].values[:, 0, 0].tolist() == [10, 8, 6, 4]
    rule.parameters["step"] = 1
    experiment.reset(seed=3)
    rule.timer = nuxkit.Timer(period_s=2e-3, count=2)
    experiment.run(4 * nuxkit.ms)
    assert rule.observables()["time"].values.tolist() == [0, 2e-3]
    assert (projection.weights == 12).all()


def test_batches_run_the_same_network_with_other_inputs_and_parameters(
    network, rule_file, no_compiler
):
    experiment, inputs, _, _, rule = with_rule(network, rule_file, weight=10)
    inputs.record("spikes")
    experiment.run(2 * nuxkit.ms)
    plain = inputs.spikes().times_s
    no_compiler()
    rates = [20e3, 0.0, 40e3]
    tree = experiment.run_batch(
        [{inputs: {"rate_hz": rate}, "adder": {"step": step}}
         for step, rate in enumerate(rates, start=-1)],
        2e-3,
    )  # fmt: skip
    assert tree["adder"]["weights"].dims == ("batch", "invocation", "pre", "post")
    assert tree["adder"]["weights"].values[:, 1, 0, 0].tolist() == [9, 10, 11]
    spikes = tree["inputs"]["spike_time_s"]
    counts = spikes.notnull().sum("spike").values
    assert counts[1] == 0
    assert np.array_equal(spikes[0].dropna("spike"), plain)
    assert (tree["inputs"]["spike_neuron"][1] == -1).all()
    assert inputs.get("rate_hz") == 20e3
    assert rule.parameters["step"] == 1


def test_an_error_says_in_which_entry_of_the_batch_it_was(network, slow_rule_file):
    experiment, *_ = network()
    slow = experiment.rule(slow_rule_file, timer=nuxkit.Timer(period_s=1e-3, count=2))
    entries = [{slow: {"cycles": cycles}} for cycles in (1000, 300_000)]
    with pytest.raises(nuxkit.DeadlineError) as error:
        experiment.run_batch(entries, 2 * nuxkit.ms)
    assert error.value.__notes__ == ["in entry 1 of 2 of the batch"]
    assert slow.parameters["cycles"] == 100
    experiment.run_batch(entries[:1], 2 * nuxkit.ms)


def test_entries_of_a_batch_have_random_numbers_of_their_own(network):
    experiment, inputs, *_ = network()
    inputs.record("spikes")
    for _ in range(2):  # nothing remains from the first time
        tree = experiment.run_batch([{}, {}], 1e-3)
        first, second = (tree["inputs"]["spike_time_s"][i].dropna("spike") for i in range(2))
        assert not np.array_equal(first, second)
        experiment.reset()
        experiment.run(1e-3)
        assert np.array_equal(inputs.spikes().times_s, first)


def test_same_file_twice_and_statistics_by_rule(network, rule_file):
    experiment, _, _, projection = network(neurons=8, weight=0)
    rules = [
        experiment.rule(
            rule_file, name=name, timer=nuxkit.Timer(period_s=period_s, count=count),
            projections=[projection], step=step,
        )
        for name, period_s, count, step in (("slow", 2e-3, 2, 10), ("fast", 1e-3, 4, 1))
    ]  # fmt: skip
    experiment.run(4 * nuxkit.ms)
    assert (projection.weights == 24).all()
    assert [rule.statistics[0].invoked for rule in rules] == [2, 4]
    assert [len(rule.statistics) for rule in rules] == [1, 1]
    log = rules[1].invocations()
    assert log["release_s"].tolist() == pytest.approx([0, 1e-3, 2e-3, 3e-3])
    assert (log["begin_s"] >= log["release_s"]).all()
    assert (log["end_s"] > log["begin_s"]).all()
    assert set(rules[0].invocations()["rule"]) == {"slow"}


def test_symbols_are_read_and_written(network, rule_file):
    experiment, *_, rule = with_rule(network, rule_file)
    experiment.write("adder_parameters.table[1]", 30)
    assert rule.parameters["table"].tolist() == [7, 30, 7]
    experiment.run(2 * nuxkit.ms)
    assert experiment.read("adder_parameters.table[1]") == 30


def test_text_of_rules_is_read_at_any_time_and_forgotten_by_reset(network, tmp_path):
    file = tmp_path / "talk.c"
    file.write_text(
        "#include <nux/rule.h>\n"
        "void rule(const nux_call *call) {\n"
        '    nux_mailbox_write_string(call->hemisphere ? "b" : "t");\n'
        "    nux_mailbox_write_signed((int32_t)call->index);\n}\n"
    )
    experiment, _, _, projection = network(neurons=300)
    experiment.rule(file, timer=nuxkit.Timer(period_s=1e-3), projections=projection)
    experiment.run(1.5 * nuxkit.ms)
    assert experiment.chip.mailbox() == "t0t1"
    experiment.run(1 * nuxkit.ms)
    assert experiment.chip.mailbox(0) == "t0t1t2"
    assert experiment.chip.mailbox(1) == "b0b1b2"
    experiment.reset()
    experiment.run(0.5 * nuxkit.ms)
    assert experiment.chip.mailbox(1) == "b0"


def test_observables_named_like_dimensions_are_all_there(network, tmp_path):
    file = tmp_path / "names.c"
    file.write_text(
        "#include <nux/rule.h>\n"
        'NUX_OBSERVABLES((scalar, int8_t, index_, "1"), (scalar, int8_t, index, "1"))\n'
        "void rule(const nux_call *call) {\n"
        "    (void)call;\n    observables.index_ = 3;\n    observables.index = 4;\n}\n"
    )
    experiment, *_ = network()
    rule = experiment.rule(file, timer=nuxkit.Timer(period_s=1e-3, count=1))
    experiment.run(1 * nuxkit.ms)
    found = rule.observables()
    assert {name: int(found[name].item()) for name in found} == {"index_": 3, "index__": 4}


def test_generated_program_is_kept_on_request(network, rule_file, tmp_path):
    experiment, *_ = with_rule(network, rule_file, keep=tmp_path / "program")
    experiment.run(1 * nuxkit.us)
    assert list((tmp_path / "program").rglob("*.c"))


def test_a_rule_is_found_from_another_folder(network, rule_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    experiment, *_, rule = with_rule(network, rule_file.name)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    experiment.run(1 * nuxkit.ms)
    assert rule.statistics[0].invoked == 1


def test_a_rule_that_declares_something_else_by_the_first_run_is_refused(network, rule_file):
    experiment, *_ = with_rule(network, rule_file)
    before = rule_file.read_text()
    rule_file.write_text("// a line\n" + before.replace("step, 1,", "step, 2,"))
    with pytest.raises(nuxkit.InputError, match=r"adder\.c has changed: it declares other param"):
        experiment.run(1 * nuxkit.ms)
    rule_file.unlink()
    with pytest.raises(nuxkit.ProgramFileError, match=r"adder\.c: no such file"):
        experiment.run(1 * nuxkit.ms)
    rule_file.write_text("// a line\n" + before)
    experiment.run(1 * nuxkit.ms)


def test_same_seed_same_bits_with_rules(network, rule_file):
    digests = []
    for parts in (1, 5):
        experiment, *_, rule = with_rule(network, rule_file, neurons=300, seed=9)
        for _ in range(parts):
            experiment.run(4e-3 / parts)
        digests.append((experiment.chip.model.save().digest, rule.invocations().tobytes()))
    assert digests[0] == digests[1]


def test_a_rule_too_slow_for_its_period_is_reported_and_the_experiment_goes_on(slow_rule_file):
    experiment = nuxkit.Experiment()
    rule = experiment.rule(
        slow_rule_file, timer=nuxkit.Timer(period_s=20e-6, count=10), cycles=10_000
    )
    with pytest.raises(nuxkit.DeadlineError, match="rule 'slow' on the top processor missed") as e:
        experiment.run(1 * nuxkit.ms)
    assert "its period is 20.0 us" in str(e.value)
    assert experiment.time_s == 1e-3
    (counts,) = rule.statistics
    assert counts.missed + counts.dropped >= 9
    assert counts.invoked + counts.dropped == 10
    assert counts.longest_s == pytest.approx(40e-6, rel=0.05)
    experiment.run(1 * nuxkit.ms)  # nothing new was missed
    rule.parameters["cycles"] = 10
    experiment.reset()
    experiment.run(1 * nuxkit.ms)
    assert (rule.statistics[0].invoked, rule.statistics[0].missed) == (10, 0)


def test_missed_deadlines_are_only_counted_on_request(slow_rule_file):
    experiment = nuxkit.Experiment(deadlines="count")
    rule = experiment.rule(
        slow_rule_file, timer=nuxkit.Timer(period_s=20e-6, count=10), cycles=10_000
    )
    experiment.run(1 * nuxkit.ms)
    assert rule.statistics[0].missed > 0
    assert rule.observables().attrs["missed_top"] == rule.statistics[0].missed


def test_a_trap_names_the_line_and_the_experiment_can_begin_again(network, tmp_path):
    path = tmp_path / "trapper.c"
    path.write_text(
        "#include <nux/rule.h>\nNUX_PARAMETERS((uint32_t, at, 2, 0, 9, \"1\"))\n"
        "void rule(const nux_call *call) {\n    if (call->index == parameters.at) {\n"
        "        __builtin_trap();\n    }\n}\n"
    )  # fmt: skip
    experiment, *_ = network()
    rule = experiment.rule(path, timer=nuxkit.Timer(period_s=1e-3, count=5))
    with pytest.raises(nuxkit.KernelTrap, match=r"trapper\.c:5"):
        experiment.run(5 * nuxkit.ms)
    assert 2e-3 <= experiment.time_s < 5e-3
    experiment.run(1 * nuxkit.ms)
    rule.parameters["at"] = 9
    experiment.reset()
    experiment.run(5 * nuxkit.ms)
    assert rule.statistics[0].invoked == 5


def test_traps_of_both_processors_in_one_step_are_told_together(tmp_path):
    path = tmp_path / "trapper.c"
    path.write_text(
        "#include <nux/rule.h>\nvoid rule(const nux_call *call) {\n"
        "    if (call->index == 2) __builtin_trap();\n}\n"
    )
    experiment = nuxkit.Experiment()
    neurons = experiment.population(512)
    experiment.rule(path, timer=nuxkit.Timer(period_s=1e-4), populations=neurons)
    with pytest.raises(nuxkit.KernelTrap, match=r"trapper\.c:3") as caught:
        experiment.run(1 * nuxkit.ms)
    (note,) = caught.value.__notes__
    assert note.startswith("the other processor, too: ")
    assert "trapper.c:3" in note
    experiment.run(1 * nuxkit.ms)  # both stand still
