# SPDX-License-Identifier: BSD-3-Clause
"""What a run left in its trace."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nuxemu import TraceBuffer, TraceKind, address_map
from nuxemu import memory_map as mm
from nuxkit.program import Program
from nuxkit.result import place

from .settings import KINDS, Trace

Array = npt.NDArray[Any]

#: The instruction that did something to an array: of either processor.
_BY = (("pc", "pc", "u4"), ("processor", "processor", "u1"))
#: Fields of each kind of record, from those of the buffer.
_FIELDS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "interrupts": (("pc", "pc", "u4"), ("vector", "address", "u4")),
    "bus": (("pc", "pc", "u4"), ("word", "address", "u4"), ("value", "value", "u4")),
    "conversions": (*_BY, ("row", "line", "u2")),
    "resets": (*_BY, ("row", "line", "u2"), ("half", "old", "u1"),
               ("synapses", "value", "u1")),
    "weights": (*_BY, ("row", "line", "u2"), ("column", "column", "u2"),
                ("old", "old", "u1"), ("new", "value", "u1")),
    "mailbox": (("pc", "pc", "u4"), ("address", "address", "u4"), ("size", "line", "u1"),
                ("value", "value", "u4")),
    "spikes": (("column", "column", "u2"),),
    "events": (("row", "line", "u2"), ("label", "value", "u1")),
}  # fmt: skip
#: Fields of the records of rules.
RULES = [("hemisphere", "u1"), ("index", "u4"), ("release_s", "f8"), ("time_s", "f8"),
         ("end_s", "f8"), ("deadline_s", "f8"), ("missed", "?")]  # fmt: skip


class TraceRecords(Mapping[str, Array]):
    """Records by kind: ``result.trace["weights"]["new"]``.

    Each is a structured array, by time, with fields ``time_s`` (hardware time, s),
    ``hemisphere`` and ``pc`` (address of the instruction that did it; 1: none), for what happens
    to an array ``processor`` (the hemisphere of the one that did it), and

    ============= =====================================================================
    rules         ``rule``, ``index``, ``release_s``, ``end_s``, ``deadline_s``, ``missed``;
                  ``time_s`` is the begin
    interrupts    ``vector`` of an entry (``pc``: where it came); ``returns`` marks a
                  return, where ``vector`` is where to
    bus           ``block`` by name, ``word`` (bus address), ``write``, ``value``
    conversions   ``row``, ``duration_s``
    resets        ``row``, ``half`` (0 even, 1 odd columns), ``synapses`` (how many)
    weights       ``row``, ``column``, ``old``, ``new``
    mailbox       ``address``, ``size`` (bytes), ``value``
    spikes        ``column``
    events        ``row``, ``label``
    ============= =====================================================================

    Attributes
    ----------
    dropped : dict of str to int
        Records for which there was no room, by kind.
    """

    def __init__(
        self,
        trace: Trace,
        buffer: TraceBuffer,
        programs: Mapping[int, Program],
        rules: Array | None = None,
        lost_invocations: int = 0,
    ) -> None:
        self._programs = dict(programs)
        raw = buffer.records()
        raw = raw[np.argsort(raw["cycle"], kind="stable")]
        chosen = [name for name in KINDS if name in trace.chosen]
        self._arrays = {
            name: _records(name, raw[np.isin(raw["kind"], KINDS[name])])
            for name in chosen
            if name != "rules"
        }
        self.dropped = {
            name: sum(buffer.dropped[kind] for kind in KINDS[name])
            for name in chosen
            if name != "rules"
        }
        if "rules" in chosen:
            empty = np.zeros(0, [("rule", "U1"), *RULES])
            found = empty if rules is None else _within(rules, trace)
            self._arrays["rules"] = found[: trace.capacity]
            self.dropped["rules"] = max(len(found) - trace.capacity, 0) + lost_invocations

    def __getitem__(self, kind: str) -> Array:
        return self._arrays[kind]

    def __iter__(self) -> Any:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        parts = (f"{len(self[name])} {name}" for name in self)
        return f"<trace: {', '.join(parts)}; dropped {sum(self.dropped.values())}>"

    def place(self, hemisphere: int, pc: int) -> str:
        """``file:line`` of an instruction, or its address; empty if there is none."""
        if pc % 4:
            return ""
        program = self._programs.get(hemisphere)
        return place(program.source_location(pc) if program else None, pc)

    def to_perfetto(self, path: str | os.PathLike[str]) -> None:
        """Write a file for https://ui.perfetto.dev (Chrome's JSON trace format).

        Raises
        ------
        DataFileError
            If it cannot be written; what was there is as it was.
        """
        from .perfetto import write

        write(path, self)


def _records(name: str, raw: Array) -> Array:
    fields = [("time_s", "f8"), ("hemisphere", "u1")]
    fields += [(field, dtype) for field, _, dtype in _FIELDS[name]]
    fields += {
        "interrupts": [("returns", "?")],
        "bus": [("block", "U48"), ("write", "?")],
        "conversions": [("duration_s", "f8")],
    }.get(name, [])
    records = np.zeros(len(raw), fields)
    records["time_s"] = raw["cycle"] / mm.PPU_CLOCK_HZ
    records["hemisphere"] = raw["hemisphere"]
    for field, source, _ in _FIELDS[name]:
        records[field] = raw[source]
    if name == "interrupts":
        records["returns"] = raw["kind"] == TraceKind.RETURN
    elif name == "conversions":
        records["duration_s"] = raw["value"] / mm.PPU_CLOCK_HZ
    elif name == "bus":
        records["write"] = raw["kind"] == TraceKind.BUS_WRITE
        names = np.array([block.name for block in address_map.BUS_BLOCKS])
        records["block"] = names[raw["old"]]
    return records


def _within(rules: Array, trace: Trace) -> Array:
    """Invocations that a trace is about."""
    time_s = rules["time_s"]
    return rules[
        (time_s >= trace.start_s)
        & (time_s < trace.stop_s)
        & np.isin(rules["hemisphere"], list(trace.hemispheres))
    ]
