# SPDX-License-Identifier: BSD-3-Clause
"""Call paths from counts of instructions.

How often each call instruction ran is known exactly, and so is what each function took. What a
function took is shared among its callers by the number of their calls, as gprof does (Graham,
Kessler, McKusick 1982); it is exact for a function with one caller. Calls through pointers are not
followed: a function that is only called so begins a path of its own. Of a recursion, one turn is
shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from nuxkit.program import Function, Program

from .costs import UNKNOWN

Stack = tuple[str, ...]

_BRANCH = 18  # primary opcode of b, bl, ba, bla
#: Paths with a smaller part of all cycles are not followed on.
_SMALLEST_SHARE = 1e-4


@dataclass
class _Node:
    """A function: own cycles by chain of inlined functions, and calls."""

    name: str
    own: dict[Stack, int] = field(default_factory=dict)
    calls: dict[tuple[Stack, int], int] = field(default_factory=dict)
    total: float = 0.0
    called: int = 0


def fold(program: Program, sites: npt.NDArray[Any]) -> dict[Stack, int]:
    """Cycles by call path, outermost function first; their sum is that of the sites."""
    nodes = _nodes(program, sites)
    order = _cut_recursion(nodes)
    for node in nodes.values():
        for (_, callee), count in node.calls.items():
            nodes[callee].called += count
    for address in order:  # callees first
        node = nodes[address]
        node.total = float(sum(node.own.values()))
        for (_, callee), count in node.calls.items():
            node.total += nodes[callee].total * count / nodes[callee].called
    shares = _shares(nodes, float(sites["cycles"].sum()))
    return _whole(shares, int(sites["cycles"].sum()))


def _chain(program: Program, pc: int, function: Function | None) -> Stack:
    """Names of the function and of those inlined at an instruction, outermost first."""
    name = function.name if function else UNKNOWN
    names = [location.function or name for location in program.source_locations(pc)]
    return tuple(reversed(names)) or (name,)


def _nodes(program: Program, sites: npt.NDArray[Any]) -> dict[int, _Node]:
    nodes: dict[int, _Node] = {}

    def node_of(function: Function | None) -> _Node:
        address = function.address if function else -1
        if address not in nodes:
            nodes[address] = _Node(function.name if function else UNKNOWN)
        return nodes[address]

    fields = (sites[name].tolist() for name in ("pc", "executed", "cycles"))
    for pc, executed, cycles in zip(*fields, strict=True):
        function = program.function_at(pc)
        chain = _chain(program, pc, function)
        node = node_of(function)
        node.own[chain] = node.own.get(chain, 0) + cycles
        target = _target(program, pc)
        callee = program.function_at(target) if target is not None else None
        if executed and callee and callee.address == target and _is_call(program, pc, function):
            node_of(callee)
            key = (chain, callee.address)
            node.calls[key] = node.calls.get(key, 0) + executed
    return nodes


def _word(program: Program, pc: int) -> int:
    for segment in program.segments:
        if segment.address <= pc and pc + 4 <= segment.end:
            offset = pc - segment.address
            return int.from_bytes(segment.data[offset : offset + 4], "big")
    return 0


def _target(program: Program, pc: int) -> int | None:
    """Where an unconditional direct branch goes."""
    word = _word(program, pc)
    if word >> 26 != _BRANCH:
        return None
    displacement = ((word & 0x03FFFFFC) ^ 0x02000000) - 0x02000000
    return (displacement + (0 if word & 2 else pc)) & 0xFFFFFFFF


def _is_call(program: Program, pc: int, function: Function | None) -> bool:
    """Whether a branch has a link, or leaves its function (a tail call)."""
    target = _target(program, pc) or 0
    inside = function is not None and any(low <= target < end for low, end in function.ranges)
    return bool(_word(program, pc) & 1) or not inside


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
        (address, 1.0, ()) for address, node in nodes.items() if not node.called
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
