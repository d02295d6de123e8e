# SPDX-License-Identifier: BSD-3-Clause
"""Stack bounds on known call graphs, checked by running them, and the memory report."""

import json

import pytest

from nuxemu import memory_map as mm
from nuxkit import Chip
from nuxkit.builder import BuildReport

NOINLINE = "__attribute__((noinline)) "
CHAIN = (
    "volatile int n = 3;\n"
    f"{NOINLINE}int h(int x) {{ volatile char a[300]; a[x] = 1; return a[n] + x; }}\n"
    f"{NOINLINE}int g(int x) {{ volatile char a[100]; a[x] = 1; return a[n] + h(x) + h(x + 1); }}\n"
    f"{NOINLINE}int f(int x) {{ volatile char a[50]; a[x] = 1; return a[n] + x; }}\n"
    "int start(void) { return f(n) + g(n) + f(1); }\n"
)


def used_stack(program):
    """Bytes of stack that a run really wrote, found by a pattern."""
    chip = Chip()
    chip.load(program)
    limit = program.symbols["__stack_limit"].address
    chip.ppu[0].write(limit, b"\xa5" * (mm.STACK_TOP - limit))
    chip.run()
    content = chip.ppu[0].read(limit, mm.STACK_TOP - limit)
    return len(content.lstrip(b"\xa5"))


@pytest.mark.parametrize("optimize", ["-O1", "-O2", "-O3", "-Os"])
def test_bound_follows_the_deepest_chain_and_holds(compile_text, optimize):
    result = compile_text(CHAIN, optimize=optimize)
    stack = result.report.stack
    assert stack.deepest[:3] == ("start", "g", "h")
    assert stack.reason == ""
    used = used_stack(result.program)
    assert used <= stack.size <= used + 400  # the arrays of h are written at one end only
    assert stack.size >= 400


def test_frames_of_library_functions_count(compile_text):
    stack = compile_text(
        "#include <nux/nux.h>\nint start(void) { nux_mailbox_write_signed(-5); return 0; }"
    ).report.stack
    assert stack.deepest[:2] == ("start", "nux_mailbox_write_signed")
    assert stack.deepest[-2:] == ("nux_mailbox_write_char", "nux_mailbox_lose")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"volatile int n;\n{NOINLINE}int f(int x) {{ return x ? f(x - 1) + n : n; }}\n"
         "int start(void) { return f(3); }", "unbounded (recursive: f -> f)"),
        ("volatile int n;\nint g(int);\n"
         f"{NOINLINE}int f(int x) {{ return x ? g(x - 1) + n : n; }}\n"
         f"{NOINLINE}int g(int x) {{ return f(x) + n; }}\nint start(void) {{ return f(3); }}",
         "unbounded (recursive: f -> g -> f)"),
        ("int (*volatile p)(int);\nint start(void) { return p(3) + 1; }",
         "unknown (indirect call in start)"),
        ("volatile int n = 8;\nint start(void) { volatile char a[n]; a[1] = 2; return a[1]; }",
         "unknown (frame of variable size in start)"),
    ],
    ids=["recursive", "mutually recursive", "indirect", "variable frame"],
)  # fmt: skip
def test_without_a_bound_the_reason_is_given(compile_text, text, reason):
    stack = compile_text(text).report.stack
    assert (stack.size, stack.reason) == (None, reason)
    assert stack.at_least > 0
    assert reason in str(compile_text(text).report)


def test_a_switch_is_not_an_indirect_call(compile_text):
    cases = "".join(f"case {i}: n = {i * i % 7}; break;" for i in range(20))
    result = compile_text(
        f"volatile int n; int start(void) {{ switch (n) {{ {cases} }} return n; }}"
    )
    assert result.report.stack.size == 0 or result.report.stack.reason == ""


def test_calls_into_external_memory_are_followed(compile_text):
    stack = compile_text(
        "#include <nux/nux.h>\nvolatile int n;\n"
        "NUX_EXTERNAL_CODE int far(int x) { volatile char a[200]; a[x] = 1; return a[n]; }\n"
        "int start(void) { return far(n) + 1; }"
    ).report.stack
    assert stack.deepest == ("start", "far")
    assert stack.size > 200


def test_an_exception_handler_comes_on_top(compile_text):
    handler = (
        "    .text\n    .globl isr_decrementer\n    .type isr_decrementer, @function\n"
        "isr_decrementer:\n    stwu r1, -160(r1)\n    addi r1, r1, 160\n    rfi\n"
    )
    names = ("kernel.c", "handler.S")
    plain = compile_text(CHAIN).report.stack
    with_handler = compile_text(CHAIN, handler, names=names).report.stack
    assert with_handler.size == plain.size + 160
    assert with_handler.deepest == (*plain.deepest, "isr_decrementer")


def test_only_names_of_exceptions_make_a_handler(compile_text):
    text = (
        "#include <nux/nux.h>\nvolatile uint32_t isr_count;\n"
        f"{NOINLINE}void isr_helper(void) {{ volatile char a[200]; a[isr_count] = 1; }}\n"
        "NUX_ISR(decrementer) { isr_count++; }\n"
        "int start(void) { isr_helper(); return 0; }\n"
    )
    stack = compile_text(text, names=("isr_kernel.c",)).report.stack
    assert stack.deepest == ("start", "isr_helper", "isr_decrementer", "nux_isr_decrementer")


def test_a_stack_that_can_meet_the_data_stops_the_build(errors_of):
    (found,) = errors_of(
        f"volatile int n;\nchar big[4000];\n{NOINLINE}int f(int x)"
        "{ volatile char a[9000]; a[x] = big[n]; return a[n]; }\nint start(void) { return f(n); }"
    )
    assert "the stack can grow to 9" in found.text
    assert "start -> f" in found.text


def test_report_counts_every_section(compile_text):
    report = compile_text(
        "#include <nux/nux.h>\nint d[10] = {1}; int z[20]; const int c[30] = {1};\n"
        "NUX_EXTERNAL_DATA int e[100] = {1}; NUX_DRAM_BUFFER char r[800];\nvolatile int n;\n"
        "int start(void) { return d[n] + z[n] + c[n] + e[n] + r[n]; }"
    ).report
    assert (report.data, report.zeroed, report.constants) == (40, 84, 120)
    assert (report.external, report.dram, report.mailbox) == (400, 800, 4096)
    used = report.code + report.constants + report.data + report.zeroed
    assert 0 <= mm.STACK_TOP - used - report.stack_space < 24  # gaps for alignment
    assert report.free == report.stack_space - report.stack.size


def test_report_as_table_and_as_json(compile_text):
    report = compile_text(CHAIN).report
    table = str(report)
    for row in ("code", "data", "zeroed data", "stack, at most", "free", "mailbox"):
        assert any(line.startswith(row) for line in table.splitlines())
    plain = json.loads(json.dumps(report.to_dict()))
    assert plain["free"] == report.free
    assert plain["stack"]["size"] == report.stack.size
    assert BuildReport.from_dict(plain) == report
