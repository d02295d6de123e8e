# SPDX-License-Identifier: BSD-3-Clause
"""Sessions with GDB itself, from start to end."""

import re
import shlex
import subprocess
import threading

import pytest

import nuxkit
from nuxkit.cli import main
from nuxkit.debug import load_core
from nuxkit.debug.session import COMMANDS

from .conftest import RULE, TRAPPING, Gdb


def test_break_print_a_vector_step_watch_a_weight_and_run_to_the_end(build):
    program = build(RULE)
    plain = nuxkit.Chip().run(program)
    gdb = Gdb(
        program,
        [
            "break rule", "continue", "backtrace", "info args",
            "continue", "print row", "stepi", "stepi", "stepi", "stepi", "print $v0.u8",
            "print/d $acc[0]", "print $vcr[0]", "info registers pc time_base",
            "delete", "watch *(unsigned char *)(0x20000000 + 256 * 2 + 4)", "continue",
            "delete", "watch count", "continue",
            "delete", "tbreak rule", "continue", "next", "step", "finish",
            "monitor weights 1", "monitor time", "print count", "print rows = 4", "continue",
        ],
    )  # fmt: skip
    (result,) = nuxkit.Chip().debug(program, announce=gdb.attach)
    shown = gdb.wait()
    assert "Breakpoint 1, rule (row=row@entry=0)" in shown
    assert "in start () at" in shown
    assert "$1 = 1" in shown
    assert "<repeats 128 times>" in shown
    # Row 2's weight of column 4, in rule.c where it is written.
    weight = shown.partition("Hardware watchpoint 2")[2]
    assert "Old value = 0 '\\000'\nNew value = 3 '\\003'" in weight
    after = shown.partition("Hardware watchpoint 3: count")[2]
    assert "Old value = 2\nNew value = 3" in after or "Old value = 1\nNew value = 2" in after
    assert "  0:  3  0  3  0" in shown
    assert "exited with code 07" in shown
    assert result.return_code == 7
    # Time stood still while the program did.
    assert (result.cycles, result.instructions) == (plain.cycles, plain.instructions)
    assert result.memory == plain.memory


def test_a_watch_stops_at_the_line_that_writes(build):
    program = build(RULE)
    gdb = Gdb(program, ["watch count", "continue", "frame", "delete", "continue"])
    nuxkit.Chip().debug(program, announce=gdb.attach)
    after = gdb.wait().split("New value = 1")[1]
    assert "rule (row=" in after
    assert "count++" in after or "rule.c:11" in after


def test_reads_can_be_watched_in_vector_memory(build):
    program = build(RULE)
    gdb = Gdb(program, ["awatch memory.u8[5]", "continue", "frame", "delete", "continue"])
    nuxkit.Chip().debug(program, announce=gdb.attach)
    shown = gdb.wait()
    assert "Hardware access (read/write) watchpoint" in shown
    assert "nux_store" in shown


def test_a_variable_and_a_weight_can_be_changed(build):
    program = build(RULE)
    chip = nuxkit.Chip()
    gdb = Gdb(program, [
        "break rule", "continue", "set var rows = 2", "set var *(unsigned char *)0x20000007 = 63",
        "set var $v3.u8[2] = 9", "print $v3.u8[2]", "delete", "continue",
    ])  # fmt: skip
    (result,) = chip.debug(program, announce=gdb.attach)
    assert "$1 = 9" in gdb.wait()
    assert result.symbols["count"] == 2
    assert chip.synram[0].weights[0, 7] == 63


def test_a_trap_is_a_signal_at_its_line(build):
    program = build(TRAPPING)
    gdb = Gdb(program, ["continue", "backtrace", "print depth", "monitor trap", "continue"])
    with pytest.raises(nuxkit.KernelTrap, match=r"rule\.c:3: 4-byte load from 0x10000000"):
        nuxkit.Chip().debug(program, announce=gdb.attach)
    shown = gdb.wait()
    assert "received signal SIGSEGV" in shown
    assert re.search(r"#0 .*fetch \(depth=", shown)
    assert "4-byte load from 0x10000000 is outside of all memories" in shown
    assert "terminated with signal SIGSEGV" in shown


def test_a_jump_out_of_all_memories_is_shown_where_it_was(build):
    program = build(
        "void (*volatile nowhere)(void) = (void (*)(void))0x7000;\n"
        "__attribute__((noinline)) void call(int depth) {\n"
        "    if (depth) nowhere();\n"
        "}\n"
        "int start(void) { call(5); return 0; }\n"
    )
    gdb = Gdb(program, ["continue", "backtrace", "monitor trap", "kill"])
    with pytest.raises(nuxkit.KernelTrap, match=r"rule\.c:3: jump to 0x00007000"):
        nuxkit.Chip().debug(program, announce=gdb.attach)
    shown = gdb.wait()
    assert re.search(r"SIGSEGV.*\n0x\w+ in call \(depth=", shown)
    assert re.search(r"#1 .* in start \(\)", shown)
    assert "jump to 0x00007000" in shown


def test_a_saved_core_shows_where_it_trapped(build, tmp_path, capsys, monkeypatch):
    program = build(TRAPPING)
    core = tmp_path / "rule.core"
    assert main(["run", str(program.path), "--save-core", str(core)]) == 103
    capsys.readouterr()
    gdb = Gdb(program, ["backtrace", "print/x nowhere", "print $r1 != 0", "continue"])
    with monkeypatch.context() as patched:
        patched.setattr("nuxkit.cli.debug.click.echo", gdb.attach)
        assert main(["debug", "--post-mortem", str(core), "--port", "0"]) == 0
    shown = gdb.wait()
    assert re.search(r"#0 .*fetch \(depth=", shown)
    assert "0x10000000" in shown
    assert "saved core" in shown


def test_a_core_that_is_none_is_refused(tmp_path, capsys):
    path = tmp_path / "x.core"
    path.write_bytes(b"no core")
    assert main(["debug", "--post-mortem", str(path)]) == 100
    assert "x.core: no saved core" in capsys.readouterr().err
    assert main(["debug"]) == 2
    assert main(["debug", "--post-mortem", str(path), "--both"]) == 2


def test_a_core_that_was_damaged_is_refused(build, tmp_path):
    chip = nuxkit.Chip()
    with pytest.raises(nuxkit.KernelTrap):
        chip.run(build(TRAPPING))
    path = tmp_path / "rule.core"
    chip.save_core(path)
    good = path.read_bytes()
    for size in (0, 1, 100, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:size])
        with pytest.raises(nuxkit.DataFileError, match="no saved core"):
            load_core(path, tmp_path)
    middle = len(good) // 2
    for damage in (b"\xff" * 64, b"\x00" * 64, b"\x06" * 64):  # the compressed state
        path.write_bytes(good[:middle] + damage + good[middle + 64 :])
        with pytest.raises(nuxkit.DataFileError, match="no saved core"):
            load_core(path, tmp_path)
    program = good.index(b"top.elf") + 8  # its compressed data, nothing but ones
    path.write_bytes(good[:program] + b"\xff" * 64 + good[program + 64 :])
    with pytest.raises(nuxkit.DataFileError, match="no saved core"):
        load_core(path, tmp_path)


def test_a_program_that_was_killed_has_no_return_code(build, monkeypatch):
    program = build(RULE)
    gdb = Gdb(program, ["break rule", "continue", "kill"])
    lines = []

    def echo(text, *, err=False):
        lines.append(text)
        if not err:
            gdb.attach(text)

    with monkeypatch.context() as patched:
        patched.setattr("nuxkit.cli.debug.click.echo", echo)
        assert main(["debug", str(program.path), "--port", "0"]) == 0
    assert "killed" in gdb.wait()
    assert re.match(r"killed, \d+ cycles, ", lines[-1])


@pytest.mark.parametrize("optimize", ["-O1", "-O2", "-O3"])
def test_a_breakpoint_on_a_line_of_vector_instructions_is_there(tmp_path, optimize):
    (tmp_path / "rule.c").write_text(RULE)
    program = nuxkit.build(tmp_path / "rule.c", optimize=optimize).program
    lines = range(6, 11)
    commands = [f"tbreak rule.c:{line}" for line in lines] + ["continue"] * len(lines)
    gdb = Gdb(program, [*commands, "continue"])
    nuxkit.Chip().debug(program, announce=gdb.attach)
    stops = re.findall(r"^Temporary breakpoint \d+, .* at \S*rule\.c:(\d+)$", gdb.wait(), re.M)
    assert sorted(map(int, stops)) == list(lines)


def test_with_its_commands_gdb_shows_vectors_by_name_and_stops_at_lines_of_the_rule(build):
    program = build(RULE)
    gdb = Gdb(program, [
        "tbreak rule.c:9", "continue", "print row", "vector weight", "vector nothing",
        "vector weight + 1", "print rule(1)", "awatch memory.u8[5]", "continue", "delete",
        "continue",
    ], read=COMMANDS)  # fmt: skip
    (result,) = nuxkit.Chip().debug(program, announce=gdb.attach)
    shown = gdb.wait()
    assert re.search(r"Temporary breakpoint 1, rule \(row=.*rule\.c:9", shown)
    assert "$1 = 0\n" in shown
    assert "u8 = {3 <repeats 128 times>}" in shown
    assert 'No symbol "nothing" in current context.' in shown
    assert shown.count("<repeats 128 times>") == 2  # as .s8 and .u8; none of the sum
    assert "Python" not in shown
    assert re.search(r"Hardware access [^$]*\nrule \(row=.*rule\.c:\d+", shown)
    assert result.return_code == 7


def test_the_command_for_gdb_can_be_run_as_it_is(tmp_path):
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "rule.c").write_text(RULE)
    output = folder / "rule.elf"
    nuxkit.build(folder / "rule.c", output=output)
    threads = []

    def run(greeting):
        words = [*shlex.split(greeting.partition(": ")[2]), "-nx", "-batch", "-ex", "continue"]
        threads.append(threading.Thread(target=lambda: subprocess.run(words, timeout=60)))
        threads[0].start()

    (result,) = nuxkit.Chip().debug(nuxkit.Program.load(output), announce=run)
    threads[0].join()
    assert result.return_code == 7


INTERRUPTED = """\
#include <nux/nux.h>
volatile uint32_t ticks, sum;
NUX_ISR(decrementer) {
    if (++ticks == 3) sum = *(volatile uint32_t *)0x10000000;
    nux_clear_timer_status(NUX_TSR_DECREMENTER);
}
__attribute__((noinline)) uint32_t leaf(uint32_t n) {
    uint32_t total = 5;
    for (uint32_t i = 0; i < n; i++) {
        __asm__ volatile("nop");
    }
    return total;
}
int start(void) {
    nux_start_periodic_decrementer(500);
    nux_enable_interrupts();
    for (;;) sum += leaf(200);
}
"""


def test_the_stack_of_an_interrupt_goes_on_through_the_leaf_function_that_it_met(build):
    program = build(INTERRUPTED)
    gdb = Gdb(program, [
        "tbreak *isr_decrementer", "continue", "print $r3", "print $ctr",
        "tbreak nux_isr_decrementer", "continue", "set var $r3 = 1", "set var $ctr = 1",
        "up 2", "print $r3", "print $ctr", "continue", "backtrace", "kill",
    ])  # fmt: skip
    with pytest.raises(nuxkit.KernelTrap) as caught:
        nuxkit.Chip().debug(program, announce=gdb.attach)
    shown = gdb.wait()
    values = dict(re.findall(r"^\$(\d) = (.*)$", shown, re.M))
    assert (values["1"], values["2"]) == (values["3"], values["4"])
    names = ["nux_isr_decrementer", "isr_decrementer", "leaf", "start", "__init"]
    stack = shown.partition("SIGSEGV")[2]
    assert re.findall(r"^#\d .*?(\w+) \(", stack, re.M) == names
    assert [frame.function for frame in caught.value.result.call_stack] == names


def test_watches_and_breakpoints_hold_from_the_place_where_the_program_stands(build):
    program = build(RULE)
    gdb = Gdb(program, [
        "tbreak rule.c:9", "continue", "watch *(unsigned char *)0x20000004", "continue",
        "frame", "delete", "watch count", "next", "delete",
        "break *rule", "print rule(2)", "print row", "finish", "delete", "continue",
    ], read=COMMANDS)  # fmt: skip
    (result,) = nuxkit.Chip().debug(program, announce=gdb.attach)
    shown = gdb.wait()
    weight, _, count = shown.partition("Hardware watchpoint 3: count")
    assert "Old value = 0 '\\000'\nNew value = 3 '\\003'" in weight
    assert re.search(r"^#0 .*rule\.c:10$", weight, re.M)
    assert "Old value = 0\nNew value = 1" in count
    assert "stopped while in a function called from GDB" in shown
    assert "$1 = 2\n" in shown
    assert result.return_code == 7


def test_a_breakpoint_at_a_line_of_intrinsics_may_depend_on_variables_of_the_rule(build):
    program = build(RULE)
    gdb = Gdb(program, [
        'break rule.c:9 if $around("row == 2")', "continue", "print row",
        'print $around("row + 5")', "continue",
    ], read=COMMANDS)  # fmt: skip
    nuxkit.Chip().debug(program, announce=gdb.attach)
    shown = gdb.wait()
    assert shown.count("Breakpoint 1, rule (row=") == 1
    assert "$1 = 2\n" in shown
    assert "$2 = 7\n" in shown
    assert "exited with code 07" in shown


def test_rows_of_two_vectors_are_shown_whole_and_in_parts(build):
    program = build(
        "#include <nux/nux.h>\n"
        "volatile uint32_t count;\n"
        "static inline nux_row more(nux_row row, uint32_t turn) {\n"
        "    count += turn;\n"
        "    return (nux_row){row.even, nux_add8(row.odd, row.even)};\n"
        "}\n"
        "__attribute__((noinline)) void rule(uint32_t row) {\n"
        "    nux_row weights = more((nux_row){nux_splat8(3), nux_splat8(4)}, 1);\n"
        "    nux_set_weights(row, weights);\n"
        "    count++;\n"
        "}\n"
        "int start(void) { for (uint32_t i = 0; i < 3; i++) rule(i); return 0; }\n"
    )
    gdb = Gdb(program, [
        'break rule.c:4 if $around("row == 1")', "continue", "delete",
        "tbreak rule.c:10", "continue", "print row", "vector weights", "vector weights.odd",
        "vector weights.none", "continue",
    ], read=COMMANDS)  # fmt: skip
    nuxkit.Chip().debug(program, announce=gdb.attach)
    shown = gdb.wait()
    assert "$1 = 1\n" in shown
    lanes = re.findall(r"^(\w*):?\n?.*u8 = {(\d) <repeats 128 times>}", shown, re.M)
    assert lanes == [("even", "3"), ("odd", "7"), ("", "7")]
    assert "There is no member named none." in shown


@pytest.mark.parametrize("optimize", ["-O1", "-O2", "-O3"])
def test_calls_that_are_inlined_from_an_own_header_are_places_to_stop(tmp_path, optimize):
    (tmp_path / "mine.h").write_text(
        "static inline void bump(volatile int *value) {\n    *value = *value * 3 + 1;\n}\n"
    )
    (tmp_path / "rule.c").write_text(
        '#include "mine.h"\n'
        "volatile int total, count;\n"
        "__attribute__((noinline)) void rule(int row) {\n"
        "    count += row;\n"
        "    bump(&total);\n"
        "    count++;\n"
        "}\n"
        "int start(void) { rule(3); return 7; }\n"
    )
    program = nuxkit.build(tmp_path / "rule.c", optimize=optimize).program
    gdb = Gdb(program, [
        "tbreak rule.c:5", "tbreak mine.h:2", "tbreak rule.c:6", "continue", "print row",
        "continue", "continue", "continue",
    ], read=COMMANDS)  # fmt: skip
    nuxkit.Chip().debug(program, announce=gdb.attach)
    shown = gdb.wait()
    stops = re.findall(r"^Temporary breakpoint .*, (\w+) .* at (\S+)$", shown, re.M)
    places = [(function, place.rpartition("/")[2]) for function, place in stops]
    assert places == [("rule", "rule.c:5"), ("bump", "mine.h:2"), ("rule", "rule.c:6")]
    assert "exited with code 07" in shown


def test_steps_and_stacks_find_their_way_through_calls_of_far_code(build):
    program = build(
        "#include <nux/extmem.h>\n"
        "volatile int total;\n"
        "__attribute__((noinline)) int near(int x) { return x + total; }\n"
        "NUX_EXTERNAL_CODE int far(int x) { total++; return near(x) + 1; }\n"
        "int start(void) {\n"
        "    total = 3;\n"
        "    total = far(total);\n"
        "    total += 2;\n"
        "    return 7;\n"
        "}\n"
    )
    gdb = Gdb(program, [
        "tbreak rule.c:7", "continue", "step", "print total", "tbreak exit", "continue",
        "kill",
    ])  # fmt: skip
    nuxkit.Chip().debug(program, announce=gdb.attach)
    shown = gdb.wait()
    assert re.search(r"rule\.c:8$|^8\t", shown, re.M)
    assert "$1 = 8\n" in shown
    assert "Temporary breakpoint 2, exit ()" in shown
    inside = "tbreak *((char *)__bridge_far + 8)"
    gdb = Gdb(program, [inside, "continue", "backtrace", "continue"])
    nuxkit.Chip().debug(program, announce=gdb.attach)
    stack = re.findall(r"^#\d .*?(\w+) \(", gdb.wait(), re.M)
    assert stack == ["__bridge_far", "start", "__init"]
