# SPDX-License-Identifier: BSD-3-Clause
"""Bridges that the linker adds to code that a branch does not reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nuxemu.isa import scalar

if TYPE_CHECKING:
    from nuxkit.program import Program

STUB_BYTES = 16
#: How every bridge ends: mtctr r12; bctr.
STUB_END = bytes.fromhex("7d8903a64e800420")


def stub_destination(words: Sequence[int]) -> int | None:
    """Destination of the bridge that these words are; None if they are none.

    It is ``lis r12,high; addi r12,r12,low; mtctr r12; bctr``.
    """
    if len(words) != 4 or list(words[2:]) != [0x7D8903A6, 0x4E800420]:
        return None
    if words[0] >> 16 != 0x3D80 or words[1] >> 16 != 0x398C:
        return None
    return ((words[0] << 16) + scalar.signed_immediate(words[1])) & 0xFFFFFFFF


def word_at(program: Program, pc: int) -> int:
    """Word of the code; 0 where there is none."""
    for segment in program.segments:
        if segment.address <= pc and pc + 4 <= segment.end:
            offset = pc - segment.address
            return int.from_bytes(segment.data[offset : offset + 4], "big")
    return 0


def through_stub(program: Program, target: int) -> int:
    """Where a branch leads in the end."""
    words = [word_at(program, at) for at in range(target, target + STUB_BYTES, 4)]
    destination = stub_destination(words)
    return target if destination is None else destination
