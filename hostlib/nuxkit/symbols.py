# SPDX-License-Identifier: BSD-3-Clause
"""A program's symbols by name, and places inside them by path (``table[3].gain``)."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from . import c_types as c
from .dwarf_types import VariableTypes
from .elf_file import ElfSymbol
from .errors import InputError

_STEP = re.compile(r"\s*(?:\.\s*(?P<member>\w+)|\[\s*(?P<index>0[xX][0-9a-fA-F]+|\d+)\s*\])")
_QUALIFIED = re.compile(r"[^:\[]+:\w+")
_MAX_LISTED = 8


class UnknownSymbolError(InputError, KeyError):
    """The program has no symbol of that name."""

    def __str__(self) -> str:
        # KeyError would show the repr of the sentence.
        return str(self.args[0])


@dataclass(frozen=True)
class Location:
    """A place in the PPU's memory with its C type.

    Attributes
    ----------
    path : str
        How it was asked for, ``"params.rate"``.
    address : int
        Byte address. A bit-field's is that of the first byte it touches.
    ctype : CType
        Its type; a :class:`~nuxkit.c_types.RawType` when the program has no
        debug information for it.
    """

    path: str
    address: int
    ctype: c.CType

    @property
    def size(self) -> int:
        """Bytes to read or write at ``address``."""
        return self.ctype.size

    def decode(self, data: bytes) -> Any:
        """Python value of the ``size`` bytes at ``address``."""
        return self.ctype.decode(data)

    def encode(self, value: Any, old: bytes) -> bytes:
        """Bytes to write at ``address``.

        Parameters
        ----------
        value
            What the C type can hold (see :mod:`nuxkit.c_types`).
        old : bytes
            The ``size`` bytes there now; padding and neighbouring bit-fields stay.

        Raises
        ------
        InputError
            The type cannot hold the value.
        """
        return self.ctype.encode(value, self.path, old)


@dataclass(frozen=True)
class Symbol:
    """A name of the program with an address.

    Attributes
    ----------
    name : str
        Name in the symbol table.
    address : int
        Byte address.
    size : int
        Size in bytes by the symbol table; 0 when it gives none.
    kind : str
        ``"object"`` (data), ``"function"`` or ``"label"`` (assembler, linker script).
    file : str or None
        Source file of a symbol that only its file sees; None for a global one.
    """

    name: str
    address: int
    size: int
    kind: str
    file: str | None
    _types: VariableTypes = field(repr=False, compare=False)

    @cached_property
    def ctype(self) -> c.CType | None:
        """C type by the debug information; None for functions and without any."""
        if self.kind == "function":
            return None
        return self._types.type_at(self.address, self.name, self.size)

    @property
    def location(self) -> Location:
        """The symbol's place, with a raw type when the C type is not known.

        A symbol without type and size counts as one 32-bit word.
        """
        ctype = self.ctype or c.RawType(f"untyped symbol {self.name}", self.size or 4)
        return Location(self.name, self.address, ctype)


class SymbolTable(Mapping[str, Symbol]):
    """Symbols by name.

    A global symbol goes by its name, and so does a local one (``static``) whose
    name is unique. Local ones also go by ``file.c:name``; when several files have
    one of the same name, only by that.
    """

    def __init__(self, path: Path, symbols: Iterable[ElfSymbol], types: VariableTypes) -> None:
        self._path = path
        self._by_name: dict[str, Symbol] = {}
        self._qualified: dict[str, Symbol] = {}
        self._ambiguous: dict[str, list[str]] = {}
        made = [Symbol(s.name, s.address, s.size, s.kind, s.file, types) for s in symbols]
        local = [symbol for symbol in made if symbol.file is not None]
        counts = Counter(symbol.name for symbol in local)
        for symbol in local:
            qualified = f"{symbol.file}:{symbol.name}"
            self._qualified.setdefault(qualified, symbol)
            if counts[symbol.name] == 1:
                self._by_name[symbol.name] = symbol
            else:
                self._ambiguous.setdefault(symbol.name, []).append(qualified)
        for symbol in made:
            if symbol.file is None:
                self._by_name[symbol.name] = symbol
                self._ambiguous.pop(symbol.name, None)

    def __getitem__(self, name: str) -> Symbol:
        found = self._by_name.get(name) or self._qualified.get(name)
        if found is None:
            raise UnknownSymbolError(self._unknown(name))
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def _unknown(self, name: str) -> str:
        if name in self._ambiguous:
            names = ", ".join(self._ambiguous[name][:_MAX_LISTED])
            return f"{self._path}: several files have a symbol {name!r}; ask for one of {names}"
        close = difflib.get_close_matches(str(name), self._by_name, n=_MAX_LISTED)
        if close:
            hint = f"close matches: {', '.join(close)}"
        else:
            data = sorted(n for n, symbol in self._by_name.items() if symbol.kind == "object")
            more = ", ..." if len(data) > _MAX_LISTED else ""
            hint = (
                f"its variables are: {', '.join(data[:_MAX_LISTED])}{more}"
                if data
                else ("it has no variables; was it stripped?")
            )
        return f"{self._path}: no symbol {name!r}; {hint}"

    def resolve(self, path: str) -> Location:
        """Place that a C-like path names.

        Parameters
        ----------
        path : str
            A symbol name, then members and constant indices: ``"params.rate"``,
            ``"table[3]"``, ``"rules[1].window[0x10]"``. An index of a
            multi-dimensional array gives the row. Pointers are not followed.

        Raises
        ------
        UnknownSymbolError
            No such symbol.
        InputError
            No such member, an index outside of its array, or not such a path.
        """
        name = self._symbol_part(path)
        location = self[name].location
        position = len(name)
        if path[position:] and self[name].ctype is None:
            raise InputError(
                f"{path}: the C type of {name} is not known (no debug information); "
                "build the program with -g, or read the whole symbol"
            )
        while position < len(path):
            step = _STEP.match(path, position)
            if step is None:
                raise InputError(
                    f"{path}: cannot read {path[position:]!r}; "
                    "expected .member or [index] with a number"
                )
            member, index = step["member"], step["index"]
            location = (
                _index(location, int(index, 0 if index[:2] in ("0x", "0X") else 10))
                if member is None
                else _member(location, member)
            )
            position = step.end()
        return location

    def _symbol_part(self, path: str) -> str:
        """Find the longest beginning of ``path`` that is a symbol (names may have dots)."""
        ends = [match.start() for match in re.finditer(r"[.\[]|$", path)]
        for end in reversed(ends):
            if path[:end].rstrip() in self._by_name or path[:end] in self._qualified:
                return path[:end].rstrip()
        qualified = _QUALIFIED.match(path)
        return qualified[0] if qualified else path[: ends[0]].rstrip()


def _member(location: Location, name: str) -> Location:
    ctype, path = location.ctype, f"{location.path}.{name}"
    if not isinstance(ctype, c.StructType):
        raise InputError(f"{path}: {location.path} is {ctype.name}, which has no members")
    found = ctype.field(name, location.path)
    return Location(path, location.address + found.offset, found.ctype)


def _index(location: Location, index: int) -> Location:
    ctype, path = location.ctype, f"{location.path}[{index}]"
    if isinstance(ctype, c.VectorMemoryType):
        ctype = c.array_of(c.IntType("uint8_t", 1, False), (ctype.size,))
    if not isinstance(ctype, c.ArrayType):
        raise InputError(f"{path}: {location.path} is {ctype.name}, which is no array")
    if index >= ctype.shape[0]:
        raise InputError(
            f"{path}: index {index} is outside {ctype.name} (0 to {ctype.shape[0] - 1})"
        )
    item = c.array_of(ctype.element, ctype.shape[1:]) if ctype.shape[1:] else ctype.element
    return Location(path, location.address + index * item.size, item)
