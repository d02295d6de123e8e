# SPDX-License-Identifier: BSD-3-Clause
"""Traces as files of Chrome's JSON trace format, which Perfetto opens.

Each hemisphere is a process, each kind of record a thread of it. Times are microseconds of
hardware time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nuxemu import memory_map as mm
from nuxkit.errors import DataFileError
from nuxkit.hemispheres import HEMISPHERE_NAMES, HEMISPHERES
from nuxkit.whole_file import write_whole

from .settings import KINDS

if TYPE_CHECKING:
    from .records import TraceRecords

Array = npt.NDArray[Any]
Event = dict[str, Any]

_VECTORS = {
    getattr(mm, f"EXCEPTION_{name}"): name.lower().replace("_", " ")
    for name in ("EXTERNAL_INPUT", "ALIGNMENT", "PROGRAM", "DOORBELL", "FIT", "DECREMENTER")
    if hasattr(mm, f"EXCEPTION_{name}")
}


def write(path: str | os.PathLike[str], trace: TraceRecords) -> None:
    """Write a trace; see `TraceRecords.to_perfetto`."""
    content = {
        "displayTimeUnit": "ns",
        "otherData": {"dropped": trace.dropped},
        "traceEvents": list(events(trace)),
    }
    try:
        write_whole(Path(path), json.dumps(content, separators=(",", ":")).encode())
    except OSError as error:
        raise DataFileError(f"cannot write {path}: {error.strerror or error}") from error


def events(trace: TraceRecords) -> Iterator[Event]:
    """Give the events of a trace, those that name processes and threads first."""
    for hemisphere in HEMISPHERES:
        pid = hemisphere + 1
        name = f"{HEMISPHERE_NAMES[hemisphere]} hemisphere"
        yield {"ph": "M", "pid": pid, "name": "process_name", "args": {"name": name}}
        for tid, kind in enumerate(KINDS, 1):
            if kind in trace:
                yield {"ph": "M", "pid": pid, "tid": tid, "name": "thread_name",
                       "args": {"name": kind}}  # fmt: skip
    place = cache(trace.place)
    for tid, kind in enumerate(KINDS, 1):
        if kind not in trace:
            continue
        for hemisphere in HEMISPHERES:
            records = trace[kind][trace[kind]["hemisphere"] == hemisphere]
            for event in _MAKE.get(kind, _instants)(kind, records):
                event |= {"pid": hemisphere + 1, "tid": tid, "cat": kind}
                args = event["args"]
                source = place(args.get("processor", hemisphere), args.pop("pc", 1))
                if source:
                    args["source"] = source
                yield event


def _us(time_s: Any) -> float:
    return round(float(time_s) * 1e6, 6)


def _slice(name: str, begin_s: Any, duration_s: Any, args: dict[str, Any]) -> Event:
    return {"ph": "X", "name": name, "ts": _us(begin_s), "dur": _us(duration_s), "args": args}


def _instant(name: str, time_s: Any, args: dict[str, Any]) -> Event:
    return {"ph": "i", "s": "t", "name": name, "ts": _us(time_s), "args": args}


def _instants(kind: str, records: Array) -> Iterator[Event]:
    names: dict[str, Callable[[Any], str]] = {
        "bus": lambda r: f"{'write' if r['write'] else 'read'} {r['block']}",
        "resets": lambda r: f"row {r['row']}",
        "weights": lambda r: f"[{r['row']}, {r['column']}] {r['old']} > {r['new']}",
        "mailbox": lambda r: f"0x{r['address']:04x}",
        "spikes": lambda r: f"neuron {r['column']}",
        "events": lambda r: f"row {r['row']}",
    }
    shown = [name for name in records.dtype.names or () if name not in ("time_s", "hemisphere")]
    for record in records:
        args = {name: record[name].item() for name in shown}
        yield _instant(names[kind](record), record["time_s"], args)


def _rules(kind: str, records: Array) -> Iterator[Event]:
    for record in records:
        args = {name: _us(record[f"{name[:-3]}_s"]) for name in ("release_us", "deadline_us")}
        args |= {"index": int(record["index"]), "missed": bool(record["missed"])}
        name = str(record["rule"])
        yield _slice(name, record["time_s"], record["end_s"] - record["time_s"], args)
        if record["missed"]:
            yield _instant(f"{name} missed its deadline", record["deadline_s"], {})


def _interrupts(kind: str, records: Array) -> Iterator[Event]:
    """From entry to return; what has no counterpart is an instant."""
    entry = None
    for record in records:
        args = {"pc": int(record["pc"])}
        if entry is not None:
            name, args = _entry(entry)
            if record["returns"]:
                yield _slice(name, entry["time_s"], record["time_s"] - entry["time_s"], args)
            else:
                yield _instant(name, entry["time_s"], args)
        elif record["returns"]:
            yield _instant("return", record["time_s"], args)
        entry = None if record["returns"] else record
    if entry is not None:
        name, args = _entry(entry)
        yield _instant(name, entry["time_s"], args)


def _entry(record: Any) -> tuple[str, dict[str, Any]]:
    """Name and arguments of an interrupt."""
    vector = int(record["vector"])
    return _VECTORS.get(vector, f"vector 0x{vector:x}"), {"pc": int(record["pc"])}


def _conversions(kind: str, records: Array) -> Iterator[Event]:
    begins = records["time_s"]
    left_s = np.diff(begins, append=np.inf)  # slices of a thread must not overlap
    for record, begin_s, room_s in zip(records, begins, left_s, strict=True):
        args = {name: int(record[name]) for name in ("pc", "processor", "row")}
        yield _slice(f"row {record['row']}", begin_s, min(record["duration_s"], room_s), args)


_MAKE: dict[str, Callable[[str, Array], Iterator[Event]]] = {
    "rules": _rules,
    "interrupts": _interrupts,
    "conversions": _conversions,
}
