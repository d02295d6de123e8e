# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest

from nuxkit.builder import KernelBuildError
from nuxkit.errors import ProgramFileError
from nuxkit.rules import Observable, Parameter, describe

EMPTY = "void rule(const nux_call *call) { (void)call; }\n"
INTEGERS = ["int8_t", "int16_t", "int32_t", "uint8_t", "uint16_t", "uint32_t"]


def errors_of(caught):
    return [entry for entry in caught.value.diagnostics if entry.severity == "error"]


def test_a_rule_may_declare_nothing(describe_text):
    found = describe_text(EMPTY)
    assert (found.parameters, found.observables) == ({}, {})
    assert str(found.path) == "own_rule.c"


@pytest.mark.parametrize("name", INTEGERS)
def test_integer_types_with_their_whole_range(describe_text, name):
    info = np.iinfo(name.removesuffix("_t"))
    text = f'NUX_PARAMETERS(({name}, a, {info.max}u, {info.min}.0, {info.max}u, "x"))'
    parameter = describe_text(text + EMPTY).parameters["a"]
    dtype = np.dtype(name.removesuffix("_t"))
    assert parameter == Parameter("a", dtype, (), info.max, info.min, info.max, "x", 0)


def test_float_and_fractions(describe_text):
    text = """NUX_PARAMETERS((float, gain, 1.5f, -2, 1e9f, "1"),
        (nux_frac8, rate, 0.125, -1, 0.5, "per LSB, \\"quoted\\"; with a, comma"),
        (nux_frac16, decay[3], -0.25, -1, 0.9999, ""))
    """
    found = describe_text(text + EMPTY).parameters
    assert list(found) == ["gain", "rate", "decay"]
    assert found["gain"] == Parameter("gain", np.dtype("f4"), (), 1.5, -2.0, 1e9, "1", 0)
    unit = 'per LSB, "quoted"; with a, comma'
    assert found["rate"] == Parameter("rate", np.dtype("i1"), (), 0.125, -1.0, 0.5, unit, 7)
    assert found["decay"] == Parameter(
        "decay", np.dtype("i2"), (3,), -0.25, -1.0, 32765 / 32768, "", 15
    )


def test_lengths_and_values_may_be_expressions(describe_text):
    text = """enum { MOST = 100 };
    #define SIZE (2 * 8)
    NUX_PARAMETERS((uint8_t, x[SIZE], MOST / 2, sizeof(int), MOST, "1"))
    NUX_OBSERVABLES((array, int16_t, y[SIZE + 1], "LSB"))
    """
    found = describe_text(text + EMPTY)
    assert found.parameters["x"] == Parameter("x", np.dtype("u1"), (16,), 50, 4, 100, "1", 0)
    assert found.observables["y"] == Observable("y", "array", np.dtype("i2"), (17,), "LSB", 0)


def test_kinds_of_observables_in_the_order_of_the_file(describe_text):
    text = """NUX_OBSERVABLES((synapse, uint8_t, weights, "LSB"), (scalar, float, reward, "1"),
        (neuron, nux_frac16, trace, "1"), (array, int32_t, histogram[7], "spikes"))
    """
    found = describe_text(text + EMPTY).observables
    kinds = [(entry.name, entry.kind, entry.unit) for entry in found.values()]
    assert kinds == [
        ("weights", "synapse", "LSB"), ("reward", "scalar", "1"),
        ("trace", "neuron", "1"), ("histogram", "array", "spikes"),
    ]  # fmt: skip
    assert found["trace"].value_dtype == np.float32


@pytest.mark.parametrize("count", [1, 2, 31, 32])
def test_up_to_32_entries(describe_text, count):
    entries = ", ".join(f'(int32_t, p{i}, {i}, 0, 99, "u{i}")' for i in range(count))
    scalars = ", ".join(f'(scalar, int16_t, o{i}, "u{i}")' for i in range(count))
    found = describe_text(f"NUX_PARAMETERS({entries})\nNUX_OBSERVABLES({scalars})\n{EMPTY}")
    assert [(p.name, p.default) for p in found.parameters.values()] == [
        (f"p{i}", i) for i in range(count)
    ]
    assert list(found.observables) == [f"o{i}" for i in range(count)]


def test_limits_are_values_of_the_type(describe_text):
    text = """NUX_PARAMETERS((float, gain, 0.1, 0, 0.1, "1"), (nux_frac8, rate, 0.3, 0.3, 0.5, "1"))
    """
    gain, rate = describe_text(text + EMPTY).parameters.values()
    assert gain.default == gain.maximum == float(np.float32(0.1))
    assert rate.default == rate.minimum == 38 / 128


@pytest.mark.parametrize("count", [33, 48, 70])
def test_more_than_32_entries_are_refused(describe_text, count):
    entries = ", ".join(f'(int32_t, p{i}, 0, 0, 99, "")' for i in range(count))
    with pytest.raises(KernelBuildError, match="more than 32 entries"):
        describe_text(f"NUX_PARAMETERS({entries})\n{EMPTY}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('NUX_PARAMETERS((uint8_t, a, 256, 0, 300, "1"))', "parameter a: its limits are 0 to 300"),
        ('NUX_PARAMETERS((uint8_t, a, 9, 0, 8, "1"))', "parameter a: its default is 9"),
        ('NUX_PARAMETERS((uint8_t, a, 5, 8, 4, "1"))', "parameter a: its limits are 8 to 4"),
        ('NUX_PARAMETERS((uint8_t, a, 0.5, 0, 4, "1"))', "0.5 is no integer"),
        ('NUX_PARAMETERS((nux_frac8, a, 0, 0, 1, "1"))', "within those of nux_frac8"),
        ('NUX_PARAMETERS((int8_t, a[2][3], 0, 0, 1, "1"))', "one dimension"),
        ('NUX_PARAMETERS((int8_t, rule, 0, 0, 1, "1"))', "cannot be called rule"),
        ('NUX_OBSERVABLES((scalar, int8_t, a[2], "1"))', "kind scalar has no length"),
        ('NUX_OBSERVABLES((array, int8_t, a, "1"))', "kind array needs a length"),
        ('NUX_PARAMETERS((int8_t, a[0], 0, 0, 1, "1"))', "at least one element"),
        ('NUX_OBSERVABLES((array, int8_t, a[0], "1"))', "at least one element"),
        (
            'NUX_OBSERVABLES((scalar, int8_t, a, "1"), (synapse, int8_t, a, "1"))',
            "observable a: the name is taken by another one",
        ),
    ],
)
def test_impossible_declarations_are_refused_at_their_line(describe_text, text, words):
    with pytest.raises(KernelBuildError) as caught:
        describe_text(f"\n{text}\n{EMPTY}")
    (first, *_) = errors_of(caught)
    assert words in first.text
    assert (first.file, first.line) == ("own_rule.c", 3)


def test_an_entry_of_a_long_list_is_named_at_its_own_line(describe_text):
    entries = (
        '(uint8_t, a, 0, 0, 1, "1"),',
        '    (int16_t, b[4], 9, 0, 8, "1"), // too large',
        "    (uint8_t,",
        '     c, 0, 0, 300, "1"),',
        '    (nux_frac8 , d , 2, 0, 0.5, "1")',
    )
    with pytest.raises(KernelBuildError) as caught:
        describe_text("\nNUX_PARAMETERS(" + "\n".join(entries) + f")\n{EMPTY}")
    found = [(entry.text.split(":")[0], entry.line) for entry in errors_of(caught)]
    # Where type and name are on different lines, the line of the list.
    assert found == [("parameter b", 4), ("parameter c", 3), ("parameter d", 7)]


def test_unknown_types_and_kinds_are_refused_at_their_line(describe_text):
    for text in (
        'NUX_PARAMETERS((double, a, 0, 0, 1, "1"))',
        'NUX_OBSERVABLES((scalar, int64_t, a, "1"))',
        'NUX_OBSERVABLES((vector, int8_t, a, "1"))',
        "NUX_PARAMETERS()",
        'NUX_PARAMETERS((int8_t, a, 0, 0, 1, "1"),)',
        "NUX_PARAMETERS((int8_t, a, 0, 0, 1))",
        'NUX_PARAMETERS((bool, a, 0, 0, 1, "1"))',
    ):
        with pytest.raises(KernelBuildError) as caught:
            describe_text(f"\n\n{text}\n{EMPTY}")
        first = errors_of(caught)[0]
        assert (first.file, first.line) == ("own_rule.c", 4)
        assert "hint: declarations look like this" in first.detail


def test_a_file_without_rule_is_refused(describe_text):
    with pytest.raises(KernelBuildError, match=r"no function rule\(\)"):
        describe_text("int x;\n")


def test_a_rule_of_another_type_is_refused(describe_text):
    with pytest.raises(KernelBuildError, match="conflicting types"):
        describe_text("int rule(int x) { return x; }\n")


def test_errors_are_at_the_line_of_the_file(describe_text):
    with pytest.raises(KernelBuildError) as caught:
        describe_text("void rule(const nux_call *call) {\n    call->nonsense++;\n}\n")
    (found,) = errors_of(caught)
    assert (found.file, found.line) == ("own_rule.c", 3)


def test_a_file_that_is_not_there(workplace):
    with pytest.raises(ProgramFileError, match=r"gone\.c: no such file"):
        describe("gone.c")


def test_a_changed_file_is_described_anew(describe_text):
    for default in (1, 2):
        text = f'NUX_PARAMETERS((uint8_t, a, {default}, 0, 8, "1"))\n'
        assert describe_text(text + EMPTY).parameters["a"].default == default
