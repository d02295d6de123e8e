# SPDX-License-Identifier: BSD-3-Clause
"""The two vector units behind one interface, and eight RTL slices for them to equal."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nuxemu import _native, reference
from nuxemu.isa import vector as isa
from nuxemu.isa.vector import Kind, VectorInsn, decode
from nuxemu.reference import VectorState

SLICES = 8


class ReferenceCore:
    """The NumPy reference."""

    def __init__(self) -> None:
        self.state = VectorState.zeros()

    def execute(self, word: int, gpr: list[int]) -> None:
        reference.execute(self.state, word, gpr)

    def run(self, words: list[int], gpr: list[int]) -> None:
        for word in words:
            reference.execute(self.state, word, gpr)

    def address(self, word: int, gpr: list[int]) -> int:
        return reference.effective_address(word, gpr)

    def enables(self, word: int) -> np.ndarray:
        return reference.byte_enables(self.state, word & 3)


class NativeCore:
    """The native core, with the lanes that this machine runs best."""

    lanes = _native.lib.NUX_LANES_BEST

    def __init__(self) -> None:
        self.raw = _native.ffi.new("nux_vstate *")
        self.insn = _native.ffi.new("nux_vinsn *")

        def view(member: Any, dtype: type) -> np.ndarray:
            return np.frombuffer(_native.ffi.buffer(member), dtype)

        self.state = VectorState(
            view(self.raw.vr, np.uint8).reshape(32, 128),
            view(self.raw.acc, np.uint32),
            view(self.raw.vcr, np.uint8),
        )

    def execute(self, word: int, gpr: list[int]) -> None:
        self.run([word], gpr)

    def run(self, words: list[int], gpr: list[int]) -> None:
        _native.lib.nux_vselect_lanes(self.lanes)
        executed = _native.lib.nux_vrun(self.raw, words, len(words), gpr)
        _native.lib.nux_vselect_lanes(_native.lib.NUX_LANES_BEST)
        assert executed == len(words), f"native core refuses {words[executed]:#010x}"

    def address(self, word: int, gpr: list[int]) -> int:
        assert _native.lib.nux_vdecode(word, self.insn)
        return _native.lib.nux_vaddress(self.insn, gpr)

    def enables(self, word: int) -> np.ndarray:
        assert _native.lib.nux_vdecode(word, self.insn)
        enable = np.empty(128, np.uint8)
        _native.lib.nux_venable(self.raw, self.insn.cond, _native.ffi.from_buffer(enable))
        assert set(enable) <= {0, 0xFF}
        return enable == 0xFF


class PortableNativeCore(NativeCore):
    """The native core, with the lanes for machines without AVX2."""

    lanes = _native.lib.NUX_LANES_PORTABLE


CORES = (ReferenceCore, NativeCore, PortableNativeCore)
Core = ReferenceCore | NativeCore


# --- Conversion of golden values; shape (..., slice) holds one RTL machine a slice ----------


def slice_bytes(digits: str) -> np.ndarray:
    """Return the 16 bytes of a vector."""
    return np.frombuffer(bytes.fromhex(digits), np.uint8)


def slice_acc(digits: str) -> np.ndarray:
    """Return the 8 accumulators of a slice."""
    return np.frombuffer(bytes.fromhex(digits), ">u4").astype(np.uint32)


def slice_vcr(digits: str) -> np.ndarray:
    """Return the condition of 16 bytes: 0 none, 1 greater, 2 less, 3 equal."""
    conditions = []
    for element in (int(digits[i : i + 3], 16) for i in range(0, 24, 3)):
        flags = {3: element >> 8, 1: element >> 4 & 15, 2: element & 15}
        for nibbles in (0b1100, 0b0011):
            held = [code for code, bits in flags.items() if bits & nibbles == nibbles]
            assert len(held) <= 1 and all(
                bits & nibbles in (0, nibbles) for bits in flags.values()
            ), digits
            conditions.append(held[0] if held else 0)
    return np.array(conditions, np.uint8)


@dataclass
class Memories:
    """Memory and parallel bus of the eight machines, in lockstep, with their transactions."""

    words: list[dict[int, int]] = field(default_factory=lambda: [{} for _ in range(SLICES)])
    vectors: list[dict[int, bytes]] = field(default_factory=lambda: [{} for _ in range(SLICES)])
    bus: list[list[dict[str, str]]] = field(default_factory=lambda: [[] for _ in range(SLICES)])

    def record(self, machine: int, kind: str, address: int, data: str, enables: str) -> None:
        self.bus[machine].append({"k": kind, "addr": f"{address:08x}", "data": data, "be": enables})


def with_operands(record: dict[str, Any], word: int) -> tuple[int, list[int]]:
    """Return the word and general registers that give an instruction its recorded operands.

    The records have the operands that reach the vector unit, whatever register they came
    from: RA gets another number where it would mean the value zero, or is RB too.
    """
    insn = decode(word)
    gpr = [0] * 32
    if isa.RA0 in insn.operands:
        rb = isa.RB.decode(word)
        ra = 1 + rb % 31 if isa.RA0.decode(word) in (0, rb) else isa.RA0.decode(word)
        word = word & ~(31 << isa.RA0.position) | isa.RA0.encode(ra)
        gpr[rb] = int(record["gb"], 16)
        gpr[ra] = int(record["ga"], 16)
    elif isa.RA in insn.operands:
        gpr[isa.RA.decode(word)] = int(record["ga"], 16)
    return word, gpr


def step(core: Core, word: int, gpr: list[int], memories: Memories) -> None:
    """Execute one instruction, with the memory and bus accesses that it makes."""
    insn = decode(word)
    assert insn is not None
    if insn.kind in (Kind.ARITH, Kind.SPLAT):
        core.execute(word, gpr)
    else:
        _access(core, insn, word, gpr, memories)


def _access(core: Core, insn: VectorInsn, word: int, gpr: list[int], memories: Memories) -> None:
    address = core.address(word, gpr)
    register = core.state.vr[word >> 21 & 31].reshape(SLICES, 16)
    enables = core.enables(word).reshape(SLICES, 16)
    for i in range(SLICES):
        if insn.kind in (Kind.LAX, Kind.STAX):
            words = register[i].view(">u4")
            for j, place in enumerate(map(int, reference.word_addresses(address)[:4])):
                if insn.kind is Kind.LAX:
                    words[j] = memories.words[i].get(place, 0)
                else:
                    memories.words[i][place] = int(words[j])
                memories.record(
                    i, "L" if insn.kind is Kind.LAX else "S", place, f"{words[j]:08x}", "000f"
                )
            continue
        bits = np.packbits(enables[i]).tobytes().hex()
        held = memories.vectors[i].get(address, bytes(16))
        if insn.kind is Kind.INX:
            register[i] = np.frombuffer(held, np.uint8)
            memories.record(i, "I", address, held.hex(), bits)
        else:
            memories.record(i, "O", address, register[i].tobytes().hex(), bits)
            memories.vectors[i][address] = np.where(
                enables[i], register[i], np.frombuffer(held, np.uint8)
            ).tobytes()
