# SPDX-License-Identifier: BSD-3-Clause
"""What a run is asked to trace."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from nuxemu import TraceBuffer, TraceKind
from nuxemu import memory_map as mm
from nuxkit.errors import InputError

#: Kinds of records by name; rule invocations are read from the log of the scheduler.
KINDS: dict[str, tuple[TraceKind, ...]] = {
    "rules": (),
    "interrupts": (TraceKind.INTERRUPT, TraceKind.RETURN),
    "bus": (TraceKind.BUS_READ, TraceKind.BUS_WRITE),
    "conversions": (TraceKind.CONVERSION,),
    "resets": (TraceKind.RESET,),
    "weights": (TraceKind.WEIGHT,),
    "mailbox": (TraceKind.MAILBOX,),
    "spikes": (TraceKind.SPIKE,),
    "events": (TraceKind.EVENT,),
}
_LARGEST_CAPACITY = 1 << 26


@dataclass(frozen=True)
class Trace:
    """What to trace; everything if nothing is said.

    Results and cycles of a run are the same with and without a trace.

    Parameters
    ----------
    kinds : collection of str, optional
        Of ``rules`` (invocations and deadlines, of experiments), ``interrupts`` (entry and
        return), ``bus`` (accesses of the processors, by block), ``conversions`` (of the CADC),
        ``resets`` (of correlation sensors), ``weights`` (writes, with old and new value),
        ``mailbox`` (writes), ``spikes`` (of neurons), ``events`` (on synapse rows).
    start_s, stop_s : float
        Hardware time of the chip (s): from, and before.
    hemispheres : collection of int
        0 top, 1 bottom.
    rows, columns : collection of int, optional
        Rows (0 to 255) of weights, conversions, resets and events; columns (0 to 255) of
        weights and spikes.
    capacity : int
        Most records, 32 bytes each; later ones are dropped and counted. Invocations of rules,
        which are read from a log of their own, have this bound for themselves.

    Raises
    ------
    InputError
        Naming what is not one of these.
    """

    kinds: Collection[str] | None = None
    start_s: float = 0.0
    stop_s: float = math.inf
    hemispheres: Collection[int] = (0, 1)
    rows: Collection[int] | None = None
    columns: Collection[int] | None = None
    capacity: int = 1_000_000

    def __post_init__(self) -> None:
        for kind in self.chosen:
            if kind not in KINDS:
                raise InputError(f"kinds has {kind!r}, but they are {', '.join(KINDS)}")
        for name in ("start_s", "stop_s"):
            value = getattr(self, name)
            if not (isinstance(value, int | float) and value >= 0):
                raise InputError(f"{name} is {value!r}, but must be a time of at least 0 s")
        if self.stop_s <= self.start_s:
            raise InputError(
                f"stop_s is {self.stop_s!r}, but must be after start_s, {self.start_s!r}"
            )
        for name, limit in (("hemispheres", 2), ("rows", 256), ("columns", 256)):
            for value in getattr(self, name) or ():
                if value not in range(limit):
                    raise InputError(f"{name} has {value!r}, but they are 0 to {limit - 1}")
        if self.capacity not in range(1, _LARGEST_CAPACITY + 1):
            raise InputError(
                f"capacity is {self.capacity!r}, but must be 1 to {_LARGEST_CAPACITY} records"
            )

    @property
    def chosen(self) -> tuple[str, ...]:
        """Names of the kinds."""
        given = KINDS if self.kinds is None else self.kinds
        return (given,) if isinstance(given, str) else tuple(given)

    def buffer(self) -> TraceBuffer:
        """Make the buffer for a run."""
        return TraceBuffer(
            self.capacity,
            [kind for name in self.chosen for kind in KINDS[name]],
            self.hemispheres,
            round(self.start_s * mm.PPU_CLOCK_HZ, 3),
            round(self.stop_s * mm.PPU_CLOCK_HZ, 3) if self.stop_s < math.inf else math.inf,
            range(mm.NUM_ROWS) if self.rows is None else self.rows,
            range(mm.NUM_COLUMNS) if self.columns is None else self.columns,
        )
