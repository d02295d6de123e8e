# SPDX-License-Identifier: BSD-3-Clause
"""The benchmark sources, and the scalar mix as programs outside the emulator."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
SCALAR_MIX = SOURCES / "scalar_mix.c"
VECTOR_LOOP = SOURCES / "vector_loop.c"
STDP_PASS = SOURCES / "stdp_pass.c"

# The scalar part of the flags that kernels are compiled with. Loops stay loops, so that no
# memset of qemu's own program comes in.
_PPC_FLAGS = [
    "-mcpu=403",
    "-msoft-float",
    "-mstrict-align",
    "-msdata=none",
    "-ffreestanding",
    "-fno-pic",
    "-fno-pie",
    "-fno-tree-vectorize",
    "-fno-tree-slp-vectorize",
    "-fno-tree-loop-distribute-patterns",
    "-O2",
    "-static",
    "-nostdlib",
]


def _compile(command: list[str]) -> None:
    subprocess.run(command, check=True, timeout=120)


def build_for_host(folder: Path) -> Path:
    """Scalar mix as a program of this machine; its path in `folder`."""
    program = folder / "scalar_mix_host"
    _compile(["gcc", "-O2", str(SCALAR_MIX), str(SOURCES / "host_main.c"), "-o", str(program)])
    return program


def build_for_qemu(folder: Path) -> Path:
    """Scalar mix as a static PowerPC Linux program; its path in `folder`."""
    program = folder / "scalar_mix_qemu"
    sources = [str(SCALAR_MIX), str(SOURCES / "linux_start.c")]
    _compile(["powerpc-linux-gnu-gcc", *_PPC_FLAGS, *sources, "-o", str(program)])
    return program


def find_qemu() -> str | None:
    """Path of qemu-ppc (user mode), None when it is not installed."""
    return shutil.which("qemu-ppc") or shutil.which("qemu-ppc-static")


def run_scalar_mix(command: list[str], iterations: int) -> int:
    """Run a program built here; the checksum it prints.

    Raises
    ------
    subprocess.CalledProcessError
        A job of the mix failed its own check (the exit code is its number).
    """
    finished = subprocess.run(
        [*command, str(iterations)], check=True, capture_output=True, text=True, timeout=600
    )
    return int(finished.stdout, 16)
