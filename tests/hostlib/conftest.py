# SPDX-License-Identifier: BSD-3-Clause
"""Kernels from C text, for the tests of the host library."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nuxkit import Program, build

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def kernel(tmp_path_factory) -> Callable[[str], Program]:
    """Build C text, which finds all runtime headers included; the first line is line 1."""
    folder = tmp_path_factory.mktemp("kernels")
    built: dict[str, Program] = {}

    def make(text: str) -> Program:
        if text not in built:
            source = folder / f"kernel{len(built)}.c"
            source.write_text(f"#include <nux/nux.h>\n#line 1\n{text}\n")
            built[text] = build(source).program
        return built[text]

    return make


@pytest.fixture(scope="session")
def good(kernel) -> Program:
    """A program that returns 42."""
    return kernel("int start(void) { return 42; }")


@pytest.fixture(scope="session")
def faults() -> Program:
    """faults.c: does what the variable `fault` says, with the variable `address`."""
    return build(HERE / "faults.c").program


@pytest.fixture(scope="session")
def line_of() -> Callable[[str], int]:
    """Line of faults.c that ends in the comment ``// <marker>``."""
    lines = (HERE / "faults.c").read_text().splitlines()

    def find(marker: str) -> int:
        (line,) = (n for n, text in enumerate(lines, 1) if text.endswith(f"// {marker}"))
        return line

    return find
