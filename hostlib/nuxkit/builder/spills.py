# SPDX-License-Identifier: BSD-3-Clause
"""Why the compiler moves a vector through memory, and what to do about it.

GCC spills vectors with ``stvx`` and ``lvx``, which the chip does not have. The guards
refuse both; here the surrounding code tells the reasons apart: a value kept across a
call, more than 32 values alive, or a vector that lives in memory in the source.
"""

from __future__ import annotations

import re

from nuxkit.builder.assembly_text import AssemblyText, FunctionText

NUM_REGISTERS = 32

_MOVE = re.compile(r"^\s*(stv|lv)[a-z]*\s+(\d+),\s*(\d+),\s*(\d+)")
_CALL = re.compile(r"^\s*bl\s+([A-Za-z_][\w.$]*)|^\s*(bctrl|blrl)\b")
_BRANCH = re.compile(r"^\s*b(?!l\s)\w*[+-]?\s+(?:\d+,\s*)?(\.L\w+)\s*$")
_STACK_ADDRESS = re.compile(r"^\s*(?:addi\s+(\d+),1,(-?\d+)|la\s+(\d+),(-?\d+)\(1\))\s*$")
_CONSTANT = re.compile(r"^\s*li\s+(\d+),(-?\d+)\s*$")
_WRITES = re.compile(r"^\s*[a-z][\w.]*\s+(\d+)\b")
_VECTOR_TARGET = re.compile(r"^\s*(?:fxv\w+|lvx)\s+(\d+)\b")


def explain(text: AssemblyText, number: int, function: FunctionText) -> tuple[str, int]:
    """Explain the refused vector move in line `number` (from 0) of `function`.

    Returns
    -------
    sentence : str
    line : int
        The line that is to blame: the call, or `number`.
    """
    slot = _stack_slot(text, number, function)
    name = f"{function.name}()"
    if slot is None:
        return (
            f"a vector of {name} lives in memory (a global or static variable, an array, a "
            "struct, or one whose address is taken), and the processor cannot move it there "
            "implicitly: use a nux_vector_memory with fxvstax and fxvlax"
        ), number
    call = _call_between(text, number, function, slot)
    if call is not None:
        line, callee = call
        where = text.user_line(line)
        place = f" in line {where.line}" if where else ""
        return (
            f"a vector is kept across the call of {callee}{place}, but no vector register "
            f"survives a call: {_inline_advice(callee)}store the vector in a nux_vector_memory "
            "before the call (fxvstax) and load it again (fxvlax); if none is alive there, GCC has "
            "moved a constant such as nux_splat8(0) in front of the loop: put the vector part into "
            "a function of its own, __attribute__((noinline))"
        ), line
    if _registers_used(text, function) >= NUM_REGISTERS:
        return (
            f"more than {NUM_REGISTERS} vector values are alive in {name} here, and the "
            "processor cannot spill one to the stack: keep fewer values alive at a time "
            "(smaller blocks, less unrolling), or store some in a nux_vector_memory "
            "(fxvstax) and load them again (fxvlax)"
        ), number
    return (
        f"a vector of {name} lives on the stack (an array, a struct, also a nux_row with a half "
        "that is never set, one whose address is taken, or an argument passed in memory), and the "
        "processor cannot move it there "
        "implicitly: use single nux_vector variables, or a nux_vector_memory with fxvstax "
        "and fxvlax"
    ), number


def _inline_advice(callee: str) -> str:
    """Say what can be done about a call."""
    if callee.startswith("__"):
        return "GCC calls it for an operation of its own (64-bit division, float); "
    if callee == "a function pointer":
        return ""
    return "make the called function static inline __attribute__((always_inline)), or "


def _stack_slot(text: AssemblyText, number: int, function: FunctionText) -> int | None:
    """Offset from the stack pointer of a vector move; None if it is elsewhere."""
    move = _MOVE.match(text.lines[number])
    if move is None:
        return None
    base, index = move[3], move[4]
    if base == "0":
        return _last_value(text, number, function, index, _STACK_ADDRESS)
    if base == "1":
        return _last_value(text, number, function, index, _CONSTANT)
    if index == "1":
        return _last_value(text, number, function, base, _CONSTANT)
    return None


def _last_value(
    text: AssemblyText,
    number: int,
    function: FunctionText,
    register: str,
    form: re.Pattern[str],
) -> int | None:
    """Constant that `register` got last before line `number`, when it came by `form`."""
    for line in reversed(text.lines[function.begin : number]):
        written = _WRITES.match(line)
        if written is None or written[1] != register or line.lstrip().startswith(("st", "fxv")):
            continue
        match = form.match(line)
        return int(next(group for group in match.groups()[1::2] if group)) if match else None
    return None


def _call_between(
    text: AssemblyText, number: int, function: FunctionText, slot: int
) -> tuple[int, str] | None:
    """Call between a store to `slot` and a later load of it, around line `number`."""
    moves = [
        (line, match[1])
        for line in range(function.begin, function.end)
        if (match := _MOVE.match(text.lines[line])) and _stack_slot(text, line, function) == slot
    ]
    stores = [line for line, kind in moves if kind == "stv" and line <= number]
    loads = [line for line, kind in moves if kind == "lv" and line >= number]
    if not stores or not loads:
        return None
    # A load above its store (in a loop) belongs to the store below.
    between = range(stores[-1] + 1, loads[0])
    for line in (*between, *_rest_of_loop(text, function, between)):
        if match := _CALL.match(text.lines[line]):
            return line, f"{match[1]}()" if match[1] else "a function pointer"
    return None


def _rest_of_loop(text: AssemblyText, function: FunctionText, before: range) -> range:
    """Lines of the shortest loop that begins in `before` and goes on behind it."""
    labels = {text.lines[line].partition(":")[0]: line for line in before}
    for line in range(before.stop, function.end):
        match = _BRANCH.match(text.lines[line])
        if match and match[1] in labels:
            return range(before.stop, line)
    return range(0)


def _registers_used(text: AssemblyText, function: FunctionText) -> int:
    """How many vector registers the function writes."""
    lines = text.lines[function.begin : function.end]
    return len({match[1] for line in lines if (match := _VECTOR_TARGET.match(line))})
