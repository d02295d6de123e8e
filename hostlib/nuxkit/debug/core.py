# SPDX-License-Identifier: BSD-3-Clause
"""Saved cores: the state of a chip and its programs in one file, to look at later.

A zip archive: ``state.npz`` (`nuxemu.ChipState`) and the ELF files ``top.elf``, ``bottom.elf`` of
the processors that have a program.
"""

from __future__ import annotations

import io
import os
import struct
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from nuxemu import ChipState, StateError
from nuxkit.builder.cache import write_atomic
from nuxkit.chip import Chip
from nuxkit.errors import DataFileError, NuxkitError
from nuxkit.hemispheres import HEMISPHERE_NAMES, HEMISPHERES
from nuxkit.program import Program

_STATE = "state.npz"
#: More than a state with all of its DRAM in use, and two programs.
_MAX_BYTES = 2 << 30
# What damaged and foreign files provoke.
_DAMAGES = (
    OSError, ValueError, RuntimeError, EOFError, NotImplementedError, KeyError, OverflowError,
    struct.error, zlib.error, zipfile.BadZipFile, StateError, NuxkitError,
)  # fmt: skip


@dataclass(frozen=True)
class Core:
    """What a core holds.

    Attributes
    ----------
    chip : Chip
        A chip in the saved state, with its programs.
    elf_files : dict of int to Path
        ELF file of each hemisphere's program, in the folder that `load_core` was given.
    """

    chip: Chip
    elf_files: dict[int, Path]


def save_core(chip: Chip, path: str | os.PathLike[str]) -> None:
    """Write the state of a chip and its programs; the file is there whole or not at all.

    Parameters
    ----------
    chip : Chip
        E.g. after a trap.
    path : path
        Name of the file; an existing one is replaced.
    """
    content = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="nuxkit-core-") as folder:
        state = Path(folder) / _STATE
        chip.model.save().write(state)
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(state, _STATE)
            for hemisphere in HEMISPHERES:
                if hemisphere in chip.programs:
                    name = f"{HEMISPHERE_NAMES[hemisphere]}.elf"
                    archive.writestr(name, chip.program(hemisphere).content)
    write_atomic(Path(path), content.getvalue())


def load_core(path: str | os.PathLike[str], folder: str | os.PathLike[str]) -> Core:
    """Read what `save_core` wrote.

    Parameters
    ----------
    path : path
        The core.
    folder : path
        Where to put the ELF files, for the debugger.

    Raises
    ------
    nuxkit.DataFileError
        If the file cannot be read, or is no core.
    """
    path, folder = Path(path), Path(folder)
    try:
        with zipfile.ZipFile(path) as archive:
            names = [_STATE, *(f"{HEMISPHERE_NAMES[h]}.elf" for h in HEMISPHERES)]
            there = [name for name in names if name in archive.namelist()]
            if sum(archive.getinfo(name).file_size for name in there) > _MAX_BYTES:
                raise DataFileError(f"{path}: larger than any core")
            for name in there:
                (folder / name).write_bytes(archive.read(name))
        state = ChipState.read(folder / _STATE)
        chip = Chip()
        files = {
            h: folder / f"{HEMISPHERE_NAMES[h]}.elf"
            for h in HEMISPHERES
            if f"{HEMISPHERE_NAMES[h]}.elf" in there
        }
        for hemisphere, file in files.items():
            chip.load(Program.load(file), hemisphere=hemisphere)
        chip.model.restore(state)
    except DataFileError:
        raise
    except _DAMAGES as error:
        reason = getattr(error, "strerror", None) or error
        raise DataFileError(f"{path}: no saved core: {reason}") from error
    if not files:
        raise DataFileError(f"{path}: a core without a program")
    return Core(chip, files)
