# SPDX-License-Identifier: BSD-3-Clause
"""The vector instruction table: the one place where an instruction is described.

Assembler macros, C intrinsics, native decode table, disassembler and reference page
are generated from :data:`VECTOR` (see :mod:`nuxemu.isa.generate`). A new instruction
is one new row here, plus its lane arithmetic in ``nuxemu/reference.py`` and
``native/vector_lanes.h``, both of which are looked up by mnemonic.

Notation of the semantics line, per lane (a halfword or a byte):

======== ==========================================================================
a, b, d  lane of VRA, VRB, VRT, signed unless said otherwise
acc      lane of the accumulator, twice as wide as the element
low(x)   lower half of a double-width value; high(x) the upper half
sat(x)   x clamped to the signed range of the element
wsat(x)  x clamped to the signed range of twice the element
widen(a) a sign-extended to double width; left(a) is a in the upper half, zeros below
frac     wsat(2 * a * b), the fractional product
======== ==========================================================================

Encoding (bit 0 is the most significant): 0-5 primary opcode 4, 6-10 RT, 11-15 RA,
16-20 RB or signed shift, 21-29 extended opcode, 30-31 condition or size.

Sources: public Nux manual and RTL (electronicvisions/nux); where they differ the RTL
holds. Cycle figures: simulation of the public RTL, one slice, ideal buses.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

PRIMARY_OPCODE = 4
#: Bits that identify a vector instruction: primary and extended opcode.
OPCODE_MASK = 0xFC00_07FC
CONDITIONS = ("always", "gt", "lt", "eq")


@dataclass(frozen=True, slots=True, eq=False)
class Operand:
    """One operand of an instruction, as written in assembler; compared by identity.

    Attributes
    ----------
    name : str
        Name in the manual's notation, lower case.
    position : int
        Distance of the field from the least significant bit.
    lowest, highest : int
        Legal values, inclusive. A negative ``lowest`` makes the field signed.
    optional : bool
        Whether it may be left out, and then is zero.
    """

    name: str
    position: int
    lowest: int
    highest: int
    optional: bool = False

    @property
    def mask(self) -> int:
        """Mask of the field, right-aligned."""
        return self.highest - self.lowest if self.lowest < 0 else self.highest

    def encode(self, value: int) -> int:
        """Return the field's bits in an instruction word.

        Raises
        ------
        ValueError
            If the value does not fit.
        """
        if not self.lowest <= value <= self.highest:
            raise ValueError(
                f"operand {self.name} is {value}, must be {self.lowest} to {self.highest}"
            )
        return (value & self.mask) << self.position

    def decode(self, word: int) -> int:
        """Return the operand's value in an instruction word."""
        field = (word >> self.position) & self.mask
        return field - self.mask - 1 if field > self.highest else field


VRT = Operand("vrt", 21, 0, 31)
VRS = Operand("vrs", 21, 0, 31)
VRA = Operand("vra", 16, 0, 31)
VRB = Operand("vrb", 11, 0, 31)
#: Address operand: general register, where 0 means the value zero.
RA0 = Operand("ra0", 16, 0, 31)
#: Splat source. The processor does not track a pending write to r0 here and may read
#: the old value (RTL: predecode), so r0 is not legal in programs.
RA = Operand("ra", 16, 1, 31)
RB = Operand("rb", 11, 0, 31)
SHIFT = Operand("shift", 11, -16, 15)
COND = Operand("cond", 0, 0, 3, optional=True)
#: Accepted in assembler, ignored by the processor.
COND_IGNORED = Operand("cond", 0, 0, 3, optional=True)
SIZE = Operand("size", 0, 0, 3, optional=True)


class Kind(Enum):
    """What the processor core has to do for an instruction."""

    ARITH = "arith"
    SPLAT = "splat"
    LAX = "lax"
    STAX = "stax"
    INX = "inx"
    OUTX = "outx"


@dataclass(frozen=True, slots=True)
class Form:
    """What the instructions of one class have in common.

    Attributes
    ----------
    operands : tuple of Operand
        In assembler order.
    issue, latency : int
        Cycles until the next independent instruction of the class can issue, and until
        the result can be used.
    kind : Kind
        What the core has to do.
    reads_acc, writes_acc, writes_vcr : bool
        Use of accumulator and condition register; a condition operand reads the latter.
    """

    operands: tuple[Operand, ...]
    issue: int
    latency: int
    kind: Kind = Kind.ARITH
    reads_acc: bool = False
    writes_acc: bool = False
    writes_vcr: bool = False


_TWO_TO_VRT = Form((VRT, VRA, VRB, COND), 5, 12)
_TWO_ACC_TO_VRT = Form((VRT, VRA, VRB, COND), 5, 12, reads_acc=True)
# The issue interval of this class was not measured; one operand less saves one cycle in
# the classes where it was.
_ONE_ACC_TO_VRT = Form((VRT, VRA, COND), 4, 11, reads_acc=True)
_TWO_TO_ACC = Form((VRA, VRB, COND), 4, 12, writes_acc=True)
_TWO_ACC_TO_ACC = Form((VRA, VRB, COND), 4, 12, reads_acc=True, writes_acc=True)
_ONE_TO_ACC = Form((VRA, COND), 3, 11, writes_acc=True)
_ONE_ACC_TO_ACC = Form((VRA, COND), 3, 11, reads_acc=True, writes_acc=True)
_COMPARE = Form((VRA,), 8, 10, writes_vcr=True)
_SPLAT = Form((VRT, RA), 6, 6, Kind.SPLAT)
_SHIFT = Form((VRT, VRA, SHIFT), 7, 7)
_SELECT = Form((VRT, VRA, VRB, COND), 9, 9)
_PACK = Form((VRT, VRA, VRB, SIZE), 9, 9)
_LAX = Form((VRT, RA0, RB, COND_IGNORED), 10, 12, Kind.LAX)
_STAX = Form((VRS, RA0, RB, COND_IGNORED), 10, 11, Kind.STAX)
_INX = Form((VRT, RA0, RB, COND), 3, 8, Kind.INX)
_OUTX = Form((VRS, RA0, RB, COND), 4, 8, Kind.OUTX)


@dataclass(frozen=True, slots=True)
class VectorInsn:
    """One vector instruction.

    Attributes
    ----------
    mnemonic : str
        Name in the RTL; the disassembler prints this one.
    xo : int
        Extended opcode, 9 bits.
    element : str
        ``"h"`` halfword or ``"b"`` byte lanes, ``""`` where lanes do not matter.
    form : Form
        Operands, timing and use of hidden state.
    semantics : str
        What happens in each lane, in the notation of the module.
    aliases : tuple of str
        Other names, accepted by the assembler.
    """

    mnemonic: str
    xo: int
    element: str
    form: Form
    semantics: str
    aliases: tuple[str, ...] = ()

    @property
    def operands(self) -> tuple[Operand, ...]:
        """Operands in assembler order."""
        return self.form.operands

    @property
    def kind(self) -> Kind:
        """What the core has to do."""
        return self.form.kind

    @property
    def unit(self) -> str:
        """Part of the vector unit that executes it, as in ``enum nux_vunit``."""
        if self.kind in (Kind.LAX, Kind.STAX):
            return "memory"
        if self.kind in (Kind.INX, Kind.OUTX):
            return "bus"
        if self.form.writes_vcr:
            return "compare"
        return "permute" if self.form in (_SPLAT, _SHIFT, _SELECT, _PACK) else "arith"

    @property
    def reads(self) -> int:
        """Number of vector registers that it reads."""
        return sum(operand in self.operands for operand in (VRS, VRA, VRB))

    @property
    def writes(self) -> bool:
        """Whether it writes a vector register."""
        return VRT in self.operands

    @property
    def base(self) -> int:
        """Instruction word with all operands zero."""
        return PRIMARY_OPCODE << 26 | self.xo << 2

    @property
    def conditional(self) -> bool:
        """Whether a condition restricts the lanes."""
        return COND in self.operands

    def encode(self, *operands: int) -> int:
        """Return the instruction word.

        Parameters
        ----------
        *operands : int
            Values in assembler order; trailing optional ones may be left out.

        Returns
        -------
        int
            The 32-bit word.

        Raises
        ------
        ValueError
            If the number of operands or one of the values is wrong.
        """
        required = sum(not operand.optional for operand in self.operands)
        if not required <= len(operands) <= len(self.operands):
            raise ValueError(
                f"{self.mnemonic} takes {required} to {len(self.operands)} operands, "
                f"not {len(operands)}"
            )
        word = self.base
        for operand, value in zip(self.operands, operands, strict=False):
            try:
                word |= operand.encode(value)
            except ValueError as error:
                raise ValueError(f"{self.mnemonic}: {error}") from None
        return word

    def operand_values(self, word: int) -> tuple[int, ...]:
        """Return the operands of an instruction word, in assembler order."""
        return tuple(operand.decode(word) for operand in self.operands)


_Row = VectorInsn
VECTOR: tuple[VectorInsn, ...] = (
    # Multiply and multiply-accumulate
    _Row("fxvmahm", 12, "h", _TWO_ACC_TO_VRT, "d = low(acc + a * b)"),
    _Row("fxvmabm", 13, "b", _TWO_ACC_TO_VRT, "d = low(acc + a * b)"),
    _Row("fxvmtacb", 14, "b", _ONE_TO_ACC, "acc = widen(a)"),
    _Row("fxvmtach", 15, "h", _ONE_TO_ACC, "acc = widen(a)"),
    _Row("fxvmahfs", 28, "h", _TWO_ACC_TO_VRT, "d = high(wsat(acc + frac))"),
    _Row("fxvmabfs", 29, "b", _TWO_ACC_TO_VRT, "d = high(wsat(acc + frac))"),
    _Row("fxvmtacbf", 30, "b", _ONE_TO_ACC, "acc = left(a)"),
    _Row("fxvmtachf", 31, "h", _ONE_TO_ACC, "acc = left(a)"),
    _Row("fxvmatachm", 44, "h", _TWO_ACC_TO_ACC, "acc = acc + a * b, modulo"),
    _Row("fxvmatacbm", 45, "b", _TWO_ACC_TO_ACC, "acc = acc + a * b, modulo"),
    _Row("fxvmatachfs", 60, "h", _TWO_ACC_TO_ACC, "acc = wsat(acc + frac)"),
    _Row("fxvmatacbfs", 61, "b", _TWO_ACC_TO_ACC, "acc = wsat(acc + frac)"),
    _Row("fxvmulhm", 76, "h", _TWO_TO_VRT, "d = low(a * b)"),
    _Row("fxvmulbm", 77, "b", _TWO_TO_VRT, "d = low(a * b)"),
    _Row("fxvmulhfs", 92, "h", _TWO_TO_VRT, "d = high(frac)"),
    _Row("fxvmulbfs", 93, "b", _TWO_TO_VRT, "d = high(frac)"),
    _Row("fxvmultachm", 108, "h", _TWO_TO_ACC, "acc = a * b"),
    _Row("fxvmultacbm", 109, "b", _TWO_TO_ACC, "acc = a * b"),
    _Row("fxvmultachfs", 124, "h", _TWO_TO_ACC, "acc = frac"),
    _Row("fxvmultacbfs", 125, "b", _TWO_TO_ACC, "acc = frac"),
    # Parallel bus, pack
    _Row(
        "fxvinx",
        236,
        "",
        _INX,
        "VRT = vector at bus address RA|0 + RB, all bytes of it; "
        "the condition only sets the byte enables of the request",
    ),
    _Row(
        "fxvpckbu",
        239,
        "b",
        _PACK,
        "unsigned bytes, slice by slice: with s = slice of VRA "
        "followed by slice of VRB, VRT[i] = s[2i] >> size",
    ),
    _Row(
        "fxvoutx",
        252,
        "",
        _OUTX,
        "vector at bus address RA|0 + RB = VRS, bytes where the condition holds",
    ),
    _Row(
        "fxvpckbl",
        255,
        "b",
        _PACK,
        "unsigned bytes, slice by slice: with s = slice of VRA "
        "followed by slice of VRB, VRT[i] = the lowest size bits of s[2i], then the upper "
        "8 - 2 * size bits of s[2i+1], left-aligned",
    ),
    # Splat, unpack, compare, shift, select
    _Row("fxvsplath", 268, "h", _SPLAT, "d = low halfword of RA"),
    _Row("fxvsplatb", 269, "b", _SPLAT, "d = low byte of RA"),
    _Row(
        "fxvupckbr",
        271,
        "b",
        _PACK,
        "unsigned bytes, slice by slice: with a, b = byte 8 + i of "
        "the slices of VRA, VRB, VRT[2i] = a << size | b >> (8 - 2 * size) & (2^size - 1), "
        "VRT[2i+1] = b << (2 * size)",
    ),
    _Row("fxvupckbl", 287, "b", _PACK, "as fxvupckbr with byte i instead of 8 + i"),
    _Row("fxvcmph", 300, "h", _COMPARE, "condition = gt, lt or eq: a against zero", ("fxvcmphm",)),
    _Row("fxvcmpb", 301, "b", _COMPARE, "condition = gt, lt or eq: a against zero"),
    _Row(
        "fxvshh",
        316,
        "h",
        _SHIFT,
        "unsigned: d = a << shift, or a >> -shift if negative; zeros come in",
    ),
    _Row(
        "fxvshb",
        317,
        "b",
        _SHIFT,
        "unsigned: d = a << shift, or a >> -shift if negative; zeros come in",
    ),
    _Row("fxvsel", 319, "", _SELECT, "d = b where the condition holds, else a"),
    # Add and subtract
    _Row("fxvsubhm", 332, "h", _TWO_TO_VRT, "d = a - b, modulo"),
    _Row("fxvsubbm", 333, "b", _TWO_TO_VRT, "d = a - b, modulo"),
    _Row("fxvsubhfs", 348, "h", _TWO_TO_VRT, "d = sat(a - b)"),
    _Row("fxvsubbfs", 349, "b", _TWO_TO_VRT, "d = sat(a - b)"),
    _Row("fxvaddactachm", 364, "h", _ONE_ACC_TO_ACC, "acc = acc + widen(a), modulo"),
    _Row(
        "fxvaddactacb",
        365,
        "b",
        _ONE_ACC_TO_ACC,
        "acc = acc + widen(a), modulo",
        ("fxvaddactacbm",),
    ),
    _Row("fxvaddactachf", 380, "h", _ONE_ACC_TO_ACC, "acc = wsat(acc + left(a))"),
    _Row("fxvaddactacbf", 381, "b", _ONE_ACC_TO_ACC, "acc = wsat(acc + left(a))"),
    _Row("fxvaddachm", 396, "h", _ONE_ACC_TO_VRT, "d = low(acc + widen(a))"),
    _Row("fxvaddacbm", 397, "b", _ONE_ACC_TO_VRT, "d = low(acc + widen(a))"),
    _Row("fxvaddachfs", 412, "h", _ONE_ACC_TO_VRT, "d = high(wsat(acc + left(a)))"),
    _Row("fxvaddacbfs", 413, "b", _ONE_ACC_TO_VRT, "d = high(wsat(acc + left(a)))"),
    _Row("fxvaddtachm", 428, "h", _TWO_TO_ACC, "acc = widen(a) + widen(b)", ("fxvaddtach",)),
    _Row("fxvaddtacb", 429, "b", _TWO_TO_ACC, "acc = widen(a) + widen(b)"),
    _Row("fxvaddhm", 460, "h", _TWO_TO_VRT, "d = a + b, modulo"),
    _Row("fxvaddbm", 461, "b", _TWO_TO_VRT, "d = a + b, modulo"),
    _Row("fxvaddhfs", 476, "h", _TWO_TO_VRT, "d = sat(a + b)"),
    _Row("fxvaddbfs", 477, "b", _TWO_TO_VRT, "d = sat(a + b)"),
    # Memory
    _Row(
        "fxvlax",
        492,
        "",
        _LAX,
        "VRT = 128 bytes of memory at RA|0 + RB, address bits 1 and 0 ignored",
    ),
    _Row(
        "fxvstax",
        508,
        "",
        _STAX,
        "128 bytes of memory at RA|0 + RB = VRS, address bits 1 and 0 ignored",
    ),
)

#: Row of each mnemonic, aliases included.
BY_MNEMONIC: Mapping[str, VectorInsn] = MappingProxyType(
    {name: insn for insn in VECTOR for name in (insn.mnemonic, *insn.aliases)}
)
_BY_BASE = {insn.base: insn for insn in VECTOR}


def decode(word: int) -> VectorInsn | None:
    """Return the vector instruction that a 32-bit word encodes, or None."""
    return _BY_BASE.get(word & OPCODE_MASK)
