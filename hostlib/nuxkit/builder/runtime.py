# SPDX-License-Identifier: BSD-3-Clause
"""The on-chip runtime: where its sources are, and its compiled form in the cache."""

from __future__ import annotations

import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nuxkit
from nuxkit.builder import cache, toolchain
from nuxkit.builder.compiler import Settings, compile_source
from nuxkit.builder.diagnostics import KernelBuildError
from nuxkit.builder.toolchain import Toolchain
from nuxkit.errors import ProgramFileError, ToolchainError

SCRIPT = "nux.ld"
START_UP = "crt0.S"
_SUFFIXES = (".c", ".S", ".h", ".inc", ".ld")


@dataclass(frozen=True)
class Runtime:
    """Files that every program is linked with."""

    start_up: Path
    library: Path
    script: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them."""
        return (self.start_up, self.library, self.script)


def runtime_root() -> Path:
    """Directory of ``ppu_runtime``; see `source_folder`."""
    return source_folder("ppu_runtime", SCRIPT, "the on-chip runtime")


def source_folder(name: str, file: str, what: str) -> Path:
    """Directory of sources for the chip, installed or in the source tree, that has a file.

    Errors call it `what`.

    Raises
    ------
    nuxkit.errors.ProgramFileError
        The installation is not complete.
    """
    package = Path(nuxkit.__file__).resolve().parent
    candidates = (package / name, package.parents[1] / name)
    for place in candidates:
        if (place / file).is_file():
            return place
    raise ProgramFileError(
        f"{what} was not found; looked for "
        + " and ".join(str(place / file) for place in candidates)
    )


def runtime_checksum(root: Path) -> str:
    """Checksum over all files of the runtime."""
    return cache.tree_checksum(root, _SUFFIXES)


def build_runtime(tools: Toolchain, root: Path, key: str) -> Runtime:
    """Compiled runtime, from the cache or built into it.

    Parameters
    ----------
    tools : Toolchain
    root : pathlib.Path
        From `runtime_root`.
    key : str
        Cache key over the runtime's files, flags, compiler and this package.
    """
    home = cache.cache_root() / "runtime" / key[:24]
    kept = Runtime(home / "crt0.o", home / "libnux.a", home / SCRIPT)
    if _is_whole(home, kept):
        return kept
    with tempfile.TemporaryDirectory(prefix="nuxkit-runtime-") as name:
        built = _compile_runtime(tools, root, Path(name))
        for source, target in zip(built.files, kept.files, strict=True):
            cache.write_atomic(target, source.read_bytes())
        sums = "\n".join(cache.sha256(path.read_bytes()) for path in built.files)
    cache.write_atomic(home / "SHA256", sums.encode())
    return kept


def _is_whole(home: Path, kept: Runtime) -> bool:
    try:
        known = (home / "SHA256").read_text().split()
    except (OSError, UnicodeDecodeError):
        return False
    return known == [cache.file_checksum(path) for path in kept.files]


def _compile_runtime(tools: Toolchain, root: Path, work: Path) -> Runtime:
    settings = Settings(runtime=root)
    sources = sorted(path for path in (root / "src").iterdir() if path.suffix in (".c", ".S"))
    places = [work / path.stem for path in sources]
    for place in places:
        place.mkdir()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        compiled = list(pool.map(
            lambda pair: compile_source(tools, str(pair[0]), settings, pair[1]),
            zip(sources, places, strict=True),
        ))  # fmt: skip
    problems = [entry for one in compiled for entry in one.diagnostics]
    if problems:
        raise KernelBuildError(problems)
    members = []
    for path, place in zip(sources, places, strict=True):
        members.append(work / f"{path.stem}.o")
        shutil.move(place / "user.o", members[-1])
    start_up, library, script = work / "crt0.o", work / "libnux.a", work / SCRIPT
    members.remove(start_up)
    _must(toolchain.run([tools.archiver, "rcsD", str(library), *map(str, members)]))
    # -undef: `powerpc` in the script is a word, not a macro.
    _must(toolchain.run([
        tools.gcc, "-E", "-P", "-undef", "-x", "assembler-with-cpp",
        "-I", str(root / "include"), str(root / SCRIPT), "-o", str(script),
    ]))  # fmt: skip
    return Runtime(start_up, library, script)


def _must(done: toolchain.Completed) -> None:
    if done.returncode != 0:
        raise ToolchainError(f"{' '.join(done.args)} failed:\n{done.stderr.strip()}")
