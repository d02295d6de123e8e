# SPDX-License-Identifier: BSD-3-Clause
"""Who calls whom in a linked program, read from its code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from nuxemu.isa import scalar, vector
from nuxkit.builder.image import Function, Image
from nuxkit.handler_names import HANDLER_NAMES
from nuxkit.linker_stubs import STUB_BYTES, stub_destination

_STACK_POINTER = 1
_MTMSR = 31 << 26 | 146 << 1
_DEFAULT_HANDLER_PREFIX = "__unhandled_"
#: What the entry of a handler in C calls (ppu_runtime/asm/isr.inc).
_C_HANDLER_PREFIX = "nux_isr_"


@dataclass
class Node:
    """What one function does: bytes it takes off the stack, its calls, and so on.

    Attributes
    ----------
    name : str
    frame : int
        Bytes of stack.
    callees : dict
        Addresses of the functions it calls or jumps to, in order.
    unknown : str
        What about its stack cannot be known; empty if nothing.
    vectors : list of int
        Addresses of its vector instructions.
    sets_msr : bool
        Whether it may enable interrupts.
    """

    name: str
    frame: int = 0
    callees: dict[int, None] = field(default_factory=dict)
    unknown: str = ""
    vectors: list[int] = field(default_factory=list)
    sets_msr: bool = False


def call_graph(image: Image) -> dict[int, Node]:
    """All functions of a program, by address."""
    starts = _function_starts(image)
    return {address: _analyse(image, function, starts) for address, function in starts.items()}


def handlers(image: Image) -> Iterator[int]:
    """Addresses of the exception handlers that the program itself has."""
    defaults = {
        value for name, value in image.symbols.items() if name.startswith(_DEFAULT_HANDLER_PREFIX)
    }
    starts = _function_starts(image)
    own = {
        address: None
        for name, address in image.symbols.items()
        if name in HANDLER_NAMES and address in starts and address not in defaults
    }
    yield from own


def written_in_c(image: Image, handler: Node) -> bool:
    """Whether a handler is the entry that NUX_ISR makes."""
    bodies = {value for name, value in image.symbols.items() if name.startswith(_C_HANDLER_PREFIX)}
    return not bodies.isdisjoint(handler.callees)


def reachable(graph: dict[int, Node], address: int) -> list[int]:
    """Functions that one may call, directly or not, with itself first."""
    found = [address] if address in graph else []
    for caller in found:
        found += [one for one in graph[caller].callees if one in graph and one not in found]
    return found


def _function_starts(image: Image) -> dict[int, Function]:
    """Functions by address: those with a symbol, and everything that is called."""
    names = {function.address: function.name for function in image.functions}
    executable = [section for section in image.sections if section.executable]
    for section in executable:
        for address, word in section.words():
            if word >> 26 == 18 and word & 1:
                target = _through_stub(image, scalar.branch_target(address, word))
                names.setdefault(target, f"{target:#x}")
    bounds = sorted({*names, *(section.end for section in executable)})
    return {
        begin: Function(names[begin], begin, end)
        for begin, end in pairwise(bounds)
        if begin in names
    }


def _analyse(image: Image, function: Function, starts: dict[int, Function]) -> Node:
    node = Node(function.name)
    for address, word in image.code(function.address, function.end):
        if word >> 26 == vector.PRIMARY_OPCODE:
            node.vectors.append(address)
        node.sets_msr = node.sets_msr or word & 0xFC0007FE == _MTMSR
        node.frame += _pushed(word)
        if _is_variable_push(word):
            node.unknown = node.unknown or "frame of variable size"
        elif _is_indirect_call(word):
            node.unknown = node.unknown or "indirect call"
        elif word >> 26 in (16, 18):
            target = _through_stub(image, scalar.branch_target(address, word))
            inside = function.address <= target < function.end
            if (word & 1 and target in starts) or not inside:
                node.callees[_entry(starts, target)] = None
    return node


def _entry(starts: dict[int, Function], target: int) -> int:
    """Start of the function that a branch goes to."""
    if target in starts:
        return target
    return max((start for start in starts if start <= target), default=target)


def _pushed(word: int) -> int:
    """Bytes that ``stwu r1,-n(r1)`` or ``addi r1,r1,-n`` takes from the stack."""
    registers = (word >> 21 & 31, word >> 16 & 31)
    if word >> 26 in (14, 37) and registers == (_STACK_POINTER, _STACK_POINTER):
        return max(0, -scalar.signed_immediate(word))
    return 0


def _is_variable_push(word: int) -> bool:
    """``stwux r1,r1,rX``, or another register computation into r1 that is not a return."""
    is_stwux = word & 0xFC0007FE == 31 << 26 | 183 << 1
    return is_stwux and word >> 16 & 31 == _STACK_POINTER


def _is_indirect_call(word: int) -> bool:
    """``bctrl`` or ``blrl``, conditional ones too."""
    return word & 0xFC0007FF in (19 << 26 | 528 << 1 | 1, 19 << 26 | 16 << 1 | 1)


def _through_stub(image: Image, target: int) -> int:
    """Where a branch leads in the end."""
    destination = stub_destination([word for _, word in image.code(target, target + STUB_BYTES)])
    return target if destination is None else destination
