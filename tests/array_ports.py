# SPDX-License-Identifier: BSD-3-Clause
"""The two ports of an array, as a processor uses them."""

import numpy as np

from nuxemu import memory_map as mm
from nuxemu._native import ffi, lib
from nuxemu.synapse_array import SynapseArray


def vector_read(
    array: SynapseArray, address: int, now_s: float | None = None
) -> tuple[int, np.ndarray]:
    """Status and the 128 lanes, by default at the array's current time."""
    now_s = array.now_s if now_s is None else now_s
    lanes = np.full(mm.VECTOR_BYTES, 0xEE, np.uint8)
    out = ffi.from_buffer("uint8_t[]", lanes)
    return lib.nux_array_vector_read(array._native, address, now_s, out), lanes


def vector_write(array: SynapseArray, address: int, data, enable=None) -> int:
    """Status; `data` and `enable` are broadcast to 128 lanes."""
    lanes = np.ascontiguousarray(np.broadcast_to(np.asarray(data, np.uint8), mm.VECTOR_BYTES))
    mask = ffi.NULL
    if enable is not None:
        mask = ffi.from_buffer(
            "uint8_t[]", np.where(np.broadcast_to(enable, 128), 255, 0).astype(np.uint8)
        )
    source = ffi.from_buffer("uint8_t[]", lanes)
    return lib.nux_array_vector_write(array._native, address, array.now_s, source, mask)


def bus_read(array: SynapseArray, word: int) -> tuple[int, int]:
    value = ffi.new("uint32_t *")
    return lib.nux_array_bus_read(array._native, word, array.now_s, value), value[0]


def bus_write(array: SynapseArray, word: int, value: int, byte_mask: int = 0xFFFFFFFF) -> int:
    return lib.nux_array_bus_write(array._native, word, array.now_s, value, byte_mask)


def bus_position(column: int) -> tuple[int, int]:
    """Word within a row and shift of a column's byte, from the chip's quad and entry numbers."""
    quad = (column % 2) * 32 + column // 8
    entry = (column // 2) % 4
    return quad, 24 - 8 * entry
