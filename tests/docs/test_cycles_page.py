# SPDX-License-Identifier: BSD-3-Clause
"""docs/cycles.md against the constants and tables that the model uses."""

import re
from pathlib import Path

import pytest

from nuxemu.isa.scalar import SCALAR
from nuxemu.isa.vector import BY_MNEMONIC

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "cycles.md").read_text()
HEADER = (ROOT / "emulator" / "nuxemu" / "native" / "cycles.h").read_text()


def test_the_page_has_every_constant_with_its_value():
    in_header = dict(re.findall(r"#define (NUX_CYCLES_\w+) (\d+)", HEADER))
    on_page = dict(re.findall(r"`(NUX_CYCLES_\w+)` = (\d+)", PAGE))
    assert on_page == in_header
    assert len(in_header) > 15


def test_the_page_says_that_it_is_an_estimate():
    assert "**estimate**" in PAGE


def row(start: str) -> list[str]:
    """Cells of the table row that begins so."""
    found = [line for line in PAGE.splitlines() if line.startswith(f"| {start}")]
    assert len(found) == 1, start
    return [cell.strip() for cell in found[0].strip("|").split("|")]


@pytest.mark.parametrize(
    ("start", "mnemonics", "issue", "latency"),
    [
        ("arithmetic, logic", {"add", "addi", "and", "ori", "rlwinm", "neg", "mfspr", "cmpw"}, 1, 1),
        ("`mullw`", {"mullw", "mulhw", "mulhwu", "mulli"}, 1, 4),
        ("`divw`", {"divw", "divwu"}, 32, 32),
        ("loads |", {"lwz", "lbz", "lhz", "lha", "lwzx", "lbzx", "lhzx", "lhax"}, 1, 5),
        ("loads with", {"lwzu", "lbzu", "lhzu", "lhau", "lwzux"}, 2, 5),
    ],
)  # fmt: skip
def test_scalar_rows_agree_with_the_instruction_table(start, mnemonics, issue, latency):
    cells = row(start)
    assert cells[1].split()[0] == str(issue)
    assert re.split(r"[ ,]", cells[2])[0] == str(latency)
    rows = {insn.mnemonic: insn for insn in SCALAR}
    for mnemonic in mnemonics:
        assert (rows[mnemonic].issue, rows[mnemonic].latency) == (issue, latency), mnemonic


def test_what_writes_the_carry():
    writers = {insn.mnemonic for insn in SCALAR if insn.carry}
    assert writers == {
        "addic", "addic.", "subfic", "addc", "adde", "subfc", "subfe", "addme", "addze", "subfme",
        "subfze", "sraw", "srawi",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("start", "mnemonic"),
    [
        ("two operands to a register", "fxvaddhm"), ("one operand and the accumulator", "fxvaddachm"),
        ("two operands to the acc", "fxvmatachm"), ("one operand to the acc", "fxvmtach"),
        ("compare", "fxvcmph"), ("splat", "fxvsplath"), ("shift", "fxvshh"), ("select", "fxvsel"),
        ("`fxvlax`", "fxvlax"), ("`fxvstax`", "fxvstax"),
    ],
)  # fmt: skip
def test_vector_rows_agree_with_the_instruction_table(start, mnemonic):
    cells, insn = row(start), BY_MNEMONIC[mnemonic]
    assert cells[1] == {"arith": "arithmetic"}.get(insn.unit, insn.unit)
    assert cells[2].split()[0] == str(insn.form.issue)
    if cells[3]:
        assert cells[3] == str(insn.form.latency)
