# SPDX-License-Identifier: BSD-3-Clause
"""The native core built a second time: with the sanitizers, or with other flags."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FLAGS = "-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all"


def runtime_library(name: str) -> str:
    """Path of a library of the compiler, empty when it has none."""
    found = subprocess.run(
        ["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()
    return found if os.path.isabs(found) else ""


def are_available() -> bool:
    return bool(
        shutil.which("gcc") and runtime_library("libasan.so") and runtime_library("libubsan.so")
    )


def build_sanitized(folder: Path) -> Path:
    """Put a copy of nuxemu with a sanitized extension into a folder, unless it is there."""
    return build_variant(folder, FLAGS, FLAGS)


def build_variant(folder: Path, compiler_flags: str, linker_flags: str = "") -> Path:
    """Put a copy of nuxemu built with more flags into a folder, unless it is there.

    Processes that ask for the same folder share one build.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            _build(folder, compiler_flags, linker_flags)
            (folder / "done").touch()
    return folder


def _build(folder: Path, compiler_flags: str, linker_flags: str) -> None:
    unwanted = shutil.ignore_patterns("*.so", "*.o", "__pycache__", "_native.c")
    shutil.rmtree(folder / "nuxemu", ignore_errors=True)
    shutil.copytree(ROOT / "emulator" / "nuxemu", folder / "nuxemu", ignore=unwanted)
    build = "import runpy; runpy.run_path('nuxemu/build_native.py', run_name='__main__')"
    environment = os.environ | {"NUXEMU_CFLAGS": compiler_flags, "NUXEMU_LDFLAGS": linker_flags}
    result = subprocess.run([sys.executable, "-c", build], cwd=folder, env=environment,
                            capture_output=True, text=True, timeout=400)  # fmt: skip
    if result.returncode or not list((folder / "nuxemu").glob("_native*.so")):
        raise RuntimeError(result.stdout[-2000:] + result.stderr[-2000:])


def environment() -> dict[str, str]:
    """Environment of a process that loads the sanitized extension."""
    return os.environ | {
        "LD_PRELOAD": f"{runtime_library('libasan.so')} {runtime_library('libubsan.so')}",
        "ASAN_OPTIONS": "detect_leaks=0:exitcode=99",  # Python never frees all
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99",
        "PYTHONPATH": "",
    }
