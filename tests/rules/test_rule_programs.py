# SPDX-License-Identifier: BSD-3-Clause
"""Programs around rules: parameters, several rules, errors of the build."""

from pathlib import Path

import numpy as np
import pytest

from nuxkit import Chip
from nuxkit.builder import KernelBuildError, toolchain
from nuxkit.errors import InputError
from nuxkit.rules import PopulationSite, ProjectionSite, RuleInstance, describe, make_program

PARAMETERS = """
NUX_PARAMETERS((int8_t, step, -3, -100, 100, "LSB"), (uint8_t, target[3], 60, 1, 250, "spikes"),
               (uint32_t, large, 4294967295u, 0, 4294967295u, "1"), (float, gain, 0.1, 0, 2, "1"),
               (nux_frac8, rate, 0.125, -1, 0.5, "1"), (nux_frac16, decay[2], 0.25, 0, 0.5, "1"))
NUX_OBSERVABLES((scalar, int8_t, step, "LSB"), (array, uint8_t, target[3], "spikes"),
                (scalar, uint32_t, large, "1"), (scalar, float, gain, "1"),
                (scalar, nux_frac8, rate, "1"), (array, nux_frac16, decay[2], "1"))
void rule(const nux_call *call) {
    (void)call;
    observables.step = parameters.step;
    observables.large = parameters.large;
    observables.gain = parameters.gain;
    observables.rate = parameters.rate;
    for (uint32_t i = 0; i < 3; i++) {
        observables.target[i] = parameters.target[i];
    }
    observables.decay[0] = parameters.decay[0];
    observables.decay[1] = parameters.decay[1];
}
"""
BOTH = [PopulationSite(columns=([0], [0]))]


def last(program, chip, name="rule_a"):
    """Values of the last record, both processors alike."""
    arrays = program.records(chip, name).arrays
    for array in arrays.values():
        np.testing.assert_array_equal(array[:, 0], array[:, 1])
    return {key: array[-1, 0].tolist() for key, array in arrays.items()}


def test_the_processor_sees_defaults_and_later_values(describe_text, timer, running):
    rule = RuleInstance("rule_a", describe_text(PARAMETERS), timer(100), populations=BOTH)
    program, chip = running(rule, duration_s=50e-6)
    gain = float(np.float32(0.1))
    want = {
        "step": -3, "target": [60, 60, 60], "large": 2**32 - 1, "gain": gain, "rate": 0.125,
        "decay": [0.25, 0.25],
    }  # fmt: skip
    assert last(program, chip) == want
    program.set_parameters(chip, "rule_a", step=100, target=[1, 250, 9], gain=2, decay=0.4)
    chip.advance(100e-6)
    want |= {
        "step": 100,
        "target": [1, 250, 9],
        "gain": 2.0,
        "decay": [round(0.4 * 2**15) / 2**15] * 2,
    }
    assert last(program, chip) == want
    found = {k: np.asarray(v).tolist() for k, v in program.get_parameters(chip, "rule_a").items()}
    assert found == want
    program.set_parameters(chip, "rule_a", **program.get_parameters(chip, "rule_a"))
    program.start(chip)  # parameters stay
    chip.advance(100e-6)
    assert last(program, chip) == want
    other = Chip()
    program.load(other)
    assert program.get_parameters(other, "rule_a")["step"] == 100


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"step": 101}, "rule rule_a: parameter step is 101, but must be from -100 to 100"),
        ({"step": -128}, "parameter step is -128"),
        ({"step": 10**30}, "parameter step is 1"),
        ({"step": 1.5}, "parameter step is 1.5 .*must be an integer"),
        ({"step": True}, "parameter step is True .*must be an integer"),
        ({"step": "7"}, "parameter step is '7'"),
        ({"step": None}, "parameter step is None"),
        ({"step": [1]}, "parameter step has shape .1,., but must have a single value"),
        ({"target": [1, 2]}, r"parameter target has shape \(2,\), but must have shape \(3,\)"),
        ({"target": [1, 0, 2]}, r"parameter target\[1\] is 0, but must be from 1 to 250"),
        ({"target": [[1], [2, 3]]}, "parameter target"),
        ({"gain": float("nan")}, "parameter gain is nan"),
        ({"gain": 2.001}, "parameter gain is 2.001, but must be from 0.0 to 2.0"),
        ({"rate": 0.51}, "parameter rate is 0.51, but must be from -1.0 to 0.5"),
        ({"steps": 1}, "no parameter 'steps'; did you mean step?"),
    ],
)
def test_bad_values_are_refused_and_nothing_changes(describe_text, timer, values, words):
    rule = RuleInstance("rule_a", describe_text(PARAMETERS), timer(100), populations=BOTH)
    program, chip = make_program([rule]), Chip()
    program.load(chip)
    before = program.get_parameters(chip, "rule_a")
    with pytest.raises(InputError, match=words):
        program.set_parameters(chip, "rule_a", large=1, **values)
    assert str(program.get_parameters(chip, "rule_a")) == str(before)


def test_changes_between_runs_start_no_compiler(describe_text, timer, running, monkeypatch):
    rule = RuleInstance("rule_a", describe_text(PARAMETERS), timer(100, 4), populations=BOTH)
    program, chip = running(rule, duration_s=1e-3)

    def refuse(command):
        raise AssertionError(f"started {command}")

    monkeypatch.setattr(toolchain, "run", refuse)
    monkeypatch.setattr("subprocess.Popen", refuse)
    for step in (5, 6):
        program.set_parameters(chip, "rule_a", step=step)
        program.set_timer("rule_a", timer(50, step))
        program.start(chip)
        chip.advance(1e-3)
        assert program.records(chip, "rule_a").arrays["step"].tolist() == [[step, step]] * step
        assert [one.invoked for one in program.statistics(chip)] == [step, step]


def test_the_same_rules_on_other_synapses_of_the_same_number_start_no_compiler(
    describe_text, timer, monkeypatch
):
    text = """void rule(const nux_call *call) {
        nux_set_weights_masked(call->projection[0].row[0], (nux_row){nux_splat8(5), nux_splat8(5)},
                               nux_projection_mask(&call->projection[0]));
    }
    """
    description = describe_text(text)

    def instance(row, column):
        site = ProjectionSite(([row], []), ([column], []))
        return RuleInstance("rule_a", description, timer(100, 1), [site])

    make_program([instance(3, 4)])
    monkeypatch.setattr("subprocess.run", None)
    for row, column in ((3, 4), (200, 255)):
        program, chip = make_program([instance(row, column)]), Chip()
        program.load(chip)
        program.start(chip)
        chip.advance(1e-4)
        assert np.argwhere(chip.synram[0].weights == 5).tolist() == [[row, column]]


def test_one_file_twice_has_everything_twice(describe_text, timer, running):
    text = """
    int32_t counter = 5; // both have one, also of functions and tables
    int32_t table[2] = {1, 2};
    NUX_PARAMETERS((int32_t, step, 1, 0, 100, "1"))
    NUX_OBSERVABLES((scalar, int32_t, counter, "1"))
    void helper(void) { counter += parameters.step * table[0]; }
    void rule(const nux_call *call) {
        (void)call;
        helper();
        observables.counter = counter;
    }
    """
    description = describe_text(text)
    rules = [RuleInstance(name, description, timer(100, 3)) for name in ("one", "two")]
    program, chip = make_program(rules), Chip()
    program.load(chip)
    program.set_parameters(chip, "two", step=10)
    program.start(chip)
    chip.advance(1e-3)
    counters = [
        program.records(chip, name).arrays["counter"][:, 0].tolist() for name in ("one", "two")
    ]
    assert counters == [[6, 7, 8], [15, 25, 35]]
    assert chip.read("rule_two.c:counter") == 35


def test_a_header_beside_the_rule_is_found(timer, running, tmp_path, monkeypatch):
    folder = tmp_path / "with space"
    folder.mkdir()
    (folder / "own.h").write_text("enum { OWN = 3 };\n")
    (folder / "rule.c").write_text(
        '#include "own.h"\n#include <nux/rule.h>\n'
        'NUX_OBSERVABLES((scalar, int32_t, own, "1"))\n'
        "void rule(const nux_call *call) { (void)call; observables.own = OWN; }\n"
    )
    rule = RuleInstance("rule_a", describe("with space/rule.c"), timer(100, 1))
    program, chip = running(rule, duration_s=1e-4)
    assert program.records(chip, "rule_a").arrays["own"].tolist() == [[3]]


def test_what_only_the_linker_finds_is_at_the_users_line(describe_text, timer):
    text = (
        "int32_t nowhere(void);\nvoid rule(const nux_call *call) {\n (void)call;\n nowhere();\n}\n"
    )
    with pytest.raises(KernelBuildError) as caught:
        make_program([RuleInstance("rule_a", describe_text(text), timer(100))])
    (found,) = caught.value.diagnostics
    assert (found.file, found.line) == ("own_rule.c", 5)
    assert found.text == "nowhere is not defined in any of the sources"


def test_warnings_are_at_the_users_line(describe_text, timer):
    text = "void rule(const nux_call *call) {\n    int unused = 1;\n}\n"
    program = make_program([RuleInstance("rule_a", describe_text(text), timer(100))])
    places = {(entry.file, entry.line) for entry in program.build.warnings}
    assert places == {("own_rule.c", 2), ("own_rule.c", 3)}


def test_an_error_after_the_description_is_at_the_users_line(describe_text, timer):
    description = describe_text("void rule(const nux_call *call) { (void)call; }\n")
    Path("own_rule.c").write_text(
        "#include <nux/rule.h>\nvoid rule(const nux_call *call) { gone; }\n"
    )
    with pytest.raises(KernelBuildError) as caught:
        make_program([RuleInstance("rule_a", description, timer(100))])
    found = caught.value.diagnostics[0]
    assert (found.file, found.line) == ("own_rule.c", 2)
    assert "rule_rule_a.c" not in str(caught.value)


def test_a_rule_that_is_too_large_gets_the_sizes_and_advice(describe_text, timer):
    text = """static volatile uint8_t table[{size}];
    void rule(const nux_call *call) {{ (void)call; (void)table[0]; }}
    """
    small = describe_text("void rule(const nux_call *call) { (void)call; }\n", "small.c")

    def rules(size):
        big = describe_text(text.format(size=size), "big.c")
        return [RuleInstance("small", small, timer(100)), RuleInstance("big", big, timer(100))]

    assert make_program(rules(9000)).build.report.free > 0
    with pytest.raises(KernelBuildError) as caught:
        make_program(rules(13000))
    message = str(caught.value)
    assert "is too large: the program needs" in message
    assert "The data of rule big takes most: make its arrays smaller" in message
    (row,) = [line.split() for line in message.splitlines() if line.split()[:1] == ["big"]]
    assert row[2] == "13000"


def test_code_that_is_too_large_is_advised_to_go_outside(describe_text, timer):
    text = (
        "static volatile uint32_t x;\nvoid rule(const nux_call *call) {\n    (void)call;\n"
        + "    x = x * 3 + 1;\n" * 1500
        + "}\n"
    )
    with pytest.raises(KernelBuildError, match=r"The code of rule big takes most.*optimize="):
        make_program([RuleInstance("big", describe_text(text), timer(100))])
    outside = text.replace("void rule(", "NUX_EXTERNAL_CODE void rule(")
    program, chip = (
        make_program([RuleInstance("big", describe_text(outside), timer(1000, 1))]),
        Chip(),
    )
    program.load(chip)
    program.start(chip)
    chip.advance(20e-3)
    assert program.statistics(chip)[0].invoked == 1


def test_sources_are_kept_on_request(describe_text, timer, tmp_path):
    rule = RuleInstance("rule_a", describe_text(PARAMETERS), timer(100), populations=BOTH)
    program = make_program([rule], keep=tmp_path / "kept")
    kept = {path.name: path.read_text() for path in (tmp_path / "kept").iterdir()}
    assert kept == program.sources
    assert set(kept) == {"program.c", "rule_rule_a.c"}
    assert "own_rule.c" in kept["rule_rule_a.c"]


def test_kept_sources_are_not_written_over_the_rule(describe_text, timer, tmp_path):
    rule = RuleInstance("a", describe_text(PARAMETERS, "rule_a.c"), timer(100), populations=BOTH)
    before = (tmp_path / "rule_a.c").read_text()
    with pytest.raises(InputError, match=r"rule_a\.c cannot be written: it is .*rule_a\.c, which"):
        make_program([rule], keep=".")
    assert (tmp_path / "rule_a.c").read_text() == before
    assert not (tmp_path / "program.c").exists()


@pytest.mark.parametrize("name", ["1a", "a b", "", "nux_rule", "isr_a", "ä", "a-b"])
def test_impossible_names_are_refused(describe_text, timer, name):
    description = describe_text("void rule(const nux_call *call) { (void)call; }\n")
    with pytest.raises(InputError, match="its name must be"):
        RuleInstance(name, description, timer(100))


def test_names_are_used_once(describe_text, timer):
    description = describe_text("void rule(const nux_call *call) { (void)call; }\n")
    rules = [RuleInstance("same", description, timer(100)) for _ in range(2)]
    with pytest.raises(InputError, match="two rules have the name 'same'"):
        make_program(rules)
    with pytest.raises(InputError, match="at least one rule"):
        make_program([])


def test_wrong_arguments_of_instances_are_refused(describe_text, timer):
    description = describe_text(PARAMETERS)
    for words, arguments in (
        ("placement is 'ext', but must be one of auto, sram", {"placement": "ext"}),
        ("no observable 'weight'", {"record": ["weight"]}),
        ("record is 'gain', but must be a list", {"record": "gain"}),
        ("capacity is -1", {"capacity": -1}),
    ):
        with pytest.raises(InputError, match=words):
            RuleInstance("rule_a", description, timer(100), **arguments)


@pytest.mark.parametrize(
    ("rows", "columns", "words"),
    [
        (([0], [1, 2]), ([0], [0]), "1 rows in the top hemisphere and 2 in the bottom"),
        (([256], [1]), ([0], [0]), "rows of the top hemisphere: 256 is not one of 0 to 255"),
        (([1], [1]), ([0], [-1]), "columns of the bottom hemisphere: -1 is not"),
        (([1, 1], [1, 2]), ([0], [0]), "rows of the top hemisphere: 1 is there twice"),
        (([0.5], [1]), ([0], [0]), "must be a list of integers"),
        (([[1]], [1]), ([0], [0]), "must be a list of integers"),
    ],
)
def test_impossible_synapses_are_refused(rows, columns, words):
    with pytest.raises(InputError, match=words):
        ProjectionSite(rows, columns)


def test_overlapping_projections_of_a_rule_are_refused(describe_text, timer):
    description = describe_text("void rule(const nux_call *call) { (void)call; }\n")
    sites = [
        ProjectionSite(([1, 2], [1, 2]), ([7, 8], [7, 8])),
        ProjectionSite(([3, 4], [4, 2]), ([7, 8], [9, 7])),
    ]
    words = "projections 0 and 1 overlap: both have the synapse in row 2, column 7 of the bottom"
    with pytest.raises(InputError, match=words):
        RuleInstance("a", description, timer(100), sites)


def test_another_program_on_the_chip_is_refused(describe_text, timer):
    description = describe_text(PARAMETERS)
    programs = [
        make_program([RuleInstance("a", description, timer(100), record=chosen)])
        for chosen in (None, [])
    ]
    chip = Chip()
    programs[0].load(chip)
    programs[1].load(chip)
    for ask in (programs[0].statistics, programs[0].invocations, programs[0].start):
        with pytest.raises(InputError, match="is not loaded on this chip"):
            ask(chip)
    with pytest.raises(InputError, match="no rule 'b' in the program; there are: a"):
        programs[1].records(chip, "b")
