# SPDX-License-Identifier: BSD-3-Clause
"""Likely mistakes of kernels are found while they run, at their line; right ones are silent."""

from pathlib import Path

import numpy as np
import pytest

from nuxemu import SiteKind
from nuxkit import Chip, InputError, build

SOURCE = Path(__file__).with_name("mistakes.c")
KINDS = [
    "UNWRITTEN", "NO_CONDITION", "EMPTY_MASK", "WEIGHT", "NOT_LATCHED", "ON_NEURONS",
    "UNINITIALISED", "NO_BASELINE",
]  # fmt: skip
STRICT_KINDS = ["SATURATED", "NEVER_RESET"]


@pytest.fixture(scope="module")
def program():
    return build(SOURCE).program


def line_of(kind):
    lines = SOURCE.read_text().splitlines()
    (found,) = [number for number, line in enumerate(lines, 1) if f"// {kind}" in line]
    return found


def run(program, kind, right, **options):
    symbols = {"which": [*KINDS, *STRICT_KINDS].index(kind), "right": right}
    chip = Chip(**options)
    return chip.run(program, symbols=symbols), chip


def of_kind(result, kind):
    return [remark for remark in result.remarks if remark.kind is SiteKind[kind]]


@pytest.mark.parametrize("core", ["native", "reference"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_mistake_is_found_at_its_line_with_its_count(program, kind, core):
    result, _ = run(program, kind, 0, core=core)
    (remark,) = of_kind(result, kind)
    assert remark.count == 3
    assert f"mistakes.c:{line_of(kind)}: " in str(remark)
    assert Path(remark.location.file).name == "mistakes.c"


@pytest.mark.parametrize("checks", ["default", "strict"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_right_way_is_silent(program, kind, checks):
    result, _ = run(program, kind, 1, checks=checks)
    assert not result.remarks


@pytest.mark.parametrize("kind", KINDS)
def test_checks_change_neither_results_nor_times(program, kind):
    (first, chip), (second, other) = (run(program, kind, 0, checks=c) for c in ("off", "strict"))
    assert not of_kind(first, kind)
    assert (first.cycles, first.instructions) == (second.cycles, second.instructions)
    assert np.array_equal(chip.synram[0].weights, other.synram[0].weights)
    assert np.array_equal(first.vector_registers, second.vector_registers)


def test_unknown_checks_are_named():
    with pytest.raises(InputError, match="checks is 'some', but must be one of off, default"):
        Chip(checks="some")


@pytest.mark.parametrize("place", ["", "NUX_EXTERNAL_CODE"])
def test_a_mask_that_is_empty_at_times_is_reported_by_strict_checks_only(tmp_path, place):
    source = tmp_path / "masks.c"
    source.write_text(
        "#include <nux/nux.h>\n"
        f"{place} __attribute__((noinline)) void write(volatile uint32_t *count) {{\n"
        "    for (uint32_t i = 0; i < *count; i++) {\n"
        "        fxvcmpb(nux_splat8((int8_t)(i == 2)));\n"
        "        fxvoutx_if(NUX_GT, nux_splat8(7), NUX_VECTOR_WEIGHT, 4);\n"
        "    }\n"
        "}\n"
        "int start(void) {\n"
        "    volatile uint32_t count = 4;\n"
        "    write(&count);\n"
        "    return 0;\n"
        "}\n"
    )
    program = build(source).program
    assert not Chip().run(program).remarks
    (remark,) = Chip(checks="strict").run(program).remarks
    assert (remark.kind, remark.count) == (SiteKind.EMPTY_MASK, 3)


def run_lines(tmp_path, lines, **options):
    source = tmp_path / "lines.c"
    source.write_text(f"#include <nux/nux.h>\nint start(void) {{\n{lines}\nreturn 0;\n}}\n")
    result = Chip(**options).run(build(source).program)
    return [(r.kind.name, r.location.line, r.count) for r in result.remarks]


@pytest.mark.parametrize("checks", ["default", "strict"])
def test_a_masked_write_before_a_comparison_is_one_mistake(tmp_path, checks):
    lines = "fxvoutx_if(NUX_LT, nux_splat8(1), NUX_VECTOR_WEIGHT, 0);"
    assert run_lines(tmp_path, lines, checks=checks) == [("NO_CONDITION", 3, 1)]


@pytest.mark.parametrize("core", ["native", "reference"])
@pytest.mark.parametrize(
    "clear", ["fxvmtacb(one);", "fxvmultacbm(one, one);", "fxvaddtacb(one, one);", ""]
)
@pytest.mark.parametrize(
    "add",
    [
        "fxvmatacbm(one, one);",
        "fxvaddactacb(one);",
        "nux_set_labels_half(0, 0, fxvmabm(one, one));",
    ],
)
def test_an_accumulator_that_was_not_cleared_is_found(tmp_path, core, clear, add):
    lines = f"nux_vector one = nux_splat8(1);\n{clear}\nfor (int i = 0; i < 3; i++)\n{add}"
    found = run_lines(tmp_path, lines, core=core, checks="strict")
    assert [(kind, line) for kind, line, _ in found] == ([] if clear else [("UNWRITTEN", 6)])


def test_a_division_by_zero_that_the_compiler_foresees_is_reported_too(tmp_path):
    lines = "volatile int sum = 0;\nfor (int i = 3; i >= 0; i--)\nsum += 100 / i;"
    assert run_lines(tmp_path, lines) == [("DIVIDE", 5, 1)]


def test_a_line_is_reported_once_however_often_the_compiler_copied_it(tmp_path):
    source = tmp_path / "copies.c"
    source.write_text(
        "#include <nux/nux.h>\n"
        "static inline void write(uint32_t row, nux_row row_weights) {\n"
        "    nux_set_weights(row, row_weights);\n"
        "}\n"
        "int start(void) {\n"
        "    nux_vector large = nux_splat8(64), sum;\n"
        "    for (uint32_t i = 0; i < 3; i++) {\n"
        "        write(i, (nux_row){large, large});\n"
        "    }\n"
        "    write(7, (nux_row){large, large});\n"
        "    sum = nux_add8_sat(large, large); sum = nux_add8_sat(sum, large);\n"
        "    nux_set_labels_half(0, 0, sum);\n"
        "    return 0;\n"
        "}\n"
    )
    weight, *saturated = Chip(checks="strict").run(build(source).program).remarks
    assert (weight.kind, weight.location.line, weight.count) == (SiteKind.WEIGHT, 3, 8)
    assert [(r.kind, r.location.line, r.count) for r in saturated] == [
        (SiteKind.SATURATED, 11, 128), (SiteKind.SATURATED, 11, 128)
    ]  # fmt: skip


NEURONS = """#include <nux/nux.h>
static inline nux_vector sense(uint32_t row) {
    return nux_get_causal_half(row, NUX_ODD);
}
int start(void) {
    nux_row membranes;
    nux_switch_channel(NUX_VECTOR_WEIGHT, true);
    for (uint32_t row = 0; row < 3; row++) {
        nux_set_labels_half(9, 0, sense(row));
    }
    for (uint32_t index = 0; index < 4; index++) {
        nux_set_labels_half(9, 0, fxvinx(NUX_VECTOR_CAUSAL, index));
    }
    membranes = nux_read_neurons();
    nux_set_labels(9, membranes);
    nux_set_labels_half(9, 0, fxvinx(NUX_VECTOR_CAUSAL, 0));
    nux_switch_channel(NUX_VECTOR_WEIGHT, false);
    nux_switch_channel(NUX_VECTOR_LABEL, true);
    nux_set_labels(9, nux_get_correlation(5).acausal);
    return 0;
}
"""


def test_correlation_read_from_neurons_is_found_in_all_rows_and_also_buffered(tmp_path):
    source = tmp_path / "neurons.c"
    source.write_text(NEURONS)
    result = Chip().run(build(source).program)
    assert {(r.kind.name, r.location.line, r.count) for r in result.remarks} == {
        ("ON_NEURONS", 3, 3), ("ON_NEURONS", 12, 4), ("ON_NEURONS", 19, 1)
    }  # fmt: skip


VECTOR_ROUTINE = """#include <nux/nux.h>
volatile uint32_t ticks;
NUX_ISR_VECTOR(decrementer) {
    ticks++;
    nux_set_weights_half(4, 0, nux_splat8((int8_t)(62 + ticks)));
    nux_clear_timer_status(NUX_TSR_DECREMENTER);
}
int start(void) {
    nux_start_periodic_decrementer(20000);
    nux_enable_interrupts();
    while (ticks < 3) {
        nux_wait();
    }
    nux_disable_interrupts();
    return 0;
}
"""


@pytest.mark.parametrize("checks", ["default", "strict"])
def test_a_vector_routine_is_found_for_what_it_does_not_for_what_it_keeps(tmp_path, checks):
    source = tmp_path / "isr_vectors.c"
    source.write_text(VECTOR_ROUTINE)
    (remark,) = Chip(checks=checks).run(build(source).program).remarks
    assert (remark.kind, remark.location.line, remark.count) == (SiteKind.WEIGHT, 5, 2)


DIVISIONS = """#include <nux/nux.h>
volatile int64_t zero, seven = 7, sink;
static inline int64_t ratio(int64_t a, int64_t b) {
    return a / b;
}
__attribute__((noinline)) int64_t rest(int64_t a, int64_t b) {
    return a % b;
}
int start(void) {
    sink = ratio(seven, 2) + rest(seven, 3);
    for (volatile int i = 0; i < 3; i++) {
        sink = ratio(seven, zero);
    }
    sink = rest(seven, zero);
    sink = (int64_t)(5 / (uint64_t)zero);
    return 0;
}
"""


def test_wide_divisions_by_zero_are_found_where_they_are_called(tmp_path):
    source = tmp_path / "divisions.c"
    source.write_text(DIVISIONS)
    result = Chip().run(build(source).program)
    assert {(r.kind.name, r.location.line, r.count) for r in result.remarks} == {
        ("DIVIDE", 4, 3), ("DIVIDE", 7, 1), ("DIVIDE", 15, 1)
    }  # fmt: skip


def test_a_restored_chip_knows_what_was_written(program):
    symbols = {"which": KINDS.index("UNWRITTEN"), "right": 1}
    chip = Chip()
    chip.run(program, symbols=symbols)
    state = chip.model.save()
    other = Chip()
    other.model.restore(state)
    assert other.model.save().digest == state.digest


@pytest.mark.parametrize("core", ["native", "reference"])
@pytest.mark.parametrize(("kind", "count"), [("SATURATED", 3 * 128), ("NEVER_RESET", 3)])
def test_what_may_be_meant_is_found_by_strict_checks_only(program, kind, count, core):
    result, _ = run(program, kind, 0, checks="strict", core=core)
    (remark,) = result.remarks
    assert (remark.kind, remark.count) == (SiteKind[kind], count)
    assert f"mistakes.c:{line_of(kind)}: " in str(remark)
    assert not run(program, kind, 1, checks="strict", core=core)[0].remarks
    assert not run(program, kind, 0, core=core)[0].remarks


ARITHMETIC = {
    "nux_add8_sat": (np.int8, np.add),
    "nux_sub8_sat": (np.int8, np.subtract),
    "nux_add16_sat": (np.int16, np.add),
    "nux_sub16_sat": (np.int16, np.subtract),
    "nux_mul8_frac": (np.int8, lambda a, b: a * b >> 7),
    "nux_mul16_frac": (np.int16, lambda a, b: a * b >> 15),
}


def fraction(a, b, n):
    """Product that saturates for minimum times minimum."""
    return np.minimum(2 * a * b, 2 ** (2 * n - 1) - 1)


#: Instruction, and its result without limits, from the accumulator and the operands of n bits.
ACCUMULATION = {
    "fxvmahfs(a, b)": (np.int16, lambda acc, a, b, n: acc + fraction(a, b, n)),
    "fxvmabfs(a, b)": (np.int8, lambda acc, a, b, n: acc + fraction(a, b, n)),
    "fxvmatachfs(a, b)": (np.int16, lambda acc, a, b, n: acc + fraction(a, b, n)),
    "fxvmatacbfs(a, b)": (np.int8, lambda acc, a, b, n: acc + fraction(a, b, n)),
    "fxvaddachfs(a)": (np.int16, lambda acc, a, b, n: acc + (a << n)),
    "fxvaddacbfs(a)": (np.int8, lambda acc, a, b, n: acc + (a << n)),
    "fxvaddactachf(a)": (np.int16, lambda acc, a, b, n: acc + (a << n)),
    "fxvaddactacbf(a)": (np.int8, lambda acc, a, b, n: acc + (a << n)),
    "fxvmultachfs(a, b)": (np.int16, lambda acc, a, b, n: 2 * a * b),
    "fxvmultacbfs(a, b)": (np.int8, lambda acc, a, b, n: 2 * a * b),
}


@pytest.fixture(scope="module")
def accumulations(tmp_path_factory):
    cases = [
        f"case {i}: fxvmtac{'h' if dtype is np.int16 else 'b'}f(start); {call}; break;"
        for i, (call, (dtype, _)) in enumerate(ACCUMULATION.items())
    ]
    source = tmp_path_factory.mktemp("accumulate") / "accumulate.c"
    source.write_text(
        "#include <nux/nux.h>\nvolatile uint32_t which;\nnux_vector_memory memory[3];\n"
        "void accumulate(nux_vector start, nux_vector a, nux_vector b) {\nswitch (which) {\n"
        + "\n".join(cases)
        + '\n}\nasm volatile("" : : "kv"(b));\n}\n'
        "int start(void) {\n"
        "accumulate(nux_load(&memory[0]), nux_load(&memory[1]), nux_load(&memory[2]));\n"
        "return 0;\n}\n"
    )
    return build(source).program


@pytest.mark.parametrize("call", ACCUMULATION)
def test_saturated_accumulators_are_those_of_wide_arithmetic(accumulations, call):
    dtype, operation = ACCUMULATION[call]
    limits, which = np.iinfo(dtype), list(ACCUMULATION).index(call)
    rng = np.random.default_rng(9)
    shape = (3, 128 // limits.dtype.itemsize)
    start, a, b = rng.integers(limits.min, limits.max, shape, endpoint=True, dtype=np.int64)
    a[:3] = b[:3] = limits.min
    a[3:8] = start[3:8] = b[3:8] = limits.max
    chip = Chip(checks="strict")
    chip.load(accumulations)
    content = np.stack([start, a, b]).astype(limits.dtype.newbyteorder(">")).tobytes()
    chip.ppu[0].write(accumulations.symbols["memory"].address, content)
    result = chip.run(symbols={"which": which})
    wide, limit = operation(start << limits.bits, a, b, limits.bits), 2 ** (2 * limits.bits - 1)
    expected = int(((wide < -limit) | (wide >= limit)).sum())
    assert expected
    assert [(r.kind, r.count) for r in result.remarks] == [(SiteKind.SATURATED, expected)]
    assert result.remarks[0].location.line == 6 + which


@pytest.mark.parametrize("name", ARITHMETIC)
def test_saturated_lanes_are_those_of_wide_arithmetic(tmp_path, name):
    dtype, operation = ARITHMETIC[name]
    limits = np.iinfo(dtype)
    rng = np.random.default_rng(9)
    a, b = rng.integers(limits.min, limits.max, (2, 128 // limits.dtype.itemsize), endpoint=True)
    a[:3] = b[:3] = limits.min
    source = tmp_path / "arithmetic.c"
    source.write_text(
        "#include <nux/nux.h>\n"
        "nux_vector_memory a, b, c;\n"
        "int start(void) {\n"
        f"    nux_store({name}(nux_load(&a), nux_load(&b)), &c);\n"
        "    return 0;\n"
        "}\n"
    )
    program, chip = build(source).program, Chip(checks="strict")
    chip.load(program)
    for symbol, values in (("a", a), ("b", b)):
        content = values.astype(limits.dtype.newbyteorder(">")).tobytes()
        chip.ppu[0].write(program.symbols[symbol].address, content)
    result = chip.run()
    wide = operation(a, b)
    expected = int(((wide < limits.min) | (wide > limits.max)).sum())
    assert expected
    assert [(r.kind, r.count) for r in result.remarks] == [(SiteKind.SATURATED, expected)]
