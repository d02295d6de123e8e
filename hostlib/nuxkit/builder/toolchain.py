# SPDX-License-Identifier: BSD-3-Clause
"""The PowerPC cross-compiler of the distribution: where it is and how it is called."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import IO

from nuxkit.errors import ToolchainError

PREFIX = "powerpc-linux-gnu-"
COMPILER_PACKAGE = "gcc-powerpc-linux-gnu"
BINUTILS_PACKAGE = "binutils-powerpc-linux-gnu"
TOOL_TIMEOUT_S = 120.0
#: What one tool may use, for sources that are not trusted: bytes of memory and of each file that
#: it writes, seconds of processor time.
MEMORY_LIMIT, OUTPUT_LIMIT, CPU_LIMIT_S = 2 << 30, 64 << 20, 60
#: Bytes of messages that one tool may write.
MESSAGE_LIMIT = 16 << 20

#: No symbol of C or of the assembler has this name.
NO_SYMBOL = "-"

Completed = subprocess.CompletedProcess[str]
_SIGNALS: dict[int, str] = {
    signal.SIGXFSZ: f"wrote more than {OUTPUT_LIMIT >> 20} MiB",
    signal.SIGXCPU: f"took more than {CPU_LIMIT_S} s of processor time",
}

#: Target, calling convention and what the chip cannot do.
TARGET_FLAGS = (
    "-mcpu=403", "-msoft-float", "-mstrict-align", "-msdata=none",
    # Vector registers come from GCC's AltiVec register class; see include/nux/fxv.h.
    "-maltivec", "-mabi=altivec", "-mno-vrsave",
    *(f"-fcall-used-v{number}" for number in range(20, 32)),
    "-fno-tree-vectorize", "-fno-tree-slp-vectorize",
    # Freestanding, and none of the headers of another C library.
    "-ffreestanding", "-nostdinc",
    "-fno-pic", "-fno-pie", "-fno-common", "-fno-stack-protector",
    # A tail call would drop its caller from the call stack of a trap.
    "-fno-optimize-sibling-calls",
    # A division by zero that GCC foresees divides, as on the chip, and does not trap.
    "-fno-isolate-erroneous-paths-dereference",
    "-fno-asynchronous-unwind-tables",
)  # fmt: skip
LANGUAGE_FLAGS = ("-std=gnu11", "-g", "-Wall", "-Wextra")
#: Sources cannot ask which files exist; gcc warns of each flag.
CONFINING_FLAGS = ("-U__has_include", "-U__has_include_next")
MESSAGE_FLAGS = ("-fdiagnostics-color=never", "-fmessage-length=0", "-fmax-errors=100")


@dataclass(frozen=True)
class Toolchain:
    """Paths of the tools that a build uses."""

    gcc: str
    assembler: str
    linker: str
    archiver: str
    objdump: str
    objcopy: str

    @cached_property
    def version(self) -> str:
        """First lines of ``--version`` of compiler and linker; part of every cache key."""
        lines = [
            _version_line(tool, Path(tool).stat().st_mtime_ns) for tool in (self.gcc, self.linker)
        ]
        return "; ".join(lines)

    @cached_property
    def own_headers(self) -> str:
        """Directory of the freestanding headers (stdint.h, stddef.h, ...) of gcc."""
        return run([self.gcc, "-print-file-name=include"]).stdout.strip()


@cache
def _version_line(tool: str, modified_ns: int) -> str:
    """First line of ``tool --version``; asked again when the file changes."""
    del modified_ns
    return run([tool, "--version"], bounded=False).stdout.partition("\n")[0].strip()


def find_toolchain() -> Toolchain:
    """Find the cross tools on the search path.

    Raises
    ------
    nuxkit.errors.ToolchainError
        With the name of the package to install.
    """
    return Toolchain(
        gcc=_find("gcc", COMPILER_PACKAGE),
        assembler=_find("as", BINUTILS_PACKAGE),
        linker=_find("ld", BINUTILS_PACKAGE),
        archiver=_find("ar", BINUTILS_PACKAGE),
        objdump=_find("objdump", BINUTILS_PACKAGE),
        objcopy=_find("objcopy", BINUTILS_PACKAGE),
    )


def _find(tool: str, package: str) -> str:
    path = shutil.which(PREFIX + tool)
    if path is None:
        raise ToolchainError(
            f"{PREFIX}{tool} was not found on the search path: install the package "
            f"{package} (apt install {package})"
        )
    return path


def keep_global(tools: Toolchain, object_path: Path, patterns: Sequence[str]) -> None:
    """Make symbols that an object file defines local to it, except those of some names.

    Parameters
    ----------
    tools : Toolchain
    object_path : pathlib.Path
        Changed in place.
    patterns : sequence of str
        Names, or shell patterns of names, that stay global.
    """
    options = [f"--keep-global-symbol={pattern}" for pattern in patterns or [NO_SYMBOL]]
    done = run([tools.objcopy, "--wildcard", *options, str(object_path)])
    if done.returncode != 0:
        raise ToolchainError(done.stderr.strip() or "objcopy failed without a message")


def disassembler(tools: Toolchain, elf: Path) -> Callable[[int], str]:
    """Give the text of single instructions of a program; empty if it is none."""

    def disassemble(address: int) -> str:
        done = run([tools.objdump, "-d", "-Many", f"--start-address={address:#x}",
                    f"--stop-address={address + 4:#x}", str(elf)])  # fmt: skip
        lines = [line.split("\t") for line in done.stdout.splitlines() if line.count("\t") >= 2]
        text = " ".join(lines[-1][2:]).strip() if lines else ""
        return "" if text.startswith(".long") else text

    return disassemble


@cache
def _limits() -> tuple[str, ...]:
    """Command that bounds what a tool may use; none where util-linux is missing."""
    prlimit = shutil.which("prlimit")
    if prlimit is None:
        return ()
    return (
        prlimit,
        f"--as={MEMORY_LIMIT}",
        f"--fsize={OUTPUT_LIMIT}",
        f"--cpu={CPU_LIMIT_S}",
        "--",
    )


def run(command: Sequence[str], *, bounded: bool = True) -> Completed:
    """Run one tool in the C locale and hand back its output.

    Raises
    ------
    nuxkit.errors.ToolchainError
        The tool cannot be started, is killed by a signal or does not end.
    """
    shown = " ".join(command)
    if bounded:  # but a tool that is no program must be noticed here
        command = [*_limits(), *command]
    # Into files, whose size is bounded, and not into the memory of this process.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        code = _start(command, shown, out, err)
        texts = [_text(file, shown) for file in (out, err)]
    if code < 0:
        raise ToolchainError(f"{_SIGNALS.get(-code, f'killed by signal {-code}')}: {shown}")
    return Completed(list(command), code, *texts)


def _text(file: IO[bytes], shown: str) -> str:
    if file.seek(0, os.SEEK_END) > MESSAGE_LIMIT:
        raise ToolchainError(f"more than {MESSAGE_LIMIT >> 20} MiB of messages from: {shown}")
    file.seek(0)
    return file.read().decode("utf-8", "replace").replace("\r\n", "\n")


def _start(command: Sequence[str], shown: str, out: IO[bytes], err: IO[bytes]) -> int:
    """Run a command; returns its exit code."""
    try:
        return subprocess.run(
            command, stdout=out, stderr=err, check=False, stdin=subprocess.DEVNULL,
            timeout=TOOL_TIMEOUT_S, env={**os.environ, "LC_ALL": "C"},
        ).returncode  # fmt: skip
    except OSError as problem:
        raise ToolchainError(f"cannot run {command[0]}: {problem.strerror}") from problem
    except subprocess.TimeoutExpired as problem:
        raise ToolchainError(f"no answer within {TOOL_TIMEOUT_S:g} s from: {shown}") from problem
