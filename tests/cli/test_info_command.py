# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit info``."""

import re

KERNEL = """\
struct pair { int a; short b; };
struct pair pairs[3] = {{1, 2}};
static volatile char text[40];
__attribute__((noinline)) int twice(int x) { volatile int y[10] = {x}; return 2 * y[0]; }
int start(void) { return twice(pairs[1].a) + text[2]; }
"""

RULE = """\
#include <nux/rule.h>
NUX_PARAMETERS((nux_frac8, rate, 0.25, 0, 0.5, "1"), (uint16_t, table[3], 7, 1, 1000, "spikes"))
NUX_OBSERVABLES((synapse, uint8_t, weights, "LSB"), (array, int32_t, counts[2], "1"))
void rule(const nux_call *call) { observables.counts[0] = call->index + parameters.table[1]; }
"""


def test_shows_sections_memory_use_and_stack(nuxkit, source):
    source(KERNEL)
    report = nuxkit("build", "rule.c", "-o", "rule.elf").out.splitlines()[:-1]
    done = nuxkit("info", "rule.elf")
    assert (done.code, done.err) == (0, "")
    sections, memory = (block.splitlines() for block in done.out.strip().split("\n\n"))
    assert sections[0] == "rule.elf, entry 0x0"
    sizes = {row.split()[0]: int(row.split()[2]) for row in sections[2:]}
    assert sizes[".data"] == 24
    assert sizes[".bss"] == 40
    assert memory == report
    assert re.fullmatch(r"stack, at most +\d+ bytes +start -> twice.*", memory[4])
    assert nuxkit("info", "rule.c").out.split("\n\n")[1] == done.out.split("\n\n")[1]


def test_lists_variables_and_functions_with_types(nuxkit, source):
    done = nuxkit("info", source(KERNEL), "--symbols")
    rows = {row.split()[3]: row for row in done.out.strip().split("\n\n")[2].splitlines()}
    assert "struct pair[3]" in rows["pairs"]
    assert " 24 bytes" in rows["pairs"]
    assert rows["text"].endswith("rule.c")
    assert "function" in rows["twice"]


def test_json_has_all_of_it(nuxkit, source):
    report = nuxkit("build", source(KERNEL), "--json").json["report"]
    values = nuxkit("info", "rule.c", "--json").json
    assert values["report"] == report
    assert values["rule"] is None
    symbols = {symbol["name"]: symbol for symbol in values["symbols"]}
    assert symbols["pairs"]["size"] == 24
    assert symbols["pairs"]["type"] == "struct pair[3]"
    sections = {section["name"]: section for section in values["sections"]}
    assert sections[".bss"]["zeroed"] and not sections[".text"]["zeroed"]
    assert sections[".text"]["memory"] == "SRAM"


def test_a_rule_shows_its_parameters_and_observables(nuxkit, source):
    done = nuxkit("info", source(RULE))
    assert done.code == 0, done.err
    rows = [row.split() for row in done.out.strip().split("\n\n")[2].splitlines()]
    assert rows == [
        ["rule", "rule.c"],
        ["parameter", "frac8", "rate", "0.25,", "0.0", "to", "0.5"],
        ["parameter", "uint16", "table[3]", "7,", "1", "to", "1000", "(spikes)"],
        ["observable", "uint8", "weights", "synapse", "(LSB)"],
        ["observable", "int32", "counts[2]", "array"],
    ]
    rule = nuxkit("info", "rule.c", "--json").json["rule"]
    assert rule["parameters"]["table"]["shape"] == [3]
    assert rule["observables"]["weights"]["kind"] == "synapse"


def test_a_rule_is_built_alone_and_not_run(nuxkit, source, tmp_path):
    done = nuxkit("build", source(RULE), "-o", "rule.elf")
    assert done.code == 0, done.err
    assert "code" in done.out and (tmp_path / "rule.elf").is_file()
    assert nuxkit("info", "rule.elf").code == 0
    assert nuxkit("build", "rule.c", "--json").json["report"]
    refused = nuxkit("run", "rule.c")
    assert refused.code == 105 and "is a learning rule" in refused.err
    refused = nuxkit("build", "rule.c", "-D", "A=1")
    assert refused.code == 105 and "without -I and -D" in refused.err


def test_a_program_may_use_the_header_of_rules(nuxkit, source):
    done = nuxkit("run", source("#include <nux/rule.h>\nint start(void) { return 7; }\n"))
    assert done.code == 7, done.err


def test_a_program_of_other_tools_has_its_sections_only(nuxkit, source, tmp_path):
    nuxkit("build", source(KERNEL), "-o", "rule.elf")
    content = (tmp_path / "rule.elf").read_bytes()
    (tmp_path / "other.elf").write_bytes(content.replace(b"__stack_limit\0", b"__other_limit\0"))
    done = nuxkit("info", "other.elf")
    assert done.code == 0
    assert ".text" in done.out
    assert "stack, at most" not in done.out
    assert nuxkit("info", "other.elf", "--json").json["report"] is None


def test_errors_have_their_codes_and_json(nuxkit, source):
    assert nuxkit("info", "absent.elf").code == 100
    assert "absent.c: no such file" in nuxkit("info", "absent.c").err
    failed = nuxkit("info", source("int start(void) { return x; }\n"), "--json")
    assert failed.code == 102
    assert failed.json["error"]["kind"] == "BuildError"
