# SPDX-License-Identifier: BSD-3-Clause
"""Addresses as GDB uses them.

SRAM and the external memories are where programs find them, also at the addresses that they run
from. Weights and labels of the hemisphere get addresses of their own, where the chip has none.
"""

from __future__ import annotations

import numpy as np

from nuxemu import Processor, SynapseArray
from nuxemu import memory_map as mm
from nuxkit.chip import data_address

#: First addresses of weights and labels: row after row, a byte for each column.
WEIGHTS_BASE, LABELS_BASE = 0x2000_0000, 0x2001_0000
ARRAY_SIZE = mm.NUM_ROWS * mm.NUM_COLUMNS


class NoMemoryError(ValueError):
    """Nothing is at these addresses, or not such a value."""


def _array_at(address: int, size: int) -> tuple[str, int] | None:
    for name, base in (("weights", WEIGHTS_BASE), ("labels", LABELS_BASE)):
        if base <= address and address + size <= base + ARRAY_SIZE:
            return name, address - base
    return None


def read(ppu: Processor, array: SynapseArray, address: int, size: int) -> bytes:
    """Read bytes; fewer than `size` where memory ends, none is an error."""
    found = _array_at(address, size)
    if found:
        values = np.asarray(getattr(array, found[0]), np.uint8).ravel()
        return values[found[1] : found[1] + size].tobytes()
    for length in (size, *(n for n in (1024, 256, 64, 16, 4, 1) if n < size)):
        try:
            return ppu.read(data_address(address), length)
        except (IndexError, OverflowError):
            continue
    raise NoMemoryError(f"no memory at 0x{address:08x}")


def write(ppu: Processor, array: SynapseArray, address: int, data: bytes) -> None:
    """Write bytes, all or none."""
    found = _array_at(address, len(data))
    try:
        if not found:
            ppu.write(data_address(address), data)
            return
        name, first = found
        values = np.array(getattr(array, name), np.uint8)
        values.ravel()[first : first + len(data)] = np.frombuffer(data, np.uint8)
        setattr(array, name, values)
    except (IndexError, OverflowError, ValueError) as error:
        raise NoMemoryError(str(error)) from error
