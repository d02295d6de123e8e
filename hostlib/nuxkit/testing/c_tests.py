# SPDX-License-Identifier: BSD-3-Clause
"""Tests in C (``nux/test.h``) as items of pytest."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nuxkit import Chip, NuxkitError, Program, build
from nuxkit.errors import KernelTrap, RunLimitError

_INCLUDE = re.compile(rb"^\s*#\s*include\s*<nux/test\.h>", re.MULTILINE)
_TEST = re.compile(r"^\s*NUX_TEST\(\s*(\w+)\s*\)", re.MULTILINE)
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_LONGEST_TEXT = 400


def has_tests(path: Path) -> bool:
    """Whether a file includes ``nux/test.h``."""
    return bool(_INCLUDE.search(path.read_bytes()))


class CTestFailure(Exception):
    """A test in C failed."""


class CFile(pytest.File):
    """A file of tests in C, built as one program."""

    _program: Program | None = None

    def collect(self) -> Iterator[CItem]:
        """Make an item of each test and core."""
        from .plugin import cores_of

        text = self.path.read_text(errors="replace")
        # Comments become blanks: line numbers stay.
        text = _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
        cores = cores_of(self.config)
        tests = [(m[1], text.count("\n", 0, m.start(1))) for m in _TEST.finditer(text)]
        self._names = [name for name, _ in tests]
        for number, (name, line) in enumerate(tests):
            for core in cores:
                shown = name if cores == ["native"] else f"{name}[{core}]"
                yield CItem.from_parent(self, name=shown, number=number, line=line, core=core)

    def program(self) -> Program:
        """Build the tests with a ``start`` that calls the one asked for."""
        if self._program is None:
            declared = "".join(f"void nux_test_{name}(void);\n" for name in self._names)
            cases = "".join(
                f"    case {number}: nux_test_{name}(); break;\n"
                for number, name in enumerate(self._names)
            )
            with tempfile.TemporaryDirectory(prefix="nuxkit-tests-") as folder:
                start = Path(folder) / "nux_test_start.c"
                start.write_text(
                    f"{declared}volatile unsigned nux_test_number;\nint start(void) {{\n"
                    f"    switch (nux_test_number) {{\n{cases}    }}\n    return 0;\n}}\n"
                )
                folders = self.config.getini("nux_include_dirs")
                self._program = build(self.path, start, include_dirs=folders).program
        return self._program


class CItem(pytest.Item):
    """One test in C."""

    def __init__(self, *, number: int, line: int, core: str, **options: Any) -> None:
        super().__init__(**options)
        self._number, self._line, self._core = number, line, core

    def runtest(self) -> None:
        """Run the test on a fresh chip."""
        assert isinstance(self.parent, CFile)
        chip = Chip(core=self._core)
        result = chip.run(self.parent.program(), symbols={"nux_test_number": self._number})
        failure = chip.read("nux_test_failure")
        if failure["line"]:
            raise CTestFailure(_described(chip, failure))
        if result.return_code:
            raise CTestFailure(f"the test ended with exit({result.return_code})")

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Show what failed, without Python's frames."""
        error = excinfo.value
        if isinstance(error, CTestFailure | KernelTrap | RunLimitError | NuxkitError):
            return str(error)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Place of the test."""
        return self.path, self._line, self.name


def _described(chip: Chip, failure: dict[str, Any]) -> str:
    text = f"{_string(chip, failure['file'])}:{failure['line']}: {_string(chip, failure['text'])}"
    if not failure["compared"]:
        return text
    lane = f"lane {failure['lane']}: " if failure["lane"] >= 0 else ""
    return f"{text}\n  {lane}{failure['left']} != {failure['right']}"


def _string(chip: Chip, address: int) -> str:
    text = bytearray()
    while len(text) < _LONGEST_TEXT:
        byte = chip.ppu[0].read(address + len(text), 1)
        if byte == b"\0":
            break
        text += byte
    return text.decode("utf-8", "replace")
