# SPDX-License-Identifier: BSD-3-Clause
"""Files that are there whole or not at all, also after a kill or a loss of power."""

from __future__ import annotations

import contextlib
import errno
import os
import uuid
from collections.abc import Iterable
from pathlib import Path

from .errors import InputError


def check_output(
    output: str | os.PathLike[str] | None, inputs: Iterable[str | os.PathLike[str]]
) -> None:
    """Refuse to write over a file that is read.

    Raises
    ------
    InputError
        The output is one of the inputs.
    """
    if output is None or not os.path.exists(output):
        return
    for name in inputs:
        if os.path.exists(name) and os.path.samefile(output, name):
            raise InputError(f"{output} cannot be written: it is {name}, which is read")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it has its whole new content or is as it was.

    The content first goes to a file without a name, which vanishes with the process; only when
    it is complete and on the disk, it gets its name. File systems without such files (some
    network ones) get a hidden file with a name of its own instead. What is no file, such as
    ``/dev/null`` or a pipe, is written to and stays what it is.

    Parameters
    ----------
    path : pathlib.Path
        An existing file is replaced; a symbolic link is, not what it leads to.
    data : bytes

    Raises
    ------
    OSError
        It cannot be written; an existing file is as before.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    temporary = path.with_name(f".{path.name[:100]}.{uuid.uuid4().hex}")
    try:
        if not _write_unnamed(temporary, data):
            with open(temporary, "xb") as stream:
                _fill(stream.fileno(), data)
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):  # it has its name now, or never was
            os.unlink(temporary)


def _write_unnamed(name: Path, data: bytes) -> bool:
    """Write a file that gets its name when it is whole; False: not on this file system."""
    try:
        handle = os.open(name.parent, os.O_TMPFILE | os.O_WRONLY, 0o666)
    except (AttributeError, OSError):
        return False  # also if the folder cannot be written: the other way has the sentence
    try:
        _fill(handle, data)
        # The folder of an absolute path is not used, but without it no link is followed.
        os.link(f"/proc/self/fd/{handle}", name, src_dir_fd=handle, follow_symlinks=True)
    except FileNotFoundError:
        return False  # no /proc
    finally:
        os.close(handle)
    return True


def _fill(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
    os.fsync(handle)
