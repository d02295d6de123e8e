# SPDX-License-Identifier: BSD-3-Clause
"""Opens a program's DWARF with pyelftools and turns its failures into ours."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import NuxkitError, ProgramFileError

if TYPE_CHECKING:
    from elftools.dwarf.compileunit import CompileUnit
    from elftools.dwarf.die import DIE
    from elftools.dwarf.dwarfinfo import DWARFInfo

_DW_OP_ADDR = 0x03


@contextmanager
def malformed_debug_info(path: Path) -> Iterator[None]:
    """Turn whatever a damaged file provokes in pyelftools into ProgramFileError."""
    try:
        yield
    except NuxkitError:
        raise
    except Exception as error:  # pyelftools documents no closed set of exceptions
        raise ProgramFileError(
            f"{path}: malformed debug information: {type(error).__name__}: {error}"
        ) from error


class DebugInfo:
    """The compilation units of one program, opened when first asked for.

    Parameters
    ----------
    path : Path
        For error messages.
    content : bytes
        The ELF file.
    """

    def __init__(self, path: Path, content: bytes) -> None:
        self.path = path
        self._content = content

    @cached_property
    def dwarf(self) -> DWARFInfo | None:
        """The DWARF sections, or None when the program has none."""
        # Imported late: most runs never need debug information.
        from elftools.elf.elffile import ELFFile

        with malformed_debug_info(self.path):
            elf = ELFFile(io.BytesIO(self._content))
            sections = (".debug_info", ".zdebug_info", ".debug_frame", ".eh_frame")
            if not any(elf.get_section_by_name(name) for name in sections):
                return None
            return elf.get_dwarf_info(relocate_dwarf_sections=False, follow_links=False)

    @cached_property
    def units(self) -> tuple[CompileUnit, ...]:
        """All compilation units."""
        if self.dwarf is None or not self.dwarf.has_debug_info:
            return ()
        with malformed_debug_info(self.path):
            return tuple(self.dwarf.iter_CUs())


def children(die: DIE) -> Generator[DIE, None, int]:
    """Entries inside of an entry; ends for every file, which pyelftools' iteration does not.

    Returns
    -------
    int
        Where the entry ends, in bytes.

    Raises
    ------
    ValueError
        An entry says that its sibling comes before itself.
    """
    offset = int(die.offset + die.size)
    while die.has_children:
        child = die.cu.get_DIE_from_refaddr(offset)
        if child.is_null():
            return offset + int(child.size)
        yield child
        offset = _end_of(child)
    return offset


def _end_of(die: DIE) -> int:
    sibling = die.attributes.get("DW_AT_sibling")
    if sibling is None or not die.has_children:
        walk = children(die)
        while True:
            try:
                next(walk)
            except StopIteration as stop:
                return int(stop.value)
    is_absolute = sibling.form == "DW_FORM_ref_addr"
    end = int(sibling.value) + (0 if is_absolute else int(die.cu.cu_offset))
    if end <= die.offset:
        raise ValueError(f"the sibling of the entry at {die.offset} is at {end}")
    return end


def attribute(die: DIE, name: str) -> Any:
    """Value of an attribute, also of the entry that ``die`` completes; None if absent."""
    seen = 0
    while True:
        if name in die.attributes:
            return die.attributes[name].value
        origin = origin_of(die)
        if origin is None or seen == 8:  # a chain in a sound file has two links at most
            return None
        die, seen = origin, seen + 1


def origin_of(die: DIE) -> DIE | None:
    """Find the declaration or abstract instance that ``die`` completes."""
    for link in ("DW_AT_abstract_origin", "DW_AT_specification"):
        if link in die.attributes:
            return die.get_DIE_from_attribute(link)
    return None


def name_of(die: DIE) -> str | None:
    """Name in the source, or None."""
    name = attribute(die, "DW_AT_name")
    return name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else None


def type_of(die: DIE) -> DIE | None:
    """Find the entry of the type that ``die`` or its origin names."""
    for _ in range(8):
        if "DW_AT_type" in die.attributes:
            return die.get_DIE_from_attribute("DW_AT_type")
        origin = origin_of(die)
        if origin is None:
            return None
        die = origin
    return None


def static_address(die: DIE) -> int | None:
    """Address of a variable that lives at a fixed one, else None."""
    location = die.attributes.get("DW_AT_location")
    if location is None or not isinstance(location.value, (list, bytes)):
        return None
    expression = bytes(location.value)
    if len(expression) != 5 or expression[0] != _DW_OP_ADDR:
        return None
    return int.from_bytes(expression[1:], "big")
