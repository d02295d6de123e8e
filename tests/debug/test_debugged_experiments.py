# SPDX-License-Identifier: BSD-3-Clause
"""Rules of an experiment under GDB, while spikes, calls and recordings go on."""

import numpy as np
import pytest

import nuxkit
from nuxkit import ms, us

from .conftest import Client, Gdb

RULE = """\
#include <nux/rule.h>
NUX_PARAMETERS((int8_t, step, 1, -10, 10, "weight steps"))
NUX_OBSERVABLES((scalar, int32_t, sum, "1"))

__attribute__((noinline)) static int twice(int value) {
    int doubled = 2 * value;
    return doubled;
}

void rule(const nux_call *call) {
    const nux_projection *projection = &call->projection[0];
    nux_row weights = nux_get_weights(projection->row[0]);
    nux_vector step = fxvsplatb(parameters.step);
    nux_row sum = {fxvaddbm(weights.even, step), fxvaddbm(weights.odd, step)};
    nux_set_weights_masked(projection->row[0], sum, nux_projection_mask(projection));
    observables.sum += twice(call->index);
}
"""


@pytest.fixture
def experiment(tmp_path):
    """One rule on the top processor, called every 100 us."""
    (tmp_path / "adder.c").write_text(RULE)
    made = nuxkit.Experiment(seed=3)
    pre = made.population(16, nuxkit.SpikeSourcePoisson(50e3), label="inputs")
    post = made.population(8, {"threshold_lsb": 95.0}, label="neurons")
    pair = made.projection(pre, post, weight=40)
    made.rule(tmp_path / "adder.c", timer=nuxkit.Timer(period_s=100 * us), projections=pair)
    post.record("spikes")
    return made


def program_of(experiment):
    experiment.run(0)
    return experiment.chip.program(0)


def state_of(experiment):
    return experiment.chip.model.save().sections, experiment.results()


def test_break_in_a_rule_look_around_and_run_to_the_end(experiment):
    calls = []
    experiment.call_every(250 * us, calls.append)
    gdb = Gdb(
        program_of(experiment),
        [
            "break adder.c:16", "continue", "backtrace", "info locals", "print call->index",
            "print $v0.u8", "print adder_parameters.step", "next", "continue", "print call->index",
            "delete", "break twice", "continue", "finish",
            "delete", "watch *(unsigned char *)0x20000000", "continue", "delete", "continue",
        ],
    )  # fmt: skip
    experiment.debug(1 * ms, announce=gdb.attach)
    shown = gdb.wait()
    assert "Breakpoint 1, adder_rule (call=" in shown
    assert "adder.c:16\n16\t    observables.sum += twice(call->index);" in shown
    assert "in nux_invoke (task=" in shown
    assert "in start () at" in shown
    assert "$1 = 0\n" in shown
    assert "$3 = 1" in shown
    assert "$4 = 1\n" in shown
    assert "Value returned is $5 = 2" in shown
    assert "Old value = 42 '*'" in shown
    assert "exited normally" in shown
    assert experiment.time_s == pytest.approx(1 * ms)
    assert len(calls) == 4


def test_a_debugged_run_is_the_plain_one(experiment):
    gdb = Gdb(program_of(experiment), ["break twice", "continue", "next", "delete", "continue"])
    experiment.debug(2 * ms, announce=gdb.attach)
    debugged, results = state_of(experiment)
    gdb.wait()
    experiment.reset()
    experiment.run(2 * ms)
    plain, expected = state_of(experiment)
    assert results.identical(expected)
    assert debugged == plain
    assert len(results["neurons"]["spike_time_s"]) > 10


def test_detach_lets_it_run_on_and_kill_ends_it(experiment):
    gdb = Gdb(program_of(experiment), ["break twice", "continue", "kill"])
    experiment.debug(2 * ms, announce=gdb.attach)
    gdb.wait()
    assert 0 < experiment.time_s < 0.2 * ms
    gdb = Gdb(program_of(experiment), ["break twice", "continue", "detach"])
    experiment.debug(1 * ms, announce=gdb.attach)
    gdb.wait()
    assert 1 * ms < experiment.time_s < 1.2 * ms
    index = experiment.results()["adder"].index
    assert np.array_equal(index, np.arange(len(index)))


def test_what_cannot_be_debugged_is_named(experiment):
    with pytest.raises(nuxkit.InputError, match="no rule is called on the bottom processor"):
        experiment.debug(1 * ms, hemispheres=(1,))
    with pytest.raises(nuxkit.InputError, match=r"must be 0 .top. or 1"):
        experiment.debug(1 * ms, hemispheres=(2,))
    with pytest.raises(nuxkit.InputError, match="must be 0, 1 or both"):
        experiment.debug(1 * ms, hemispheres=())
    with pytest.raises(nuxkit.InputError, match="duration_s"):
        experiment.debug(-1.0)
    with pytest.raises(nuxkit.InputError, match="no rule is called on the top"):
        nuxkit.Experiment().debug(1 * ms)


def test_a_rule_that_traps_is_a_signal_then_an_error(tmp_path):
    (tmp_path / "wild.c").write_text(
        "#include <nux/rule.h>\nvolatile int *volatile nowhere = (volatile int *)0x10000000;\n"
        "void rule(const nux_call *call) { *nowhere = call->index; }\n"
    )
    experiment = nuxkit.Experiment()
    experiment.rule(tmp_path / "wild.c", timer=nuxkit.Timer(period_s=100 * us))
    gdb = Gdb(program_of(experiment), ["continue", "backtrace", "continue"])
    with pytest.raises(nuxkit.KernelTrap, match=r"wild\.c:3: 4-byte store"):
        experiment.debug(1 * ms, announce=gdb.attach)
    assert "received signal SIGSEGV" in gdb.wait()


def test_a_second_debugger_may_come_while_the_first_is_lost(experiment, beside):
    def debugger(port):
        first = Client(port)
        first.ask(b"Z2,20000000,1")
        assert first.ask(b"c").startswith(b"T05watch")
        first.ask(b"z2,20000000,1")
        first.close()
        second = Client(port)
        assert second.ask(b"?").startswith(b"T05")
        assert second.ask(b"c") == b"W00"

    program_of(experiment)
    experiment.debug(1 * ms, announce=beside(debugger))
    assert experiment.time_s == pytest.approx(1 * ms)
