# SPDX-License-Identifier: BSD-3-Clause
"""Sentences about runs that did not end by themselves."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from nuxemu import StopReason, address_map
from nuxemu import memory_map as mm
from nuxemu.isa import disassemble, scalar

from .call_stack import MAX_FRAMES
from .errors import KernelTrap, NuxkitError, RunLimitError
from .result import RunResult, place

_HINTS = {
    StopReason.MISALIGNED: "words must lie at multiples of 4, halfwords inside one word",
    StopReason.UNDEFINED_INSTRUCTION: "on the chip it would silently do nothing",
    StopReason.STACK_OVERFLOW: "make the data or the frames smaller, or move data to external "
    "memory",
    StopReason.TRAP_INSTRUCTION: "in a rule: a row, column, neuron, projection or population that "
    "nux_record_... is given does not exist; or __builtin_trap() of the program",
    StopReason.NO_NEURON: "clear bit 5 of the switch row (row 256) to read correlation",
    StopReason.CADC_DISABLED: "set bit 0 of the CADC configuration",
}


class KernelTrapError(KernelTrap):
    """The run ended in a trap; `result` holds everything up to there."""

    def __init__(self, result: RunResult) -> None:
        super().__init__(describe(result))
        self.result = result


class KernelLimitError(RunLimitError):
    """The run hit its cycle or wall-time limit; `result` as for a trap."""

    def __init__(self, result: RunResult) -> None:
        super().__init__(describe(result))
        self.result = result


def error_of(result: RunResult) -> NuxkitError | None:
    """Exception for a run that did not finish, None if it did."""
    if result.stop.reason is StopReason.FINISHED:
        return None
    return KernelTrapError(result) if result.stop.reason.is_trap else KernelLimitError(result)


def _instruction(word: int) -> str:
    text = disassemble(word)
    if text:
        return text
    insn = scalar.decode(word)
    return f"{insn.name(word)} (0x{word:08x})" if insn else f"0x{word:08x}"


_FPGA_BUS_BASE = 0x6000_0000  # bit 27 of a word address of the FPGA (libnux, dls.tcc)
_DATA = {
    "SRAM": (mm.SRAM_BASE, mm.SRAM_SIZE),
    "external memory": (mm.EXTMEM_DATA_BASE, mm.EXTMEM_SIZE),
    "DRAM": (mm.DRAM_DATA_BASE, mm.DRAM_SIZE),
    "the on-chip bus": (mm.OMNIBUS_DATA_BASE, 1 << 31),
}
_CODE = {
    "SRAM": (mm.SRAM_BASE, mm.SRAM_SIZE),
    "external memory": (mm.EXTMEM_FETCH_BASE, mm.EXTMEM_SIZE),
    "DRAM": (mm.DRAM_FETCH_BASE, mm.DRAM_SIZE),
}


def _nearest_block(address: int, blocks: Mapping[str, tuple[int, int]]) -> str:
    """Name of the known memory closest to an address, with its range."""

    def distance(block: tuple[int, int]) -> int:
        base, size = block
        return max(base - address, address - (base + size - 1), 0)

    name = min(blocks, key=lambda name: distance(blocks[name]))
    base, size = blocks[name]
    return f"the nearest memory is {name}, 0x{base:08x} to 0x{base + size - 1:08x}"


def _near_data(address: int) -> str:
    if _FPGA_BUS_BASE <= address < mm.OMNIBUS_DATA_BASE:
        return "this is the bus of the FPGA, which the model does not have"
    return _nearest_block(address, _DATA)


def _what(result: RunResult) -> str:
    stop = result.stop
    access = f"{stop.size}-byte {'store to' if stop.is_store else 'load from'} 0x{stop.address:08x}"
    direction = "write to" if stop.is_store else "read from"
    texts = {
        StopReason.CYCLE_LIMIT: f"cycle limit reached after {result.cycles} cycles",
        StopReason.WALL_LIMIT: f"wall-time limit reached after {result.wall_time_s:.3g} s",
        StopReason.INTERRUPTED: "interrupted",
        StopReason.RUNNING: f"still running after {result.cycles} cycles",
        StopReason.HELD: "put into reset by its control register",
        StopReason.UNDEFINED_INSTRUCTION: "the processor has no instruction "
        f"{_instruction(stop.word)}",
        StopReason.MISALIGNED: f"misaligned {access}",
        StopReason.OUT_OF_RANGE: f"{access} is outside of all memories; "
        + _near_data(stop.address),
        StopReason.UNKNOWN_BUS_ADDRESS: f"{access}: "
        + address_map.bus_refusal((stop.address & 0x7FFFFFFF) >> 2, stop.is_store),
        StopReason.UNKNOWN_VECTOR_ADDRESS: f"vector {direction} 0x{stop.address:08x}: "
        + address_map.vector_refusal(stop.address, stop.is_store),
        StopReason.NO_NEURON: f"access at 0x{stop.address:08x} needs neurons (neuron readout on "
        "the CADC, or neuron reset), but the synapse array has none",
        StopReason.CADC_DISABLED: f"CADC read at 0x{stop.address:08x} while the CADC is disabled",
        StopReason.TOO_MANY_EVENTS: f"{access}: an event too many for the event buses",
        StopReason.FETCH: f"jump to 0x{stop.pc:08x}, which is outside of all memories"
        f" (from 0x{stop.from_pc:08x}); {_nearest_block(stop.pc, _CODE)}",
        StopReason.STACK_OVERFLOW: f"stack overflow: {access}, which does not belong to the stack",
        StopReason.TRAP_INSTRUCTION: f"trap instruction {_instruction(stop.word)}",
        StopReason.ENGINE: f"the scalar engine failed at {_instruction(stop.word)}: a defect of "
        "the model, please report it",
    }
    return texts[stop.reason]


def describe(result: RunResult) -> str:
    """Several lines: what happened where, the call stack, the registers."""
    stop = result.stop
    pc = stop.from_pc if stop.reason is StopReason.FETCH else stop.pc
    location = result.program.statement(pc)
    function = result.program.function_at(pc)
    inside = f"in {function.name}, " if function else ""
    head = f"{place(location, pc)}: {_what(result)} ({inside}pc 0x{pc:08x})"
    hint = _HINTS.get(stop.reason)
    lines = [head + (f"\n  {hint}" if hint else "")]
    if stop.reason is StopReason.INTERRUPTED:
        return lines[0]
    if result.call_stack:
        lines.append("call stack, innermost first:")
        lines += _calls(result)
    gpr = result.registers["gpr"]
    lines.append("registers:")
    lines += [
        "  " + "  ".join(f"r{r:<2} {gpr[r]:08x}" for r in range(first, first + 8))
        for first in range(0, 32, 8)
    ]
    others = ("lr", "ctr", "cr", "xer", "msr")
    lines.append("  " + "  ".join(f"{name} {result.registers[name]:08x}" for name in others))
    return "\n".join(lines)


def _calls(result: RunResult) -> list[str]:
    """One line a call; one for all of a recursion."""
    calls = (
        f"  {frame.function or '?'} at {place(frame.location, frame.pc)}"
        for frame in result.call_stack
    )
    runs = [(call, sum(1 for _ in same)) for call, same in itertools.groupby(calls)]
    lines = [call if count == 1 else f"{call} ({count} times)" for call, count in runs]
    return lines if len(result.call_stack) < MAX_FRAMES else [*lines, "  ..."]
