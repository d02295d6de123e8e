# SPDX-License-Identifier: BSD-3-Clause
"""Loops of a linked program, and how long a round of a straight-line one takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nuxemu import loop_cycles
from nuxemu import memory_map as mm
from nuxemu.isa import scalar, vector
from nuxkit.builder.image import Function, Image
from nuxkit.source_lines import SourceLocation
from nuxkit.static_check.constants import Registers, place_of

_B, _BC = 18, 16
_ALWAYS = 20  # BO of a branch without a condition

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


@dataclass(frozen=True)
class _Branch:
    address: int
    target: int | None  # None: to a register
    word: int

    @property
    def calls(self) -> bool:
        return bool(self.word & 1)

    @property
    def is_conditional(self) -> bool:
        return self.word >> 26 != _B and self.word >> 21 & _ALWAYS != _ALWAYS


def find_loops(image: Image, locate: Locate) -> list[Loop]:
    """Loops of all functions, in the order of the addresses of their functions.

    Parameters
    ----------
    image : Image
    locate : callable
        Gives the place in the source of an address, or None: loops that end there are left out.
    """
    return [loop for function in image.functions for loop in _loops_of(image, function, locate)]


def _loops_of(image: Image, function: Function, locate: Locate) -> list[Loop]:
    code = list(image.code(function.address, function.end))
    branches = [branch for address, word in code if (branch := _branch(address, word))]
    backward = [
        branch
        for branch in branches
        if not branch.calls
        and branch.target is not None
        and function.address <= branch.target <= branch.address
    ]
    same_begin = Counter(branch.target for branch in backward)
    loops = []
    for back in backward:
        assert back.target is not None
        begin, end = back.target, back.address + 4
        location = locate(back.address)
        if location is None:
            continue
        reason = _reason(branches, back, same_begin[begin] > 1)
        if reason:
            loops.append(Loop(function.name, location, begin, end, None, reason))
            continue
        words = [word for _, word in code]
        first = (begin - function.address) // 4
        loops.append(_timed(function, location, words, range(first, first + (end - begin) // 4)))
    return loops


def _reason(branches: Sequence[_Branch], back: _Branch, shares_begin: bool) -> str:
    """Why the loop that ends with a branch back is not straight-line; empty if it is."""
    assert back.target is not None
    begin, end = back.target, back.address + 4
    inside = [one for one in branches if begin <= one.address < end and one is not back]
    if any(branch.calls for branch in inside):
        return "calls functions"
    for branch in inside:
        leaves = branch.target is None or branch.target >= end
        if not leaves or not branch.is_conditional:
            return "has branches"
    returns = any(
        one.address >= end and one.target is not None and begin <= one.target < end
        for one in branches
    )
    return "has branches" if returns or shares_begin else ""


def _timed(function: Function, location: SourceLocation, words: list[int], body: range) -> Loop:
    registers = Registers()
    for word in words[: body.start]:
        registers.follow(word)
    back = words[body.stop - 1]
    counts = back >> 26 == _BC and not back >> 21 & 4 and back >> 21 & 16
    only_end = sum(_branch(0, word) is not None for word in words[body.start : body.stop]) == 1
    rounds = registers.ctr if counts and only_end else None
    places, unknown = [], 0
    for word in words[body.start : body.stop]:
        address = registers.address(word)
        places.append(place_of(word, address))
        unknown += address is None and _is_vector_io(word)
        registers.follow(word)
    begin = function.address + 4 * body.start
    return Loop(
        function.name,
        location,
        begin,
        begin + 4 * len(body),
        loop_cycles(words[body.start : body.stop], places),
        rounds=rounds,
        unknown=unknown,
    )


def _is_vector_io(word: int) -> bool:
    insn = vector.decode(word)
    return insn is not None and insn.form.kind in (vector.Kind.INX, vector.Kind.OUTX)


def _branch(address: int, word: int) -> _Branch | None:
    insn = scalar.decode(word)
    if insn is None or insn.kind != "branch":
        return None
    if word >> 26 not in (_B, _BC):
        return _Branch(address, None, word)
    width = 26 if word >> 26 == _B else 16
    offset = word & ((1 << width) - 4)
    offset -= (offset & 1 << (width - 1)) << 1
    return _Branch(address, (offset if word & 2 else address + offset) & 0xFFFFFFFF, word)

