# SPDX-License-Identifier: BSD-3-Clause
"""Bridges that the linker adds to code that a branch does not reach."""

from __future__ import annotations

from collections.abc import Sequence

from nuxemu.isa import scalar

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
