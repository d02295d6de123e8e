# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit disasm``."""

import re

from nuxkit import Program

KERNEL = """\
#include <nux/nux.h>
nux_vector_memory value;
__attribute__((noinline)) void add(int step) {
    nux_vector sum = fxvaddbm(nux_load(&value), nux_splat8(step));
    nux_store(sum, &value);
}
int start(void) {
    add(3);
    return 7;
}
"""


def test_shows_vector_and_scalar_instructions_with_source_lines(nuxkit, source):
    done = nuxkit("disasm", source(KERNEL))
    assert (done.code, done.err) == (0, "")
    assert re.search(r"^[0-9a-f]{8} <add>:$", done.out, re.MULTILINE)
    add = done.out.split("<add>:")[1].split("\n\n")[0]
    assert re.search(
        r"; rule\.c:4: nux_vector sum = fxvaddbm\(nux_load\(&value\), nux_splat8\(step\)\);\n", add
    )
    assert re.search(r"^ +[0-9a-f]+:  [0-9a-f]{8}  fxvaddbm \d+,\d+,\d+$", add, re.MULTILINE)
    assert re.search(r"  fxvstax \d+,", add)
    assert "  blr" in add
    assert re.search(r"  li r3,7$", done.out, re.MULTILINE)


def test_functions_can_be_chosen(nuxkit, source):
    source(KERNEL)
    done = nuxkit("disasm", "rule.c", "add", "--no-source")
    assert "<add>:" in done.out
    assert "<start>:" not in done.out
    assert ";" not in done.out


def test_json_covers_every_word_of_code(nuxkit, source):
    nuxkit("build", source(KERNEL), "-o", "rule.elf")
    lines = nuxkit("disasm", "rule.elf", "--json").json
    program = Program.load("rule.elf")
    code = [segment for segment in program.segments if segment.executable]
    words = {
        segment.address + offset: int.from_bytes(segment.data[offset : offset + 4], "big")
        for segment in code
        for offset in range(0, len(segment.data), 4)
    }
    assert {line["address"]: line["word"] for line in lines} == words
    assert not [line for line in lines if line["text"].startswith(".long")]
    (start,) = [line for line in lines if line["address"] == program.symbols["start"].address]
    assert start["function"] == "start"
    assert start["file"].endswith("rule.c")
    assert start["line"] == 7


def test_an_unknown_function_is_an_error_that_names_those_there_are(nuxkit, source):
    done = nuxkit("disasm", source(KERNEL), "added")
    assert done.code == 105
    assert "no function 'added'; there are: " in done.err
    assert "add, " in done.err
    assert nuxkit("disasm", "rule.c", "value").code == 105
    assert nuxkit("disasm", "absent.elf").code == 100


def test_a_program_without_debug_information_has_no_source_lines(nuxkit, source, tmp_path):
    import subprocess

    nuxkit("build", source(KERNEL), "-o", "rule.elf")
    subprocess.run(["powerpc-linux-gnu-strip", "-g", "rule.elf"], check=True, cwd=tmp_path)
    done = nuxkit("disasm", "rule.elf", "add")
    assert done.code == 0
    assert "fxvaddbm" in done.out
    assert "rule.c" not in done.out
