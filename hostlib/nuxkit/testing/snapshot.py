# SPDX-License-Identifier: BSD-3-Clause
"""Arrays in files beside the tests, to compare with."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nuxkit.builder.cache import write_atomic

_FOLDER = "__snapshots__"


class Snapshots:
    """Snapshots of one test: ``__snapshots__/<file>/<test>-<name>.npy``."""

    def __init__(self, file: Path, test: str, update: bool) -> None:
        self._folder = file.parent / _FOLDER / file.stem
        self._test, self._update = test, update

    def __call__(self, array: Any, name: str = "weights") -> None:
        """Compare an array, or write it with ``--nux-update``; the file is whole or not there."""
        found = np.asarray(array)
        path = self._folder / (re.sub(r"[^\w.-]", "_", f"{self._test}-{name}") + ".npy")
        if self._update:
            content = io.BytesIO()
            np.save(content, found, allow_pickle=False)
            write_atomic(path, content.getvalue())
            return
        if not path.exists():
            pytest.fail(f"no snapshot {path}; pytest --nux-update writes it")
        wanted = np.load(path, allow_pickle=False)
        if found.shape != wanted.shape:
            pytest.fail(f"{name} has the shape {found.shape}, but {wanted.shape} in {path}")
        both_nan = (found != found) & (wanted != wanted)
        different = np.argwhere((found != wanted) & ~both_nan)
        if len(different):
            first = tuple(int(i) for i in different[0])
            pytest.fail(
                f"{len(different)} of {found.size} values of {name} differ from {path}, the first "
                f"at {list(first)}: {found[first]} instead of {wanted[first]}"
            )
