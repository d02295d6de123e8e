# SPDX-License-Identifier: BSD-3-Clause
"""What is at which address, in words; and sentences about addresses where nothing is.

The blocks of the on-chip bus come from the native table that decides about accesses, so the two
cannot disagree. ``docs/address_map.md`` lists them all.
"""

from __future__ import annotations

from dataclasses import dataclass

from nuxemu import memory_map as mm
from nuxemu._native import ffi, lib


@dataclass(frozen=True)
class Block:
    """A range of addresses that belongs to one unit.

    Attributes
    ----------
    name : str
        Unit, and which of several.
    first, last : int
        Addresses: words on the bus, vectors in vector IO space.
    stride, used : int
        Addresses from one register to the next, and how many of them are the register.
    readable, writable : bool
        Neither: the model does not have the unit.
    """

    name: str
    first: int
    last: int
    stride: int = 1
    used: int = 1
    readable: bool = True
    writable: bool = True

    @property
    def is_modelled(self) -> bool:
        """Whether any access works."""
        return self.readable or self.writable

    def distance(self, address: int) -> int:
        """Addresses from here to the block, 0 inside."""
        return max(self.first - address, address - self.last, 0)


def _bus_blocks() -> tuple[Block, ...]:
    natives = (lib.nux_bus_block_at(i) for i in range(lib.nux_bus_num_blocks()))
    return tuple(
        Block(
            ffi.string(native.name).decode(),
            native.first,
            native.last,
            native.stride,
            native.used,
            bool(native.readable),
            bool(native.writable),
        )
        for native in natives
    )


_VECTORS_PER_ROW = 2
_ARRAY_VECTORS = _VECTORS_PER_ROW * mm.NUM_ROWS
_STORED_VECTORS = _VECTORS_PER_ROW * (mm.NUM_ROWS + 2)  # with the rows of switches


def _region(name: str, base: int, vectors: int, **kinds: bool) -> Block:
    return Block(name, base, base + vectors - 1, **kinds)


#: Word addresses of the on-chip bus, ascending.
BUS_BLOCKS: tuple[Block, ...] = _bus_blocks()

#: Vector IO space of a processor, ascending.
VECTOR_BLOCKS: tuple[Block, ...] = (
    _region("weights", mm.VECTOR_WEIGHT, _STORED_VECTORS),
    _region("time calibration bits", mm.VECTOR_TIME_CALIB, _STORED_VECTORS),
    _region("amplitude calibration bits", mm.VECTOR_AMP_CALIB, _STORED_VECTORS),
    _region("labels", mm.VECTOR_LABEL, _STORED_VECTORS),
    _region("causal CADC, correlation reset", mm.VECTOR_CAUSAL, _ARRAY_VECTORS),
    _region(
        "neuron reset by payload",
        mm.VECTOR_CAUSAL + _ARRAY_VECTORS,
        _VECTORS_PER_ROW,
        readable=False,
    ),
    _region(
        "correlation reset of both sensors",
        mm.VECTOR_RESET_CAUSAL,
        _ARRAY_VECTORS,
        readable=False,
    ),
    _region(
        "neuron reset",
        mm.VECTOR_RESET_CAUSAL + _ARRAY_VECTORS,
        _VECTORS_PER_ROW,
        readable=False,
    ),
    _region(
        "neuron reset, as in the vendor's speed test",
        mm.VECTOR_NEURON_RESET_OF_SPEED_TEST & ~mm.VECTOR_IGNORED,
        _VECTORS_PER_ROW,
        readable=False,
    ),
    _region("acausal CADC, correlation reset", mm.VECTOR_ACAUSAL, _ARRAY_VECTORS),
    _region(
        "correlation reset of both sensors (acausal base)",
        mm.VECTOR_RESET_ACAUSAL,
        _ARRAY_VECTORS,
        readable=False,
    ),
    _region("random generators", mm.VECTOR_RANDOM, _VECTORS_PER_ROW),
    _region("raw synapse memory", mm.VECTOR_RAW, 2 * _STORED_VECTORS),
    _region(
        "causal CADC, latched",
        mm.VECTOR_BUFFERED + mm.VECTOR_CAUSAL,
        _ARRAY_VECTORS,
        writable=False,
    ),
    _region(
        "acausal CADC, latched",
        mm.VECTOR_BUFFERED + mm.VECTOR_ACAUSAL,
        _ARRAY_VECTORS,
        writable=False,
    ),
    _region("external memory", mm.VECTOR_EXTMEM, mm.EXTMEM_SIZE // 16),
    _region("DRAM", mm.VECTOR_DRAM, mm.DRAM_SIZE // 16),
)


def _nearest(blocks: tuple[Block, ...], address: int) -> Block:
    return min(blocks, key=lambda block: block.distance(address))


def _range(block: Block) -> str:
    first = f"0x{block.first:08x}"
    return first if block.last == block.first else f"{first} to 0x{block.last:08x}"


def _refusal(blocks: tuple[Block, ...], address: int, place: str, is_store: bool) -> str:
    block = _nearest(blocks, address)
    if block.distance(address) > 0:
        return f"no unit at {place}; nearest known block: {block.name}, {_range(block)}" + (
            "" if block.is_modelled else " (not modelled)"
        )
    belongs = f"{place} belongs to {block.name}, {_range(block)}, "
    if not block.is_modelled:
        return belongs + "which the model does not have"
    if not (block.writable if is_store else block.readable):
        return belongs + f"which can only be {'read' if is_store else 'written'}"
    if (address - block.first) % block.stride >= block.used:
        registers = "one register" if block.used == 1 else f"{block.used} registers"
        return belongs + f"which has {registers} every {block.stride} words, not here"
    return belongs + "which is not connected"


def bus_refusal(word: int, is_store: bool) -> str:
    """Say why an access to a word address of the bus was refused, and what is near.

    Parameters
    ----------
    word : int
        Word address.
    is_store : bool
        Whether it was a write.
    """
    address = mm.OMNIBUS_DATA_BASE | (word << 2 & 0x7FFF_FFFF)
    place = f"bus word 0x{word:08x} (address 0x{address:08x})"
    block = _nearest(BUS_BLOCKS, word)
    offset = word - block.first
    if block.last - block.first == mm.OMNIBUS_SYNRAM_SIZE - 1 and block.distance(word) == 0:
        words = mm.VECTOR_BYTES // 4
        vector = offset & ~0xFFFF | (offset & 0xFFFF) // words
        inside = vector_refusal(vector, is_store)
        return f"{place} belongs to {block.name}, {_range(block)}: {inside}"
    return _refusal(BUS_BLOCKS, word, place, is_store)


def vector_refusal(address: int, is_store: bool) -> str:
    """Say why an access to a vector IO address was refused, and what is near."""
    external = (mm.VECTOR_EXTMEM, mm.VECTOR_DRAM)
    blocks = VECTOR_BLOCKS
    place = f"vector address 0x{address:08x}"
    inside = _nearest(blocks, address)
    if inside.first in external and inside.distance(address) == 0:
        last = inside.last - mm.VECTOR_BYTES // 16 + 1
        return (
            f"the {mm.VECTOR_BYTES} bytes at {place} do not fit into the {inside.name}, whose "
            f"last vector is at 0x{last:08x}"
        )
    if address & mm.VECTOR_IGNORED == mm.VECTOR_IGNORED and address < mm.VECTOR_EXTMEM:
        address &= ~mm.VECTOR_IGNORED
    return _refusal(blocks, address, place, is_store)
