# SPDX-License-Identifier: BSD-3-Clause
"""Worst-case stack use of a linked program, from its code.

A function's frame is what it takes off the stack pointer; the call graph comes from
the branches that leave a function. The bound is that of the deepest chain of calls
from start() (the start-up code has no frame), plus the deepest exception handler of
the program: handlers run with further ones disabled. One that enables them again may be
interrupted in its turn, also by itself, so there is no bound then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nuxkit.builder.call_graph import Node, call_graph, handlers, reachable, written_in_c
from nuxkit.builder.image import Image

ROOT = "start"
_EXIT = "exit"  # does not return to the handler


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
    function : str
        Function that is the reason; empty when there is a bound.
    reasons : tuple of tuple
        All reasons that were found, `reason` first, each with its function.
    """

    size: int | None
    reason: str
    deepest: tuple[str, ...]
    at_least: int
    function: str = ""
    reasons: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.reason if self.size is None else f"{self.size} bytes"


def stack_bound(image: Image) -> StackBound:
    """Bound on the stack of a program that was linked with the runtime."""
    graph = call_graph(image)
    chains = _Chains(graph)
    main = chains.deepest(image.symbols[ROOT])
    found = list(handlers(image))
    handler = max((chains.deepest(address) for address in found), default=(0, ()))
    total = main[0] + handler[0]
    reasons = [*chains.reasons.values(), *_nesting(image, graph, found)]
    reason, function = reasons[0] if reasons else ("", "")
    size = None if reasons else total
    return StackBound(size, reason, main[1] + handler[1], total, function, tuple(reasons))


def _nesting(image: Image, graph: dict[int, Node], found: list[int]) -> Iterator[tuple[str, str]]:
    """Say that handlers may enable interrupts, and which."""
    for address in found:
        own_entry = written_in_c(image, graph[address])
        for called in reachable(graph, address):
            node = graph[called]
            if node.sets_msr and node.name != _EXIT and not (called == address and own_entry):
                name = graph[address].name
                yield f"unknown (interrupts may nest: {name} sets MSR)", name
                break


class _Chains:
    """Deepest chain of calls from each function; notes why some have no bound."""

    def __init__(self, graph: dict[int, Node]) -> None:
        self._graph = graph
        self._known: dict[int, tuple[int, tuple[str, ...]]] = {}
        self._path: list[int] = []
        self.reasons: dict[frozenset[int], tuple[str, str]] = {}  # and functions; by the cycle

    def deepest(self, address: int) -> tuple[int, tuple[str, ...]]:
        """Bytes and functions of the deepest chain that begins with a function."""
        if address in self._known:
            return self._known[address]
        node = self._graph.get(address)
        if node is None:
            return 0, ()
        if address in self._path:
            cycle = self._path[self._path.index(address) :]
            names = " -> ".join(self._graph[one].name for one in [*cycle, address])
            self._note(cycle, f"unbounded (recursive: {names})", node)
            return 0, ()
        if node.unknown:
            self._note([address], f"unknown ({node.unknown} in {node.name})", node)
        self._path.append(address)
        below = max((self.deepest(callee) for callee in node.callees), default=(0, ()))
        self._path.pop()
        result = (node.frame + below[0], (node.name, *below[1]))
        if not self.reasons:
            self._known[address] = result  # below a cycle the result depends on the path
        return result

    def _note(self, cycle: list[int], reason: str, node: Node) -> None:
        self.reasons.setdefault(frozenset(cycle), (reason, node.name))
