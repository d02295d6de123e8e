# SPDX-License-Identifier: BSD-3-Clause
"""Call paths from counts of instructions.

How often each call instruction ran is known exactly, and so is what each function took. What a
function took is shared among its callers by the number of their calls, as gprof does (Graham,
Kessler, McKusick 1982); it is exact for a function with one caller. Of calls through pointers only
their number is known: what these took begins a path of its own. Of a recursion, one turn is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from nuxemu.isa import scalar
from nuxkit.linker_stubs import through_stub, word_at
from nuxkit.program import Function, Program

from .costs import UNKNOWN, Place

Stack = tuple[str, ...]

_B, _BC = 18, 16  # primary opcodes of branches to an address
#: Paths with a smaller part of all cycles are not followed on.
_SMALLEST_SHARE = 1e-4


@dataclass
class _Node:
    """A function: own cycles by chain of inlined functions, and calls.

    `entered` counts its first instruction; it tells the calls if no branch inside leads back there.
    """

    name: str
    entered: int = 0
    loops: bool = False
    own: dict[Stack, int] = field(default_factory=dict)
    calls: dict[tuple[Stack, int], int] = field(default_factory=dict)
    total: float = 0.0
    called: int = 0
    from_nowhere: int = 0


def fold(program: Program, places: Sequence[Place], sites: npt.NDArray[Any]) -> dict[Stack, int]:
    """Cycles by call path, outermost function first; their sum is that of the sites."""
    nodes = _nodes(program, places, sites)
    known = _calls_of(nodes)
    for address, node in nodes.items():
        node.from_nowhere = max(node.entered - known.get(address, 0), 0) if not node.loops else 0
    order = _cut_recursion(nodes)
    kept = _calls_of(nodes)
    for address, node in nodes.items():
        node.called = kept.get(address, 0) + node.from_nowhere
    for address in order:  # callees first
        node = nodes[address]
        node.total = float(sum(node.own.values()))
        for (_, callee), count in node.calls.items():
            node.total += nodes[callee].total * count / nodes[callee].called
    shares = _shares(nodes, float(sites["cycles"].sum()))
    return _whole(shares, int(sites["cycles"].sum()))


def entries(program: Program, places: Sequence[Place], sites: npt.NDArray[Any]) -> dict[int, int]:
    """How often functions were entered, by address; a loop around all of one counts as one."""
    nodes = _nodes(program, places, sites)
    known = _calls_of(nodes)
    return {
        address: known.get(address, min(node.entered, 1)) if node.loops else node.entered
        for address, node in nodes.items()
    }


def _calls_of(nodes: dict[int, _Node]) -> dict[int, int]:
    """Direct calls by address of the function that is called."""
    found: dict[int, int] = {}
    for node in nodes.values():
        for (_, callee), count in node.calls.items():
            found[callee] = found.get(callee, 0) + count
    return found


def _nodes(program: Program, places: Sequence[Place], sites: npt.NDArray[Any]) -> dict[int, _Node]:
    nodes: dict[int, _Node] = {}

    def node_of(function: Function | None) -> _Node:
        address = function.address if function else -1
        if address not in nodes:
            nodes[address] = _Node(function.name if function else UNKNOWN)
        return nodes[address]

    fields = (sites[name].tolist() for name in ("pc", "executed", "cycles"))
    for place, pc, executed, cycles in zip(places, *fields, strict=True):
        node = node_of(place.function)
        node.own[place.chain] = node.own.get(place.chain, 0) + cycles
        if not executed or place.function is None:
            continue
        start = place.function.address
        if pc == start:
            node.entered = executed
        word = word_at(program, pc)
        if word >> 26 not in (_B, _BC):
            continue
        target, calls = through_stub(program, scalar.branch_target(pc, word)), bool(word & 1)
        if target == start and not calls:
            node.loops = True
        callee = program.function_at(target) if word >> 26 == _B else None
        inside = any(low <= target < end for low, end in place.function.ranges)
        if callee is not None and callee.address == target and (calls or not inside):
            node_of(callee)
            key = (place.chain, callee.address)
            node.calls[key] = node.calls.get(key, 0) + executed
    return nodes


def _cut_recursion(nodes: dict[int, _Node]) -> list[int]:
    """Drop calls that lead back into a caller; return the functions, callees first."""
    order: list[int] = []
    state: dict[int, str] = {}
    called = {callee for node in nodes.values() for _, callee in node.calls}
    for root in sorted(nodes, key=lambda address: (address in called, address)):
        path = [] if root in state else [(root, iter(list(nodes[root].calls)))]
        state.setdefault(root, "open")
        while path:
            address, calls = path[-1]
            key = next(calls, None)
            if key is None:
                state[address] = "done"
                order.append(address)
                path.pop()
            elif state.get(key[1]) == "open":
                del nodes[address].calls[key]
            elif key[1] not in state:
                state[key[1]] = "open"
                path.append((key[1], iter(list(nodes[key[1]].calls))))
    return order


def _shares(nodes: dict[int, _Node], cycles: float) -> dict[Stack, float]:
    shares: dict[Stack, float] = {}

    def put(stack: Stack, part: float) -> None:
        shares[stack] = shares.get(stack, 0.0) + part

    work: list[tuple[int, float, Stack]] = [
        (address, node.from_nowhere / node.called if node.called else 1.0, ())
        for address, node in nodes.items()
        if node.from_nowhere or not node.called
    ]
    while work:
        address, share, path = work.pop()
        node = nodes[address]
        if path and node.total * share < _SMALLEST_SHARE * cycles:
            put((*path, node.name), node.total * share)
            continue
        for chain, own in node.own.items():
            put(path + chain, own * share)
        for (chain, callee), count in node.calls.items():
            work.append((callee, share * count / nodes[callee].called, path + chain))
    return shares


def _whole(shares: dict[Stack, float], cycles: int) -> dict[Stack, int]:
    """Whole numbers with this sum: what rounding down leaves goes to the largest remainders."""
    whole = {stack: int(part) for stack, part in shares.items()}
    rest = sorted(shares, key=lambda stack: (whole[stack] - shares[stack], stack))
    left = cycles - sum(whole.values())
    for stack in rest[: max(left, 0)]:
        whole[stack] += 1
    return {stack: part for stack, part in sorted(whole.items()) if part}
