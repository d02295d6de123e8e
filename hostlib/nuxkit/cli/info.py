# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit info``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nuxkit.builder.image import read_image
from nuxkit.builder.report import BuildReport, make_report
from nuxkit.builder.stack import stack_bound
from nuxkit.builder.verify import has_runtime
from nuxkit.cli import text
from nuxkit.cli.common import (
    file_argument,
    json_errors,
    json_option,
    look_at,
    print_json,
)
from nuxkit.elf_file import Segment
from nuxkit.program import Program, Symbol
from nuxkit.rules import Observable, Parameter, RuleDescription


@click.command("info")
@file_argument
@click.option("--symbols", "all_symbols", is_flag=True, help="List variables and functions too.")
@json_option
def info_command(file: str, all_symbols: bool, as_json: bool) -> int:
    """Show what is in a program and what it takes.

    FILE is a linked program (ELF) or a source file, which is built first. Prints sections,
    memory use and the bound on the stack; of a learning rule its parameters and observables,
    too, and the memory that a program takes with this rule alone, without synapses.
    """
    with json_errors(as_json):
        program, rule = look_at(file)
        report = _report(program)
        symbols = sorted(
            (symbol for symbol in program.symbols.values() if symbol.kind != "label"),
            key=lambda symbol: (symbol.address, symbol.name),
        )
        types = {symbol.name: symbol.ctype.name if symbol.ctype else None for symbol in symbols}
    if as_json:
        print_json(
            {
                "elf": str(program.path),
                "entry": program.entry,
                "sections": [_section_json(segment) for segment in program.segments],
                "report": report.to_dict() if report else None,
                "rule": _rule_json(rule) if rule else None,
                "symbols": [_symbol_json(symbol, types[symbol.name]) for symbol in symbols],
            }
        )
        return 0
    blocks = [_sections(program)]
    if report:
        blocks.append([str(report)])
    if rule:
        blocks.append(_rule(rule))
    if all_symbols:
        blocks.append([_symbol(symbol, types[symbol.name]) for symbol in symbols])
    click.echo("\n\n".join("\n".join(block) for block in blocks if block))
    return 0


def _report(program: Program) -> BuildReport | None:
    """Memory use; None of a program that was not linked with our runtime."""
    image = read_image(program.path)
    if not has_runtime(image):
        return None
    return make_report(image, stack_bound(image))


def _sections(program: Program) -> list[str]:
    rows = [f"{program.path}, entry {program.entry:#x}"]
    rows.append(f"{'section':<20}{'address':>10}{'bytes':>9}  memory")
    for segment in program.segments:
        note = " (code)" if segment.executable else " (zeroed)" if segment.zeroed else ""
        rows.append(
            f"{segment.name:<20}{segment.address:#010x}{len(segment.data):>9}  "
            f"{segment.memory.name}{note}"
        )
    return rows


def _section_json(segment: Segment) -> dict[str, Any]:
    return {
        "name": segment.name,
        "address": segment.address,
        "size": len(segment.data),
        "memory": segment.memory.name,
        "executable": segment.executable,
        "zeroed": segment.zeroed,
    }


def _symbol(symbol: Symbol, ctype: str | None) -> str:
    place = f"  {symbol.file}" if symbol.file else ""
    kind = ctype or symbol.kind
    return f"{symbol.address:#010x}{symbol.size:>7} bytes  {symbol.name:<28} {kind}{place}"


def _symbol_json(symbol: Symbol, ctype: str | None) -> dict[str, Any]:
    return {
        "name": symbol.name,
        "address": symbol.address,
        "size": symbol.size,
        "kind": symbol.kind,
        "type": ctype,
        "file": symbol.file,
    }


def _rule(rule: RuleDescription) -> list[str]:
    rows = [f"rule {Path(rule.path).name}"]
    for parameter in rule.parameters.values():
        rows.append(
            f"  parameter   {_declared(parameter):<24} {text.value_text(parameter.default)}, "
            f"{text.value_text(parameter.minimum)} to {text.value_text(parameter.maximum)}"
            f"{_unit(parameter.unit)}"
        )
    for observable in rule.observables.values():
        rows.append(
            f"  observable  {_declared(observable):<24} {observable.kind}{_unit(observable.unit)}"
        )
    return rows


def _declared(entry: Parameter | Observable) -> str:
    sizes = "".join(f"[{size}]" for size in entry.shape)
    return f"{_type(entry)} {entry.name}{sizes}"


def _type(entry: Parameter | Observable) -> str:
    if entry.fraction_bits:
        return f"frac{8 * entry.dtype.itemsize}"
    return str(entry.dtype)


def _unit(unit: str) -> str:
    return "" if unit in ("", "1") else f" ({unit})"


def _rule_json(rule: RuleDescription) -> dict[str, Any]:
    return {
        "path": str(rule.path),
        "parameters": {
            name: {
                "type": _type(entry),
                "shape": list(entry.shape),
                "default": entry.default,
                "minimum": entry.minimum,
                "maximum": entry.maximum,
                "unit": entry.unit,
            }
            for name, entry in rule.parameters.items()
        },
        "observables": {
            name: {
                "kind": entry.kind,
                "type": _type(entry),
                "shape": list(entry.shape),
                "unit": entry.unit,
            }
            for name, entry in rule.observables.items()
        },
    }
