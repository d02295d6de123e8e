# SPDX-License-Identifier: BSD-3-Clause
"""The tables for users of the vendor's stack name only what exists, and tests that exist."""

import ast
import dataclasses
import importlib
import inspect
import re
import subprocess
from functools import cache
from pathlib import Path

import click
import pytest

import nuxkit
from nuxkit.builder import toolchain
from nuxkit.builder.runtime import runtime_root
from nuxkit.cli import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("from_the_vendors_stack", "known_difficulties")
STATES = ("same", "other", "no")
C_NAME = re.compile(r"(nux_|NUX_|fxv)\w+(\.\w+)*|float|exit|u?int(8|16|32|64)_t")
PYTHON_NAME = re.compile(r"(?P<path>[A-Za-z]\w*(\.\w+)*)(\((?P<keywords>(\w+=(, )?)+)\))?")


def rows_of(page: str) -> list[list[str]]:
    """Cells of all rows of a page's tables, without their heads."""
    lines = (ROOT / "docs" / f"{page}.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in lines if line.startswith("| ")]  # fmt: skip
    return [row for row in rows if row[1] != "state"]


ROWS = [(page, row) for page in PAGES for row in rows_of(page)]
NAMES = sorted({name for _, row in ROWS for name in re.findall(r"`([^`]+)`", row[2])})
C_NAMES = [name for name in NAMES if C_NAME.fullmatch(name)]
FILES = [name for name in NAMES if "/" in name]
COMMANDS = [name for name in NAMES if name.startswith("nuxkit ")]
PYTHON_NAMES = sorted({*NAMES} - {*C_NAMES} - {*FILES} - {*COMMANDS})


def test_every_row_has_a_state_and_says_by_what():
    assert len(ROWS) > 100
    for page, row in ROWS:
        assert len(row) == 4, (page, row)
        assert row[1] in STATES, (page, row)
        assert row[2], (page, row)
        if row[1] == "no":
            assert row[3] == "", (page, row)
        else:
            assert re.fullmatch(r"`tests/\S+\.py::test_\w+`", row[3]), (page, row)


def test_no_row_is_there_twice():
    seen = [(page, row[0]) for page, row in ROWS]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("reference", sorted({row[3].strip("`") for _, row in ROWS if row[3]}))
def test_a_named_test_exists(reference):
    path, _, name = reference.partition("::")
    functions = ast.walk(ast.parse((ROOT / path).read_text()))
    assert name in {node.name for node in functions if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("name", FILES)
def test_a_named_file_exists(name):
    places = (ROOT / name, ROOT / "ppu_runtime" / "include" / name)
    assert any(place.is_file() for place in places)


def test_the_names_of_c_exist(tmp_path):
    """Each is declared by the headers: a macro, or something that has a type."""
    lines = ["#include <nux/rule.h>", "#include <nux/nux.h>"]
    for number, name in enumerate(C_NAMES):
        what, *members = name.split(".")
        typed = f"(({what} *)0)->{'.'.join(members)}" if members else what
        lines += [f"#ifndef {what}", f'#line 1 "{name}"',
                  f"typedef __typeof__({typed}) exists_{number};", "#endif"]  # fmt: skip
    source = tmp_path / "names.c"
    source.write_text("\n".join(lines) + "\n")
    include = runtime_root() / "include"
    tools = toolchain.find_toolchain()
    done = subprocess.run(
        [tools.gcc, *toolchain.TARGET_FLAGS, *toolchain.LANGUAGE_FLAGS, "-O1", "-fsyntax-only",
         "-I", include, "-isystem", tools.own_headers, source],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(C_NAMES) > 50


@pytest.mark.parametrize("name", COMMANDS)
def test_a_named_command_exists(name):
    _, command, *options = name.split()
    assert isinstance(cli, click.Group)
    known = [text for parameter in cli.commands[command].params for text in parameter.opts]
    assert set(options) <= set(known)


@cache
def assigned_members(kind: type) -> frozenset[str]:
    """Names that the methods of a class assign on self."""
    tree = ast.parse(inspect.getsource(inspect.getmodule(kind)))
    (body,) = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == kind.__name__]
    return frozenset(
        node.attr
        for node in ast.walk(body)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    )


def resolved(path: str) -> object:
    """What a dotted name means; None for a member that instances alone have."""
    first, *rest = path.split(".")
    if first in ("nuxkit", "nuxemu"):
        found: object = importlib.import_module(first)
    else:
        found = getattr(nuxkit, first)
    for position, member in enumerate(rest):
        if hasattr(found, member):
            found = getattr(found, member)
        elif inspect.ismodule(found):
            found = importlib.import_module(f"{found.__name__}.{member}")
        else:
            assert inspect.isclass(found), path
            fields = dataclasses.fields(found) if dataclasses.is_dataclass(found) else ()
            instance = {field.name for field in fields} | assigned_members(found)
            assert member in instance, path
            assert position == len(rest) - 1, path
            return None
    return found


@pytest.mark.parametrize("name", PYTHON_NAMES)
def test_a_python_name_exists(name):
    match = PYTHON_NAME.fullmatch(name)
    assert match, name
    found = resolved(match["path"])
    if match["keywords"]:
        assert callable(found)
        keywords = set(re.findall(r"(\w+)=", match["keywords"]))
        assert keywords <= set(inspect.signature(found).parameters)
