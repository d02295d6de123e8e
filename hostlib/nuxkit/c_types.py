# SPDX-License-Identifier: BSD-3-Clause
"""C types of the target: big-endian bytes to Python and NumPy values, and back.

===================  ==========================================================
C                    Python
===================  ==========================================================
integer, enum        int (an enum also takes an enumerator's name)
pointer              int, the address
_Bool                bool
float, double        float
array of the above   NumPy array of native byte order, of the array's shape
struct               dict, one key a member, in order; arrays of structs: lists
union                dict with every member; to write it, any members that agree
nux_vector_memory    NumPy array, uint8, shape (128,); to write it, 128 bytes
                     or 64 halfwords, signed or unsigned
anything else        int when it has 1, 2, 4 or 8 bytes, else NumPy uint8
===================  ==========================================================

Nothing is rounded, wrapped or clipped: a value that the C type cannot hold raises
:class:`~nuxkit.errors.InputError` with the place, the value, the type and its limits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .c_scalars import (
    Array,
    BitFieldType,
    BoolType,
    CType,
    EnumType,
    FloatType,
    IntType,
    ScalarType,
    as_array,
    check_int,
    encode_numbers,
)
from .errors import InputError

__all__ = [
    "ArrayType",
    "BitFieldType",
    "BoolType",
    "CType",
    "EnumType",
    "Field",
    "FloatType",
    "IntType",
    "RawType",
    "ScalarType",
    "StructType",
    "UnionType",
    "VectorMemoryType",
    "array_of",
]


@dataclass(frozen=True)
class ArrayType(CType):
    """Array of ``shape``; ``element`` is no array itself."""

    element: CType
    shape: tuple[int, ...]

    def _decode(self, data: bytes) -> Any:
        if isinstance(self.element, BoolType):
            return (np.frombuffer(data, self.element.dtype) != 0).reshape(self.shape)
        if isinstance(self.element, ScalarType):
            values = np.frombuffer(data, self.element.dtype).reshape(self.shape)
            return values.astype(self.element.dtype.newbyteorder("="))
        step = self.element.size
        items = [self.element.decode(data[i : i + step]) for i in self._offsets()]
        if isinstance(self.element, VectorMemoryType):
            return np.array(items, np.uint8).reshape(*self.shape, self.element.size)
        return _nest(items, self.shape)

    def _offsets(self) -> range:
        return range(0, self.size, self.element.size) if self.element.size else range(0)

    def encode(self, value: Any, place: str, old: bytes | None = None) -> bytes:  # noqa: D102
        if isinstance(self.element, ScalarType):
            return encode_numbers(self.element, self.shape, value, place, self.name)
        return self._encode_items(self.shape, value, place, old or bytes(self.size))

    def _encode_items(self, shape: tuple[int, ...], value: Any, place: str, old: bytes) -> bytes:
        if not shape:
            return self.element.encode(value, place, old)
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(
            value, (Sequence, np.ndarray)
        ):
            raise InputError(
                f"{place}: {self.name} needs a sequence of {shape[0]}, got {type(value).__name__}"
            )
        if len(value) != shape[0]:
            raise InputError(f"{place}: {self.name} needs {shape[0]} items, got {len(value)}")
        step = len(old) // shape[0] if shape[0] else 0
        return b"".join(
            self._encode_items(shape[1:], item, f"{place}[{i}]", old[i * step : (i + 1) * step])
            for i, item in enumerate(value)
        )


@dataclass(frozen=True)
class Field:
    """A member of a struct or union, at a byte offset."""

    name: str
    offset: int
    ctype: CType


@dataclass(frozen=True)
class StructType(CType):
    """A struct; members of anonymous structs and unions count as its own."""

    fields: tuple[Field, ...]

    def field(self, name: str, place: str) -> Field:
        """Find the member ``name``; InputError that lists the members when there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        members = ", ".join(field.name for field in self.fields)
        raise InputError(f"{place}: {self.name} has no member {name!r}; it has: {members}")

    def _decode(self, data: bytes) -> Any:
        return {
            f.name: f.ctype.decode(data[f.offset : f.offset + f.ctype.size]) for f in self.fields
        }

    def encode(self, value: Any, place: str, old: bytes | None = None) -> bytes:  # noqa: D102
        members = self._members(value, place)
        missing = [f.name for f in self.fields if f.name not in members and not self._optional(f)]
        if missing:
            raise InputError(
                f"{place}: no value for member {', '.join(missing)} of {self.name}; "
                f"write a single member by its path, as in {place}.{self.fields[0].name}"
            )
        return self._place_members(members, place, old)

    def _optional(self, field: Field) -> bool:
        """Whether another member covers the same bytes (an anonymous union)."""
        start, end = _bit_extent(field)
        return any(
            other is not field and _bit_extent(other)[0] < end and start < _bit_extent(other)[1]
            for other in self.fields
        )

    def _members(self, value: Any, place: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise InputError(
                f"{place}: {self.name} needs a dict of its members, got {type(value).__name__}"
            )
        for name in value:
            self.field(name, place)
        return dict(value)

    def _place_members(self, members: dict[str, Any], place: str, old: bytes | None) -> bytes:
        data = bytearray(old or bytes(self.size))

        def encode(field: Field) -> tuple[slice, bytes]:
            extent = slice(field.offset, field.offset + field.ctype.size)
            encoded = field.ctype.encode(
                members[field.name], f"{place}.{field.name}", bytes(data[extent])
            )
            return extent, encoded

        given = [field for field in self.fields if field.name in members]
        for field in given:
            extent, encoded = encode(field)
            data[extent] = encoded
        for field in given:  # members that share bytes must agree on them
            extent, encoded = encode(field)
            if data[extent] != encoded:
                raise InputError(
                    f"{place}: member {field.name} disagrees with another member given "
                    f"for the same bytes of {self.name}; give only one of them"
                )
        return bytes(data)


@dataclass(frozen=True)
class UnionType(StructType):
    """A union; all members at offset 0 decode, any that agree can be written."""

    def encode(self, value: Any, place: str, old: bytes | None = None) -> bytes:  # noqa: D102
        members = self._members(value, place)
        if not members and self.fields:
            raise InputError(f"{place}: {self.name} needs a value for one of its members, got none")
        return self._place_members(members, place, bytes(self.size))


@dataclass(frozen=True)
class VectorMemoryType(UnionType):
    """``nux_vector_memory``: the memory of one vector register, 128 bytes."""

    def _decode(self, data: bytes) -> Array:
        return np.frombuffer(data, np.uint8).copy()

    def encode(self, value: Any, place: str, old: bytes | None = None) -> bytes:  # noqa: D102
        if isinstance(value, Mapping):
            return super().encode(value, place, old)
        lanes = as_array(value, place, self.name)
        for count, size in ((self.size, 1), (self.size // 2, 2)):
            if lanes.shape == (count,):
                signed = lanes.dtype.kind == "i" and bool((lanes < 0).any())
                prefix = "" if signed else "u"
                element = IntType(f"{prefix}int{8 * size}_t", size, signed)
                return encode_numbers(element, lanes.shape, value, place, self.name)
        raise InputError(
            f"{place}: {self.name} needs {self.size} bytes or {self.size // 2} halfwords, "
            f"got shape {lanes.shape}"
        )


@dataclass(frozen=True)
class RawType(CType):
    """Memory without a known type: a number when it has 1, 2, 4 or 8 bytes, else bytes."""

    def _decode(self, data: bytes) -> int | Array:
        if self.size in (1, 2, 4, 8):
            return int.from_bytes(data, "big")
        return np.frombuffer(data, np.uint8).copy()

    def encode(self, value: Any, place: str, old: bytes | None = None) -> bytes:  # noqa: D102
        if self.size in (1, 2, 4, 8) and not isinstance(value, (bytes, bytearray, np.ndarray)):
            low, high = -(1 << (8 * self.size - 1)), (1 << 8 * self.size) - 1
            number = check_int(value, place, self.name, low, high)
            return (number % (1 << 8 * self.size)).to_bytes(self.size, "big")
        element = IntType("uint8_t", 1, False)
        return encode_numbers(element, (self.size,), value, place, self.name)


def array_of(element: CType, shape: tuple[int, ...]) -> ArrayType:
    """Make the type of ``element x[shape[0]][shape[1]]...``; arrays of arrays are one array."""
    if isinstance(element, ArrayType):
        return array_of(element.element, shape + element.shape)
    name = element.name + "".join(f"[{n}]" for n in shape)
    return ArrayType(name, element.size * math.prod(shape), element, shape)


def _bit_extent(field: Field) -> tuple[int, int]:
    start, size = 8 * field.offset, 8 * field.ctype.size
    if isinstance(field.ctype, BitFieldType):
        end = start + size - field.ctype.shift
        return end - field.ctype.width, end
    return start, start + size


def _nest(items: list[Any], shape: tuple[int, ...]) -> list[Any]:
    for length in reversed(shape[1:]):
        items = [items[i : i + length] for i in range(0, len(items), length)] if length else []
    return items
