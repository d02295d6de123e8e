# SPDX-License-Identifier: BSD-3-Clause
"""Interrupt service routines that would destroy what they interrupt.

A handler made by NUX_ISR keeps the scalar registers of the interrupted code only. It must
not reach a vector instruction; NUX_ISR_VECTOR keeps the state of the vector unit too.
"""

from __future__ import annotations

from collections.abc import Iterable

from nuxkit.builder.call_graph import call_graph, handlers, reachable, written_in_c
from nuxkit.builder.diagnostics import Diagnostic, error
from nuxkit.builder.image import Image
from nuxkit.builder.verify import Locate

_SAVES_VECTORS = "nux_save_vectors"


def handler_problems(image: Image, locate: Locate) -> Iterable[Diagnostic]:
    """Give the first vector instruction that each scalar handler can reach, as an error."""
    graph = call_graph(image)
    saves_vectors = image.symbols.get(_SAVES_VECTORS)
    for address in handlers(image):
        handler = graph[address]
        if not written_in_c(image, handler) or saves_vectors in handler.callees:
            continue
        for called in reachable(graph, address):
            node = graph[called]
            if node.vectors:
                name = handler.name.removeprefix("isr_")
                yield error(
                    f"the interrupt service routine {name} uses vector instructions "
                    f"({node.name}) and would change the registers of the program that it "
                    f"interrupts: define it with NUX_ISR_VECTOR({name})",
                    *locate(node.vectors[0]),
                )
                break
