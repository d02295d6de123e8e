# SPDX-License-Identifier: BSD-3-Clause
"""Spike sources as users describe them; their spikes come from `trains`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from nuxkit.errors import InputError

from .checks import LAST_S, TICK_S, Reals, reals

_Trains = tuple[Reals, ...]


@dataclass(frozen=True, eq=False)
class SpikeSourceArray:
    """Sources that spike at given times.

    Parameters
    ----------
    spike_times_s : array_like, or sequence of array_like
        Hardware times since the experiment's start, in seconds and in any order: one list for
        all sources, or a list for each.
    """

    spike_times_s: Any = ()

    def trains(self, size: int) -> _Trains:
        """Check, and return sorted times for each of `size` sources."""
        name, values = "spike_times_s", self.spike_times_s
        sequence = isinstance(values, Sequence | np.ndarray) and not isinstance(values, str)
        if not sequence or (isinstance(values, np.ndarray) and not values.ndim):
            raise InputError(f"{name} is {values!r}, but must hold times in seconds")
        if all(np.ndim(each) == 0 for each in values):
            return (_times(name, values),) * size
        if len(values) != size:
            raise InputError(f"{name} has lists for {len(values)} sources, but there are {size}")
        return tuple(_times(f"{name}[{i}]", each) for i, each in enumerate(values))


@dataclass(frozen=True, eq=False)
class SpikeSourcePoisson:
    """Independent Poisson processes.

    Parameters
    ----------
    rate_hz : float or array_like
        Mean rate in hardware time, 0 to 125 MHz; one for all sources or one each.
    start_s, stop_s : float or array_like
        Spikes from `start_s` on, before `stop_s`.
    """

    rate_hz: Any
    start_s: Any = 0.0
    stop_s: Any = math.inf

    def rates(self, size: int) -> Reals:
        """Check, and return the rate of each of `size` sources."""
        return reals("rate_hz", self.rate_hz, size, 0.0, 1 / TICK_S)


@dataclass(frozen=True, eq=False)
class SpikeSourceRegular:
    """Sources that spike at ``start_s + k * period_s``, k = 0, 1, ...

    Parameters
    ----------
    period_s : float or array_like
        In hardware time, at least 8 ns; one for all sources or one each.
    start_s, stop_s : float or array_like
        Spikes from `start_s` on, before `stop_s`.
    """

    period_s: Any
    start_s: Any = 0.0
    stop_s: Any = math.inf

    def periods(self, size: int) -> Reals:
        """Check, and return the period of each of `size` sources."""
        return reals("period_s", self.period_s, size, TICK_S, LAST_S)


Source = SpikeSourceArray | SpikeSourcePoisson | SpikeSourceRegular


def changed(source: Source, values: dict[str, Any]) -> Source:
    """Return the source with some of its parameters replaced."""
    known = [field.name for field in fields(source)]
    for name in values:
        if name not in known:
            kind = type(source).__name__
            raise InputError(f"{kind} has no parameter {name!r}, but {', '.join(known)}")
    return replace(source, **values)


def _times(name: str, values: Any) -> Reals:
    array = np.asarray(values) if np.size(values) else np.empty(0)
    if array.ndim != 1:
        raise InputError(f"{name} has shape {array.shape}, but must have shape (n,)")
    return np.sort(reals(name, array, array.size, 0.0, LAST_S))


def span(source: SpikeSourcePoisson | SpikeSourceRegular, size: int) -> tuple[Reals, Reals]:
    """Check, and return start and stop of each of `size` sources."""
    start = reals("start_s", source.start_s, size, 0.0, LAST_S)
    stop = reals("stop_s", source.stop_s, size, 0.0, math.inf)
    early = stop < start
    if early.any():
        at = int(np.argmax(early))
        raise InputError(f"stop_s is {stop[at]:g}, before start_s, which is {start[at]:g}")
    return start, stop
