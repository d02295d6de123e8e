# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit check``."""

import re

KERNEL = """\
#include <nux/nux.h>
static nux_vector_memory memory;
volatile uint32_t count = 20;
int start(void) {
    uint32_t n = count;
    for (uint32_t i = 0; i < n; i++)
        fxvstax(fxvinx(NUX_VECTOR_CAUSAL, 2 * i), &memory, 0);
    return 0;
}
"""

RECURSIVE = """\
static int unused;
__attribute__((noinline)) int deep(int n) {
    volatile int a[8] = {n};
    return n < 2 ? a[0] : deep(n - 1) + deep(n - 2);
}
int start(void) { return deep(5); }
"""

RULE = """\
#include <nux/rule.h>
NUX_OBSERVABLES((array, int32_t, counts[64], "1"))
volatile int32_t input[64];
void rule(const nux_call *call) {
    (void)call;
    for (int i = 0; i < 64; i++)
        observables.counts[i] += input[i];
}
"""

PLACE = re.compile(r"^(\S+?):(\d+):(\d+): (error|warning|note): (.*)$")


def messages(done):
    """Message lines of the report: file, line, severity, text."""
    found = (PLACE.match(row) for row in done.out.splitlines())
    return [(m[1], int(m[2]), m[4], m[5]) for m in found if m]


def test_one_report_has_loops_memory_stack_and_instructions(nuxkit, source):
    done = nuxkit("check", source(KERNEL))
    assert (done.code, done.err) == (0, "")
    (file, line, severity, text), *others = messages(done)
    assert (file, line, severity) == ("rule.c", 6, "note") and not others
    pattern = r"start: loop of \d+ instructions: ([\d.]+) cycles \([\d.]+ ns\) a round"
    cycles = float(re.fullmatch(pattern, text)[1])
    assert 387 < cycles < 420 or 4 * 387 < cycles < 4 * 420  # unrolled: a conversion each
    assert re.search(r"^code +\d+ bytes$", done.out, re.M)
    assert re.search(r"^stack, at most +\d+ bytes  start$", done.out, re.M)
    assert re.search(r"^instructions +\d+ +\d+ scalar, \d+ vector$", done.out, re.M)
    assert done.out.endswith("rule.c: 0 errors, 0 warnings\n")


def test_a_program_gives_the_same_as_its_source(nuxkit, source, tmp_path):
    nuxkit("build", source(KERNEL), "-o", "rule.elf")
    of_source = nuxkit("check", "rule.c", "--json").json
    of_program = nuxkit("check", "rule.elf", "--json").json
    assert of_program["file"] == "rule.elf"
    assert of_program["loops"][0].pop("file") == str(tmp_path / "rule.c")
    assert of_source["loops"][0].pop("file") == "rule.c"
    assert {**of_program, "file": "rule.c"} == of_source


def test_warns_of_a_stack_without_bound_at_its_function(nuxkit, source):
    done = nuxkit("check", source(RECURSIVE))
    assert done.code == 0
    unused, deep = messages(done)
    assert unused[1:3] == (1, "warning") and "unused" in unused[3]
    assert deep[:3] == ("rule.c", 2, "warning")
    assert "recursive: deep -> deep" in deep[3]
    assert done.out.endswith("rule.c: 0 errors, 2 warnings\n")
    values = nuxkit("check", "rule.c", "--json").json
    assert (values["ok"], values["errors"], values["warnings"]) == (True, 0, 2)
    assert values["memory"]["stack"]["function"] == "deep"


def test_what_does_not_build_is_reported_with_code_102(nuxkit, source):
    done = nuxkit("check", source("int start(void) {\n    return x;\n}\n"))
    assert done.code == 102
    assert messages(done)[0][:3] == ("rule.c", 2, "error")
    assert re.search(r"^rule.c: 1 error, \d warning", done.out, re.M)
    done = nuxkit("check", source('int start(void) {\n    asm("lfs 1,0(3)");\n    return 0;\n}\n'))
    assert done.code == 102
    ((*place, text),) = messages(done)
    assert place == ["rule.c", 2, "error"] and "the processor does not have this" in text
    values = nuxkit("check", "rule.c", "--json")
    assert values.code == 102
    assert (values.json["ok"], values.json["errors"], values.json["memory"]) == (False, 1, None)
    deep = "int start(void) { volatile char a[9000]; a[0] = 1; volatile char b[4000]; b[0] = 2; "
    done = nuxkit("check", source(deep + "return a[0] + b[0]; }\n"))
    assert done.code == 102 and "the stack can grow to" in done.out


def test_errors_of_the_linker_have_a_line_and_column_too(nuxkit, source):
    done = nuxkit("check", source("int f(int);\nint start(void) {\n    return f(3);\n}\n"))
    assert (done.code, [m[:3] for m in messages(done)]) == (102, [("rule.c", 3, "error")])
    done = nuxkit("check", source("char a[20000];\nint start(void) { return a[5]; }\n"))
    assert (done.code, [m[:3] for m in messages(done)]) == (102, [("rule.c", 1, "error")])


def test_each_reason_for_a_stack_without_bound_is_told(nuxkit, source):
    lines = (
        "__attribute__((noinline)) int odd(int n);",
        "__attribute__((noinline)) int even(int n) { return n ? odd(n - 1) + 1 : 0; }",
        "__attribute__((noinline)) int odd(int n) { return n ? even(n - 1) + 2 : 0; }",
        "__attribute__((noinline)) int size(int n) { volatile char a[n]; a[0] = 1; return a[0]; }",
        "int start(void) { return even(4) + odd(3) + size(5); }",
    )
    found = messages(nuxkit("check", source("\n".join(lines) + "\n")))
    assert {m[1] for m in found if "has no bound" in m[3]} in ({2, 4}, {3, 4})
    assert len(found) == 2


def test_finds_what_the_chip_lacks_in_a_program_of_other_tools(nuxkit, source, tmp_path):
    nuxkit("build", source(KERNEL), "-o", "rule.elf")
    content = (tmp_path / "rule.elf").read_bytes().replace(b"__stack_limit\0", b"__other_limit\0")
    (tmp_path / "other.elf").write_bytes(content)
    done = nuxkit("check", "other.elf")
    assert done.code == 0
    assert "other.elf: warning: the program was not linked with the runtime of nuxkit" in done.out
    return_zero = 0x38600000.to_bytes(4, "big")  # li 3,0
    assert content.count(return_zero) >= 1
    bad = content.replace(return_zero, 0xC0230000.to_bytes(4, "big"))  # lfs 1,0(3)
    (tmp_path / "other.elf").write_bytes(bad)
    done = nuxkit("check", "other.elf")
    assert done.code == 102
    assert re.search(r"rule\.c:[89]:\d+: error: .*lfs", done.out), done.out


def test_a_rule_is_checked_at_its_own_lines(nuxkit, source):
    done = nuxkit("check", source(RULE))
    assert (done.code, done.err) == (0, "")
    found = messages(done)
    assert {(file, line, severity) for file, line, severity, _ in found} == {("rule.c", 6, "note")}
    assert "stack, at most" in done.out


def test_a_missing_file_is_an_error_as_everywhere(nuxkit):
    assert nuxkit("check", "absent.elf").code == 100
    failed = nuxkit("check", "absent.c", "--json")
    assert failed.code == 100 and failed.json["error"]["kind"] == "ProgramFileError"


def test_what_nuxkit_new_writes_has_nothing_wrong_with_it(nuxkit):
    nuxkit("new", "my_rule")
    done = nuxkit("check", "my_rule/my_rule.c")
    assert (done.code, done.out.splitlines()[-1]) == (0, "my_rule/my_rule.c: 0 errors, 0 warnings")
