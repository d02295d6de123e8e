# SPDX-License-Identifier: BSD-3-Clause
"""Errors that show when a program is put together, and its memory is counted."""

import pytest

from nuxemu import memory_map as mm


@pytest.mark.parametrize(
    ("declaration", "section"),
    [
        ("int big[4352] = {1};", ".data"),
        ("int big[4352];", ".bss"),
        ("const int big[4352] = {1};", ".rodata"),
    ],
)
def test_17_kib_do_not_fit(errors_of, declaration, section):
    (found,) = errors_of(f"{declaration}\nvolatile int i;\nint start(void) {{ return big[i]; }}")
    assert f"section {section} is too large" in found.text
    assert "big 17408 bytes" in found.text
    assert "NUX_EXTERNAL_DATA" in found.text


def test_code_that_does_not_fit(errors_of):
    (found,) = errors_of(
        "#define A x = x * 77 + 3; x ^= x << 5; n = x;\n#define B A A A A A A A A\n"
        "#define C B B B B B B B B\n#define D C C C C C C C C\n"
        "volatile int n;\nint start(void) { int x = n; D return x; }"
    )
    assert "section .text is too large" in found.text
    assert "start()" in found.text
    assert "NUX_EXTERNAL_CODE" in found.text


def test_excess_is_counted_to_the_byte(errors_of, compile_text):
    text = "char big[{}];\nvolatile int i;\nint start(void) {{ return big[i]; }}"
    report = compile_text(text.format(8)).report
    room = report.stack_space - 512 + 8
    assert compile_text(text.format(room)).report.stack_space == 512
    (found,) = errors_of(text.format(room + 24))
    assert "needs 24 bytes more" in found.text


def test_external_memory_is_bounded(errors_of):
    (found,) = errors_of(
        "#include <nux/nux.h>\nNUX_EXTERNAL_BUFFER char big[140000];\nvolatile int i;\n"
        "int start(void) { return big[i]; }"
    )
    assert f"{140000 - mm.EXTMEM_SIZE} bytes more" in found.text
    assert "NUX_DRAM_BUFFER" in found.text


def test_undefined_function_and_variable_at_their_line(errors_of):
    found = errors_of(
        "int foo(int);\nextern int bar;\nint start(void) {\n  return foo(3) + bar;\n}"
    )
    assert {entry.text for entry in found} == {
        "foo is not defined in any of the sources", "bar is not defined in any of the sources",
    }  # fmt: skip
    assert {(entry.file, entry.line) for entry in found} == {("kernel.c", 4)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("int main(void) { return 0; }", "no function start()"),
        ("int start;", "start is not a function"),
        ("volatile double d;\nint start(void) {\n  d = d * 3;\n  return 0; }", "write constants"),
        ("volatile float f;\nint start(void) { f = f * 1.51234567890123; return 0; }", "1.0f"),
        ("int printf(const char *, ...);\nint start(void) { return printf(\"x\"); }",
         "nux_mailbox_write_string"),
        ("void *malloc(unsigned long);\nint start(void) { return !malloc(3); }", "static arrays"),
    ],
)  # fmt: skip
def test_what_the_chip_does_not_have_gets_a_sentence(errors_of, text, words):
    assert words in errors_of(text)[0].text


def test_double_precision_is_refused_at_its_line(errors_of):
    found = errors_of("volatile double d;\nint start(void) {\n  d = d / 3;\n  return 0;\n}")
    assert [(entry.file, entry.line) for entry in found] == [("kernel.c", 3)]


def test_duplicate_definition_names_both_places(errors_of):
    (found,) = errors_of(
        "int start(void) { return 0; }", "\nint start(void) { return 1; }", names=("a.c", "b.c")
    )
    assert (found.file, found.line) == ("b.c", 2)
    assert found.text == "start is defined a second time; first in a.c:1"


def test_unknown_section_is_refused(errors_of):
    (found,) = errors_of(
        '__attribute__((section("lost"))) int x = 3;\nint start(void) { return x; }'
    )
    assert "section lost (4 bytes) has no place on the chip" in found.text


def test_warnings_of_the_linker_are_returned(compile_text):
    result = compile_text(
        "int shared[2] = {1, 2};\nint start(void);\n",
        "extern char shared; int start(void) { return shared; }",
        '    .text\n    .section .gnu.warning.start, "", @progbits\n    .string "start is used"\n',
        names=("a.c", "b.c", "w.S"),
    )
    assert [warning.severity for warning in result.warnings] == ["warning"]
    assert "start is used" in result.warnings[0].text


def test_single_precision_needs_nothing_from_the_user(compile_text):
    compile_text(
        "volatile float f; volatile int i; volatile long long q;\n"
        "int start(void) { f = f * 1.5f + (float)i / 3.0f - (float)q; i = (int)f; q = (long long)f;"
        " return f < 2.0f; }"
    )
