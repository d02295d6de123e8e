# SPDX-License-Identifier: BSD-3-Clause
"""Build results on disk, safe for several processes at once.

An entry is one JSON file named by a key over everything that is known before the
compiler runs (sources, flags, compiler version, runtime, this package). It lists
the headers the compiler read, with their checksums; the entry only counts while all
of them are unchanged. Every file is written under a temporary name and then renamed,
so a reader never sees a half-written one; checksums find damaged ones.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import nuxkit
from nuxkit.errors import ProgramFileError
from nuxkit.whole_file import write_whole

CACHE_VARIABLE = "NUXKIT_CACHE_DIR"


def cache_root() -> Path:
    """Directory of the build cache: ``$NUXKIT_CACHE_DIR`` or the user's cache directory."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen)
    import platformdirs  # only needed without the variable

    return Path(platformdirs.user_cache_dir("nuxkit"))


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256 of `data`."""
    return hashlib.sha256(data).hexdigest()


def key_of(values: Mapping[str, object]) -> str:
    """Cache key of plain values."""
    return sha256(json.dumps(values, sort_keys=True).encode())


def file_checksum(path: str | Path) -> str | None:
    """SHA-256 of a file, or None when it cannot be read."""
    try:
        return sha256(Path(path).read_bytes())
    except OSError:
        return None


def tree_checksum(root: Path, suffixes: Sequence[str]) -> str:
    """SHA-256 over names and contents of all files below `root` with one of `suffixes`."""
    files = sorted(path for path in root.rglob("*") if path.suffix in suffixes)
    return key_of({str(path.relative_to(root)): file_checksum(path) for path in files})


@lru_cache(maxsize=1)
def driver_checksum() -> str:
    """Checksum of the code that builds and verifies: a change of it empties the cache."""
    import nuxemu

    places = (Path(__file__).parent, Path(nuxemu.__file__).parent / "isa")
    return key_of(
        {str(index): tree_checksum(place, (".py",)) for index, place in enumerate(places)}
        | {"version": _version()}
    )


def _version() -> str:
    return str(getattr(nuxkit, "__version__", ""))


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that readers see either the old or the whole new content.

    Raises
    ------
    nuxkit.errors.ProgramFileError
        The directory cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data)
    except OSError as problem:
        hint = f"; set {CACHE_VARIABLE} to move the build cache"
        raise ProgramFileError(
            f"{path}: cannot be written: {problem.strerror}"
            + (hint if path.is_relative_to(cache_root()) else "")
        ) from problem


@dataclass(frozen=True)
class Inputs:
    """What a build read besides its sources.

    Attributes
    ----------
    checksums : dict
        SHA-256 of every header, by path.
    absent : tuple of str
        Paths at which a file of the same name would be found first.
    """

    checksums: dict[str, str]
    absent: tuple[str, ...]

    def unchanged(self) -> bool:
        """Whether a build would read the same bytes today."""
        return not any(map(os.path.lexists, self.absent)) and all(
            file_checksum(path) == known for path, known in self.checksums.items()
        )


def inputs_of(headers: Iterable[str], search: Sequence[str]) -> Inputs:
    """Record headers, and where in `search` another one would hide each of them."""
    checksums: dict[str, str] = {}
    absent: list[str] = []
    roots = [os.path.abspath(place) for place in search]
    for header in dict.fromkeys(headers):
        checksum = file_checksum(header)
        if checksum is not None:
            checksums[header] = checksum
        full = os.path.abspath(header)
        for position, root in enumerate(roots):
            if full.startswith(root + os.sep):
                name = os.path.relpath(full, root)
                hidden = (os.path.join(earlier, name) for earlier in roots[:position])
                absent.extend(path for path in hidden if not os.path.lexists(path))
    return Inputs(checksums, tuple(dict.fromkeys(absent)))


def changed_since(paths: Iterable[str], moment_ns: int) -> bool:
    """Whether a file was written after a moment, or is gone."""
    for path in paths:
        try:
            if os.stat(path).st_mtime_ns >= moment_ns:
                return True
        except OSError:
            return True
    return False


def store_program(elf: bytes, name: str) -> Path:
    """Keep a linked program; give the path of its ELF file, which depends on its content."""
    elf_path = cache_root() / "elf" / sha256(elf)[:24] / f"{name}.elf"
    write_atomic(elf_path, elf)
    return elf_path


def store_entry(key: str, elf_path: Path, inputs: Inputs, extra: Mapping[str, Any]) -> None:
    """Remember the program at `elf_path` (from `store_program`) as the result of a build."""
    payload = {
        "elf": str(elf_path.relative_to(cache_root())),
        "elf_sha256": file_checksum(elf_path),
        "headers": inputs.checksums,
        "absent": list(inputs.absent),
        "extra": dict(extra),
    }
    entry = {"payload": payload, "sha256": key_of(payload)}
    write_atomic(_entry_path(key), json.dumps(entry, sort_keys=True).encode())


def lookup(key: str) -> tuple[Path, dict[str, Any]] | None:
    """ELF path and `extra` of an entry that is whole and up to date, else None."""
    try:
        entry = json.loads(_entry_path(key).read_bytes())
        payload = entry["payload"]
        if entry["sha256"] != key_of(payload):
            return None
        inputs = Inputs(payload["headers"], tuple(payload["absent"]))
        elf_path = cache_root() / payload["elf"]
        if file_checksum(elf_path) != payload["elf_sha256"] or not inputs.unchanged():
            return None
        return elf_path, payload["extra"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # no entry, or a damaged one: it is built anew


def _entry_path(key: str) -> Path:
    return cache_root() / "entries" / f"{key}.json"
