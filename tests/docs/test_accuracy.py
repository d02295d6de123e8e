# SPDX-License-Identifier: BSD-3-Clause
"""Every claim of the accuracy page names a test that exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "accuracy.md").read_text()


def _tests_of(path: Path) -> set[str]:
    functions = ast.walk(ast.parse(path.read_text()))
    return {node.name for node in functions if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("reference", sorted(set(re.findall(r"`(tests/\S+?)`", PAGE))))
def test_a_named_test_exists(reference):
    path, _, name = reference.partition("::")
    assert name.startswith("test_")
    assert name in _tests_of(ROOT / path)


def test_every_line_names_its_test():
    """Rows of the tables that say who shows what."""
    rows = [
        line
        for table in PAGE.split("| what | how | shown by |\n")[1:]
        for line in table.partition("\n\n")[0].splitlines()[1:]
    ]
    assert len(rows) >= 30
    for row in rows:
        assert re.search(r"\| `tests/\S+::test_\w+` \|$", row), row
