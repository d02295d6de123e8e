# SPDX-License-Identifier: BSD-3-Clause
"""What the host does at given times during a run."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from nuxemu import memory_map as mm

Function = Callable[[float], object]


@dataclass(eq=False)
class Call:
    """A function that is called at a hardware time, once or again and again.

    Attributes
    ----------
    name : str
        Name of the function.
    start_s : float
        Time of the first call.
    period_s : float or None
        Time between calls; None: one call only.
    count : int or None
        Number of calls; None: no limit.
    made : int
        Number of calls so far.
    rank : int
        Of calls at the same time, those of the lowest rank come first, then those added first.
    lasting : bool
        Whether it is planned anew after a reset.
    cancelled : bool
        Whether it was cancelled.
    """

    name: str
    function: Function = field(repr=False)
    start_s: float
    period_s: float | None = None
    count: int | None = 1
    made: int = 0
    rank: int = field(default=1, repr=False)
    lasting: bool = field(default=True, repr=False)
    number: int = field(default=0, repr=False)
    cancelled: bool = False

    def cancel(self) -> None:
        """Call it no more."""
        self.cancelled = True

    @property
    def is_over(self) -> bool:
        """Whether it is not called any more."""
        return self.cancelled or (self.count is not None and self.made >= self.count)

    @property
    def cycle(self) -> int:
        """Cycle of the chip's clock of the next call; multiples of the period, without drift."""
        return round((self.start_s + self.made * (self.period_s or 0.0)) * mm.PPU_CLOCK_HZ)


class Calls:
    """All calls that are to come, in the order of time, then rank, then in which they came."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, int, Call]] = []
        self._known: list[Call] = []
        self._number = 0

    def add(self, call: Call) -> None:
        """Have a function called."""
        self._number += 1
        call.number = self._number
        if call.lasting:
            self._known.append(call)
        self._push(call)

    def next_cycle(self) -> int | None:
        """Cycle of the next call; None: there is none."""
        while self._heap and self._heap[0][3].is_over:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, cycle: int) -> Call | None:
        """Return the next call that is due at a cycle, and plan the one after it."""
        due = self.next_cycle()
        if due is None or due > cycle:
            return None
        call = heapq.heappop(self._heap)[3]
        call.made += 1
        if not call.is_over:
            self._push(call)
        return call

    def restart(self) -> None:
        """Plan all calls anew, but those that were made by calls."""
        self._known = [call for call in self._known if not call.cancelled]
        self._heap.clear()
        for call in self._known:
            call.made = 0
            self._push(call)

    def _push(self, call: Call) -> None:
        if not call.is_over:
            heapq.heappush(self._heap, (call.cycle, call.rank, call.number, call))
