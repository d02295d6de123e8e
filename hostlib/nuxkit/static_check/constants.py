# SPDX-License-Identifier: BSD-3-Clause
"""Registers whose values the code alone tells: addresses of accesses, counts of loops.

The code is followed in the order of its addresses, as if no branch was taken. That is what a
compiler's loops look like before they begin; after a call, what a function may change is unknown.
"""

from __future__ import annotations

from nuxemu import Place
from nuxemu import memory_map as mm
from nuxemu.isa import scalar, vector

_CHANGED_BY_CALL = (0, *range(3, 13))
_CTR = "CTR"
_WORD = 0xFFFFFFFF


class Registers:
    """Known values of general registers and of the count register."""

    def __init__(self) -> None:
        self._gpr: dict[int, int] = {}
        self.ctr: int | None = None

    def follow(self, word: int) -> None:
        """Execute one instruction, as far as its result can be known."""
        insn = scalar.decode(word)
        if insn is None:
            return  # vector instructions write no general register
        rt, ra = word >> 21 & 31, word >> 16 & 31
        if insn.kind == "branch":
            self._branch(word)
            return
        if insn.mnemonic == "mtspr" and scalar.SPR_NAMES[scalar.spr_number(word)] == _CTR:
            self.ctr = self._gpr.get(rt)
        result = self._result(insn.mnemonic, word)
        address = self._sum(ra, word) if insn.update else None
        if insn.size < 0 and insn.dest:
            for register in range(rt, 32):
                self._set(register, None)
        elif insn.dest:
            self._set(rt if insn.dest == "rt" else ra, result)
        if insn.update:
            self._set(ra, address)

    def address(self, word: int) -> int | None:
        """Address of a load, store or vector access; None if not known, or no such instruction."""
        insn = vector.decode(word)
        ra, rb = word >> 16 & 31, word >> 11 & 31
        if insn is not None:
            if insn.form.kind in (vector.Kind.ARITH, vector.Kind.SPLAT):
                return None
            return _added(0 if ra == 0 else self._gpr.get(ra), self._gpr.get(rb))
        found = scalar.decode(word)
        if found is None or found.kind not in ("load", "store"):
            return None
        return self._sum(ra, word)

    def _sum(self, ra: int, word: int) -> int | None:
        base = 0 if ra == 0 else self._gpr.get(ra)
        indexed = word >> 26 == 31
        return _added(base, self._gpr.get(word >> 11 & 31) if indexed else _signed(word))

    def _branch(self, word: int) -> None:
        if word >> 26 == 16 and not word & scalar.BO_KEEPS_CTR:
            self.ctr = None
        if word & 1:
            for register in _CHANGED_BY_CALL:
                self._set(register, None)
            self.ctr = None

    def _result(self, mnemonic: str, word: int) -> int | None:
        rt, ra, rb = (self._gpr.get(word >> place & 31) for place in (21, 16, 11))
        zero_or_ra = 0 if word >> 16 & 31 == 0 else ra
        low = word & 0xFFFF
        match mnemonic:
            case "addi":
                return _added(zero_or_ra, _signed(word))
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
        return None

    def _set(self, register: int, value: int | None) -> None:
        if value is None:
            self._gpr.pop(register, None)
        else:
            self._gpr[register] = value & _WORD


def place_of(word: int, address: int | None) -> Place:
    """What an instruction reaches at an address; where that is not known, what is usual.

    Usual is the SRAM, and for ``fxvinx`` and ``fxvoutx`` the synapse array.
    """
    insn = vector.decode(word)
    if insn is not None and insn.form.kind in (vector.Kind.INX, vector.Kind.OUTX):
        return _place_of_vector(address, reads=insn.form.kind is vector.Kind.INX)
    if address is None or address < mm.EXTMEM_DATA_BASE:
        return Place.SRAM
    return Place.BUS if address >= mm.OMNIBUS_DATA_BASE else Place.EXTERNAL


def _place_of_vector(address: int | None, *, reads: bool) -> Place:
    if address is None:
        return Place.ARRAY
    if address >= mm.VECTOR_EXTMEM:
        return Place.EXTERNAL
    region = address & ~mm.VECTOR_IGNORED & ~0xFFFF
    converts = region in (mm.VECTOR_CAUSAL, mm.VECTOR_ACAUSAL)
    return Place.CONVERSION if reads and converts else Place.ARRAY


def _added(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else (a + b) & _WORD


def _signed(word: int) -> int:
    return (word & 0xFFFF) - (word << 1 & 0x10000)
