# SPDX-License-Identifier: BSD-3-Clause
"""Cycles of instructions, summed over functions and source lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from nuxemu import Wait
from nuxkit.linker_stubs import STUB_BYTES, through_stub
from nuxkit.program import Function, Program

#: What `Cost.waits` calls the causes.
WAIT_NAMES = {
    Wait.SCALAR: "scalar pipeline",
    Wait.BRANCH: "mispredicted branch",
    Wait.VECTOR: "vector arithmetic",
    Wait.SRAM: "SRAM vector traffic",
    Wait.ARRAY: "synapse array",
    Wait.CADC: "CADC",
    Wait.EXTERNAL: "external memory",
    Wait.BUS: "bus",
    Wait.SLEEP: "sleep",
    Wait.INTERRUPT: "interrupt entry",
}
_NAMES = [WAIT_NAMES[wait] for wait in sorted(Wait, key=lambda wait: int(wait.value))]

#: Function of code for which a program has no name.
UNKNOWN = "?"


@dataclass(frozen=True)
class Place:
    """Where an instruction comes from.

    Attributes
    ----------
    function : Function or None
        The one that holds the code.
    chain : tuple of str
        Its name and those of functions inlined there, outermost first.
    file, line
        Of the innermost one; ``"?"`` and 0 without a line.
    """

    function: Function | None
    chain: tuple[str, ...]
    file: str
    line: int


def places_of(program: Program, sites: npt.NDArray[Any]) -> list[Place]:
    """Find where each instruction comes from; the linker's bridges belong to what they lead to."""
    places = []
    for pc in sites["pc"].tolist():
        locations = program.source_locations(pc)
        if not locations:
            pc = next(
                (to for at in _stub_starts(pc) if (to := through_stub(program, at)) != at), pc
            )
            locations = program.source_locations(pc)
        function = program.function_at(pc)
        name = function.name if function else UNKNOWN
        chain = tuple(location.function or name for location in reversed(locations)) or (name,)
        inner = locations[0] if locations else None
        places.append(
            Place(function, chain, inner.file if inner else UNKNOWN, inner.line if inner else 0)
        )
    return places


def _stub_starts(pc: int) -> range:
    """Where a bridge may begin that holds this instruction."""
    return range(pc, pc - STUB_BYTES, -4)


@dataclass(frozen=True)
class Cost:
    """What a part of a program took.

    Attributes
    ----------
    executed : int
        Instructions executed.
    cycles : int
        Processor cycles, 4 ns each.
    waits : mapping of str to int
        That part of the cycles in which an instruction waited, by cause; causes that did not
        occur are left out.
    """

    executed: int
    cycles: int
    waits: Mapping[str, int]


@dataclass(frozen=True)
class LineCost(Cost):
    """Cost of a source line; line 0 of file ``"?"`` is code without a line.

    Attributes
    ----------
    file : str
        Source file.
    line : int
        Counted from 1.
    function : str
        Function, also when it is inlined.
    """

    file: str
    line: int
    function: str


@dataclass(frozen=True)
class FunctionCost(Cost):
    """Cost of a function's own lines, wherever they were inlined.

    Attributes
    ----------
    name : str
        Its name.
    with_callees : int
        Cycles of the function and of all that it called.
    calls : int
        How often it was entered by a call; inlined copies are not counted.
    """

    name: str
    with_callees: int
    calls: int


def cost_of(sites: npt.NDArray[Any]) -> dict[str, Any]:
    """Fields of `Cost` for the sum of these instructions."""
    waits = sites["waits"].sum(axis=0)
    return {
        "executed": int(sites["executed"].sum()),
        "cycles": int(sites["cycles"].sum()),
        "waits": {name: int(n) for name, n in zip(_NAMES, waits, strict=True) if n},
    }


def line_costs(places: Sequence[Place], sites: npt.NDArray[Any]) -> list[LineCost]:
    """Costs by file, line and function, the most cycles first."""
    where: dict[tuple[str, int, str], list[int]] = {}
    for number, place in enumerate(places):
        where.setdefault((place.file, place.line, place.chain[-1]), []).append(number)
    costs = [
        LineCost(**cost_of(sites[numbers]), file=file, line=line, function=function)
        for (file, line, function), numbers in where.items()
    ]
    return sorted(costs, key=lambda cost: (-cost.cycles, cost.file, cost.line, cost.function))


def function_costs(
    places: Sequence[Place],
    sites: npt.NDArray[Any],
    folded: Mapping[tuple[str, ...], int],
    entries: Mapping[int, int],
) -> list[FunctionCost]:
    """Costs by function, the most cycles of its own first."""
    with_callees: dict[str, int] = {}
    for stack, cycles in folded.items():
        for name in set(stack):
            with_callees[name] = with_callees.get(name, 0) + cycles
    entered: dict[str, int] = {}
    where: dict[str, list[int]] = {}
    for number, place in enumerate(places):
        where.setdefault(place.chain[-1], []).append(number)
        if place.function is not None:
            entered[place.function.name] = entries.get(place.function.address, 0)
    costs = [
        FunctionCost(
            **cost_of(sites[numbers]),
            name=name,
            with_callees=with_callees.get(name, 0),
            calls=entered.get(name, 0),
        )
        for name, numbers in where.items()
    ]
    return sorted(costs, key=lambda cost: (-cost.cycles, cost.name))
