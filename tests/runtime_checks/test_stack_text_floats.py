# SPDX-License-Identifier: BSD-3-Clause
"""Stack, mailbox and floating point: mistakes are found at their line; right ones are silent."""

from pathlib import Path

import pytest

from nuxemu import SiteKind
from nuxkit import Chip, InputError, KernelTrap, RemarkError, RemarkWarning, build

SOURCE = Path(__file__).with_name("stack_text_floats.c")
#: What a function of the file is found for, and how often.
MISTAKES = {
    "RED_ZONE": ("RED_ZONE", 1),
    "RED_ZONE without a frame": ("RED_ZONE", 1),
    "RED_ZONE of a vector": ("RED_ZONE", 1),
    "LOST_TEXT": ("LOST_TEXT", 4 * 1024 - 4092),
    "LOST_TEXT of vectors": ("LOST_TEXT", 17 * 255 - 4092),
    "FLOAT": ("FLOAT", 100),
    "FLOAT in external code": ("FLOAT", 100),
    "STACK_MARGIN": ("STACK_MARGIN", 1),
}


@pytest.fixture(scope="module")
def program():
    return build(SOURCE).program


@pytest.fixture
def source(tmp_path):
    def write(text):
        (tmp_path / "kernel.c").write_text(text)
        return tmp_path / "kernel.c"

    return write


def line_of(mistake):
    lines = SOURCE.read_text().splitlines()
    (found,) = [n for n, line in enumerate(lines, 1) if line.endswith(f" // {mistake}")]
    return found


def run(program, mistake, right=0, **options):
    symbols = {"which": list(MISTAKES).index(mistake), "right": right}
    return Chip(**options).run(program, symbols=symbols)


#: Found by strict checks only.
STRICT = {"RED_ZONE"}


@pytest.mark.parametrize("core", ["native", "reference"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found_at_its_line_with_its_count(program, mistake, core):
    kind, count = MISTAKES[mistake]
    checks = "strict" if mistake in STRICT else "default"
    (remark,) = run(program, mistake, core=core, checks=checks).remarks
    assert (remark.kind, remark.count) == (SiteKind[kind], count)
    assert f"{SOURCE.name}:{line_of(mistake)}: " in str(remark)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_right_way_is_silent(program, mistake):
    checks = "strict" if mistake in STRICT else "default"
    assert not run(program, mistake, 1, checks=checks).remarks


def test_a_dangling_scalar_pointer_is_left_to_strict_checks(program):
    assert not run(program, "RED_ZONE").remarks


@pytest.mark.parametrize("mistake", MISTAKES)
def test_checks_change_neither_results_nor_times(program, mistake):
    off = run(program, mistake, checks="off")
    on = run(program, mistake, checks="strict")
    symbols = {"which": list(MISTAKES).index(mistake), "right": 0}
    profiled = Chip().run(program, symbols=symbols, profile=True)
    assert not off.remarks
    assert (off.cycles, off.instructions, off.memory) == (on.cycles, on.instructions, on.memory)
    assert off.stack == on.stack
    assert [str(r) for r in profiled.remarks] == [str(r) for r in run(program, mistake).remarks]


def test_names_what_is_called_and_each_call_if_strict(program):
    (remark,) = run(program, "FLOAT").remarks
    assert "calls of __mulsf3" in str(remark)
    (remark,) = run(program, "FLOAT", 1, checks="strict").remarks
    assert (remark.kind, remark.count) == (SiteKind.FLOAT, 2 * 49)


@pytest.mark.parametrize(("sleep_cycles", "kinds"), [(5_000, [SiteKind.FLOAT]), (20_000, [])])
def test_floating_point_once_in_a_long_period_is_no_loop(source, sleep_cycles, kinds):
    text = (
        "#include <nux/nux.h>\n"
        "volatile float value = 1.0f;\n"
        "int start(void) {\n"
        "    for (uint32_t i = 0; i < 150; i++) {\n"
        "        value = value * 1.25f;\n"
        f"        nux_sleep_cycles({sleep_cycles});\n"
        "    }\n"
        "    return 0;\n"
        "}\n"
    )
    result = Chip().run(build(source(text)).program)
    assert [remark.kind for remark in result.remarks] == kinds


def test_says_how_much_of_the_stack_is_left(program):
    result = run(program, "STACK_MARGIN")
    assert 0 <= result.stack.left_bytes < 64
    assert f"{result.stack.left_bytes} of {result.stack.size_bytes} bytes were left" in str(
        result.remarks[0]
    )
    assert 64 <= run(program, "STACK_MARGIN", 1).stack.left_bytes < 200


RECURSION = """
#include <nux/nux.h>
volatile uint32_t depth, address = 0x4000 - 4;
__attribute__((noinline)) uint32_t descend(uint32_t n) {
    volatile uint32_t kept = n;
    return n ? descend(n - 1) + kept : 0;
}
int start(void) {
    return (int)descend(depth);
}
"""


def test_the_deepest_store_is_the_use_of_the_stack(source):
    program = build(source(RECURSION)).program
    stack = [Chip().run(program, symbols={"depth": depth}).stack for depth in (0, 1, 7, 100)]
    frame = stack[1].used_bytes - stack[0].used_bytes
    assert frame % 16 == 0 and frame > 0
    assert [use.used_bytes - stack[0].used_bytes for use in stack] == [0, frame, 7 * frame,
                                                                      100 * frame]  # fmt: skip
    size = program.symbols["__stack_top"].address - program.symbols["__stack_limit"].address
    assert stack[0].size_bytes == size


def test_a_shallow_run_after_a_deep_one_has_its_own_depth(source):
    chip, program = Chip(), build(source(RECURSION)).program
    deep, shallow = (chip.run(program, symbols={"depth": depth}).stack for depth in (50, 2))
    again = chip.run(symbols={"depth": 50}).stack
    assert deep == again
    assert shallow.used_bytes < deep.used_bytes


def test_a_restored_chip_goes_on_with_depth_and_counts(program):
    chip = Chip()
    chip.load(program)
    chip.start(symbols={"which": list(MISTAKES).index("FLOAT"), "right": 0})
    chip.advance(20e-6)
    state = chip.model.save()
    results = []
    for restored in (chip, Chip()):
        if restored is not chip:
            restored.load(program)
            restored.model.restore(state)
        restored.advance(1e-3)
        result = restored.result()
        results.append((result.stack, [str(remark) for remark in result.remarks]))
    assert results[0] == results[1]
    assert "(100 times)" in results[0][1][0]


def test_raw_writes_beyond_the_mailbox_end_the_run_at_their_line(source):
    program = build(
        source(
            "#include <nux/nux.h>\n"
            "int start(void) {\n"
            "    volatile uint8_t *mailbox = (volatile uint8_t *)NUX_MAILBOX_BASE;\n"
            "    for (uint32_t i = 0; i <= NUX_MAILBOX_SIZE; i++) {\n"
            "        mailbox[i] = 1;\n"
            "    }\n"
            "    return 0;\n"
            "}\n"
        )
    ).program
    with pytest.raises(KernelTrap, match=r":5: .*0x00004000"):
        Chip().run(program)


def test_remarks_are_errors_or_warnings_if_so_wanted(program):
    with pytest.raises(RemarkError, match=f"{SOURCE.name}:{line_of('LOST_TEXT')}: ") as caught:
        run(program, "LOST_TEXT", remarks="raise")
    assert caught.value.exit_code == 106
    assert caught.value.result.return_code == 0
    run(program, "LOST_TEXT", 1, remarks="raise")
    with pytest.warns(RemarkWarning, match="characters did not fit") as warned:
        run(program, "LOST_TEXT", remarks="warn")
    assert [Path(each.filename).name for each in warned] == [Path(__file__).name]
    with pytest.raises(InputError, match="remarks is 'some', but must be one of count, warn"):
        Chip(remarks="some")
