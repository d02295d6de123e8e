# SPDX-License-Identifier: BSD-3-Clause
"""C types of a program's variables, from DWARF 4 and 5 as GCC writes them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from . import c_types as c
from .debug_info import (
    DebugInfo,
    attribute,
    malformed_debug_info,
    name_of,
    origin_of,
    static_address,
    type_of,
)

if TYPE_CHECKING:
    from elftools.dwarf.die import DIE

#: DW_ATE_* encodings of base types (DWARF 5, section 7.8).
_BOOLEAN, _FLOAT = 0x02, 0x04
_SIGNED, _UNSIGNED = (0x05, 0x06), (0x07, 0x08, 0x10)

_POINTER_SIZE = 4
_QUALIFIERS = {
    "DW_TAG_const_type": "const",
    "DW_TAG_volatile_type": "volatile",
    "DW_TAG_restrict_type": "restrict",
    "DW_TAG_atomic_type": "_Atomic",
}
_SCOPES = {
    "DW_TAG_subprogram",
    "DW_TAG_lexical_block",
    "DW_TAG_inlined_subroutine",
}
_VECTOR_MEMORY = "nux_vector_memory"


@dataclass(frozen=True)
class Parameter:
    """A parameter of a function; `target` is what it points to, if it is a pointer."""

    name: str
    ctype: c.CType
    target: c.CType | None


@dataclass(frozen=True)
class Signature:
    """Parameters of a function, and the type of its result (None: void)."""

    parameters: tuple[Parameter, ...]
    result: c.CType | None


class VariableTypes:
    """Finds the C type of the variable at an address.

    File-scope variables are read first; variables inside functions only when an
    address is not among those, since that means walking every function.
    """

    def __init__(self, debug: DebugInfo) -> None:
        self._debug = debug
        self._types: dict[int, c.CType] = {}

    def type_at(self, address: int, name: str, size: int) -> c.CType | None:
        """C type of variable ``name`` at ``address``, or None when DWARF has none.

        ``size`` is the size in the symbol table; it completes arrays of open length,
        and a type that does not fit into it is not the variable's.
        """
        with malformed_debug_info(self._debug.path):
            found = self._file_scope.get(address) or self._function_scope.get(address) or {}
            same_name = found.get(name) or found.get(name.partition(".")[0])
            die = same_name or next(iter(found.values()), None)
            if die is None:
                return None
            ctype = _complete(self._read(type_of(die)), size)
        if same_name is None and ctype.size != size:  # a label that happens to stand here
            return None
        return ctype if ctype.size and (not size or ctype.size <= size) else None

    def signature(self, function: DIE) -> Signature:
        """Parameters and result of a function."""
        with malformed_debug_info(self._debug.path):
            origin = origin_of(function) or function
            parameters: list[Parameter] = []
            for die in origin.iter_children():
                if die.tag == "DW_TAG_formal_parameter":
                    kind = _unqualified(type_of(die))
                    pointer = kind is not None and kind.tag == "DW_TAG_pointer_type"
                    target = self._read(type_of(kind)) if kind is not None and pointer else None
                    name = name_of(die) or f"argument {len(parameters)}"
                    parameters.append(Parameter(name, self._read(type_of(die)), target))
            result = type_of(origin)
            return Signature(tuple(parameters), None if result is None else self._read(result))

    @cached_property
    def _file_scope(self) -> dict[int, dict[str, DIE]]:
        tops = (unit.get_top_DIE() for unit in self._debug.units)
        return _by_address(die for top in tops for die in top.iter_children())

    @cached_property
    def _function_scope(self) -> dict[int, dict[str, DIE]]:
        def walk(scope: DIE) -> Iterator[DIE]:
            for die in scope.iter_children():
                yield die
                if die.tag in _SCOPES:
                    yield from walk(die)

        return _by_address(die for unit in self._debug.units for die in walk(unit.get_top_DIE()))

    def _read(self, die: DIE | None) -> c.CType:
        if die is None:
            return c.RawType("void", 0)
        if die.offset not in self._types:
            self._types[die.offset] = self._read_new(die)
        return self._types[die.offset]

    def _read_new(self, die: DIE) -> c.CType:
        tag = die.tag
        if tag in _QUALIFIERS:
            return self._read(type_of(die))
        if tag == "DW_TAG_typedef":
            name = name_of(die) or "?"
            return _named(self._read(type_of(die)), name)
        size = attribute(die, "DW_AT_byte_size")
        size = size if isinstance(size, int) else 0
        if tag == "DW_TAG_base_type":
            return _base_type(die, size)
        if tag == "DW_TAG_pointer_type":
            return c.IntType(_spelled(die), size or _POINTER_SIZE, False)
        if tag == "DW_TAG_enumeration_type":
            return self._enum(die, size)
        if tag == "DW_TAG_array_type":
            return self._array(die)
        if tag in ("DW_TAG_structure_type", "DW_TAG_union_type"):
            kind = c.StructType if tag == "DW_TAG_structure_type" else c.UnionType
            struct = kind(_spelled(die), size, tuple(self._fields(die)))
            return _named(struct, _VECTOR_MEMORY) if name_of(die) == _VECTOR_MEMORY else struct
        return c.RawType(_spelled(die), size)

    def _enum(self, die: DIE, size: int) -> c.CType:
        values = {
            name_of(child) or "?": int(attribute(child, "DW_AT_const_value"))
            for child in die.iter_children()
            if child.tag == "DW_TAG_enumerator"
        }
        base = self._read(type_of(die))
        signed = base.signed if isinstance(base, c.IntType) else min(values.values(), default=0) < 0
        if size not in (1, 2, 4, 8):
            return c.RawType(_spelled(die), size)
        return c.EnumType(_spelled(die), size, signed, values)

    def _array(self, die: DIE) -> c.CType:
        shape = tuple(
            _count(child) for child in die.iter_children() if child.tag == "DW_TAG_subrange_type"
        )
        return c.array_of(self._read(type_of(die)), shape)

    def _fields(self, die: DIE) -> Iterator[c.Field]:
        for member in die.iter_children():
            if member.tag != "DW_TAG_member":
                continue
            ctype = self._read(type_of(member))
            offset = attribute(member, "DW_AT_data_member_location") or 0
            if "DW_AT_bit_size" in member.attributes:
                yield _bit_field(member, ctype, int(offset))
                continue
            name = name_of(member)
            if name is None and isinstance(ctype, c.StructType):  # anonymous: members move up
                for inner in ctype.fields:
                    yield replace(inner, offset=offset + inner.offset)
            else:
                yield c.Field(name or f"_at_{offset}", int(offset), ctype)


def _unqualified(die: DIE | None) -> DIE | None:
    """Find the type behind typedefs and qualifiers."""
    while die is not None and (die.tag == "DW_TAG_typedef" or die.tag in _QUALIFIERS):
        die = type_of(die)
    return die


def _by_address(dies: Iterator[DIE]) -> dict[int, dict[str, DIE]]:
    found: dict[int, dict[str, DIE]] = {}
    for die in dies:
        if die.tag != "DW_TAG_variable":
            continue
        address = static_address(die)
        if address is not None:
            found.setdefault(address, {})[name_of(die) or "?"] = die
    return found


def _base_type(die: DIE, size: int) -> c.CType:
    name = name_of(die) or "?"
    encoding = attribute(die, "DW_AT_encoding")
    if encoding == _BOOLEAN and size in (1, 2, 4, 8):
        return c.BoolType(name, size)
    if encoding == _FLOAT and size in (4, 8):
        return c.FloatType(name, size)
    if encoding in _SIGNED + _UNSIGNED and size in (1, 2, 4, 8):
        return c.IntType(name, size, encoding in _SIGNED)
    return c.RawType(name, size)


def _count(subrange: DIE) -> int:
    count = attribute(subrange, "DW_AT_count")
    if isinstance(count, int):
        return count
    upper = attribute(subrange, "DW_AT_upper_bound")
    # GCC writes no bound for [], and -1 or its 32-bit form for [0].
    return upper + 1 if isinstance(upper, int) and -1 <= upper < 0xFFFF_FFFF else 0


def _named(ctype: c.CType, name: str) -> c.CType:
    if name == _VECTOR_MEMORY and isinstance(ctype, c.UnionType) and ctype.size == 128:
        return c.VectorMemoryType(name, ctype.size, ctype.fields)
    return replace(ctype, name=name)


def _complete(ctype: c.CType, size: int) -> c.CType:
    """Give an array of open length (``int a[]``, a struct's last member) its length."""
    if size <= ctype.size:
        return ctype
    if isinstance(ctype, c.ArrayType) and ctype.shape[:1] == (0,):
        row = ctype.element.size * math.prod(ctype.shape[1:])
        if row:
            return c.array_of(ctype.element, (size // row, *ctype.shape[1:]))
    if isinstance(ctype, c.StructType) and ctype.fields:
        last = ctype.fields[-1]
        member = _complete(last.ctype, size - last.offset)
        if member.size > last.ctype.size:
            fields = (*ctype.fields[:-1], replace(last, ctype=member))
            return replace(ctype, size=max(ctype.size, last.offset + member.size), fields=fields)
    return ctype


def _bit_field(member: DIE, base: c.CType, offset: int) -> c.Field:
    width = int(attribute(member, "DW_AT_bit_size"))
    start = attribute(member, "DW_AT_data_bit_offset")
    if start is None:  # DWARF 3 style, bits counted from the top of a storage unit
        start = 8 * offset + int(attribute(member, "DW_AT_bit_offset") or 0)
    first, end = start // 8, (start + width + 7) // 8
    name = name_of(member) or "?"
    if not isinstance(base, (c.IntType, c.BoolType)):
        return c.Field(name, first, c.RawType(base.name, end - first))
    shift = 8 * end - start - width
    label = f"{base.name}:{width}"
    return c.Field(name, first, c.BitFieldType(label, end - first, base, shift, width))


def _spelled(die: DIE | None, depth: int = 0) -> str:
    """Spell the type as C source would, without its declarator."""
    if die is None:
        return "void"
    if depth > 16:
        return "..."
    tag, name = die.tag, name_of(die)
    inner = type_of(die)
    if tag == "DW_TAG_pointer_type":
        if inner is not None and inner.tag == "DW_TAG_subroutine_type":
            return f"{_spelled(type_of(inner), depth + 1)} (*)()"
        target = _spelled(inner, depth + 1)
        return target + ("*" if target.endswith("*") else " *")
    if tag in _QUALIFIERS:
        target = _spelled(inner, depth + 1)
        qualifier = _QUALIFIERS[tag]
        return target + qualifier if target.endswith("*") else f"{qualifier} {target}"
    if tag == "DW_TAG_array_type":
        return f"{_spelled(inner, depth + 1)} []"
    keyword = {
        "DW_TAG_structure_type": "struct",
        "DW_TAG_union_type": "union",
        "DW_TAG_enumeration_type": "enum",
    }.get(str(tag))
    if keyword:
        return f"{keyword} {name or '<anonymous>'}"
    return name or "?"
