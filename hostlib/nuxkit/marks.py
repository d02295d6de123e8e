# SPDX-License-Identifier: BSD-3-Clause
"""What the checks of a processor need to know about a program's functions."""

from __future__ import annotations

import re

from nuxemu import Mark
from nuxemu import memory_map as mm

from .handler_names import HANDLER_NAMES
from .symbols import SymbolTable

#: Functions that GCC calls for floating point on a processor without it, as libgcc names them.
_FLOAT = re.compile(
    r"__((add|sub|mul|div)[sd]f3|neg[sd]f2|(eq|ne|lt|le|gt|ge|cmp|unord)[sd]f2"
    r"|fix(uns)?[sd]f[sd]i|float(un)?[sd]i[sd]f|extendsfdf2|truncdfsf2|powi[sd]f2)"
)
#: Called for each character that the mailbox has no room for.
_LOST = "nux_mailbox_lose"
#: Functions of which not they, but the line that calls them is of interest.
_LIBRARY = re.compile(
    r"nux_mailbox_\w+|nux_(save|restore)_vectors|__u?(div|mod|divmod)di[34]|nux_divide_by_zero"
    r"|mem(cpy|move|cmp)|strlen"
)
#: Of these, those that make no frame on the stack.
_LEAF = re.compile(r"nux_divide_by_zero|mem(cpy|move|cmp)|strlen")
#: Called anew: variables of earlier invocations of a rule or an interrupt routine are gone.
_ANEW = {"nux_invoke"} | HANDLER_NAMES
_WORD = 4


def marks_of(symbols: SymbolTable) -> bytes:
    """Mark each word of the SRAM, for `nuxemu.Processor.set_marks`."""
    marks = bytearray(mm.SRAM_SIZE // _WORD)
    for symbol in symbols.values():
        is_float = _FLOAT.fullmatch(symbol.name) is not None
        if symbol.kind == "object" or symbol.address + symbol.size > mm.SRAM_SIZE:
            continue
        if is_float or _LIBRARY.fullmatch(symbol.name):
            for word in range(symbol.address // _WORD, (symbol.address + symbol.size) // _WORD):
                marks[word] |= Mark.LIBRARY | (Mark.LEAF if _LEAF.fullmatch(symbol.name) else 0)
        if is_float:
            marks[symbol.address // _WORD] |= Mark.FLOAT
        if symbol.name == _LOST:
            marks[symbol.address // _WORD] |= Mark.LOST
        if symbol.name in _ANEW:
            marks[symbol.address // _WORD] |= Mark.ANEW
    return bytes(marks)
