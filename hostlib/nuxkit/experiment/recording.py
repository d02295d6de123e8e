# SPDX-License-Identifier: BSD-3-Clause
"""What the host records while time passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .trains import SpikeTimes

if TYPE_CHECKING:
    import xarray


class SpikeLog:
    """Spikes in order of time, in parts as they came."""

    def __init__(self) -> None:
        self._parts: list[SpikeTimes] = []

    def add(self, times_s: npt.NDArray[np.float64], indices: npt.NDArray[Any]) -> None:
        """Add spikes that are later than all before, or at the same time as the last."""
        if times_s.size:
            self._parts.append(SpikeTimes(times_s, indices.astype(np.int64)))

    def between(self, start_s: float, stop_s: float) -> SpikeTimes:
        """Return spikes from `start_s` on, before `stop_s`; looks at late ones only."""
        chosen = []
        for part in reversed(self._parts):
            if part.times_s[-1] < start_s:
                break
            chosen.append(part)
        if len(chosen) == len(self._parts) > 1:
            self._parts = chosen = [_joined(chosen)]
        times, indices = _joined(chosen)
        low, high = np.searchsorted(times, (start_s, stop_s))
        return SpikeTimes(times[low:high].copy(), indices[low:high].copy())


def _joined(latest_first: list[SpikeTimes]) -> SpikeTimes:
    empty = SpikeTimes(np.empty(0), np.empty(0, np.int64))
    return SpikeTimes(
        *(np.concatenate(parts) for parts in zip(empty, *reversed(latest_first), strict=True))
    )


class Samples:
    """Values of one quantity, taken again and again.

    Parameters
    ----------
    sample : callable
        Gives the present values.
    name, unit : str
        Of the resulting array.
    coords : dict
        Its dimensions other than time, in order, each with its coordinate.
    """

    def __init__(
        self,
        sample: Callable[[], npt.NDArray[Any]],
        name: str,
        unit: str,
        coords: dict[str, npt.NDArray[Any]],
    ) -> None:
        self._sample, self._name, self._unit = sample, name, unit
        self._coords = coords
        self._times_s: list[float] = []
        self._values: list[npt.NDArray[Any]] = []

    def take(self, time_s: float) -> None:
        """Record the present values."""
        self._values.append(self._sample())
        self._times_s.append(time_s)

    def clear(self) -> None:
        """Forget what was recorded."""
        self._times_s, self._values = [], []

    def to_array(self) -> xarray.DataArray:
        """Return what was recorded, dimensions time and those of the quantity."""
        import xarray

        values = np.stack(self._values) if self._values else self._sample()[np.newaxis][:0]
        time = xarray.Variable("time", np.asarray(self._times_s, np.float64), {"units": "s"})
        return xarray.DataArray(
            values,
            dims=("time", *self._coords),
            coords={"time": time, **self._coords},
            name=self._name,
            attrs={"units": self._unit},
        )
