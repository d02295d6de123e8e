# SPDX-License-Identifier: BSD-3-Clause
"""Remarks that take more than an instruction and a count: calls of a line, depth of the stack."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Sequence

from nuxemu import Checks, Processor, SiteKind

from .errors import InputError, RemarkError, RemarkWarning
from .program import Program
from .result import Remark, RunResult, StackUse

#: What becomes of remarks beside being in the result.
REMARKS = ("count", "warn", "raise")
#: Calls of floating point from one line from which on default checks report them.
FLOAT_CALLS = 1000
#: Bytes between stack and data below which the stack is reported.
STACK_MARGIN = 64

_WORD = 4
_BRANCH = 18  # primary opcode of b and bl
#: What the linker puts in between if a function is too far away: lis and addi of r12, mtctr, bctr.
_STUB = [0x3D80, 0x398C, 0x7D8903A6, 0x4E800420]


def stack_use(program: Program, ppu: Processor) -> StackUse | None:
    """Stack of the present run; None if the program does not say where its stack is."""
    top = program.symbols.get("__stack_top")
    if top is None or not ppu.stack_limit:
        return None
    lowest, _ = ppu.stack_lowest
    return StackUse(top.address - lowest, top.address - ppu.stack_limit)


def about_stack(program: Program, ppu: Processor, hemisphere: int) -> list[Remark]:
    """Remark about a stack that came close to the data."""
    use = stack_use(program, ppu)
    if ppu.checks is Checks.OFF or use is None or use.left_bytes >= STACK_MARGIN:
        return []
    _, pc = ppu.stack_lowest
    if not pc:
        return []
    detail = f"{use.left_bytes} of {use.size_bytes} bytes were left"
    where = program.source_location(pc)
    return [Remark(SiteKind.STACK_MARGIN, pc, where, 1, hemisphere, detail=detail)]


def float_calls(
    program: Program, found: Iterable[Remark], hemisphere: int, strict: bool
) -> list[Remark]:
    """Remarks about floating point: one a line, if there are many calls, or always if `strict`."""
    lines: dict[object, list[Remark]] = defaultdict(list)
    for remark in found:
        where = remark.location
        lines[(where.file, where.line) if where else remark.pc].append(remark)
    joined = []
    for calls in lines.values():
        count = sum(remark.count for remark in calls)
        if count >= FLOAT_CALLS or strict:
            names = sorted({name for call in calls if (name := _called(program, call.pc))})
            first = min(calls, key=lambda call: call.pc)
            joined.append(Remark(
                SiteKind.FLOAT, first.pc, first.location, count, hemisphere,
                detail=f"calls of {', '.join(names)}" if names else "",
            ))  # fmt: skip
    return joined


def check_mode(remarks: str) -> str:
    """Check the argument `remarks` of a chip or an experiment."""
    if remarks not in REMARKS:
        raise InputError(f"remarks is {remarks!r}, but must be one of {', '.join(REMARKS)}")
    return remarks


def act_on(results: Sequence[RunResult], mode: str) -> None:
    """Warn of remarks, or raise RemarkError for the first result that has some."""
    for result in results:
        if mode == "raise" and (result.remarks or result.unlisted_remarks):
            raise KernelRemarkError(result)
        if mode == "warn":
            warn(result.remarks, 4)


def warn(remarks: Iterable[Remark], stack_level: int) -> None:
    """Warn of remarks, at a line so many calls up."""
    for remark in remarks:
        warnings.warn(str(remark), RemarkWarning, stacklevel=stack_level + 1)


class KernelRemarkError(RemarkError):
    """A run left remarks; `result` is the whole result."""

    def __init__(self, result: RunResult) -> None:
        super().__init__(sentence(result.remarks, result.unlisted_remarks))
        self.result = result


def sentence(remarks: Sequence[Remark], unlisted: int = 0) -> str:
    """Text of an error about remarks."""
    lines = [str(remark) for remark in remarks]
    if unlisted:
        lines.append(f"and {unlisted} more at other places")
    return (
        f"the run is complete, but left {len(remarks)} remark{'s'[: len(remarks) != 1]}, which "
        "are errors here:\n  " + "\n  ".join(lines)
    )


def _called(program: Program, pc: int) -> str | None:
    """Name of the function that a direct branch goes to."""
    word = _word(program, pc)
    if word >> 26 != _BRANCH:
        return None
    displacement = (word & 0x03FFFFFC) - ((word & 0x02000000) << 1)
    target = (pc + displacement) & 0xFFFFFFFF
    stub = [_word(program, target + _WORD * i) for i in range(4)]
    if [word >> 16 for word in stub[:2]] == _STUB[:2] and stub[2:] == _STUB[2:]:
        target = ((stub[0] << 16) + ((stub[1] & 0xFFFF) ^ 0x8000) - 0x8000) & 0xFFFFFFFF
    function = program.function_at(target)
    return function.name if function else None


def _word(program: Program, address: int) -> int:
    """Instruction at an address; 0 where there is none."""
    segment = next((s for s in program.segments if s.address <= address < s.end), None)
    if segment is None:
        return 0
    return int.from_bytes(segment.data[address - segment.address :][:_WORD], "big")
