# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit profile``."""

import pytest

from nuxkit import InputError

KERNEL = """\
volatile unsigned n = 4;
volatile unsigned sum;
__attribute__((noinline)) void add(unsigned k) { sum += k; }
int start(void) {
    for (unsigned i = 0; i < n; i++) add(i);
    return 0;
}
"""


def test_shows_functions_and_lines(nuxkit, source):
    done = nuxkit("profile", source(KERNEL), "--set", "n=25")
    assert done.code == 0
    assert "rule.c:3" in done.out
    assert any(row.split()[-2:] == ["25", "add"] for row in done.out.splitlines())


def test_writes_json_folded_stacks_and_a_picture(nuxkit, source, tmp_path):
    done = nuxkit(
        "profile", source(KERNEL), "--json", "--folded", "out/stacks.txt", "--picture", "flame.svg"
    )
    assert done.code == 0
    cycles = done.json["total"]["cycles"]
    rows = (tmp_path / "out" / "stacks.txt").read_text().splitlines()
    assert sum(int(row.rpartition(" ")[2]) for row in rows) == cycles
    assert "_reset;__init;start;add" in {row.rpartition(" ")[0] for row in rows}
    assert (tmp_path / "flame.svg").read_text().startswith("<?xml")


def test_annotates_the_source(nuxkit, source):
    done = nuxkit("profile", source(KERNEL), "--annotate")
    assert any(row.endswith(" add(i);") and "%" in row for row in done.out.splitlines())


def test_an_unknown_picture_format_is_refused_before_the_run(nuxkit, source):
    done = nuxkit("profile", source(KERNEL), "--picture", "flame.xyz")
    assert done.code == InputError.exit_code
    assert "flame.xyz: no picture format '.xyz'" in done.err
    assert ".svg" in done.err


def test_a_program_that_never_ends_has_a_profile_up_to_its_limit(nuxkit, source):
    endless = source("volatile int n;\nint start(void) { for (;;) n++; }\n")
    done = nuxkit("profile", endless, "--max-cycles", "5000", "--folded", "stacks.txt")
    assert done.code == 104
    assert "top processor: 500" in done.out
    assert "cycle limit reached" in done.err
    data = nuxkit("profile", endless, "--max-cycles", "5000", "--json").json
    assert data["error"]["exit_code"] == 104
    assert sum(line["cycles"] for line in data["lines"]) == data["total"]["cycles"] >= 5000


def test_a_negative_number_of_rows_is_refused(nuxkit, source):
    done = nuxkit("profile", source(KERNEL), "--top", "-5")
    assert (done.code, done.out) == (105, "")
    assert "top is -5, but must be 0 or more" in done.err


@pytest.mark.parametrize("option", ["--folded", "--picture"])
def test_the_program_is_not_written_over(nuxkit, source, tmp_path, option):
    nuxkit("build", source(KERNEL), "-o", "rule.svg")
    done = nuxkit("profile", "rule.svg", option, "./rule.svg")
    assert done.code == InputError.exit_code
    assert "rule.svg cannot be written: it is rule.svg, which is read" in done.err
    assert (tmp_path / "rule.svg").read_bytes().startswith(b"\x7fELF")
