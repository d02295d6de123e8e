# SPDX-License-Identifier: BSD-3-Clause
"""Weights made of correlation readings: without a baseline they fall where they should grow."""

import pytest

from nuxemu import SiteKind
from nuxkit import Chip, build

HEADER = "#include <nux/nux.h>\nnux_vector_memory baseline, kept;\nint start(void) {\n"
#: Statements that leave in `w` a value that a reading went through raw.
RAW = {
    "move": "w = nux_get_causal_half(3, 0);",
    "buffered": "nux_get_causal_half(3, 0); w = nux_get_acausal_half_buffered(3, 1);",
    "shift": "w = nux_shift_right8(nux_get_causal_half(3, 0), 2);",
    "sum": "w = nux_add8_sat(nux_get_causal_half(3, 0), nux_splat8(1));",
    "sum of both": "nux_vector c = nux_get_causal_half(3, 0);"
    "w = nux_add8(c, nux_get_acausal_half_buffered(3, 0));",
    "product": "w = nux_mul8_frac(nux_get_acausal_half(3, 0), nux_splat8(64));",
    "minimum": "w = nux_min8(nux_get_causal_half(3, 0), nux_splat8(63));",
    "halves": "nux_vector c = nux_get_causal_half(3, 0);"
    "w = fxvpckbl(fxvupckbl(c, c, 0), fxvupckbr(c, c, 0), 0);",
    "accumulator": "fxvmtacb(nux_get_causal_half(3, 0)); w = fxvaddacbm(nux_splat8(0));",
    "multiply and add": "fxvmtacb(nux_splat8(0));"
    "w = fxvmabm(nux_get_causal_half(3, 0), nux_splat8(1));",
    "less than a weight": "w = nux_sub8_sat(nux_get_weights_half(3, 0),"
    "nux_shift_right8(nux_get_acausal_half(3, 0), 4)); w = nux_max8(w, nux_splat8(0));",
    "some lanes": "w = nux_splat8(1); fxvcmpb(w);"
    "w = fxvaddbm_if(NUX_LT, nux_get_causal_half(3, 0), w, w);",
}
USABLE = {
    "difference": "nux_vector c = nux_get_causal_half(3, 0);"
    "w = nux_sub8(nux_get_acausal_half_buffered(3, 0), c);",
    "saturating difference": "w = nux_sub8_sat(nux_load(&baseline), nux_get_causal_half(3, 0));",
    "weight, both sensors": "w = nux_add8(nux_get_weights_half(3, 0), nux_get_causal_half(3, 0));"
    "w = nux_sub8(w, nux_get_acausal_half_buffered(3, 0));",
    "weight, one sensor, the other": "nux_vector c = nux_get_causal_half(3, 0);"
    "nux_vector a = nux_get_acausal_half_buffered(3, 0);"
    "w = nux_add8(nux_shift_right8(nux_sub8(nux_get_weights_half(3, 0), c), 2), a);",
    "weight, sensor, baseline": "nux_vector c = nux_get_causal_half(3, 0);"
    "w = nux_add8(nux_sub8(nux_get_weights_half(3, 0), c), nux_load(&baseline));",
    "halfword difference": "nux_vector c = nux_get_causal_half(3, 0);"
    "w = nux_sub16(nux_load(&baseline), fxvupckbl(c, c, 1));",
    "negative factor": "w = nux_mul8(nux_get_causal_half(3, 0), nux_splat8(-1));",
    "negative term": "w = nux_add8(nux_get_causal_half(3, 0), nux_splat8(-100));",
    "negative accumulator": "fxvmtacb(nux_splat8(-100));"
    "w = fxvaddacbm(nux_get_causal_half(3, 0));",
    "comparison": "fxvcmpb(nux_get_causal_half(3, 0));"
    "w = fxvsel(nux_splat8(1), nux_splat8(2), NUX_GT);",
    "memory": "nux_store(nux_get_causal_half(3, 0), &kept); nux_sync(); w = nux_load(&kept);",
    "overwritten": "w = nux_get_causal_half(3, 0); fxvcmpb(w); w = nux_splat8(1);",
    "weights": "nux_get_causal_half(3, 0); w = nux_get_weights_half(3, 0);",
    "random numbers": "w = fxvinx(NUX_VECTOR_RANDOM, 0);",
}  # fmt: skip


WRITES = {
    "weights": "nux_set_weights_half(4, 0, w);",
    "masked": "fxvcmpb(nux_splat8(1)); fxvoutx_if(NUX_GT, w, NUX_VECTOR_WEIGHT, 4);",
    "raw view": "fxvoutx(w, NUX_VECTOR_RAW, 16);",
    "labels": "nux_set_labels_half(4, 0, w);",
    "store": "nux_store(w, &kept);",
    "compare": "fxvcmpb(w);",
}
NEURONS = "nux_switch_channel(NUX_VECTOR_WEIGHT, 1); w = nux_read_neurons().even;"
#: What is done in each function of the program: statements, then the write.
CASES = (
    [(statements, WRITES["weights"]) for statements in (*RAW.values(), *USABLE.values())]
    + [(RAW["move"], write) for write in WRITES.values()]
    + [(NEURONS, WRITES["weights"])]
)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    source = tmp_path_factory.mktemp("learn") / "learn.c"
    lines = [
        f"static __attribute__((noinline)) void case{i}(void) {{ nux_vector w; {statements} "
        f"w = nux_min8(w, nux_splat8(63)); {write} }}"
        for i, (statements, write) in enumerate(CASES)
    ]
    calls = ", ".join(f"case{i}" for i in range(len(CASES)))
    source.write_text(
        "#include <nux/nux.h>\nvolatile uint32_t which;\nnux_vector_memory baseline, kept;\n"
        + "\n".join(lines)
        + f"\nint start(void) {{\n    static void (*const cases[])(void) = {{{calls}}};\n"
        "    cases[which]();\n    return 0;\n}\n"
    )
    return build(source).program


def remarks(program, case, **options):
    result = Chip(**options).run(program, symbols={"which": CASES.index(case)})
    found = [r for r in result.remarks if r.kind is SiteKind.NO_BASELINE]
    assert {r.location.function for r in found} <= {f"case{CASES.index(case)}"}
    return found


@pytest.mark.parametrize("name", RAW)
def test_a_raw_reading_written_to_weights_is_reported_where_it_was_read(program, name):
    (remark,) = remarks(program, (RAW[name], WRITES["weights"]))
    assert remark.count == 1
    assert "reading taken right after nux_reset_correlation" in str(remark)


def test_it_is_with_the_reference_core_too(program):
    write = WRITES["weights"]
    assert len(remarks(program, (RAW["product"], write), core="reference")) == 1
    assert not remarks(program, (USABLE["negative term"], write), core="reference")


@pytest.mark.parametrize("name", USABLE)
def test_what_was_compared_with_a_baseline_is_silent(program, name):
    assert not remarks(program, (USABLE[name], WRITES["weights"]))


@pytest.mark.parametrize("write", ["labels", "store", "compare"])
def test_raw_readings_may_go_elsewhere(program, write):
    assert not remarks(program, (RAW["move"], WRITES[write]))


@pytest.mark.parametrize("write", ["masked", "raw view"])
def test_other_ways_to_write_weights_are_looked_at_too(program, write):
    assert len(remarks(program, (RAW["move"], WRITES[write]))) == 1


def test_neurons_are_no_correlation(program):
    assert not remarks(program, (NEURONS, WRITES["weights"]))


def test_a_saved_chip_knows_of_raw_readings(tmp_path):
    source = tmp_path / "learn.c"
    source.write_text(
        f"{HEADER}"
        "nux_vector w = nux_get_causal_half(3, 0);\n"
        "nux_sleep_cycles(10000);\n"
        "nux_set_weights_half(4, 0, nux_min8(w, nux_splat8(63)));\n"
        "return 0;\n}\n"
    )
    program = build(source).program
    chip, other = Chip(), Chip()
    for each in (chip, other):
        each.load(program)
    chip.start()
    chip.advance(20e-6)
    other.model.restore(chip.model.save())
    for each in (chip, other):
        each.advance(60e-6)
        assert not each.is_running()
        sites = [s for s in each.ppu[0].sites() if s.kind is SiteKind.NO_BASELINE]
        assert [program.source_location(s.pc).line for s in sites] == [4]
    assert chip.model.save().digest == other.model.save().digest


@pytest.mark.parametrize("by_host", [False, True])
def test_rows_that_were_never_reset_are_found_by_strict_checks(tmp_path, by_host):
    source = tmp_path / "read.c"
    source.write_text(
        f"{HEADER}"
        "nux_reset_correlation(5, NUX_RESET_CAUSAL);\n"
        "nux_set_labels(0, nux_get_causal(5));\n"
        "nux_set_labels(0, nux_get_acausal(5));\n"
        "return 0;\n}\n"
    )
    chip, other = Chip(checks="strict"), Chip(checks="strict")
    if by_host:
        chip.synram[0].reset_correlation(causal=False)
    program = build(source).program
    chip.load(program)
    other.load(program)
    other.model.restore(chip.model.save())
    for each in (chip, other):
        found = [r for r in each.run().remarks if r.kind is SiteKind.NEVER_RESET]
        assert {r.location.line for r in found} == (set() if by_host else {6})
