# SPDX-License-Identifier: BSD-3-Clause
"""How long a loop of plain code takes, without running it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from nuxemu._native import ffi, lib

_ROUNDS = 120  # of which the second half counts


class Place(IntEnum):
    """What the access of an instruction reaches; `SRAM` too where there is no access."""

    SRAM = lib.NUX_PLACE_SRAM
    EXTERNAL = lib.NUX_PLACE_EXTERNAL
    BUS = lib.NUX_PLACE_BUS
    ARRAY = lib.NUX_PLACE_ARRAY
    CONVERSION = lib.NUX_PLACE_CONVERSION


def loop_cycles(words: Sequence[int], places: Sequence[Place]) -> float:
    """Processor cycles of one round of a loop that has been running for a while.

    They are those of :class:`nuxemu.Processor` if nothing else delays the accesses and all
    branches go where they went before.

    Parameters
    ----------
    words : sequence of int
        Instructions in the order in which they are executed, with the branch back.
    places : sequence of Place
        What each of them reaches.

    Returns
    -------
    float
        Mean, cycles of 4 ns.

    Raises
    ------
    ValueError
        The two are not of the same length.
    """
    if len(words) != len(places):
        raise ValueError(f"{len(words)} words and {len(places)} places")
    code = np.array(words, np.uint32)
    reached = np.array(places, np.uint8)
    cycles = lib.nux_time_loop(
        ffi.from_buffer("uint32_t[]", code),
        ffi.from_buffer("uint8_t[]", reached),
        len(words),
        _ROUNDS,
    )
    if cycles == (1 << 64) - 1:
        raise MemoryError(f"no memory for {len(words)} instructions")
    return float(cycles / (_ROUNDS // 2))
