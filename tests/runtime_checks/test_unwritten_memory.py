# SPDX-License-Identifier: BSD-3-Clause
"""Memory that nobody wrote is reported where it is read, from wherever it is read."""

from pathlib import Path

import pytest

from nuxemu import SiteKind
from nuxemu import memory_map as mm
from nuxkit import Chip, build
from nuxkit.rules import RuleInstance, Timer, describe, make_program

SOURCE = Path(__file__).with_name("memory.c")
WRONG = ["word", "byte", "vector", "external", "external_vector", "dram", "mailbox"]
RIGHT = ["zeroed", "padding", "vector store", "scalar stores", "vector bus", "deep calls"]
ELSEWHERE = len(WRONG)


@pytest.fixture(scope="module")
def program():
    return build(SOURCE).program


def line_of(name):
    lines = SOURCE.read_text().splitlines()
    (found,) = [number for number, line in enumerate(lines, 1) if line.endswith(f"// {name}")]
    return found


def places(result):
    assert all(remark.kind is SiteKind.UNINITIALISED for remark in result.remarks)
    return [(remark.location.line, remark.count) for remark in result.remarks]


@pytest.mark.parametrize("checks", ["default", "strict"])
@pytest.mark.parametrize("name", WRONG)
def test_what_nobody_wrote_is_found_where_it_is_read(program, name, checks):
    result = Chip(checks=checks).run(program, symbols={"which": WRONG.index(name)})
    assert places(result) == [(line_of(name), 1)]


@pytest.mark.parametrize("checks", ["default", "strict"])
@pytest.mark.parametrize("name", RIGHT)
def test_what_anyone_wrote_is_silent(program, name, checks):
    which = ELSEWHERE + 1 + RIGHT.index(name)
    assert not Chip(checks=checks).run(program, symbols={"which": which}).remarks


@pytest.mark.parametrize("name", WRONG)
def test_without_checks_nothing_is_said(program, name):
    assert not Chip(checks="off").run(program, symbols={"which": WRONG.index(name)}).remarks


@pytest.mark.parametrize(
    ("name", "address"),
    [("external", mm.EXTMEM_DATA_BASE + 0x1000), ("dram", mm.DRAM_DATA_BASE + 0x123000),
     ("external_vector", mm.EXTMEM_DATA_BASE + 0x2000), ("mailbox", mm.MAILBOX_BASE + 400)],
)  # fmt: skip
def test_what_the_host_wrote_is_silent(program, name, address):
    chip = Chip()
    chip.load(program)
    chip.ppu[0].write(address, bytes(mm.VECTOR_BYTES))
    assert not chip.run(symbols={"which": WRONG.index(name)}).remarks


def test_what_the_other_processor_wrote_over_the_bus_is_silent(tmp_path, program):
    bus = mm.OMNIBUS_DATA_BASE + 4 * mm.OMNIBUS_SRAM_WORD + 0x3200
    writer = tmp_path / "writer.c"
    writer.write_text(
        f"#include <nux/nux.h>\nint start(void) {{ *(volatile uint32_t *)0x{bus:x}u = 1; "
        "return 0; }\n"
    )
    symbols = {"which": ELSEWHERE, "elsewhere": 0x3200}
    chip = Chip()
    chip.load(program)
    assert places(chip.run(symbols=symbols)) == [(line_of("elsewhere"), 1)]
    chip.run(build(writer), hemisphere=1)
    assert not chip.run(symbols=symbols).remarks


def test_a_second_run_finds_the_same_on_its_stack_again(program):
    chip = Chip()
    first = chip.run(program, symbols={"which": WRONG.index("word")})
    chip.run(symbols={"which": ELSEWHERE + 1 + RIGHT.index("deep calls")})
    assert places(chip.run(symbols={"which": WRONG.index("word")})) == places(first)


def test_a_new_program_does_not_take_over_what_the_last_one_wrote(program):
    chip = Chip()
    chip.load(program)
    chip.ppu[0].write(mm.MAILBOX_BASE + 400, bytes(4))
    result = chip.run(program, symbols={"which": WRONG.index("mailbox")})
    assert places(result) == [(line_of("mailbox"), 1)]


@pytest.mark.parametrize("name", ["external", "dram", "mailbox"])
@pytest.mark.parametrize("written", [False, True])
def test_a_restored_chip_knows_which_memory_was_written(program, name, written):
    addresses = {"external": mm.EXTMEM_DATA_BASE + 0x1000, "dram": mm.DRAM_DATA_BASE + 0x123000,
                 "mailbox": mm.MAILBOX_BASE + 400}  # fmt: skip
    chip, other = Chip(), Chip()
    chip.load(program)
    chip.write("which", WRONG.index(name))
    if written:
        chip.ppu[0].write(addresses[name], bytes(4))
    else:
        other.ppu[0].write(addresses[name], b"\1" * 4)
    state = chip.model.save()
    other.load(program)
    other.model.restore(state)
    assert other.model.save().digest == state.digest
    assert places(other.run()) == ([] if written else [(line_of(name), 1)])


def test_checks_that_are_switched_on_later_know_of_no_gaps(program):
    chip = Chip(checks="off")
    chip.load(program)
    chip.ppu[0].checks = Chip().ppu[0].checks
    assert not chip.run(symbols={"which": WRONG.index("mailbox")}).remarks


@pytest.mark.parametrize("place", ["NUX_EXTERNAL_BUFFER", "NUX_DRAM_BUFFER"])
def test_buffers_in_external_memory_are_not_written_by_loading(tmp_path, place):
    source = tmp_path / "buffers.c"
    source.write_text(
        f"#include <nux/nux.h>\n{place} volatile uint32_t buffer[4];\nvolatile uint32_t give;\n"
        "int start(void) {\n"
        "    if (give) { buffer[1] = give; return 0; }\n"
        "    return (int)buffer[1];\n"
        "}\n"
    )
    program, chip = build(source).program, Chip()
    (remark,) = chip.run(program).remarks
    assert (remark.kind, remark.location.line) == (SiteKind.UNINITIALISED, 6)
    chip.run(program, hemisphere=1, symbols={"give": 5})
    result = chip.run(program)
    assert (result.return_code, result.remarks) == (5, ())


def test_copies_of_unwritten_memory_are_found_where_the_copy_is_called(tmp_path):
    source = tmp_path / "copies.c"
    source.write_text(
        "#include <nux/nux.h>\nvolatile size_t size = 40;\nuint8_t copy[64];\n"
        "static inline void keep(const uint8_t *from) {\n"
        "    memcpy(copy, from, size);\n"
        "}\n"
        "int start(void) {\n"
        "    uint8_t values[64];\n"
        "    memset(values, 1, 8);\n"
        "    keep(values);\n"
        "    return 0;\n"
        "}\n"
    )
    (remark,) = Chip().run(build(source).program).remarks
    assert (remark.kind, remark.location.line, remark.count) == (SiteKind.UNINITIALISED, 5, 8)


LATE = """    volatile uint32_t values[4];
    if (calls++ != 3) {
        values[2] = 1;
    }
    sink = values[2];
"""


def late_line(text):
    return 1 + text.splitlines().index("    sink = values[2];")


def test_what_an_earlier_interrupt_wrote_is_not_written(tmp_path):
    text = (
        "#include <nux/nux.h>\nvolatile uint32_t calls, sink;\n"
        f"NUX_ISR(decrementer) {{\n{LATE}    nux_clear_timer_status(NUX_TSR_DECREMENTER);\n}}\n"
        "int start(void) {\n    nux_start_periodic_decrementer(5000);\n"
        "    nux_enable_interrupts();\n    while (calls < 6) {\n    }\n"
        "    nux_disable_interrupts();\n    return 0;\n}\n"
    )
    source = tmp_path / "late.c"
    source.write_text(text)
    assert places(Chip().run(build(source).program)) == [(late_line(text), 1)]


def test_what_an_earlier_invocation_of_a_rule_wrote_is_not_written(tmp_path):
    text = (
        "#include <nux/rule.h>\nvolatile uint32_t calls, sink;\n"
        f"void rule(const nux_call *call) {{\n    (void)call;\n{LATE}}}\n"
    )
    source = tmp_path / "late.c"
    source.write_text(text)
    rule = RuleInstance("late", describe(source), Timer(period_s=1e-4, count=6))
    program, chip = make_program([rule]), Chip()
    program.load(chip)
    program.start(chip)
    chip.advance(1e-3)
    assert places(chip.result()) == [(late_line(text), 1)]
