# SPDX-License-Identifier: BSD-3-Clause
"""What a reader of benchmark figures needs to know about the machine."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from bench.programs import find_qemu


def _cpu_fields() -> dict[str, str]:
    """Fields of the first processor in /proc/cpuinfo; empty where there is none."""
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        return {}
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def _version(command: str) -> str:
    """First line of what `command --version` prints."""
    finished = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    return finished.stdout.splitlines()[0]


def describe_machine() -> dict[str, Any]:
    """Processor, core count, AVX2, system, and the versions of the tools that matter."""
    cpu = _cpu_fields()
    qemu = find_qemu()
    return {
        "cpu": cpu.get("model name", platform.processor() or platform.machine()),
        "cores": os.cpu_count(),
        "avx2": "avx2" in cpu.get("flags", "").split(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "gcc": _version("gcc"),
        "cross_gcc": _version("powerpc-linux-gnu-gcc"),
        "qemu": _version(qemu) if qemu else None,
    }
