# SPDX-License-Identifier: BSD-3-Clause
"""One-line ways to build and run C text, for the runtime tests."""

import pytest

from nuxkit import BuildResult, Chip, RunResult, build


@pytest.fixture
def compiled(tmp_path):
    """Build C text below ``#include <nux/nux.h>``."""

    def build_text(text: str, optimize: str = "-O2") -> BuildResult:
        source = tmp_path / "kernel.c"
        source.write_text("#include <nux/nux.h>\n" + text)
        return build(source, optimize=optimize)

    return build_text


@pytest.fixture
def run_kernel(tmp_path, nux_core):
    """Build C text and run it on the emulated processor, with the core of ``--nux-cores``."""

    def run(text: str, optimize: str = "-O2", chip: Chip | None = None) -> RunResult:
        source = tmp_path / "kernel.c"
        source.write_text(text)
        return (chip or Chip(core=nux_core)).run(build(source, optimize=optimize))

    return run
