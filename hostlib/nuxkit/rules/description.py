# SPDX-License-Identifier: BSD-3-Clause
"""What a rule's C file declares: its parameters and observables.

The macros of ``nux/rule.h`` put one record for each of them into the section
``.nux.rule`` of the object file; it is read here and left out of the program.
"""

from __future__ import annotations

import os
import re
import struct
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nuxkit.builder import KernelBuildError, cache
from nuxkit.builder.compiler import Settings, check_source, compile_source, spelled
from nuxkit.builder.diagnostics import Diagnostic, error
from nuxkit.builder.runtime import runtime_checksum, runtime_root
from nuxkit.builder.toolchain import find_toolchain
from nuxkit.errors import InputError

#: NumPy type and number of fraction bits of each C type.
TYPES: dict[str, tuple[str, int]] = {
    "int8_t": ("i1", 0), "int16_t": ("i2", 0), "int32_t": ("i4", 0),
    "uint8_t": ("u1", 0), "uint16_t": ("u2", 0), "uint32_t": ("u4", 0),
    "float": ("f4", 0), "nux_frac8": ("i1", 7), "nux_frac16": ("i2", 15),
}  # fmt: skip

#: Names of the frame that the generated program replaces.
RENAMED = ("rule", "parameters", "observables", "nux_rule_recording")

_SECTION = ".nux.rule"
#: Macros of nux/rule.h in messages about declarations that are wrong.
_MACROS = ("NUX_PARAMETER", "NUX_OBSERVABLE", "NUX_MEMBER_", "NUX_EACH", "nux_type_", "NUX_DESCRI")
_FORM = f"""hint: declarations look like this, up to 32 in a list, without a comma behind the last:
  NUX_PARAMETERS((type, name, default, least, most, "unit"), ...)
  NUX_OBSERVABLES((kind, type, name, "unit"), ...)
  types: {", ".join(TYPES)}
  kinds: synapse, neuron, array, scalar"""
_HEADER = struct.Struct(">c3xIIII4xddd")
_ALIGNMENT = 8
_NAME = re.compile(r"^(\w+)((?:\s*\[[^\[\]]*\])*)$")


@dataclass(frozen=True)
class Parameter:
    """A value that the host may write at any time.

    Attributes
    ----------
    name : str
    dtype : numpy.dtype
        Of the C type.
    shape : tuple of int
        Empty for a single value.
    default, minimum, maximum : int or float
        Shared by all elements; of a fraction its value (0.125), not its integer.
    unit : str
        Unit or description.
    fraction_bits : int
        The value is the integer / 2**fraction_bits; 0 for all that are no fractions.
    """

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    default: float
    minimum: float
    maximum: float
    unit: str
    fraction_bits: int


@dataclass(frozen=True)
class Observable:
    """A quantity that a rule records.

    Attributes
    ----------
    name : str
    kind : {"synapse", "neuron", "array", "scalar"}
    dtype : numpy.dtype
        Of the C type.
    shape : tuple of int
        Of an array, else empty.
    unit : str
    fraction_bits : int
        As of `Parameter`.
    """

    name: str
    kind: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    unit: str
    fraction_bits: int

    @property
    def value_dtype(self) -> np.dtype[Any]:
        """Type of the values that the host gets: fractions as float."""
        if not self.fraction_bits:
            return self.dtype
        return np.dtype(np.float32)  # exact for 16 bits


@dataclass(frozen=True)
class RuleDescription:
    """A rule's C file.

    Attributes
    ----------
    path : pathlib.Path
        As it was given.
    parameters : dict of str to Parameter
    observables : dict of str to Observable
        Both in the order of the file.
    full_path : str
        Where it was found, also from another working directory.
    """

    path: Path
    parameters: dict[str, Parameter]
    observables: dict[str, Observable]
    full_path: str

    @property
    def in_struct(self) -> dict[str, Observable]:
        """Observables that are members of the variable ``observables``."""
        return {n: o for n, o in self.observables.items() if o.kind in ("scalar", "array")}

    @property
    def in_rows(self) -> dict[str, Observable]:
        """Observables with a value a synapse or neuron, as the C side numbers them."""
        return {n: o for n, o in self.observables.items() if o.kind in ("synapse", "neuron")}

    def check_present(self) -> None:
        """Raise InputError if the file declares something else by now."""
        moved = os.path.abspath(self.path) != self.full_path
        now = describe(self.full_path if moved else self.path)
        for before, after in (
            (self.parameters, now.parameters),
            (self.observables, now.observables),
        ):
            if list(before.values()) != list(after.values()):
                raise InputError(
                    f"{self.path} has changed: it declares other parameters or observables than "
                    "when its rule was made; make the rule again"
                )


def describe(path: str | os.PathLike[str]) -> RuleDescription:
    """Compile a rule and read what it declares.

    Parameters
    ----------
    path : path
        C file with ``void rule(const nux_call *call)``.

    Raises
    ------
    nuxkit.builder.KernelBuildError
        The file does not compile, has no function ``rule``, or declares something that is
        not possible; at its line.
    nuxkit.errors.ProgramFileError
        The file does not exist or cannot be read.
    """
    (source,) = spelled([path])
    check_source(source)
    section, functions = _compiled(source)
    if "rule" not in functions:
        raise KernelBuildError([
            error("no function rule(): a rule is a function `void rule(const nux_call *call)`, "
                  "declared in nux/rule.h", source)
        ])  # fmt: skip
    problems: list[Diagnostic] = []
    parameters: dict[str, Parameter] = {}
    observables: dict[str, Observable] = {}
    for record in sorted(_records(section), key=lambda record: record.order):
        try:
            if record.role == "p":
                parameters[record.name] = _parameter(record)
            elif record.name in observables:
                raise ValueError(f"observable {record.name}: the name is taken by another one")
            else:
                observables[record.name] = _observable(record)
        except ValueError as problem:
            problems.append(error(str(problem), source, _line_of(source, record)))
    if problems:
        raise KernelBuildError(problems)
    return RuleDescription(Path(source), parameters, observables, os.path.abspath(source))


def _line_of(source: str, record: _Record) -> int:
    """Line of an entry; the compiler knows only where its list begins."""
    text = Path(source).read_text(errors="replace").splitlines()
    for number, line in enumerate(text[record.line - 1 :], record.line):
        if re.search(rf"\b{re.escape(record.type_name)}\s*,\s*{re.escape(record.name)}\b", line):
            return number
    return record.line


def _compiled(source: str) -> tuple[bytes, list[str]]:
    """Section with the records, and global functions, of a compiled file."""
    root = runtime_root()
    tools = find_toolchain()
    settings = Settings(runtime=root)
    key = cache.key_of({
        "describe": source, "cwd": os.getcwd(), "content": cache.file_checksum(source),
        "flags": settings.flags, "tools": tools.version, "runtime": runtime_checksum(root),
        "driver": cache.driver_checksum(), "here": cache.file_checksum(__file__),
    })  # fmt: skip
    if found := cache.lookup(key):
        return bytes.fromhex(found[1]["section"]), found[1]["functions"]
    with tempfile.TemporaryDirectory(prefix="nuxkit-describe-") as name:
        compiled = compile_source(tools, source, settings, Path(name))
        if compiled.object_path is None:
            raise KernelBuildError(_explained(compiled.diagnostics))
        content = compiled.object_path.read_bytes()
        section, functions = _read_object(compiled.object_path)
    stored = cache.store_program(content, f"{Path(source).stem}-object")
    places = (os.path.dirname(source) or ".", *settings.search)
    inputs = cache.inputs_of(compiled.headers, places)
    cache.store_entry(key, stored, inputs, {"section": section.hex(), "functions": functions})
    return section, functions


def _explained(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Errors of the compiler, with the form of declarations behind the first about one."""
    found = list(diagnostics)
    for number, entry in enumerate(found):
        words = f"{entry.text}\n{entry.detail}"
        if entry.severity == "error" and any(name in words for name in _MACROS):
            found[number] = replace(entry, detail=f"{entry.detail}\n{_FORM}".lstrip("\n"))
            break
    return found


def _read_object(path: Path) -> tuple[bytes, list[str]]:
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    with open(path, "rb") as stream:
        elf = ELFFile(stream)
        section = elf.get_section_by_name(_SECTION)
        tables = (part for part in elf.iter_sections() if isinstance(part, SymbolTableSection))
        symbols = (symbol for table in tables for symbol in table.iter_symbols())
        functions = [
            symbol.name
            for symbol in symbols
            if symbol["st_info"]["type"] == "STT_FUNC" and symbol["st_info"]["bind"] == "STB_GLOBAL"
        ]
        return section.data() if section else b"", functions


@dataclass(frozen=True)
class _Record:
    """One record of the section."""

    role: str
    line: int
    order: int
    kind: str
    type_name: str
    name: str
    brackets: str
    unit: str
    elements: int
    values: tuple[float, float, float]

    @property
    def shape(self) -> tuple[int, ...]:
        if self.brackets.count("[") > 1:
            raise ValueError(f"{self.name}{self.brackets}: arrays have one dimension")
        if self.brackets and not self.elements:
            raise ValueError(f"{self.name}{self.brackets}: arrays have at least one element")
        return (self.elements,) if self.brackets else ()


def _records(section: bytes) -> Iterator[_Record]:
    at = 0
    while at + _HEADER.size <= len(section):
        role, size, line, order, elements, *values = _HEADER.unpack_from(section, at)
        text = section[at + _HEADER.size :][: size - 1].decode()
        kind, type_name, declared, unit = text.split("\0")
        match = _NAME.match(declared)
        name, brackets = (match[1], match[2]) if match else (declared, "")
        yield _Record(
            role.decode(), line, order, kind, type_name, name, brackets, unit, elements,
            (values[0], values[1], values[2]),
        )  # fmt: skip
        at += -(-(_HEADER.size + size) // _ALIGNMENT) * _ALIGNMENT


def _parameter(record: _Record) -> Parameter:
    dtype, fraction_bits = _type(record)
    if record.name in RENAMED:
        raise ValueError(
            f"a parameter cannot be called {record.name}: {', '.join(RENAMED)} are names of the "
            "frame, which get another prefix in each rule"
        )
    plain = [_plain(value, dtype, fraction_bits) for value in record.values]
    low, high = limits_of(dtype, fraction_bits)
    outside = [value for value in plain if not low <= value <= high]
    default, least, most = plain if outside else (on_grid(v, dtype, fraction_bits) for v in plain)
    if outside or not least <= most:
        raise ValueError(
            f"parameter {record.name}: its limits are {least} to {most}, but must be in order and "
            f"within those of {record.type_name}, {low:g} to {high:g}"
        )
    if not least <= default <= most:
        raise ValueError(
            f"parameter {record.name}: its default is {default}, but must be from {least} to {most}"
        )
    return Parameter(
        record.name, dtype, record.shape, default, least, most, record.unit, fraction_bits
    )


def _observable(record: _Record) -> Observable:
    dtype, fraction_bits = _type(record)
    shape = record.shape
    if bool(shape) != (record.kind == "array"):
        need = "needs a length, as in name[16]" if record.kind == "array" else "has no length"
        raise ValueError(f"observable {record.name}: the kind {record.kind} {need}")
    if shape == (0,):
        raise ValueError(f"observable {record.name}: its length is 0, but must be at least 1")
    return Observable(record.name, record.kind, dtype, shape, record.unit, fraction_bits)


def _type(record: _Record) -> tuple[np.dtype[Any], int]:
    code, fraction_bits = TYPES[record.type_name]  # others do not compile
    return np.dtype(code), fraction_bits


def limits_of(dtype: np.dtype[Any], fraction_bits: int) -> tuple[float, float]:
    """Smallest and largest value of a type."""
    if dtype.kind == "f":
        info = np.finfo(dtype)
        return float(info.min), float(info.max)
    limits = np.iinfo(dtype)
    return limits.min / 2**fraction_bits, limits.max / 2**fraction_bits


def on_grid(value: float, dtype: np.dtype[Any], fraction_bits: int) -> float:
    """Nearest value that a type has, of one within its limits; integers as they are."""
    if fraction_bits:
        return float(round(value * 2**fraction_bits) / 2**fraction_bits)
    return float(dtype.type(value)) if dtype.kind == "f" else value


def _plain(value: float, dtype: np.dtype[Any], fraction_bits: int) -> float:
    """Give a number as its type has it: an integer where it is one."""
    if dtype.kind == "f" or fraction_bits:
        return value
    if value != int(value):
        raise ValueError(f"{value!r} is no integer, but the type is {dtype.name}")
    return int(value)


def names(items: Mapping[str, object] | Iterable[str]) -> str:
    """Names as a list for a sentence."""
    return ", ".join(items) or "none"
