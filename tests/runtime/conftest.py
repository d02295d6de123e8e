# SPDX-License-Identifier: BSD-3-Clause
"""A one-line way to run C text, for the runtime tests."""

import pytest

from nuxkit import Chip, RunResult, build


@pytest.fixture
def run_kernel(tmp_path):
    """Build C text and run it on the emulated processor."""

    def run(text: str, optimize: str = "-O2", chip: Chip | None = None) -> RunResult:
        source = tmp_path / "kernel.c"
        source.write_text(text)
        return (chip or Chip()).run(build(source, optimize=optimize))

    return run
