# SPDX-License-Identifier: BSD-3-Clause
"""Branches in the code of a function."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nuxemu.isa import scalar

_B, _BC = 18, 16
_ALWAYS = 20  # BO of a branch without a condition
_KEEPS_CTR, _IGNORES_CR = 4, 16


@dataclass(frozen=True)
class Branch:
    """A branch: its address, its target (None: in a register), and its word."""

    address: int
    target: int | None
    word: int

    @property
    def calls(self) -> bool:
        """Whether it comes back."""
        return bool(self.word & 1)

    @property
    def is_conditional(self) -> bool:
        """Whether the next instruction may follow."""
        return self.word >> 26 != _B and self.word >> 21 & _ALWAYS != _ALWAYS

    @property
    def only_counts(self) -> bool:
        """Whether it is ``bdnz``, which goes back as often as the count register says."""
        options = self.word >> 21 & 31
        return self.word >> 26 == _BC and not options & _KEEPS_CTR and bool(options & _IGNORES_CR)

    def leads_into(self, begin: int, end: int) -> bool:
        """Whether its target is in a range of addresses, end excluded."""
        return self.target is not None and begin <= self.target < end


def branches_in(code: Iterable[tuple[int, int]]) -> list[Branch]:
    """Branches among addresses and words."""
    return [branch for address, word in code if (branch := _branch(address, word))]


def _branch(address: int, word: int) -> Branch | None:
    insn = scalar.decode(word)
    if insn is None or insn.kind != "branch":
        return None
    if word >> 26 not in (_B, _BC):
        return Branch(address, None, word)
    return Branch(address, scalar.branch_target(address, word), word)
