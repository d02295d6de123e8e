# SPDX-License-Identifier: BSD-3-Clause
"""Linking a program, and the linker's errors as sentences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nuxkit.build import toolchain
from nuxkit.build.diagnostics import Diagnostic, error
from nuxkit.build.runtime import Runtime
from nuxkit.build.toolchain import Toolchain


def link(
    tools: Toolchain, objects: Sequence[Path], runtime: Runtime, output: Path
) -> list[Diagnostic]:
    """Link `objects` with the runtime into `output`; errors come back as diagnostics."""
    done = toolchain.run([
        tools.linker, "-T", str(runtime.script), "-z", "max-page-size=16", "-z", "noexecstack",
        "--no-warn-rwx-segments", "--fatal-warnings", "-o", str(output),
        str(runtime.start_up), *map(str, objects), str(runtime.library),
    ])  # fmt: skip
    if done.returncode == 0:
        return []
    return [error(done.stderr.strip())]
