# SPDX-License-Identifier: BSD-3-Clause
"""The chain of calls that led to an instruction.

A frame's size and the place of its return address come from the call frame
information that GCC writes (``.debug_frame`` or ``.eh_frame``). Code without it is
read instead: the instructions from the function's start up to the address tell
whether its frame stands and its return address is saved (System V ABI, PowerPC
supplement, "The Stack Frame": the caller's stack pointer at 0(sp), the return address
at 4 above that).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from nuxemu import memory_map as mm

from .debug_info import DebugInfo, malformed_debug_info
from .elf_file import Segment
from .errors import ProgramFileError
from .handler_names import HANDLER_NAMES
from .source_lines import Function, SourceLines, SourceLocation

MAX_FRAMES = 64

_SP, _LR = 1, 65  # r1 and the link register in DWARF
#: Instruction patterns (mask, value) of prologues and epilogues.
_STWU_SP = 0xFFFF_0000, 0x9421_0000  # stwu r1,-n(r1): the frame stands
_SAVE_LR = 0xFFFF_0000, 0x9001_0000  # stw r0,n(r1): the return address is saved
_DROP_FRAME = (
    (0xFFFF_8000, 0x3821_0000),  # addi r1,r1,n
    (0xFFFF_FFFF, 0x7D61_5B78),  # mr r1,r11
    (0xFFFF_FFFF, 0x8021_0000),  # lwz r1,0(r1)
)
_MTLR = 0xFC1F_FFFF, 0x7C08_03A6  # mtlr: the return address is back in LR
_LEAVES = (
    (0xFFFF_FFFF, 0x4E80_0020),  # blr
    (0xFFFF_FFFF, 0x4E80_0420),  # bctr
    (0xFC00_0003, 0x4800_0000),  # b
)
_CALLS = (0xFC00_0001, 0x4800_0001), (0xFC00_0001, 0x4C00_0001)  # bl; bctrl, blrl

ReadWord = Callable[[int], int]


@dataclass(frozen=True)
class Frame:
    """One level of a call stack.

    Attributes
    ----------
    pc : int
        Address of the instruction it stands at: of its call, except innermost.
    function : str or None
        Name of the function; None outside of known code.
    location : SourceLocation or None
        Place in the source, when the debug information has it.
    inlined : bool
        Whether the function is inlined in the next frame.
    """

    pc: int
    function: str | None
    location: SourceLocation | None
    inlined: bool


@dataclass(frozen=True)
class _Caller:
    """Where the frame begins (the caller's stack pointer) and the return address.

    ``lr`` is the link register of code that was interrupted; after calls it is not known.
    """

    sp: int
    return_address: int
    lr: int | None = None


class CallStacks:
    """Unwinds stacks of one program."""

    def __init__(self, debug: DebugInfo, lines: SourceLines, segments: Sequence[Segment]) -> None:
        self._debug = debug
        self._lines = lines
        self._code = [segment for segment in segments if segment.executable]

    def frames(self, pc: int, lr: int, sp: int, read_word: ReadWord) -> list[Frame]:
        """Call stack at ``pc``, innermost first, at most :data:`MAX_FRAMES` levels.

        The walk ends at the start-up code, and where the stack makes no sense: a
        stack pointer that is misaligned, outside of the SRAM or does not rise, a
        return address that is no code. It raises nothing.
        """
        frames = self._frames_at(pc)
        return_register: int | None = lr
        while len(frames) < MAX_FRAMES:
            caller = self._caller(pc, return_register, sp, read_word)
            if caller is None or caller.sp < sp or (return_register is None and caller.sp == sp):
                break
            # A call returns behind itself, an interrupt to the instruction that is next.
            pc = caller.return_address - (0 if self._is_handler(pc) else 4)
            if caller.return_address % 4 or self._word(pc) is None:
                break
            frames += self._frames_at(pc)
            sp, return_register = caller.sp, caller.lr
        return frames[:MAX_FRAMES]

    def _is_handler(self, pc: int) -> bool:
        try:
            function = self._lines.function_at(pc)
        except ProgramFileError:
            return False
        return function is not None and function.name in HANDLER_NAMES

    def _frames_at(self, pc: int) -> list[Frame]:
        try:
            locations, statement = self._lines.locations(pc), self._lines.statement(pc)
            function = self._lines.function_at(pc)
        except ProgramFileError:  # a stack without names is better than none
            return [Frame(pc, None, None, False)]
        name = function.name if function else None
        inlined = [Frame(pc, place.function, place, True) for place in locations[:-1]]
        return [*inlined, Frame(pc, name, locations[-1] if inlined else statement, False)]

    def _caller(
        self, pc: int, return_register: int | None, sp: int, read_word: ReadWord
    ) -> _Caller | None:
        """Unwind one frame; ``return_register`` is LR, None when it is no longer known."""

        def read(address: int) -> int | None:
            if address % 4 or not mm.SRAM_BASE <= address <= mm.SRAM_BASE + mm.SRAM_SIZE - 4:
                return None
            try:
                return int(read_word(address))
            except Exception:  # the stack is shown while another error is reported
                return None

        if sp % 4 or not mm.SRAM_BASE <= sp < mm.SRAM_BASE + mm.SRAM_SIZE:
            if return_register is None:
                return None
            return _Caller(sp, return_register)  # the stack is lost, but not the last caller
        row = self._unwind_row(pc)
        lr = None
        if row is not None:
            frame = sp + row.offset if row.register == _SP else read(sp)
            if row.saved_at is None:
                address = return_register
            else:
                address = None if frame is None else read(frame + row.saved_at)
            if frame is not None and row.lr_saved_at is not None:
                lr = read(frame + row.lr_saved_at)
        else:
            state = self._scan(pc)
            frame = read(sp) if state.stands else sp
            if state.saved:
                address = None if frame is None else read(frame + 4)
            else:
                address = None if state.called else return_register
        if frame is None or address is None:
            return None
        return _Caller(frame, address, lr)

    # --- call frame information --------------------------------------------------------

    def _unwind_row(self, pc: int) -> _UnwindRow | None:
        try:
            table = self._unwind_tables
            index = bisect_right(table, pc, key=lambda entry: entry.start) - 1
            if index < 0 or pc >= table[index].end:
                return None
            with malformed_debug_info(self._debug.path):
                return _row_at(table[index].entry, pc)
        except ProgramFileError:  # read the code instead
            return None

    @cached_property
    def _unwind_tables(self) -> list[_UnwindTable]:
        dwarf = self._debug.dwarf
        if dwarf is None:
            return []
        with malformed_debug_info(self._debug.path):
            entries: list[Any] = list(dwarf.CFI_entries()) if dwarf.has_CFI() else []
            entries += dwarf.EH_CFI_entries() if dwarf.has_EH_CFI() else []
            tables: dict[int, _UnwindTable] = {}
            for entry in entries:
                if not hasattr(entry, "cie") or "initial_location" not in entry.header:
                    continue
                start = entry["initial_location"] & 0xFFFF_FFFF
                end = start + entry["address_range"]
                if start == 0 and not self._is_function(0, end):  # the linker dropped its code
                    continue
                tables.setdefault(start, _UnwindTable(start, end, entry))
        return sorted(tables.values(), key=lambda table: table.start)

    def _is_function(self, start: int, end: int) -> bool:
        function = self._lines.function_at(start)
        return function is not None and (start, end) in function.ranges

    # --- code without it ---------------------------------------------------------------

    def _word(self, address: int) -> int | None:
        for segment in self._code:
            if segment.address <= address <= segment.end - 4:
                offset = address - segment.address
                return int.from_bytes(segment.data[offset : offset + 4], "big")
        return None

    def _scan(self, pc: int) -> _FrameState:
        """Tell what the instructions from the function's start to ``pc`` have done."""
        try:
            function: Function | None = self._lines.function_at(pc)
        except ProgramFileError:
            function = None
        state = _FrameState()
        if function is None or self._word(pc) is None:
            return state
        if function.name.startswith("_restgpr_") and function.name.endswith("_x"):
            # The end of another function, which jumps here with its frame standing.
            state = _FrameState(stands=True, saved=True)
        before_epilogue: _FrameState | None = None
        for address in range(function.address, pc, 4):
            word = self._word(address) or 0
            if _matches(word, _STWU_SP):
                state = replace(state, stands=True)
            elif _matches(word, _SAVE_LR):
                state = replace(state, saved=True)
            elif any(_matches(word, pattern) for pattern in _LEAVES):
                # Code after a return or tail call is reached by a branch from before the epilogue.
                state, before_epilogue = before_epilogue or state, None
            elif state.stands and any(_matches(word, pattern) for pattern in _DROP_FRAME):
                before_epilogue = before_epilogue or state
                state = replace(state, stands=False)
            elif state.saved and _matches(word, _MTLR):
                before_epilogue = before_epilogue or state
                state = replace(state, saved=False, called=False)
            elif any(_matches(word, pattern) for pattern in _CALLS):
                state = replace(state, called=True)
        return state


@dataclass(frozen=True)
class _FrameState:
    """Whether the frame stands, the return address is saved, LR names a call from here."""

    stands: bool = False
    saved: bool = False
    called: bool = False


@dataclass(frozen=True)
class _UnwindTable:
    start: int
    end: int
    entry: Any


@dataclass(frozen=True)
class _UnwindRow:
    """The frame begins at ``register + offset``; ``saved_at``: return address, from there.

    ``lr_saved_at``: the link register, if it does not hold the return address.
    """

    register: int
    offset: int
    saved_at: int | None
    lr_saved_at: int | None


def _row_at(entry: Any, pc: int) -> _UnwindRow | None:
    rows = [row for row in entry.get_decoded().table if row["pc"] & 0xFFFF_FFFF <= pc]
    if not rows or rows[-1]["cfa"].expr is not None:
        return None
    row = rows[-1]

    def saved_at(register: int) -> int | None:
        rule = row.get(register)
        return rule.arg if rule is not None and rule.type == "OFFSET" else None

    returns = entry.cie["return_address_register"]
    lr_saved_at = saved_at(_LR) if returns != _LR else None
    return _UnwindRow(row["cfa"].reg, row["cfa"].offset, saved_at(returns), lr_saved_at)


def _matches(word: int, pattern: tuple[int, int]) -> bool:
    mask, value = pattern
    return word & mask == value
