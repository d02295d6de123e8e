# SPDX-License-Identifier: BSD-3-Clause
"""What a chip did, one record after the other, in a buffer of fixed size."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from nuxemu import memory_map as mm
from nuxemu._native import ffi, lib
from nuxemu.chip_model import ChipModel

#: `pc` of a record that no instruction made.
NO_PC = 1


class TraceKind(IntEnum):
    """What a record is about."""

    INTERRUPT = lib.NUX_TRACE_INTERRUPT
    RETURN = lib.NUX_TRACE_RETURN
    BUS_READ = lib.NUX_TRACE_BUS_READ
    BUS_WRITE = lib.NUX_TRACE_BUS_WRITE
    CONVERSION = lib.NUX_TRACE_CONVERSION
    RESET = lib.NUX_TRACE_RESET
    WEIGHT = lib.NUX_TRACE_WEIGHT
    MAILBOX = lib.NUX_TRACE_MAILBOX
    SPIKE = lib.NUX_TRACE_SPIKE
    EVENT = lib.NUX_TRACE_EVENT


#: ``nux_trace_record``.
RECORD = np.dtype(
    [("cycle", "f8"), ("pc", "u4"), ("address", "u4"), ("old", "u4"), ("value", "u4"),
     ("line", "u2"), ("column", "u2"), ("kind", "u1"), ("hemisphere", "u1"),
     ("processor", "u1")], align=True,
)  # fmt: skip


class TraceBuffer:
    """Records of one chip.

    Parameters
    ----------
    capacity : int
        Records that there is room for (32 bytes each). Later ones are counted and dropped.
    kinds : collection of TraceKind
    hemispheres : collection of int
    from_cycle, to_cycle : float
        Records of ``from_cycle <= cycle < to_cycle``.
    rows, columns : collection of int
        Rows of weights, conversions, resets and events; columns of weights and spikes.
    """

    def __init__(
        self,
        capacity: int,
        kinds: Collection[TraceKind],
        hemispheres: Collection[int],
        from_cycle: float,
        to_cycle: float,
        rows: Collection[int],
        columns: Collection[int],
    ) -> None:
        self._records = np.zeros(capacity, RECORD)
        assert ffi.sizeof("nux_trace_record") == RECORD.itemsize
        self._native = ffi.new("nux_trace *")
        self._native.records = ffi.from_buffer("nux_trace_record[]", self._records)
        self._native.capacity = capacity
        self._native.kinds = sum(1 << kind for kind in set(kinds))
        self._native.hemispheres = sum(1 << hemisphere for hemisphere in set(hemispheres))
        self._native.from_cycle, self._native.to_cycle = from_cycle, to_cycle
        for name, chosen, size in (
            ("rows", rows, mm.NUM_ROWS),
            ("columns", columns, mm.NUM_COLUMNS),
        ):
            for line in chosen:
                if not 0 <= line < size:
                    raise ValueError(f"{name} has {line}, but they are 0 to {size - 1}")
                getattr(self._native, name)[line] = 1

    @contextmanager
    def attached(self, model: ChipModel) -> Iterator[None]:
        """Trace a chip as long as the context lasts."""
        chip = model.bus._native
        lib.nux_chip_set_trace(chip, self._native)
        try:
            yield
        finally:
            lib.nux_chip_set_trace(chip, ffi.NULL)

    def records(self) -> npt.NDArray[Any]:
        """Return a copy of the records so far, of type `RECORD`, in the order they were made."""
        return self._records[: self._native.count].copy()

    @property
    def dropped(self) -> dict[TraceKind, int]:
        """Records for which there was no room, by kind."""
        return {kind: int(self._native.dropped[kind]) for kind in TraceKind}
