# SPDX-License-Identifier: BSD-3-Clause
"""The page of addresses lists everything that the model's tables hold, with tests that exist."""

import ast
import re
from pathlib import Path

import pytest

from nuxemu import memory_map as mm
from nuxemu.address_map import BUS_BLOCKS, VECTOR_BLOCKS, Block
from nuxemu.isa.scalar import SPR_NAMES

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "address_map.md").read_text()
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))


def rows(section: str) -> list[list[str]]:
    """Cells of all lines of a section's tables, without their heads."""
    lines = [line for line in SECTIONS[section].splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[2] != "state"]


ALL_ROWS = [row for section in SECTIONS for row in rows(section)]


def address_of(block: Block) -> str:
    first = f"0x{block.first:08x}"
    return first if block.first == block.last else f"{first} to 0x{block.last:08x}"


def test_every_row_says_what_happens_and_names_a_test():
    assert len(ALL_ROWS) > 100
    for row in ALL_ROWS:
        assert len(row) == 5, row
        assert row[2] in ("works", "refused"), row
        assert re.fullmatch(r"`tests/\S+\.py::test_\w+`", row[4]), row


@pytest.mark.parametrize("reference", sorted({row[4].strip("`") for row in ALL_ROWS}))
def test_a_named_test_exists(reference):
    path, _, name = reference.partition("::")
    functions = ast.walk(ast.parse((ROOT / path).read_text()))
    assert name in {node.name for node in functions if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(
    ("section", "blocks"), [("On-chip bus", BUS_BLOCKS), ("Vector IO space", VECTOR_BLOCKS)]
)
def test_every_block_of_the_model_has_its_row(section, blocks):
    listed = [tuple(row[:3]) for row in rows(section)]
    expected = [
        (address_of(block), block.name, "works" if block.is_modelled else "refused")
        for block in blocks
    ]
    assert listed[: len(expected)] == expected
    assert any(row[0].startswith("all other") and row[2] == "refused" for row in rows(section))


def test_every_special_register_has_its_row():
    listed = {(row[0], row[1]): row[2] for row in rows("Special registers")}
    for number, name in SPR_NAMES.items():
        assert listed[f"SPR {number}", name] == "works"
    assert listed["`mfmsr`, `mtmsr`", "MSR"] == "works"
    assert listed["all other SPRs", "nothing"] == "refused"


def test_every_exception_slot_has_its_row():
    slots = {value for name, value in vars(mm).items() if name.startswith("EXCEPTION_")}
    listed = {row[0] for row in rows("SRAM of a processor")}
    assert {f"0x{slot:08x}" for slot in slots} <= listed


def test_every_memory_has_its_row():
    memories = (
        (mm.SRAM_BASE, mm.SRAM_SIZE),
        (mm.EXTMEM_DATA_BASE, mm.EXTMEM_SIZE),
        (mm.EXTMEM_FETCH_BASE, mm.EXTMEM_SIZE),
        (mm.DRAM_DATA_BASE, mm.DRAM_SIZE),
        (mm.DRAM_FETCH_BASE, mm.DRAM_SIZE),
        (mm.OMNIBUS_DATA_BASE, 1 << 31),
    )
    listed = {row[0] for row in rows("Scalar addresses of a processor")}
    assert {f"0x{base:08x} to 0x{base + size - 1:08x}" for base, size in memories} <= listed
