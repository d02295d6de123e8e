# SPDX-License-Identifier: BSD-3-Clause
"""Loops of a linked program, and how long a round of a straight-line one takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nuxemu import loop_cycles
from nuxemu import memory_map as mm
from nuxkit.builder.image import Function, Image
from nuxkit.source_lines import SourceLocation
from nuxkit.static_check.branches import Branch, branches_in
from nuxkit.static_check.constants import Registers, is_vector_io, place_of, registers_at_loops

Locate = Callable[[int], SourceLocation | None]


@dataclass(frozen=True)
class Loop:
    """A loop.

    Attributes
    ----------
    function : str
        Function that the code is in.
    location : SourceLocation
        Its line in the source.
    addresses : sequence of int
        Its instructions; in the order in which they are executed if the loop is straight-line.
    cycles : float or None
        Processor cycles of a round; None if the loop is not straight-line.
    reason : str
        Why it is not: ``"calls functions"``, ``"has branches"``; empty otherwise.
    rounds : int or None
        How often it runs, if the code tells.
    unknown : int
        Accesses by ``fxvinx`` and ``fxvoutx`` whose address the code does not tell; they count as
        accesses to weights.
    """

    function: str
    location: SourceLocation
    addresses: Sequence[int]
    cycles: float | None
    reason: str = ""
    rounds: int | None = None
    unknown: int = 0

    @property
    def time_s(self) -> float | None:
        """Hardware time of a round, seconds."""
        return None if self.cycles is None else self.cycles / mm.PPU_CLOCK_HZ

    def __str__(self) -> str:
        if self.cycles is None:
            return f"loop of {len(self.addresses)} instructions, not straight-line: {self.reason}"
        text = (
            f"loop of {len(self.addresses)} instructions: {self.cycles:.4g} cycles "
            f"({self.cycles / mm.PPU_CLOCK_HZ * 1e9:.4g} ns) a round"
        )
        if self.rounds is not None:
            text += f", {self.rounds} rounds: {self.rounds * self.cycles:.0f} cycles"
        if self.unknown:
            text += f" (if {self.unknown} vector accesses at unknown addresses are to weights)"
        return text


def find_loops(image: Image, locate: Locate) -> list[Loop]:
    """Loops of all functions, in the order of the addresses of their functions.

    Parameters
    ----------
    image : Image
    locate : callable
        Gives the place in the source of an address, or None: loops that end there are left out.
    """
    return [loop for function in image.functions for loop in _loops_of(image, function, locate)]


def _loops_of(image: Image, function: Function, locate: Locate) -> Iterator[Loop]:
    code = dict(image.code(function.address, function.end))
    branches = {branch.address: branch for branch in branches_in(code.items())}
    backs = [
        branch
        for branch in branches.values()
        if not branch.calls and branch.leads_into(function.address, branch.address + 4)
    ]
    registers = registers_at_loops(code, branches, backs) if backs else {}
    for back, previous in zip(backs, [None, *backs], strict=False):
        assert back.target is not None
        location = locate(back.address)
        if location is None:
            continue
        has_inner = previous is not None and previous.address >= back.target
        way = None if has_inner else _way_round(branches, back)
        reason = "has branches" if way is None else _reason(branches, back, way)
        if way is None or reason:
            extent = range(back.target, back.address + 4, 4)
            yield Loop(function.name, location, extent, None, reason)
        else:
            timed = _timed(code, branches, back, way, registers[back.target])
            yield Loop(function.name, location, tuple(way), **timed)


def _way_round(branches: Mapping[int, Branch], back: Branch) -> list[int] | None:
    """Addresses from the begin of a loop to its branch back; None if there are several ways."""
    assert back.target is not None
    body = range(back.target, back.address + 4, 4)
    following = {address: _following(address, branches.get(address)) for address in body}
    closes = {back.address}
    for address in reversed(body):
        if not closes.isdisjoint(following[address]):
            closes.add(address)
    way = [body.start]
    while way[-1] != back.address:
        ahead = [one for one in following[way[-1]] if one in closes]
        if len(ahead) != 1:
            return None
        way += ahead
    return way


def _following(address: int, branch: Branch | None) -> set[int]:
    """Where an instruction of a function goes on."""
    if branch is None or branch.calls:
        return {address + 4}
    next_one = {address + 4} if branch.is_conditional else set()
    return next_one if branch.target is None else {branch.target, *next_one}


def _reason(branches: Mapping[int, Branch], back: Branch, way: Sequence[int]) -> str:
    """Why a loop with one way round is not straight-line all the same; empty if it is."""
    on_way = [branches[address] for address in way[:-1] if address in branches]
    if any(branch.calls for branch in on_way):
        return "calls functions"
    # A way out that leads back in is another way round.
    goes_back = any(branch.target is not None and branch.target < way[0] for branch in on_way)
    returns = any(
        one.address > back.address and one.leads_into(way[0], back.address + 4)
        for one in branches.values()
    )
    return "has branches" if goes_back or returns else ""


def _timed(
    code: Mapping[int, int],
    branches: Mapping[int, Branch],
    back: Branch,
    way: Sequence[int],
    registers: Registers,
) -> dict[str, Any]:
    """`cycles`, `rounds` and `unknown` of a straight-line loop."""
    has_exits = any(branches[address].is_conditional for address in way[:-1] if address in branches)
    rounds = registers.ctr if back.only_counts and not has_exits else None
    words, places, unknown = [], [], 0
    for word in (code[address] for address in way):
        address = registers.address(word)
        words.append(word)
        places.append(place_of(word, address))
        unknown += address is None and is_vector_io(word)
        registers.follow(word)
    return {"cycles": loop_cycles(words, places), "rounds": rounds, "unknown": unknown}
