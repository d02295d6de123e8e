# SPDX-License-Identifier: BSD-3-Clause
"""Damage to bytes, drawn from a random source."""

from random import Random

#: 32-bit values at which readers go wrong.
INTERESTING = (
    0, 1, 2, 3, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000, 0x3FFF, 0x4000, 0x2FF0,
    0x4000_0000, 0x5000_0000, 0x8000_0000, 0x9000_0000, 0x7FFF_FFFF, 0xFFFF_FFF0, 0xFFFF_FFFF,
)  # fmt: skip


def mutate(rng: Random, data: bytearray, places: list[tuple[int, int]]) -> None:
    """Damage data once, at one of the ranges (first byte, end) of `places` or anywhere."""
    if not data:
        return
    first, end = rng.choice(places) if places and rng.random() < 0.8 else (0, len(data))
    first = min(first, len(data) - 1)
    end = min(max(end, first + 1), len(data))
    at = rng.randrange(first, end)
    kind = rng.randrange(9)
    if kind <= 1:
        data[at] ^= 1 << rng.randrange(8)
    elif kind == 2:
        data[at] = rng.randrange(256)
    elif kind <= 5:  # a whole field, most often aligned
        size = rng.choice((1, 2, 4, 4, 8))
        at -= at % size if rng.random() < 0.8 else 0
        value = rng.choice(INTERESTING) + rng.choice((0, 0, 0, -1, 1, 4))
        order = rng.choice(("big", "little"))
        put = (value % (1 << 8 * size)).to_bytes(size, order)
        data[at : at + size] = put[: len(data) - at]
    elif kind == 6:  # a copy of another place
        size = rng.randrange(1, 64)
        source = rng.randrange(len(data))
        put = data[source : source + size][: len(data) - at]
        data[at : at + len(put)] = put
    elif kind == 7:
        size = rng.randrange(1, 32)
        put = rng.randbytes(size)[: len(data) - at]
        data[at : at + len(put)] = put
    elif rng.random() < 0.5:  # shorter or longer
        del data[at : at + rng.choice((1, 2, 4, 16, len(data)))]
    else:
        data[at:at] = rng.randbytes(rng.choice((1, 2, 4, 16, 200)))
