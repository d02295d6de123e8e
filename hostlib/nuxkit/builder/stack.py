# SPDX-License-Identifier: BSD-3-Clause
"""Worst-case stack use of a linked program, from its code.

A function's frame is what it takes off the stack pointer; the call graph comes from
the branches that leave a function. The bound is that of the deepest chain of calls
from start() (the start-up code has no frame), plus the deepest exception handler of
the program (handlers run with further ones disabled).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from nuxkit.builder.image import Function, Image

ROOT = "start"
_STACK_POINTER = 1
_HANDLER_PREFIX = "isr_"
_DEFAULT_HANDLER_PREFIX = "__unhandled_"


@dataclass(frozen=True)
class StackBound:
    """Bound on the stack.

    Attributes
    ----------
    size : int or None
        Bytes at most; None when there is no bound.
    reason : str
        Why there is none, such as ``"unbounded (recursive: f -> g -> f)"``.
    deepest : tuple of str
        Functions on the deepest known chain of calls, outermost first.
    at_least : int
        Bytes of that chain.
    """

    size: int | None
    reason: str
    deepest: tuple[str, ...]
    at_least: int

    def __str__(self) -> str:
        return self.reason if self.size is None else f"{self.size} bytes"


@dataclass
class _Node:
    """What one function does to the stack."""

    name: str
    frame: int = 0
    callees: dict[int, None] = field(default_factory=dict)
    unknown: str = ""


def stack_bound(image: Image) -> StackBound:
    """Bound on the stack of a program that was linked with the runtime."""
    starts = _function_starts(image)
    graph = {address: _analyse(image, function, starts) for address, function in starts.items()}
    chains = _Chains(graph)
    main = chains.deepest(image.symbols[ROOT])
    handlers = [chains.deepest(address) for address in _handlers(image)]
    handler = max(handlers, default=(0, ()))
    total = main[0] + handler[0]
    reason = chains.reason
    return StackBound(None if reason else total, reason, main[1] + handler[1], total)


def _handlers(image: Image) -> Iterable[int]:
    """Addresses of the exception handlers that the program itself has."""
    defaults = {
        value for name, value in image.symbols.items() if name.startswith(_DEFAULT_HANDLER_PREFIX)
    }
    for name, address in image.symbols.items():
        if name.startswith(_HANDLER_PREFIX) and address not in defaults:
            yield address


class _Chains:
    """Deepest chain of calls from each function; notes why one has no bound."""

    def __init__(self, graph: dict[int, _Node]) -> None:
        self._graph = graph
        self._known: dict[int, tuple[int, tuple[str, ...]]] = {}
        self._path: list[int] = []
        self.reason = ""

    def deepest(self, address: int) -> tuple[int, tuple[str, ...]]:
        """Bytes and functions of the deepest chain that begins with a function."""
        if address in self._known:
            return self._known[address]
        node = self._graph.get(address)
        if node is None:
            return 0, ()
        if address in self._path:
            cycle = [self._graph[one].name for one in self._path[self._path.index(address) :]]
            self._note(f"unbounded (recursive: {' -> '.join([*cycle, node.name])})")
            return 0, ()
        if node.unknown:
            self._note(f"unknown ({node.unknown} in {node.name})")
        self._path.append(address)
        below = max((self.deepest(callee) for callee in node.callees), default=(0, ()))
        self._path.pop()
        result = (node.frame + below[0], (node.name, *below[1]))
        if not self.reason:
            self._known[address] = result  # below a cycle the result depends on the path
        return result

    def _note(self, reason: str) -> None:
        self.reason = self.reason or reason


def _function_starts(image: Image) -> dict[int, Function]:
    """Functions by address: those with a symbol, and everything that is called."""
    names = {function.address: function.name for function in image.functions}
    executable = [section for section in image.sections if section.executable]
    for section in executable:
        for address, word in section.words():
            if word >> 26 == 18 and word & 1:
                target = _through_stub(image, _branch_target(address, word))
                names.setdefault(target, f"{target:#x}")
    bounds = sorted({*names, *(section.end for section in executable)})
    return {
        begin: Function(names[begin], begin, end)
        for begin, end in pairwise(bounds)
        if begin in names
    }


def _analyse(image: Image, function: Function, starts: dict[int, Function]) -> _Node:
    node = _Node(function.name)
    for address, word in image.code(function.address, function.end):
        node.frame += _pushed(word)
        if _is_variable_push(word):
            node.unknown = node.unknown or "frame of variable size"
        elif _is_indirect_call(word):
            node.unknown = node.unknown or "indirect call"
        elif word >> 26 in (16, 18):
            target = _through_stub(image, _branch_target(address, word))
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
    displacement = (word & 0xFFFF) - (word << 1 & 0x10000)
    if word >> 26 in (14, 37) and registers == (_STACK_POINTER, _STACK_POINTER):
        return max(0, -displacement)
    return 0


def _is_variable_push(word: int) -> bool:
    """``stwux r1,r1,rX``, or another register computation into r1 that is not a return."""
    is_stwux = word & 0xFC0007FE == 31 << 26 | 183 << 1
    return is_stwux and word >> 16 & 31 == _STACK_POINTER


def _is_indirect_call(word: int) -> bool:
    """``bctrl`` or ``blrl``, conditional ones too."""
    return word & 0xFC0007FF in (19 << 26 | 528 << 1 | 1, 19 << 26 | 16 << 1 | 1)


def _branch_target(address: int, word: int) -> int:
    width = 26 if word >> 26 == 18 else 16
    field = word & ((1 << width) - 4)
    if field >> (width - 1):
        field -= 1 << width
    return (field if word & 2 else address + field) & 0xFFFFFFFF


def _through_stub(image: Image, target: int) -> int:
    """Destination of the linker's bridge to code that a branch does not reach.

    It is ``lis r12,high; addi r12,r12,low; mtctr r12; bctr``.
    """
    words = [word for _, word in image.code(target, target + 16)]
    is_stub = len(words) == 4 and words[2:] == [0x7D8903A6, 0x4E800420]
    if is_stub and words[0] >> 16 == 0x3D80 and words[1] >> 16 == 0x398C:
        low = (words[1] & 0xFFFF) - (words[1] << 1 & 0x10000)
        return ((words[0] << 16) + low) & 0xFFFFFFFF
    return target
