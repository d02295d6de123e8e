# SPDX-License-Identifier: BSD-3-Clause
"""The scalar instructions that the processor has: one table.

The rows are the implemented mnemonics of the public RTL (Power ISA 2.06, 32-bit
embedded subset, without byte-reversed and string accesses, ``isel``, cache control
and floating point). What is not listed is a silent no-op on the chip. The native
core's ``native/scalar_table.h`` is generated from this table, and the build's
verification and the documentation read it.
"""

from __future__ import annotations

from dataclasses import dataclass

RC = 0x0000_0001  # record bit: writes CR0
OE = 0x0000_0400  # overflow bit: writes XER[OV, SO]
LK = 0x0000_0001  # branch and link
AA = 0x0000_0002  # absolute address
BO_KEEPS_CTR = 0x0080_0000  # conditional branch: does not decrement the count register

_RT, _RA, _RB = 0x03E0_0000, 0x001F_0000, 0x0000_F800
_D = 0x0000_FFFF


@dataclass(frozen=True)
class ScalarInsn:
    """One scalar instruction.

    Attributes
    ----------
    mnemonic : str
        Base mnemonic, without the suffixes that `optional` bits add.
    match, mask : int
        A word is this instruction when ``word & mask == match``.
    optional : int
        Bits that select a variant (``RC``, ``OE``, ``LK``, ``AA``).
    reserved : int
        Bits that the instruction does not use; the processor ignores them.
    kind : str
        Who executes it in the model and how it moves data: ``plain`` (the scalar
        engine), ``branch``, ``load``, ``store`` or ``native`` (the native core, where
        the chip differs from the engine).
    size : int
        Bytes that a load or store moves; 0 for others, -1 for load/store multiple.
    update : bool
        The load or store writes its address back to RA.
    dest : str
        Field that names the written general register: ``rt``, ``ra`` or empty.
    carry : bool
        Writes the carry in XER.
    issue, latency : int
        Cycles until the next instruction may issue if it depends on nothing, and until
        one that needs the written general register may (RTL, ideal memories).
    """

    mnemonic: str
    match: int
    mask: int
    optional: int = 0
    reserved: int = 0
    kind: str = "plain"
    size: int = 0
    update: bool = False
    dest: str = "rt"
    carry: bool = False
    issue: int = 1
    latency: int = 1

    def name(self, word: int) -> str:
        """Mnemonic with the suffixes that `word` selects, such as ``addo.``."""
        suffix = ""
        if self.optional & OE and word & OE:
            suffix += "o"
        if self.kind == "branch":
            suffix += "l" if self.optional & LK and word & LK else ""
            suffix += "a" if self.optional & AA and word & AA else ""
        elif self.optional & RC and word & RC:
            suffix += "."
        return self.mnemonic + suffix


def _d(mnemonic: str, primary: int, **fields: object) -> ScalarInsn:
    """Return a row of D form: only the primary opcode selects it."""
    return ScalarInsn(mnemonic, primary << 26, 0xFC00_0000, **fields)  # type: ignore[arg-type]


def _x(
    mnemonic: str, primary: int, xo: int, *, optional: int = 0, reserved: int = 0, **fields: object
) -> ScalarInsn:
    """Return a row of X, XL, XFX or XO form: primary opcode and extended opcode.

    ``XO`` form is recognised by its OE bit; what is neither optional nor an operand
    must be given as reserved.
    """
    mask = 0xFC00_0000 | (0x3FE if (optional | reserved) & OE else 0x7FE)
    return ScalarInsn(
        mnemonic,
        primary << 26 | xo << 1,
        mask,
        optional,
        reserved | (0 if optional & 1 else 1),
        **fields,  # type: ignore[arg-type]
    )


def _arithmetic() -> list[ScalarInsn]:
    mul = {"latency": 4}
    div = {"issue": 32, "latency": 32}
    rows = [
        _d("addi", 14),
        _d("addis", 15),
        _d("addic", 12, carry=True),
        _d("addic.", 13, carry=True),
        _d("subfic", 8, carry=True),
        _d("mulli", 7, **mul),
    ]
    xo = {
        "add": 266, "addc": 10, "adde": 138, "subf": 40, "subfc": 8, "subfe": 136,
    }  # fmt: skip
    rows += [
        _x(name, 31, number, optional=OE | RC, carry=name not in ("add", "subf"))
        for name, number in xo.items()
    ]
    one_operand = {"addme": 234, "addze": 202, "subfme": 232, "subfze": 200, "neg": 104}
    rows += [
        _x(name, 31, number, optional=OE | RC, reserved=_RB, carry=name != "neg")
        for name, number in one_operand.items()
    ]
    rows += [
        _x("mullw", 31, 235, optional=OE | RC, **mul),
        _x("mulhw", 31, 75, optional=RC, reserved=OE, **mul),
        _x("mulhwu", 31, 11, optional=RC, reserved=OE, **mul),
        _x("divw", 31, 491, optional=OE | RC, **div),
        _x("divwu", 31, 459, optional=OE | RC, **div),
    ]
    return rows


def _logic() -> list[ScalarInsn]:
    immediate = {"andi.": 28, "andis.": 29, "ori": 24, "oris": 25, "xori": 26, "xoris": 27}
    rows = [_d(name, primary, dest="ra") for name, primary in immediate.items()]
    two = {
        "and": 28, "andc": 60, "or": 444, "orc": 412, "xor": 316, "nand": 476, "nor": 124,
        "eqv": 284,
    }  # fmt: skip
    rows += [_x(name, 31, xo, optional=RC, dest="ra") for name, xo in two.items()]
    one = {"extsb": 954, "extsh": 922, "cntlzw": 26}
    rows += [_x(name, 31, xo, optional=RC, reserved=_RB, dest="ra") for name, xo in one.items()]
    rows += [
        # Absent from the scalar engine's processor model.
        _x("popcntb", 31, 122, reserved=_RB, kind="native", dest="ra"),
        _x("prtyw", 31, 154, reserved=_RB, kind="native", dest="ra"),
        # The chip shifts modulo 32, Power ISA and the engine give 0 or the sign.
        _x("slw", 31, 24, optional=RC, dest="ra"),
        _x("srw", 31, 536, optional=RC, dest="ra"),
        _x("sraw", 31, 792, optional=RC, dest="ra", carry=True),
        _x("srawi", 31, 824, optional=RC, dest="ra", carry=True),
    ]
    rows += [
        ScalarInsn(name, primary << 26, 0xFC00_0000, RC, dest="ra")
        for name, primary in {"rlwimi": 20, "rlwinm": 21, "rlwnm": 23}.items()
    ]
    return rows


def _compare_and_condition() -> list[ScalarInsn]:
    cmp_reserved = 0x0060_0000  # the L bit selects 64-bit compares elsewhere
    rows = [
        _d("cmpwi", 11, reserved=cmp_reserved, dest=""),
        _d("cmplwi", 10, reserved=cmp_reserved, dest=""),
        _x("cmpw", 31, 0, reserved=cmp_reserved, dest=""),
        _x("cmplw", 31, 32, reserved=cmp_reserved, dest=""),
        _d("twi", 3, kind="native", dest=""),
        _x("tw", 31, 4, kind="native", dest=""),
    ]
    cr = {
        "crand": 257, "crandc": 129, "creqv": 289, "crnand": 225, "crnor": 33, "cror": 449,
        "crorc": 417, "crxor": 193,
    }  # fmt: skip
    rows += [_x(name, 19, xo, dest="") for name, xo in cr.items()]
    rows += [
        _x("mcrf", 19, 0, reserved=0x0063_F800, dest=""),
        # mtocrf is mtcrf with bit 11 set; the engine gets it as mtcrf.
        _x("mtcrf", 31, 144, reserved=0x0010_0800, dest=""),
        ScalarInsn("mfcr", 31 << 26 | 19 << 1, 0xFC10_07FE, reserved=0x000F_F801),
        # Keeps the unselected bits of RT.
        ScalarInsn("mfocrf", 31 << 26 | 1 << 20 | 19 << 1, 0xFC10_07FE, 0, 0x801, "native"),
    ]
    return rows


def _loads_and_stores() -> list[ScalarInsn]:
    rows = []
    d_form = {
        "lbz": (34, 1), "lhz": (40, 2), "lha": (42, 2), "lwz": (32, 4),
        "stb": (38, 1), "sth": (44, 2), "stw": (36, 4),
    }  # fmt: skip
    x_form = {
        "lbzx": (87, 1), "lhzx": (279, 2), "lhax": (343, 2), "lwzx": (23, 4),
        "stbx": (215, 1), "sthx": (407, 2), "stwx": (151, 4),
    }  # fmt: skip
    for base, (primary, size) in d_form.items():
        kind = "load" if base[0] == "l" else "store"
        dest = "rt" if kind == "load" else ""
        latency = 5 if kind == "load" else 1
        rows.append(_d(base, primary, kind=kind, dest=dest, size=size, latency=latency))
        issue = 2 if kind == "load" else 1
        rows.append(
            _d(
                base + "u", primary + 1, kind=kind, dest=dest, size=size, update=True, issue=issue,
                latency=latency,
            )
        )  # fmt: skip
    for base, (xo, size) in x_form.items():
        kind = "load" if base[0] == "l" else "store"
        dest = "rt" if kind == "load" else ""
        latency = 5 if kind == "load" else 1
        rows.append(_x(base, 31, xo, kind=kind, dest=dest, size=size, latency=latency))
        issue = 2 if kind == "load" else 1
        rows.append(
            _x(
                base[:-1] + "ux", 31, xo + 32, kind=kind, dest=dest, size=size, update=True,
                issue=issue, latency=latency,
            )
        )  # fmt: skip
    rows += [
        _d("lmw", 46, kind="load", size=-1, latency=5),
        _d("stmw", 47, kind="store", size=-1, dest=""),
    ]
    return rows


def _branches_and_system() -> list[ScalarInsn]:
    branch = {"kind": "branch", "dest": ""}
    xl = 0xFC00_07FE
    return [
        ScalarInsn("b", 18 << 26, 0xFC00_0000, AA | LK, kind="branch", dest=""),
        ScalarInsn("bc", 16 << 26, 0xFC00_0000, AA | LK, kind="branch", dest=""),
        ScalarInsn("bclr", 19 << 26 | 16 << 1, xl, LK, 0xF800, **branch),  # type: ignore[arg-type]
        ScalarInsn("bcctr", 19 << 26 | 528 << 1, xl, LK, 0xF800, **branch),  # type: ignore[arg-type]
        _x("rfi", 19, 50, reserved=_RT | _RA | _RB, kind="native", dest="", issue=5),
        _x("rfci", 19, 51, reserved=_RT | _RA | _RB, kind="native", dest="", issue=5),
        _x("rfmci", 19, 38, reserved=_RT | _RA | _RB, kind="native", dest="", issue=5),
        _x("mfspr", 31, 339, kind="native"),
        _x("mtspr", 31, 467, kind="native", dest=""),
        _x("mfmsr", 31, 83, reserved=_RA | _RB, kind="native"),
        _x("mtmsr", 31, 146, reserved=_RA | _RB, kind="native", dest="", issue=4),
        _x("sync", 31, 598, reserved=_RT | _RA | _RB, kind="native", dest="", issue=2),
        # Sleeps only with WC (the low bits of RT) = 0; other kinds of wait are no-ops.
        ScalarInsn(
            "wait", 31 << 26 | 62 << 1, 0xFC60_07FE, 0, 0x0380_0001 | _RA | _RB, "native", dest=""
        ),
    ]


#: Every scalar instruction of the processor.
SCALAR: tuple[ScalarInsn, ...] = tuple(
    _arithmetic() + _logic() + _compare_and_condition() + _loads_and_stores()
    + _branches_and_system()
)  # fmt: skip

_BY_PRIMARY: dict[int, list[ScalarInsn]] = {}
for _insn in SCALAR:
    _BY_PRIMARY.setdefault(_insn.match >> 26, []).append(_insn)

#: Special purpose registers that ``mfspr`` and ``mtspr`` reach, by number.
SPR_NAMES: dict[int, str] = {
    1: "XER", 8: "LR", 9: "CTR", 22: "DEC", 26: "SRR0", 27: "SRR1", 54: "DECAR", 58: "CSRR0",
    59: "CSRR1", 61: "DEAR", 62: "ESR", 65: "GIN", 66: "GOUT", 67: "GOE", 68: "ICCR",
    284: "TBL", 285: "TBU", 336: "TSR", 340: "TCR", 570: "MCSRR0", 571: "MCSRR1",
}  # fmt: skip
#: Of these, the one that ``mfspr`` does not reach: what the RTL reads is undefined.
WRITE_ONLY_SPR = 68


def spr_number(word: int) -> int:
    """SPR number of an ``mfspr`` or ``mtspr`` word (its two halves are swapped)."""
    return (word >> 16 & 0x1F) | (word >> 11 & 0x1F) << 5


def signed_immediate(word: int) -> int:
    """Lower 16 bits of an instruction as a signed number."""
    return (word & 0xFFFF) - (word << 1 & 0x10000)


def branch_target(address: int, word: int) -> int:
    """Where ``b`` or ``bc`` goes, with or without link, relative or absolute."""
    width = 26 if word >> 26 == 18 else 16
    offset = word & ((1 << width) - 4)
    offset -= (offset & 1 << (width - 1)) << 1
    return (offset if word & 2 else address + offset) & 0xFFFFFFFF


def decode(word: int) -> ScalarInsn | None:
    """Scalar instruction of a 32-bit `word`, or None if the processor has none.

    An ``mfspr`` or ``mtspr`` of a register that the processor lacks is None too, and so are
    an ``mfspr`` of the one that can only be written, and a ``bcctr`` that decrements the
    register it jumps to.
    """
    for insn in _BY_PRIMARY.get(word >> 26, ()):
        if word & insn.mask == insn.match:
            if insn.mnemonic in ("mfspr", "mtspr") and spr_number(word) not in SPR_NAMES:
                return None
            if insn.mnemonic == "mfspr" and spr_number(word) == WRITE_ONLY_SPR:
                return None
            if insn.mnemonic == "bcctr" and not word & BO_KEEPS_CTR:
                return None
            return insn
    return None
