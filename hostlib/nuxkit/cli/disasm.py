# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit disasm``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from nuxemu.isa import disassemble as vector_text
from nuxkit.builder.toolchain import find_toolchain, run
from nuxkit.cli.common import (
    complete_functions,
    file_argument,
    json_errors,
    json_option,
    look_at,
    print_json,
)
from nuxkit.errors import InputError
from nuxkit.program import Program, SourceLocation
from nuxkit.source_text import SourceText


@dataclass(frozen=True)
class _Line:
    """One instruction: where it is, what it is, and what it was made from."""

    address: int
    word: int
    text: str
    function: str | None
    location: SourceLocation | None


@click.command("disasm")
@file_argument
@click.argument("functions", nargs=-1, metavar="[FUNCTION]...", shell_complete=complete_functions)
@click.option("--no-source", is_flag=True, help="Leave out the source lines.")
@json_option
def disasm_command(file: str, functions: tuple[str, ...], no_source: bool, as_json: bool) -> int:
    """Show the instructions of a program beside its source lines.

    FILE is a linked program (ELF) or a source file, which is built first; without FUNCTION,
    all of it is shown. Vector instructions are written as the assembler macros take them.
    """
    with json_errors(as_json):
        program, _ = look_at(file)
        lines = list(_lines(program, functions))
    if as_json:
        print_json([_json(line) for line in lines])
    else:
        for row in _rows(lines, with_source=not no_source):
            click.echo(row)
    return 0


def _lines(program: Program, functions: tuple[str, ...]) -> Iterator[_Line]:
    scalar = _scalar_texts(program.path)
    ranges = [span for name in functions for span in _ranges(program, name)]
    for segment in program.segments:
        if not segment.executable:
            continue
        for offset in range(0, len(segment.data) - 3, 4):
            address = segment.address + offset
            if functions and not any(begin <= address < end for begin, end in ranges):
                continue
            word = int.from_bytes(segment.data[offset : offset + 4], "big")
            shown = vector_text(word) or scalar.get(address) or f".long {word:#x}"
            function = program.function_at(address)
            location = program.source_location(address)
            yield _Line(address, word, shown, function.name if function else None, location)


def _ranges(program: Program, name: str) -> tuple[tuple[int, int], ...]:
    symbol = program.symbols.get(name)
    function = program.function_at(symbol.address) if symbol else None
    if symbol is None or function is None or function.name != name.rpartition(":")[2]:
        known = sorted(each.name for each in program.symbols.values() if each.kind == "function")
        raise InputError(
            f"{program.path}: no function {name!r}; there are: {', '.join(known) or 'none'}"
        )
    return function.ranges


def _scalar_texts(elf: Path) -> dict[int, str]:
    """Texts of all instructions by address, as the public tools write them."""
    done = run([find_toolchain().objdump, "-d", "-Many", "-w", str(elf)])
    texts = {}
    for row in done.stdout.splitlines():
        address, *rest = row.split("\t")
        if len(rest) >= 2 and address.endswith(":"):
            texts[int(address[:-1], 16)] = " ".join(" ".join(rest[1:]).split())
    return texts


def _rows(lines: list[_Line], *, with_source: bool) -> Iterator[str]:
    source = SourceText()
    function: str | None = ""
    place: tuple[str, int] | None = None
    for line in lines:
        if line.function != function:
            yield from ([] if function == "" else [""])
            yield f"{line.address:08x} <{line.function or '?'}>:"
            function, place = line.function, None
        here = (line.location.file, line.location.line) if line.location else None
        if with_source and here is not None and here != place:
            yield f"; {Path(here[0]).name}:{here[1]}: {source.line(*here)}".rstrip(": ")
        place = here
        yield f"{line.address:8x}:  {line.word:08x}  {line.text}"


def _json(line: _Line) -> dict[str, Any]:
    return {
        "address": line.address,
        "word": line.word,
        "text": line.text,
        "function": line.function,
        "file": line.location.file if line.location else None,
        "line": line.location.line if line.location else None,
    }
