# SPDX-License-Identifier: BSD-3-Clause
"""When a rule is called."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nuxemu import memory_map as mm
from nuxkit.errors import InputError

#: Cycles that the program around the rules needs between two invocations.
SHORTEST_PERIOD_CYCLES = 1000
#: About 36 years of hardware time; the chip counts 64 bits.
_MAX_CYCLES = 2**58
_MAX_COUNT = 2**32 - 2


@dataclass(frozen=True, kw_only=True)
class Timer:
    """Times at which a rule is called: start_s, start_s + period_s, ...

    Attributes
    ----------
    start_s : float
        First invocation, seconds of hardware time since the start of the experiment.
    period_s : float
        Seconds of hardware time between invocations; the next one is the deadline.
    count : int or None
        Number of invocations; None for as many as there is time for.

    Times are rounded to processor cycles of 4 ns.
    """

    start_s: float = 0.0
    period_s: float
    count: int | None = None

    def __post_init__(self) -> None:
        set_field = object.__setattr__  # frozen, and NumPy numbers become Python's
        set_field(self, "start_s", _time("start_s", self.start_s, 0))
        set_field(self, "period_s", _time("period_s", self.period_s, SHORTEST_PERIOD_CYCLES))
        if self.count is not None:
            integer = isinstance(self.count, int | np.integer) and not isinstance(self.count, bool)
            if not integer or not 0 <= self.count <= _MAX_COUNT:
                raise InputError(
                    f"Timer: count is {self.count!r}, but must be an integer from 0 to "
                    f"{_MAX_COUNT}, or None for no end"
                )
            set_field(self, "count", int(self.count))

    @property
    def start_cycles(self) -> int:
        """First invocation in processor cycles."""
        return round(self.start_s * mm.PPU_CLOCK_HZ)

    @property
    def period_cycles(self) -> int:
        """Period in processor cycles."""
        return round(self.period_s * mm.PPU_CLOCK_HZ)


def _time(name: str, value: object, least_cycles: int) -> float:
    number = isinstance(value, int | float | np.integer | np.floating)
    if not number or isinstance(value, bool) or not math.isfinite(value):  # type: ignore[arg-type]
        raise InputError(f"Timer: {name} is {value!r}, but must be a time in seconds")
    seconds = float(value)  # type: ignore[arg-type]
    least_s, most_s = least_cycles / mm.PPU_CLOCK_HZ, _MAX_CYCLES / mm.PPU_CLOCK_HZ
    half_s = 0.5 / mm.PPU_CLOCK_HZ
    if not least_s - half_s <= seconds <= most_s or seconds < 0:
        reason = " (the scheduler needs that time between two invocations)" if least_cycles else ""
        raise InputError(
            f"Timer: {name} is {value!r} s, but must be from {least_s:g} to {most_s:.3g} s{reason}"
        )
    return seconds
