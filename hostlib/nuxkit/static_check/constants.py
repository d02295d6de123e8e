# SPDX-License-Identifier: BSD-3-Clause
"""Registers whose values the code alone tells: addresses of accesses, counts of loops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from nuxemu import Place
from nuxemu import memory_map as mm
from nuxemu.isa import scalar, vector
from nuxkit.static_check.branches import Branch

_CTR = 32  # its number beside the general registers
_CHANGED_BY_CALL = 1 << _CTR | 0x1FF9  # and r0, r3 to r12
_WORD = 0xFFFFFFFF
_LAST_INDEX = 0xFFFF  # in a region of the vector bus


class Registers:
    """Known values of general registers and of the count register."""

    def __init__(self) -> None:
        self._known: dict[int, int] = {}

    @property
    def ctr(self) -> int | None:
        """Value of the count register."""
        return self._known.get(_CTR)

    def copy(self) -> Registers:
        """Give the same values, to go on with separately."""
        other = Registers()
        other._known = dict(self._known)
        return other

    def keep_common(self, other: Registers) -> None:
        """Forget what is not the same in another."""
        self._known = dict(self._known.items() & other._known.items())

    def forget(self, written: int) -> None:
        """Forget registers, one bit each."""
        for register in [one for one in self._known if written >> one & 1]:
            del self._known[register]

    def follow(self, word: int) -> None:
        """Execute one instruction, as far as its result can be known."""
        insn = scalar.decode(word)
        if insn is None:
            return  # vector instructions write no general register
        ra = word >> 16 & 31
        result = self._result(insn.mnemonic, word)
        address = self._sum(ra, word) if insn.update else None
        self.forget(_written(word))
        if address is not None:
            self._known[ra] = address
        elif result is not None:
            self._known[_destination(insn, word)] = result & _WORD

    def address(self, word: int) -> int | None:
        """Address of a load, store or vector access; None if not known, or no such instruction.

        Of ``fxvinx`` and ``fxvoutx`` the beginning of the region is enough.
        """
        insn = vector.decode(word)
        ra, rb = word >> 16 & 31, word >> 11 & 31
        if insn is not None:
            if insn.form.kind in (vector.Kind.ARITH, vector.Kind.SPLAT):
                return None
            base, index = 0 if ra == 0 else self._known.get(ra), self._known.get(rb)
            if is_vector_io(word) and (base is None) != (index is None):
                # A region of the vector bus, and the row in it.
                known = base or index or 0
                return known if known > _LAST_INDEX else None
            return _added(base, index)
        found = scalar.decode(word)
        if found is None or found.kind not in ("load", "store"):
            return None
        return self._sum(ra, word)

    def _sum(self, ra: int, word: int) -> int | None:
        base = 0 if ra == 0 else self._known.get(ra)
        indexed = word >> 26 == 31
        return _added(
            base, self._known.get(word >> 11 & 31) if indexed else scalar.signed_immediate(word)
        )

    def _result(self, mnemonic: str, word: int) -> int | None:
        rt, ra, rb = (self._known.get(word >> place & 31) for place in (21, 16, 11))
        zero_or_ra = 0 if word >> 16 & 31 == 0 else ra
        low = word & 0xFFFF
        match mnemonic:
            case "addi":
                return _added(zero_or_ra, scalar.signed_immediate(word))
            case "addis":
                return _added(zero_or_ra, low << 16)
            case "add":
                return _added(ra, rb)
            case "ori":
                return None if rt is None else rt | low
            case "oris":
                return None if rt is None else rt | low << 16
            case "or":
                return None if rt is None or rb is None else rt | rb
            case "mtspr" if _sets_ctr(word):
                return rt
        return None


def _sets_ctr(word: int) -> bool:
    return scalar.SPR_NAMES[scalar.spr_number(word)] == "CTR"


def _destination(insn: scalar.ScalarInsn, word: int) -> int:
    """Register that gets the result of an arithmetic instruction or of ``mtctr``."""
    return {"rt": word >> 21 & 31, "ra": word >> 16 & 31}.get(insn.dest, _CTR)


def _written(word: int) -> int:
    """Tell the registers that an instruction writes, or may change if it calls; one bit each."""
    insn = scalar.decode(word)
    if insn is None:
        return 0
    if insn.kind == "branch":
        counts = word >> 26 != 18 and not word >> 21 & 4
        return _CHANGED_BY_CALL if word & 1 else counts << _CTR
    if insn.mnemonic == "mtspr":
        return _sets_ctr(word) << _CTR
    written = insn.update << (word >> 16 & 31)
    if insn.dest:
        first = _destination(insn, word)
        written |= (1 << 32) - (1 << first) if insn.size < 0 else 1 << first
    return written


def registers_at_loops(
    code: Mapping[int, int], branches: Mapping[int, Branch], loops: Iterable[Branch]
) -> dict[int, Registers]:
    """Find what is known when each loop of a function begins for the first time.

    Parameters
    ----------
    code : mapping
        Words of the function by address, ascending without gaps.
    branches : mapping
        Its branches by address.
    loops : iterable of Branch
        The branch back of each loop.

    Returns
    -------
    dict
        Registers by the address at which a loop begins.
    """
    last: dict[int, int] = {}  # the last branch back, by where loops begin
    for back in loops:
        assert back.target is not None
        last[back.target] = max(back.address, last.get(back.target, 0))
    origin = next(iter(code), 0)
    written = np.array([_written(word) for word in code.values()], np.uint64)
    arriving: dict[int, list[Registers]] = {}
    found = {}
    now: Registers | None = Registers()  # None: nothing gets there
    for address, word in code.items():
        now = _met(now, arriving.pop(address, []))
        if address in last:
            body = range(address, last[address] + 4)
            into = [one for target, ways in arriving.items() if target in body for one in ways]
            now = now or _met(None, into) or Registers()  # some are entered in their middle
            found[address] = now.copy()
            part = written[(address - origin) // 4 : (last[address] - origin) // 4 + 1]
            now.forget(int(np.bitwise_or.reduce(part)))
        if now is None:
            continue
        now.follow(word)
        branch = branches.get(address)
        if branch is None or branch.calls:
            continue
        if branch.target is not None and branch.target > address:
            arriving.setdefault(branch.target, []).append(now.copy())
        if not branch.is_conditional:
            now = None
    return found


def _met(now: Registers | None, others: Sequence[Registers]) -> Registers | None:
    """Keep what is known on all ways that meet."""
    for other in others:
        if now is None:
            now = other.copy()
        else:
            now.keep_common(other)
    return now


def place_of(word: int, address: int | None) -> Place:
    """Tell what an instruction reaches at an address; where that is not known, what is usual.

    Usual is the SRAM, and for ``fxvinx`` and ``fxvoutx`` the synapse array.
    """
    if is_vector_io(word):
        insn = vector.decode(word)
        return _place_of_vector(address, reads=bool(insn and insn.form.kind is vector.Kind.INX))
    if address is None or address < mm.EXTMEM_DATA_BASE:
        return Place.SRAM
    return Place.BUS if address >= mm.OMNIBUS_DATA_BASE else Place.EXTERNAL


def is_vector_io(word: int) -> bool:
    """Whether an instruction is ``fxvinx`` or ``fxvoutx``."""
    insn = vector.decode(word)
    return insn is not None and insn.form.kind in (vector.Kind.INX, vector.Kind.OUTX)


def _place_of_vector(address: int | None, *, reads: bool) -> Place:
    if address is None:
        return Place.ARRAY
    if address >= mm.VECTOR_EXTMEM:
        return Place.EXTERNAL
    region = address & ~mm.VECTOR_IGNORED & ~_LAST_INDEX
    converts = region in (mm.VECTOR_CAUSAL, mm.VECTOR_ACAUSAL)
    return Place.CONVERSION if reads and converts else Place.ARRAY


def _added(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else (a + b) & _WORD
