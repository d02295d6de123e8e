# SPDX-License-Identifier: BSD-3-Clause
"""The vector unit in plain NumPy: the specification that the native core must equal.

Every instruction is one expression over lanes as 64-bit integers, so nothing overflows
before it is meant to; storing a lane keeps its low bits. Names as in
:mod:`nuxemu.isa.vector`: a and b are the lanes of VRA and VRB, acc those of the
accumulator, n the width of the element in bits.

Behaviour is that of the public RTL (electronicvisions/nux), which differs from its manual
in places; see the comments.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .isa import vector as isa
from .isa.vector import Kind, VectorInsn

Lanes = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

NUM_BYTES = 128
SLICE_BYTES = 16


@dataclass(frozen=True, slots=True)
class VectorState:
    """State of a vector unit; the arrays may be views of memory that others own.

    Attributes
    ----------
    vr : ndarray of uint8, shape (32, 128)
        Registers in memory byte order: lane 0 first, halfwords big-endian.
    acc : ndarray of uint32, shape (64,)
        One accumulator per halfword. Byte instructions keep that of the even byte in the
        upper half, that of the odd byte in the lower.
    vcr : ndarray of uint8, shape (128,)
        Condition of every byte: 0 none yet, 1 greater, 2 less, 3 equal.
    """

    vr: Bytes
    acc: npt.NDArray[np.uint32]
    vcr: Bytes

    @classmethod
    def zeros(cls) -> "VectorState":
        """Return a state of all zeros, as after reset."""
        return cls(
            np.zeros((32, NUM_BYTES), np.uint8),
            np.zeros(NUM_BYTES // 2, np.uint32),
            np.zeros(NUM_BYTES, np.uint8),
        )


# --- Lanes of registers and accumulator ------------------------------------------------

_BITS = {"h": 16, "b": 8, "": 8}
_REGISTER_DTYPE = {"h": ">i2", "b": "i1", "": "i1"}
_ACCUMULATOR_DTYPE = {"h": ">i4", "b": ">i2", "": ">i2"}


def _signed(register: Bytes, element: str) -> Lanes:
    """Return the lanes of a register, sign-extended."""
    return register.view(_REGISTER_DTYPE[element]).astype(np.int64)


def _unsigned(register: Bytes, element: str) -> Lanes:
    """Return the lanes of a register, zero-extended."""
    return _signed(register, element) & ((1 << _BITS[element]) - 1)


def _register(lanes: Lanes, element: str) -> Bytes:
    """Return the 128 bytes of a register with these lanes, modulo the element width."""
    return lanes.astype(_REGISTER_DTYPE[element]).view(np.uint8)


def _accumulator(state: VectorState, element: str) -> Lanes:
    """Return the lanes of the accumulator, sign-extended."""
    return state.acc.astype(">u4").view(_ACCUMULATOR_DTYPE[element]).astype(np.int64)


# --- Lane arithmetic ---------------------------------------------------------------------


def _saturate(x: Lanes, bits: int) -> Lanes:
    """Return x clamped to the signed range of a number of bits."""
    limit = 1 << (bits - 1)
    return np.clip(x, -limit, limit - 1)


def _fraction(a: Lanes, b: Lanes, n: int) -> Lanes:
    """Return the fractional product; minimum times minimum gives the maximum."""
    return _saturate(2 * a * b, 2 * n)


LaneFunction = Callable[[Lanes, Lanes, Lanes, int], Lanes]

#: Lane function of the instructions with signed arithmetic.
_LANES: dict[tuple[str, str], LaneFunction] = {
    ("fxvaddhm", "fxvaddbm"): lambda a, b, acc, n: a + b,
    ("fxvsubhm", "fxvsubbm"): lambda a, b, acc, n: a - b,
    ("fxvaddhfs", "fxvaddbfs"): lambda a, b, acc, n: _saturate(a + b, n),
    ("fxvsubhfs", "fxvsubbfs"): lambda a, b, acc, n: _saturate(a - b, n),
    ("fxvmulhm", "fxvmulbm"): lambda a, b, acc, n: a * b,
    ("fxvmulhfs", "fxvmulbfs"): lambda a, b, acc, n: _fraction(a, b, n) >> n,
    ("fxvmahm", "fxvmabm"): lambda a, b, acc, n: acc + a * b,
    ("fxvmahfs", "fxvmabfs"): lambda a, b, acc, n: _saturate(acc + _fraction(a, b, n), 2 * n) >> n,
    ("fxvaddachm", "fxvaddacbm"): lambda a, b, acc, n: acc + a,
    ("fxvaddachfs", "fxvaddacbfs"): lambda a, b, acc, n: _saturate(acc + (a << n), 2 * n) >> n,
    # To the accumulator:
    ("fxvmtach", "fxvmtacb"): lambda a, b, acc, n: a,
    ("fxvmtachf", "fxvmtacbf"): lambda a, b, acc, n: a << n,
    ("fxvaddtachm", "fxvaddtacb"): lambda a, b, acc, n: a + b,
    ("fxvaddactachm", "fxvaddactacb"): lambda a, b, acc, n: acc + a,
    ("fxvaddactachf", "fxvaddactacbf"): lambda a, b, acc, n: _saturate(acc + (a << n), 2 * n),
    ("fxvmultachm", "fxvmultacbm"): lambda a, b, acc, n: a * b,
    ("fxvmultachfs", "fxvmultacbfs"): lambda a, b, acc, n: _fraction(a, b, n),
    ("fxvmatachm", "fxvmatacbm"): lambda a, b, acc, n: acc + a * b,
    ("fxvmatachfs", "fxvmatacbfs"): lambda a, b, acc, n: _saturate(acc + _fraction(a, b, n), 2 * n),
}
LANE_FUNCTIONS = {name: function for names, function in _LANES.items() for name in names}


# --- Instructions that are not signed arithmetic on lanes -------------------------------


def _compare(a: Lanes) -> Lanes:
    """Return the condition of each lane: 1 greater than, 2 less than, 3 equal to zero."""
    return np.select([a > 0, a < 0], [1, 2], 3)


def _shift(a: Lanes, amount: int) -> Lanes:
    """Shift left by a signed amount; negative shifts right. Zeros come in."""
    return a << amount if amount >= 0 else a >> -amount


def _slices(register: Bytes) -> Lanes:
    """Return a register as (8, 16) unsigned bytes, one row a slice."""
    return _unsigned(register, "b").reshape(-1, SLICE_BYTES)


def _pack_upper(a: Lanes, b: Lanes, size: int) -> Lanes:
    """Return the even bytes of each slice of a, then b, shifted right by size."""
    source = np.hstack([a, b])
    return source[:, 0::2] >> size


def _pack_lower(a: Lanes, b: Lanes, size: int) -> Lanes:
    """Return what _pack_upper shifts out, followed by the upper bits of the odd byte."""
    source = np.hstack([a, b])
    shifted_out = source[:, 0::2] & ((1 << size) - 1)
    return shifted_out << (8 - 2 * size) | source[:, 1::2] >> (2 * size)


def _unpack(upper: Lanes, lower: Lanes, size: int) -> Lanes:
    """Return the slices that _pack_upper and _pack_lower would make these bytes of."""
    even = upper << size | (lower >> (8 - 2 * size)) & ((1 << size) - 1)
    odd = lower << (2 * size)
    return np.stack([even, odd], axis=-1).reshape(-1, SLICE_BYTES)


#: Slice function (a, b, size) of the pack instructions.
SLICE_FUNCTIONS: dict[str, Callable[[Lanes, Lanes, int], Lanes]] = {
    "fxvpckbu": _pack_upper,
    "fxvpckbl": _pack_lower,
    "fxvupckbl": lambda a, b, size: _unpack(a[:, :8], b[:, :8], size),
    "fxvupckbr": lambda a, b, size: _unpack(a[:, 8:], b[:, 8:], size),
}


# --- Execution ----------------------------------------------------------------------------


def byte_enables(state: VectorState, cond: int) -> npt.NDArray[np.bool_]:
    """Return which bytes a condition enables.

    Conditions are kept per byte, so after a byte compare a halfword instruction may write
    one byte of a halfword. The accumulator has 16 bits for each byte.

    Parameters
    ----------
    state : VectorState
        Its condition register is read.
    cond : int
        0 always, 1 greater, 2 less, 3 equal.

    Returns
    -------
    ndarray of bool, shape (128,)
    """
    return np.full(NUM_BYTES, True) if cond == 0 else state.vcr == cond


def effective_address(word: int, gpr: Sequence[int]) -> int:
    """Return the address of a memory or bus instruction, (RA|0) + RB modulo 2**32."""
    ra = isa.RA0.decode(word)
    return ((gpr[ra] if ra else 0) + gpr[isa.RB.decode(word)]) & 0xFFFF_FFFF


def word_addresses(address: int) -> npt.NDArray[np.uint32]:
    """Return the 32-bit words that fxvlax and fxvstax access.

    The lowest two address bits are ignored. The words are counted up from address / 4 in
    32 bits, so an access does not wrap at the end of the byte address space.

    Parameters
    ----------
    address : int
        Effective byte address.

    Returns
    -------
    ndarray of uint32, shape (32,)
        Word addresses; word i is bytes 4i to 4i + 3 of the register, big-endian.
    """
    return np.uint32(address >> 2) + np.arange(NUM_BYTES // 4, dtype=np.uint32)


def _result(state: VectorState, insn: VectorInsn, word: int, gpr: Sequence[int]) -> Bytes:
    """Return the 128 bytes that an instruction would write to VRT without condition."""
    a = state.vr[isa.VRA.decode(word)]
    b = state.vr[isa.VRB.decode(word)]
    if insn.kind is Kind.SPLAT:
        value = gpr[isa.RA.decode(word)]
        return _register(np.full(NUM_BYTES * 8 // _BITS[insn.element], value), insn.element)
    if isa.SHIFT in insn.operands:
        lanes = _shift(_unsigned(a, insn.element), isa.SHIFT.decode(word))
        return _register(lanes, insn.element)
    if insn.mnemonic in SLICE_FUNCTIONS:
        slices = SLICE_FUNCTIONS[insn.mnemonic](_slices(a), _slices(b), isa.SIZE.decode(word))
        return _register(slices.ravel(), "b")
    return _register(_arithmetic(state, insn, word), insn.element)


def _arithmetic(state: VectorState, insn: VectorInsn, word: int) -> Lanes:
    """Return the lanes that a signed arithmetic instruction computes."""
    return LANE_FUNCTIONS[insn.mnemonic](
        _signed(state.vr[isa.VRA.decode(word)], insn.element),
        _signed(state.vr[isa.VRB.decode(word)], insn.element),
        _accumulator(state, insn.element),
        _BITS[insn.element],
    )


def execute(state: VectorState, word: int, gpr: Sequence[int]) -> None:
    """Execute one vector instruction that touches no memory and no bus.

    Parameters
    ----------
    state : VectorState
        Changed in place.
    word : int
        Instruction word.
    gpr : sequence of int, length 32
        General registers, unsigned; splats read one.

    Raises
    ------
    ValueError
        If the word is not a vector instruction, or one of memory or bus.
    """
    insn = isa.decode(word)
    if insn is None or insn.kind not in (Kind.ARITH, Kind.SPLAT):
        raise ValueError(
            f"word {word:#010x} is not a vector instruction that can be executed "
            "without memory or bus"
        )
    if insn.form.writes_vcr:
        conditions = _compare(_signed(state.vr[isa.VRA.decode(word)], insn.element))
        state.vcr[:] = np.repeat(conditions, _BITS[insn.element] // 8)
        return
    enables = byte_enables(state, isa.COND.decode(word) if insn.conditional else 0)
    if insn.form.writes_acc:
        lanes = _arithmetic(state, insn, word).astype(_ACCUMULATOR_DTYPE[insn.element])
        halves = state.acc.astype(">u4").view(">u2")
        halves[enables] = lanes.view(">u2")[enables]
        state.acc[:] = halves.view(">u4")
        return
    target = state.vr[isa.VRT.decode(word)]
    if insn.mnemonic == "fxvsel":
        a, b = state.vr[isa.VRA.decode(word)], state.vr[isa.VRB.decode(word)]
        target[:] = np.where(enables, b, a)
        return
    target[:] = np.where(enables, _result(state, insn, word, gpr), target)
