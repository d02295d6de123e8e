# SPDX-License-Identifier: BSD-3-Clause
"""Complete state of a chip as data: compare, hash, write to a file."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import tempfile
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

#: Changes whenever the meaning of a section changes.
FORMAT = 3
_FORMAT_NAME = "nuxemu_state_format"
#: More than a chip with all of its DRAM in use.
_MAX_BYTES = 1 << 30
# What zipfile and NumPy raise for damaged and foreign files.
_DAMAGES = (
    ValueError, KeyError, EOFError, NotImplementedError, RuntimeError, OverflowError, OSError,
    SyntaxError, MemoryError, struct.error, tokenize.TokenError, zlib.error, zipfile.BadZipFile,
)  # fmt: skip


class StateError(ValueError):
    """A file or value is not a state of such a chip."""


@dataclass(frozen=True)
class ChipState:
    """State of a chip at one moment; equal chips have equal states.

    Attributes
    ----------
    sections : mapping of str to bytes
        State of each unit.
    """

    sections: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """SHA-256 over all sections, 64 hexadecimal digits."""
        digest = hashlib.sha256()
        for name in sorted(self.sections):
            digest.update(f"{name} {len(self.sections[name])}\n".encode())
            digest.update(self.sections[name])
        return digest.hexdigest()

    def differences(self, other: ChipState) -> list[str]:
        """Names of the units whose states differ."""
        names = sorted(set(self.sections) | set(other.sections))
        return [name for name in names if self.sections.get(name) != other.sections.get(name)]

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write a compressed NumPy archive (.npz); the file is there whole or not at all.

        Parameters
        ----------
        path : path-like
            Name of the file; an existing one is replaced.
        """
        path = Path(path)
        arrays = {name: np.frombuffer(data, np.uint8) for name, data in self.sections.items()}
        arrays[_FORMAT_NAME] = np.array([FORMAT])
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> ChipState:
        """Read what `write` wrote.

        Raises
        ------
        StateError
            If the file is no such archive, damaged, or of another format.
        OSError
            If it cannot be read.
        """
        # Read at once: what fails from here on is the content, not the disk.
        with open(path, "rb") as file:
            content = io.BytesIO(file.read(_MAX_BYTES))
        try:
            with zipfile.ZipFile(content) as archive:
                size = sum(entry.file_size for entry in archive.infolist())
            if size > _MAX_BYTES:
                raise StateError(f"{path}: {size} bytes, more than any state ({_MAX_BYTES})")
            with np.load(content, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            if not all(isinstance(array, np.ndarray) for array in arrays.values()):
                raise StateError(f"{path}: not a saved chip state")
        except _DAMAGES as error:
            if isinstance(error, StateError):
                raise
            raise StateError(f"{path}: not a saved chip state ({error})") from error
        version = arrays.pop(_FORMAT_NAME, None)
        if version is None or version.shape != (1,) or version.dtype.kind not in "iu":
            raise StateError(f"{path}: not a saved chip state")
        if version[0] != FORMAT:
            raise StateError(f"{path}: state of format {version[0]}, but this is format {FORMAT}")
        for name, array in arrays.items():
            if array.dtype != np.uint8 or array.ndim != 1:
                raise StateError(f"{path}: section {name} is not a row of bytes")
        return cls({name: array.tobytes() for name, array in arrays.items()})
