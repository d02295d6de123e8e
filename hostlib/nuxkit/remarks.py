# SPDX-License-Identifier: BSD-3-Clause
"""Remarks that take more than an instruction and a count: calls of a line, depth of the stack."""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from nuxemu import Checks, Processor, Site, SiteKind
from nuxemu.isa import scalar

from .errors import InputError, RemarkError, RemarkWarning
from .linker_stubs import through_stub, word_at
from .program import Program
from .result import Remark, RunResult, StackUse

#: What becomes of remarks beside being in the result.
REMARKS = ("count", "warn", "raise")
#: Calls of floating point from one line from which on default checks report them, if they also
#: take that part of the run at about so many cycles each: one a period is no loop.
FLOAT_CALLS, FLOAT_CYCLES, FLOAT_PART = 100, 100, 0.01
#: Bytes between stack and data below which the stack is reported.
STACK_MARGIN = 64

#: Functions of nux/synapse.h that read sensors; without one, row 0 may be read for the neurons.
_READS_SENSORS = re.compile(r"nux_get_(a?causal(_half)?(_buffered)?|correlation)")
_READS_NEURONS = "nux_read_neurons"

_BRANCH = 18  # primary opcode of b and bl


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
    program: Program, ppu: Processor, found: Iterable[Remark], hemisphere: int
) -> list[Remark]:
    """Remarks about floating point: one a line, if there are many calls or checks are strict."""
    many = max(FLOAT_CALLS, ppu.cycles * FLOAT_PART / FLOAT_CYCLES)
    reported = []
    for calls in _places(program, found):
        count = sum(remark.count for remark in calls)
        if count >= many or ppu.checks is Checks.STRICT:
            names = sorted({name for call in calls if (name := _called(program, call.pc))})
            first = min(calls, key=lambda call: call.pc)
            reported.append(Remark(
                SiteKind.FLOAT, first.pc, first.location, count, hemisphere,
                detail=f"calls of {', '.join(names)}" if names else "",
            ))  # fmt: skip
    return reported


def meant_kind(program: Program, site: Site, reads_rows: bool) -> SiteKind | None:
    """Kind of the remark about a site, whose line reads other rows too; None if it is meant so."""
    if site.kind is not SiteKind.NEURON_ROW:
        return site.kind
    names = [name or "" for name in program.inlined_at(site.pc)]
    reads_sensors = reads_rows or any(map(_READS_SENSORS.fullmatch, names))
    is_wrong = _READS_NEURONS not in names and reads_sensors
    return SiteKind.ON_NEURONS if is_wrong else None


def joined(program: Program, found: Iterable[Remark]) -> list[Remark]:
    """Remarks, one for all copies that the compiler made of a place in the source."""
    return [
        replace(remarks[0], count=sum(remark.count for remark in remarks))
        for remarks in _places(program, found)
    ]


def _places(program: Program, found: Iterable[Remark]) -> list[list[Remark]]:
    """Remarks of one kind about one source line, and of one rule of several made of a file."""
    places: dict[object, list[Remark]] = defaultdict(list)
    for remark in found:
        where: object = remark.pc
        if remark.location and remark.kind is not SiteKind.UNDEFINED:
            at = remark.location
            column = at.column if remark.kind is SiteKind.SATURATED else 0  # each operation
            where = (at.file, at.line, column, program.unit_at(remark.pc))
        places[remark.kind, where].append(remark)
    return list(places.values())


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
    word = word_at(program, pc)
    if word >> 26 != _BRANCH:
        return None
    function = program.function_at(through_stub(program, scalar.branch_target(pc, word)))
    return function.name if function else None
