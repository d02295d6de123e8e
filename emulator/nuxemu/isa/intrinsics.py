# SPDX-License-Identifier: BSD-3-Clause
"""C functions of the vector instructions, as data for the header template."""

from dataclasses import dataclass

from . import vector as isa
from .vector import Kind, Operand, VectorInsn

_MEMORY_KINDS = {Kind.LAX, Kind.STAX, Kind.INX, Kind.OUTX}
#: Operands that must be compile-time constants.
CONSTANTS = (isa.COND, isa.SIZE, isa.SHIFT)


@dataclass(frozen=True, slots=True)
class _Parameter:
    """A C parameter and how the asm statement uses it."""

    declaration: str
    constraint: str


_PARAMETERS: dict[Operand, _Parameter] = {
    isa.VRA: _Parameter("nux_vector a", '"v"(a)'),
    isa.VRB: _Parameter("nux_vector b", '"v"(b)'),
    isa.RA: _Parameter("uint32_t value", '"b"(value)'),
    isa.SHIFT: _Parameter("int shift", '"n"(NUX_CONSTANT(shift))'),
    isa.SIZE: _Parameter("int size", '"n"(NUX_CONSTANT(size))'),
    isa.COND: _Parameter("int cond", '"n"(NUX_CONSTANT(cond))'),
    isa.VRS: _Parameter("nux_vector v", '"v"(v)'),
}
# Constraint "bO" of the RA|0 operand: a register but r0, or the constant zero. Memory
# addresses put the offset there, because it is often zero.
_ADDRESSES: dict[Kind, tuple[_Parameter, _Parameter]] = {
    Kind.LAX: (
        _Parameter("uint32_t offset", '"bO"(offset)'),
        _Parameter("const void *base", '"r"(base)'),
    ),
    Kind.STAX: (
        _Parameter("uint32_t offset", '"bO"(offset)'),
        _Parameter("void *base", '"r"(base)'),
    ),
    Kind.INX: (
        _Parameter("uint32_t base", '"bO"(base)'),
        _Parameter("uint32_t index", '"r"(index)'),
    ),
    Kind.OUTX: (
        _Parameter("uint32_t base", '"bO"(base)'),
        _Parameter("uint32_t index", '"r"(index)'),
    ),
}
#: C parameter order of the address operands, which need not be that of the instruction.
_SWAPPED = {Kind.LAX, Kind.STAX}


#: End of the comment of masked forms, if it is not the usual one: the table says it all.
_WHERE = {Kind.INX: "", Kind.OUTX: ""}


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """One C function, with the texts that the template puts in its places."""

    name: str
    comment: str
    result: str
    parameters: tuple[str, ...]
    constants: tuple[Operand, ...]
    declares_result: bool
    volatile: bool
    memory: bool
    template: str
    output: str
    inputs: tuple[str, ...]
    returned: str


def _intrinsic(insn: VectorInsn, masked: bool) -> Intrinsic:
    """Return one C function: of the unconditional form, or of the masked one."""
    select = insn.mnemonic == "fxvsel"
    writes = isa.VRT in insn.operands
    takes_cond = masked or select
    operands = [
        operand
        for operand in insn.operands
        if operand not in (isa.VRT, isa.RA0, isa.RB, isa.COND_IGNORED)
        and (operand is not isa.COND or takes_cond)
    ]
    used = [_PARAMETERS[operand] for operand in operands]
    declared = list(used)
    if insn.kind in _ADDRESSES:
        address = list(_ADDRESSES[insn.kind])
        place = 1 if isa.VRS in operands else 0
        used[place:place] = address
        declared[place:place] = address[::-1] if insn.kind in _SWAPPED else address
    parameters = [parameter.declaration for parameter in declared]
    if masked:
        parameters.remove("int cond")
        parameters[:0] = ["int cond", "nux_vector old"] if writes else ["int cond"]
    name = "old" if masked else "d"
    places = ",".join(f"%{i}" for i in range(len(used) + writes))
    return Intrinsic(
        name=insn.mnemonic + ("_if" if masked else ""),
        comment=insn.semantics + _WHERE.get(insn.kind, "; where the condition holds") * masked,
        result="nux_vector" if writes else "void",
        parameters=tuple(parameters),
        constants=tuple(operand for operand in operands if operand in CONSTANTS),
        declares_result=writes and not masked,
        volatile=(
            takes_cond
            or insn.form.reads_acc
            or insn.form.writes_acc
            or insn.form.writes_vcr
            or insn.kind in _MEMORY_KINDS
        ),
        memory=insn.kind in _MEMORY_KINDS,
        template=f"{insn.mnemonic} {places}",
        output=f'"{"+" if masked else "="}v"({name})' if writes else "",
        inputs=tuple(parameter.constraint for parameter in used),
        returned=name if writes else "",
    )


def intrinsics() -> list[Intrinsic]:
    """Return all C functions in table order."""
    functions = []
    for insn in isa.VECTOR:
        functions.append(_intrinsic(insn, masked=False))
        if insn.conditional and insn.mnemonic != "fxvsel":
            functions.append(_intrinsic(insn, masked=True))
    return functions
