# SPDX-License-Identifier: BSD-3-Clause
"""A way to call the command, for the tests of the command line."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from nuxkit.cli import main


@dataclass
class Outcome:
    """Exit code and output of one command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def nuxkit(capsys, tmp_path, monkeypatch):
    """Run ``nuxkit`` with arguments in an empty directory."""
    monkeypatch.chdir(tmp_path)

    def run(*args: object) -> Outcome:
        capsys.readouterr()
        code = main([str(arg) for arg in args])
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture
def source(tmp_path):
    """Write a kernel's text to ``rule.c`` in the command's directory."""

    def write(text: str, name: str = "rule.c") -> str:
        (tmp_path / name).write_text(text)
        return name

    return write
