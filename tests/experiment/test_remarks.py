# SPDX-License-Identifier: BSD-3-Clause
"""Likely mistakes of rules are remarks of the experiment, with rule, processor and line."""

import warnings

import pytest

import nuxkit
from nuxemu import SiteKind

RULE = """\
#include <nux/rule.h>
NUX_PARAMETERS((uint8_t, weight, 63, 0, 255, "LSB"), (uint16_t, floats, 0, 0, 2000, "1"))
NUX_OBSERVABLES((scalar, float, sum, "1"))

void rule(const nux_call *call) {
    for (uint32_t p = 0; p < call->projections; p++) {
        const nux_projection *projection = &call->projection[p];
        nux_vector weight = nux_splat8((int8_t)parameters.weight);
        nux_row both = {weight, weight};
        nux_set_weights_masked(projection->row[0], both, nux_projection_mask(projection)); // WEIGHT
    }
    for (uint32_t i = 0; i < parameters.floats; i++) {
        observables.sum = observables.sum + 0.5f; // FLOAT
    }
}
"""


@pytest.fixture
def experiment(tmp_path):
    """Give a maker of experiments with rules on both processors."""
    path = tmp_path / "writer.c"
    path.write_text(RULE)

    def make(names=("writer",), **options):
        made = nuxkit.Experiment(**options)
        pre = made.population(4, nuxkit.SpikeSourcePoisson(1e3))
        post = made.population(4, placement=[0, 1, 256, 257])
        synapses = made.projection(pre, post)
        for name in names:
            made.rule(
                path, name=name, timer=nuxkit.Timer(period_s=2e-3, count=3), projections=[synapses]
            )
        return made

    return make


def line_of(kind):
    (found,) = [n for n, line in enumerate(RULE.splitlines(), 1) if line.endswith(f"// {kind}")]
    return found


def test_names_rule_processor_line_and_count(experiment):
    made = experiment(["good", "bad"])
    made.rules["bad"].set(weight=200)
    with pytest.warns(nuxkit.RemarkWarning, match="rule 'bad' on the ") as warned:
        made.run(7e-3)
    remarks = made.remarks
    assert {(r.kind, r.rule, r.hemisphere) for r in remarks} == {
        (SiteKind.WEIGHT, "bad", 0), (SiteKind.WEIGHT, "bad", 1)
    }  # fmt: skip
    # Both halves of the row have columns, so two writes an invocation.
    assert sum(remark.count for remark in remarks) == 2 * 2 * 3
    assert all(f"writer.c:{line_of('WEIGHT')}: " in str(remark) for remark in remarks)
    assert {warning.filename for warning in warned} == {__file__}
    assert made.results().attrs["remarks"].splitlines() == [str(remark) for remark in remarks]


def test_right_rules_are_silent(experiment):
    made = experiment()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made.run(7e-3)
    assert made.remarks == ()
    assert made.results().attrs["remarks"] == ""


def test_floating_point_in_a_loop_names_the_line(experiment):
    made = experiment(remarks="count")
    made.rules["writer"].set(floats=400)
    made.run(7e-3)
    top, bottom = made.remarks
    assert (top.kind, top.count, top.rule, bottom.count) == (SiteKind.FLOAT, 1200, "writer", 1200)
    assert f"writer.c:{line_of('FLOAT')}: " in str(top)
    assert "calls of __addsf3" in str(top)


def test_the_run_ends_with_an_error_if_so_wanted(experiment):
    made = experiment(remarks="raise")
    made.run(1e-3)  # the first invocation is right
    made.rules["writer"].set(weight=64)
    with pytest.raises(nuxkit.RemarkError, match=f"writer.c:{line_of('WEIGHT')}: ") as caught:
        made.run(2e-3)
    assert caught.value.exit_code == 106
    made.rules["writer"].set(weight=1)
    made.run(2e-3)  # nothing new
    assert {remark.count for remark in made.remarks} == {2}  # both halves of a row


def test_a_remark_is_a_warning_once_and_again_after_reset(experiment):
    made = experiment()
    made.rules["writer"].set(weight=64)
    with pytest.warns(nuxkit.RemarkWarning):
        made.run(1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made.run(3e-3)
    made.reset()
    with pytest.warns(nuxkit.RemarkWarning):
        made.run(1e-3)


def test_checks_can_be_switched_off_also_after_a_reset_with_another_seed(experiment):
    made = experiment(checks="off", remarks="raise")
    made.rules["writer"].set(weight=64)
    made.run(3e-3)
    made.reset(seed=7)
    made.run(3e-3)
    assert made.remarks == ()


@pytest.mark.parametrize("option", ["checks", "remarks"])
def test_unknown_options_are_named(option):
    with pytest.raises(nuxkit.InputError, match=f"{option} is 'some', but must be one of"):
        nuxkit.Experiment(**{option: "some"})


def test_a_period_that_is_too_short_is_a_remark_at_the_rule(slow_rule_file):
    lines = slow_rule_file.read_text().splitlines()
    (line,) = [n for n, text in enumerate(lines, 1) if text.startswith("void rule(")]
    made = nuxkit.Experiment(deadlines="count", remarks="raise")
    timer = nuxkit.Timer(period_s=20e-6, count=10)
    rule = made.rule(slow_rule_file, timer=timer, cycles=30 * 250)
    made.run(1e-3)
    (remark,) = made.remarks
    (counted,) = rule.statistics
    assert (remark.kind, remark.rule, remark.hemisphere) == (SiteKind.MISSED, "slow", 0)
    assert remark.count == counted.missed + counted.dropped > 0
    assert f"slow.c:{line}: rule 'slow' on the top processor: the period is too short" in str(
        remark
    )
    assert f"the longest took {counted.longest_s * 1e6:.6g} us, the period is 20 us" in str(remark)
    made.reset()
    made.rules["slow"].set(cycles=1000)
    made.run(1e-3)
    assert made.remarks == ()


def test_missed_deadlines_are_errors_by_default_and_remarks_too(slow_rule_file):
    made = nuxkit.Experiment()
    made.rule(slow_rule_file, timer=nuxkit.Timer(period_s=20e-6, count=10), cycles=30 * 250)
    with pytest.raises(nuxkit.DeadlineError):
        made.run(1e-3)
    assert [remark.kind for remark in made.remarks] == [SiteKind.MISSED]


def test_says_how_deep_the_stacks_went(experiment):
    made = experiment()
    assert made.stack_use == {}
    made.run(7e-3)
    use = made.stack_use
    assert set(use) == {0, 1}
    report = made._rule_set.prepare().build.report
    assert all(0 < each.used_bytes <= report.stack.size for each in use.values())
    assert made.results().attrs["stack_used_bytes_top"] == use[0].used_bytes
