# SPDX-License-Identifier: BSD-3-Clause
"""Loops of a linked program, and how long a round of a straight-line one takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nuxemu import loop_cycles
from nuxemu import memory_map as mm
from nuxkit.builder.image import Function, Image
from nuxkit.source_lines import SourceLocation
from nuxkit.static_check.branches import Branch, branches_in
from nuxkit.static_check.constants import is_vector_io, place_of, registers_at

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
    begin, end : int
        Addresses of its first instruction, and behind its last one.
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
    begin: int
    end: int
    cycles: float | None
    reason: str = ""
    rounds: int | None = None
    unknown: int = 0

    @property
    def instructions(self) -> int:
        """Instructions of a round of a straight-line loop, all of the code otherwise."""
        return (self.end - self.begin) // 4

    @property
    def time_s(self) -> float | None:
        """Hardware time of a round, seconds."""
        return None if self.cycles is None else self.cycles / mm.PPU_CLOCK_HZ

    def __str__(self) -> str:
        if self.cycles is None:
            return f"loop of {self.instructions} instructions, not straight-line: {self.reason}"
        text = (
            f"loop of {self.instructions} instructions: {self.cycles:.4g} cycles "
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
    code = list(image.code(function.address, function.end))
    branches = branches_in(code)
    for back in branches:
        if back.calls or not back.leads_into(function.address, back.address + 4):
            continue
        location = locate(back.address)
        if location is None:
            continue
        assert back.target is not None
        place = (function.name, location, back.target, back.address + 4)
        reason = _reason(branches, back)
        if reason:
            yield Loop(*place, None, reason)
        else:
            yield Loop(*place, **_timed(code, branches, back))


def _reason(branches: Sequence[Branch], back: Branch) -> str:
    """Why the loop that ends with a branch back is not straight-line; empty if it is."""
    assert back.target is not None
    begin, end = back.target, back.address + 4
    others = [one for one in branches if one is not back]
    inside = [one for one in others if begin <= one.address < end]
    if any(branch.calls for branch in inside):
        return "calls functions"
    for branch in inside:
        leaves = branch.target is None or branch.target >= end
        if not leaves or not branch.is_conditional:
            return "has branches"
    returns = any(one.address >= end and one.leads_into(begin, end) for one in others)
    return "has branches" if returns else ""


def _timed(
    code: Sequence[tuple[int, int]], branches: Sequence[Branch], back: Branch
) -> dict[str, Any]:
    """`cycles`, `rounds` and `unknown` of a straight-line loop."""
    assert back.target is not None
    body = [word for address, word in code if back.target <= address <= back.address]
    has_exits = len(branches_in(enumerate(body))) > 1
    registers = registers_at(code, branches, back)
    rounds = registers.ctr if back.only_counts and not has_exits else None
    places, unknown = [], 0
    for word in body:
        address = registers.address(word)
        places.append(place_of(word, address))
        unknown += address is None and is_vector_io(word)
        registers.follow(word)
    return {"cycles": loop_cycles(body, places), "rounds": rounds, "unknown": unknown}
