# SPDX-License-Identifier: BSD-3-Clause
"""Results of single points as netCDF files of a folder, so that a sweep can be resumed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nuxkit.builder.cache import write_atomic
from nuxkit.dataset_file import load, save
from nuxkit.errors import DataFileError, InputError
from nuxkit.sweeps.points import Point, fingerprint, text_of

if TYPE_CHECKING:
    import xarray as xr

_MANIFEST = "sweep.json"
_POINT = "sweep_point"
_FORMAT = 1


class Folder:
    """The folder of one sweep.

    Parameters
    ----------
    path : str or Path
        Made if it does not exist.
    function : str
        Name of the swept function.
    source : str or None
        Checksum of its text, None if that is not known.
    names : sequence of str
        Names of its parameters.
    seed : int or None
        The sweep's seed.
    constants : mapping
        Arguments that are the same for all points.

    Raises
    ------
    InputError
        The folder holds another sweep, or cannot be made or written.
    """

    def __init__(
        self,
        path: str | Path,
        function: str,
        source: str | None,
        names: Sequence[str],
        seed: int | None,
        constants: Mapping[str, Any],
    ) -> None:
        self.path = Path(path)
        self._function = function
        wanted = {
            "format": _FORMAT,
            "function": function,
            "parameters": sorted(names),
            "seed": seed,
            "constants": text_of(constants),
        }
        manifest = self.path / _MANIFEST
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            found = self._read(manifest)
            if found is None:
                write_atomic(manifest, json.dumps({**wanted, "source": source}, indent=2).encode())
                found = {**wanted, "source": source}
        except OSError as error:
            raise InputError(
                f"{path} cannot be the folder of a sweep: {error.strerror or error}"
            ) from error
        for key, value in wanted.items():
            if found.get(key) != value:
                raise InputError(
                    f"{path} holds another sweep ({key}: {_shown(found.get(key))}, not "
                    f"{_shown(value)}); take another folder or remove this one"
                )
        #: Whether the function's text is another than when the folder was made.
        self.function_changed = None not in (source, found["source"]) and source != found["source"]

    def _read(self, manifest: Path) -> dict[str, object] | None:
        try:
            found = json.loads(manifest.read_bytes())
        except FileNotFoundError:
            if any(self.path.iterdir()):
                raise InputError(
                    f"{self.path} is not empty and not the folder of a sweep (it has no "
                    f"{_MANIFEST}); take another folder"
                ) from None
            return None
        except ValueError:
            found = None
        if not isinstance(found, dict) or "source" not in found:
            raise InputError(
                f"{manifest} is damaged; take another folder or remove this one"
            ) from None
        return found

    def file_of(self, point: Point) -> Path:
        """File of a point's result."""
        return self.path / f"{fingerprint({'function': self._function, 'point': point})[:24]}.nc"

    def load(self, point: Point) -> xr.Dataset | None:
        """Read the result of a point; None if it is not there or damaged."""
        path = self.file_of(point)
        if not path.exists():
            return None
        try:
            result = load(path)
        except DataFileError:
            return None
        return result if result.attrs.pop(_POINT, None) == text_of(point) else None  # type: ignore[return-value]


def write(path: str, result: xr.Dataset, point: Point) -> None:
    """Write a point's result; raises what :func:`nuxkit.save` raises."""
    save(path, result.assign_attrs({_POINT: text_of(point)}))


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
