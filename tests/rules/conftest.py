# SPDX-License-Identifier: BSD-3-Clause
"""Rules written as text, in a directory of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nuxkit import Chip
from nuxkit.rules import RuleDescription, RuleInstance, RuleProgram, Timer, describe, make_program


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def describe_text() -> Callable[..., RuleDescription]:
    """Write a rule to a file and describe it; the header is included already."""

    def run(text: str, name: str = "own_rule.c") -> RuleDescription:
        Path(name).write_text("#include <nux/rule.h>\n" + text)
        return describe(name)

    return run


@pytest.fixture
def running() -> Callable[..., tuple[RuleProgram, Chip]]:
    """Start instances on a new chip and let time pass."""

    def run(*instances: RuleInstance, duration_s: float) -> tuple[RuleProgram, Chip]:
        program, chip = make_program(instances), Chip()
        program.load(chip)
        program.start(chip)
        chip.advance(duration_s)
        return program, chip

    return run


@pytest.fixture
def timer() -> Callable[..., Timer]:
    """Timer of a period in microseconds."""

    def make(period_us: float, count: int | None = None, start_us: float = 0.0) -> Timer:
        return Timer(start_s=start_us * 1e-6, period_s=period_us * 1e-6, count=count)

    return make
