# SPDX-License-Identifier: BSD-3-Clause
"""Tests in C (``nux/test.h``) as items of pytest."""

from __future__ import annotations

import itertools
import re
import tempfile
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nuxkit import Chip, NuxkitError, Program, build
from nuxkit.builder.runtime import runtime_root
from nuxkit.hemispheres import HEMISPHERE_NAMES

_INCLUDE = re.compile(rb"^\s*#\s*include\s*<nux/test\.h>", re.MULTILINE)
_TEST = re.compile(r"\bNUX_TEST\s*\(\s*(\w+)\s*\)")
#: Comments, and macros of the file's own.
_NO_CODE = re.compile(
    r"//[^\n]*|/\*.*?\*/|^[ \t]*#[ \t]*define\b(?:\\\n|[^\n])*", re.DOTALL | re.MULTILINE
)
_FUNCTION = "nux_test_"
_LONGEST_TEXT = 400


def program_source() -> Path:
    """Source of what programs need and a file of functions, or a rule, lacks: ``start``."""
    return runtime_root() / "test" / "program.c"


def has_tests(path: Path) -> bool:
    """Whether a file includes ``nux/test.h``."""
    return bool(_INCLUDE.search(path.read_bytes()))


class _Kind(IntEnum):
    """What was compared, as in ``nux/test.h``."""

    CONDITION, INTEGERS, FLOATS, LANES = range(4)


class CTestFailure(Exception):
    """A test in C failed."""


class CFile(pytest.File):
    """A file of tests in C, built as one program."""

    _program: Program | None = None

    def collect(self) -> Iterator[CItem]:
        """Make an item of each test and core."""
        from .plugin import cores_of, hemispheres_of

        text = self.path.read_text(errors="replace")
        # They become blanks: line numbers stay.
        text = _NO_CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
        cores, hemispheres = cores_of(self.config), hemispheres_of(self.config)
        tests = [(m[1], text.count("\n", 0, m.start(1))) for m in _TEST.finditer(text)]
        self._names = [name for name, _ in tests]
        for number, (name, line) in enumerate(tests):
            for core, hemisphere in itertools.product(cores, hemispheres):
                chosen = [core] if cores != ["native"] else []
                chosen += [HEMISPHERE_NAMES[hemisphere]] if hemispheres != [0] else []
                place = {"core": core, "hemisphere": hemisphere, "line": line}
                shown = f"{name}[{'-'.join(chosen)}]" if chosen else name
                yield CItem.from_parent(self, name=shown, test=name, number=number, **place)

    def program(self) -> Program:
        """Build the tests with a function that calls the one asked for."""
        if self._program is None:
            declared = "".join(
                f"extern __attribute__((weak)) void {_FUNCTION}{name}(void);\n"
                for name in self._names
            )
            cases = "".join(
                f"    case {number}: {_FUNCTION}{name}(); break;\n"
                for number, name in enumerate(self._names)
            )
            with tempfile.TemporaryDirectory(prefix="nuxkit-tests-") as folder:
                runner = Path(folder) / "nux_check_run.c"
                runner.write_text(
                    f"{declared}int nux_check_run(unsigned number) {{\n"
                    f"    switch (number) {{\n{cases}    }}\n    return 0;\n}}\n"
                )
                folders = self.config.getini("nux_include_dirs")
                self._program = build(
                    self.path, runner, program_source(), include_dirs=folders
                ).program
            found = {name[len(_FUNCTION) :] for name in self._program.symbols
                     if name.startswith(_FUNCTION)}  # fmt: skip
            if hidden := sorted(found - set(self._names)):
                self._program = None
                raise CTestFailure(
                    f"tests that are made by macros are not found: {', '.join(hidden)}; write "
                    f"NUX_TEST({hidden[0]}) in {self.path.name}"
                )
        return self._program


class CItem(pytest.Item):
    """One test in C."""

    def __init__(
        self, *, test: str, number: int, line: int, core: str, hemisphere: int, **options: Any
    ) -> None:
        super().__init__(**options)
        self._test, self._number, self._line = test, number, line
        self._core, self._hemisphere = core, hemisphere

    def runtest(self) -> None:
        """Run the test on a fresh chip."""
        assert isinstance(self.parent, CFile)
        program = self.parent.program()
        if _FUNCTION + self._test not in program.symbols:
            pytest.skip("the preprocessor leaves this test out")
        chip, hemisphere = Chip(core=self._core), self._hemisphere
        called = chip.call("nux_check_run", self._number, program=program, hemisphere=hemisphere)
        failure = chip.read("nux_check_failure", hemisphere=hemisphere)
        if failure["site"]["line"]:
            raise CTestFailure(_described(chip, failure, hemisphere))
        if called.value:
            raise CTestFailure(f"the test ended with exit({called.value})")

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Show what failed, without Python's frames."""
        error = excinfo.value
        if isinstance(error, CTestFailure | NuxkitError):
            return str(error)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Place of the test."""
        return self.path, self._line, self.name


def _described(chip: Chip, failure: dict[str, Any], hemisphere: int) -> str:
    site, kind = failure["site"], _Kind(failure["kind"])
    file, words = (_string(chip, site[name], hemisphere) for name in ("file", "text"))
    text = f"{file}:{site['line']}: {words}"
    if kind is _Kind.CONDITION:
        return text
    left, right = failure["left"], failure["right"]
    if kind is _Kind.FLOATS:
        left, right = np.array([left, right], np.uint32).view(np.float32)
    lane = f"lane {failure['lane']}: " if kind is _Kind.LANES else ""
    return f"{text}\n  {lane}{left} != {right}"


def _string(chip: Chip, address: int, hemisphere: int) -> str:
    text = bytearray()
    while len(text) < _LONGEST_TEXT:
        byte = chip.ppu[hemisphere].read(address + len(text), 1)
        if byte == b"\0":
            break
        text += byte
    return text.decode("utf-8", "replace")
