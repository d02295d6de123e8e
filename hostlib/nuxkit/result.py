# SPDX-License-Identifier: BSD-3-Clause
"""What a run leaves behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nuxemu import SiteKind, Stop
from nuxemu import memory_map as mm

from .hemispheres import HEMISPHERE_NAMES
from .profile import Profile
from .program import Frame, Program, SourceLocation

if TYPE_CHECKING:
    from .trace import TraceRecords

_SITE_TEXT = {
    SiteKind.SHIFT: "shift by 32 or more: the chip shifts modulo 32, Power ISA gives 0 or the sign",
    SiteKind.LHA: "lha with a negative displacement: the chip adds 0x10000 to the address",
    SiteKind.SPLAT_R0: "splat from r0: the chip may use an old value of r0",
    SiteKind.DIVIDE: "division by zero, or of the most negative number by -1, of which the result "
    "is undefined: check the divisor first",
    SiteKind.NO_SYNC: "scalar access to vector data stored without sync: the chip may use the "
    "old data; put sync (nux_sync) in between",
    SiteKind.UNDEFINED: "instruction that the processor does not have, executed as a no-op",
    SiteKind.MISALIGNED: "misaligned access, alignment interrupt taken",
    SiteKind.UNWRITTEN: "vector register or accumulator used before anything was written to it: "
    "initialise it (fxvsplatb, fxvmtacb)",
    SiteKind.NO_CONDITION: "condition used before a comparison: compare first (fxvcmpb, fxvcmph)",
    SiteKind.EMPTY_MASK: "masked write that never wrote anything: its mask had no lane above 0 "
    "(as signed bytes); check the mask",
    SiteKind.WEIGHT: "weight over 63 written, only its lower six bits count: clamp it first "
    "(nux_clamp8)",
    SiteKind.NOT_LATCHED: "buffered read of the CADC before any conversion: read unbuffered first",
    SiteKind.ON_NEURONS: "correlation read while the CADC's channel is connected to the neurons: "
    "switch it back first (nux_switch_channel)",
    SiteKind.SATURATED: "lanes saturated: use wider lanes or smaller operands if that is not meant",
    SiteKind.UNINITIALISED: "memory read that nobody has written: initialise it",
    SiteKind.NO_BASELINE: "correlation reading used for a weight without a baseline, though it "
    "falls as correlation grows: subtract it from a reading taken right after "
    "nux_reset_correlation, or use acausal minus causal",
    SiteKind.NEVER_RESET: "correlation read of a row whose sensors nobody has ever reset: reset "
    "them first (nux_reset_correlation)",
    SiteKind.RED_ZONE: "store below the stack pointer, where an interrupt puts its frame: a frame "
    "was not made first, or the pointer is to a variable of a function that has returned",
    SiteKind.LOST_TEXT: "characters did not fit into the mailbox and are lost: write less, or "
    "leave data in variables",
    SiteKind.FLOAT: "floating point in a loop, which takes software many cycles each: use integers "
    "or fractions (nux_mul16_frac)",
    SiteKind.STACK_MARGIN: "the stack came close to the data: make frames or data smaller, or move "
    "data to external memory",
    SiteKind.MISSED: "the period is too short: make it longer, or give the rule less to do (fewer "
    "rows, less to record)",
}


@dataclass(frozen=True)
class Remark:
    """An instruction that is likely a mistake, or does something else than its author may expect.

    Attributes
    ----------
    kind : SiteKind
        What happened.
    pc : int
        Address of the instruction.
    location : SourceLocation or None
        Its source line.
    count : int
        How often it happened.
    hemisphere : int
        Processor: 0 top, 1 bottom.
    rule : str or None
        Rule of an experiment that the instruction belongs to.
    detail : str
        More about it.
    """

    kind: SiteKind
    pc: int
    location: SourceLocation | None
    count: int
    hemisphere: int = 0
    rule: str | None = None
    detail: str = ""

    def __str__(self) -> str:
        times = "once" if self.count == 1 else f"{self.count} times"
        side = HEMISPHERE_NAMES[self.hemisphere]
        who = f"rule {self.rule!r} on the {side} processor: " if self.rule is not None else ""
        what = f"{_SITE_TEXT[self.kind]}; {self.detail}" if self.detail else _SITE_TEXT[self.kind]
        return f"{place(self.location, self.pc)}: {who}{what} ({times})"


@dataclass(frozen=True)
class StackUse:
    """How deep the stack of a processor went.

    Attributes
    ----------
    used_bytes : int
        From the stack's top to the deepest store through r1.
    size_bytes : int
        From its top to the data.
    """

    used_bytes: int
    size_bytes: int

    @property
    def left_bytes(self) -> int:
        """What was never used."""
        return self.size_bytes - self.used_bytes


def place(location: SourceLocation | None, pc: int) -> str:
    """``file:line`` of an instruction, or its address."""
    return f"{location.file}:{location.line}" if location else f"0x{pc:08x}"


class SymbolValues(Mapping[str, Any]):
    """Values of a program's variables at the end of a run, by name or path.

    ``values["params.rate"]`` and ``values["table[3]"]`` reach into structs and arrays.
    """

    def __init__(self, program: Program, memory: Mapping[int, bytes]) -> None:
        self._program = program
        self._memory = memory

    def __getitem__(self, path: str) -> Any:
        location = self._program.resolve(path)
        for base, content in self._memory.items():
            offset = location.address - base
            if offset >= 0 and offset + location.size <= len(content):
                return location.decode(content[offset : offset + location.size])
        raise KeyError(
            f"{path} lies at 0x{location.address:08x}, in memory that results do not keep; "
            "use chip.read()"
        )

    def __iter__(self) -> Iterator[str]:
        return (name for name, symbol in self._program.symbols.items() if symbol.ctype)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True)
class RunResult:
    """End of a run.

    Attributes
    ----------
    program : Program
        What ran.
    hemisphere : int
        Where: 0 top, 1 bottom.
    stop : nuxemu.Stop
        Why and where it ended.
    cycles : int
        Processor cycles that the run took (an estimate, 4 ns each).
    instructions : int
        Instructions executed.
    wall_time_s : float
        Wall time of the run, seconds.
    registers : dict
        Registers at the end by name (``gpr`` is a list of 32).
    vector_registers : ndarray of uint8, shape (32, 128)
        Vector registers at the end, lane 0 first.
    call_stack : tuple of Frame
        Calls that led to the end, innermost first, for a run that did not finish.
    remarks : tuple of Remark
        What the program did that the chip does differently from the Power ISA, and likely
        mistakes (`Chip.checks`).
    unlisted_remarks : int
        How often it did so at places beyond the 4096 that `remarks` can list.
    stack : StackUse or None
        How deep the stack went; None if the program has no symbols that say where it is.
    profile : Profile or None
        Where the cycles went, if that was asked for.
    trace : TraceRecords or None
        What was traced, if `Chip.run` was asked to.
    """

    program: Program
    hemisphere: int
    stop: Stop
    cycles: int
    instructions: int
    wall_time_s: float
    registers: dict[str, Any]
    vector_registers: np.ndarray[Any, np.dtype[np.uint8]]
    call_stack: tuple[Frame, ...]
    remarks: tuple[Remark, ...]
    unlisted_remarks: int
    stack: StackUse | None
    memory: Mapping[int, bytes] = field(repr=False)
    profile: Profile | None = field(default=None, repr=False)
    trace: TraceRecords | None = None

    @property
    def emulated_time_s(self) -> float:
        """Hardware time that the run took, seconds."""
        return self.cycles / mm.PPU_CLOCK_HZ

    @property
    def return_code(self) -> int:
        """What ``start()`` returned or ``exit()`` got: signed, 32 bit."""
        sram = self.memory[mm.SRAM_BASE]
        word = sram[mm.RETURN_CODE_ADDRESS : mm.RETURN_CODE_ADDRESS + 4]
        return int.from_bytes(word, "big", signed=True)

    @property
    def mailbox_bytes(self) -> bytes:
        """The whole mailbox, 4096 bytes."""
        start = mm.MAILBOX_BASE
        return self.memory[mm.SRAM_BASE][start : start + mm.MAILBOX_SIZE]

    @property
    def mailbox(self) -> str:
        """Text that the program wrote: the mailbox up to its first zero byte."""
        return mailbox_text(self.mailbox_bytes)

    @property
    def symbols(self) -> SymbolValues:
        """Values of the program's variables at the end of the run."""
        return SymbolValues(self.program, self.memory)


def mailbox_text(content: bytes) -> str:
    """Text in a mailbox, up to its first zero byte."""
    return content.split(b"\0", 1)[0].decode("ascii", "backslashreplace")
