# SPDX-License-Identifier: BSD-3-Clause
"""What the commands share: options, programs from files, output, completion of names."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from nuxkit.builder import BuildResult, build
from nuxkit.builder.compiler import ASSEMBLER_SUFFIXES, C_SUFFIXES
from nuxkit.chip import DEFAULT_MAX_CYCLES, DEFAULT_MAX_WALL_S
from nuxkit.cli import text
from nuxkit.errors import InputError, NuxkitError
from nuxkit.program import Program
from nuxkit.result import Remark
from nuxkit.rules import RuleDescription, RuleInstance, Timer, describe, make_program

_Callback = Callable[[click.Context, click.Parameter, Sequence[str]], dict[str, Any]]

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
file_argument = click.argument("file", type=click.Path())

_START = re.compile(rb"^\s*int\s+start\s*\(", re.MULTILINE)
_RULE_HEADER = re.compile(rb"^\s*#\s*include\s*[<\"]nux/rule\.h[>\"]", re.MULTILINE)


def assignments(form: str, parse: Callable[[str], Any], default: str | None = None) -> _Callback:
    """Give the callback of an option ``NAME=VALUE`` that may come several times: makes a dict."""

    def split(ctx: click.Context, param: click.Parameter, given: Sequence[str]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for assignment in given:
            name, equals, value = assignment.partition("=")
            name = name.strip()
            if not name or (not equals and default is None):
                raise click.BadParameter(f"{assignment!r} is not of the form {form}", ctx, param)
            if name in values:
                raise click.BadParameter(f"{name} is given twice", ctx, param)
            values[name] = parse(value if equals else default or "")
        return values

    return split


def print_json(values: Any) -> None:
    """Print values of JSON or NumPy."""
    click.echo(json.dumps(values, indent=2, default=text.plain))


def print_warnings(result: BuildResult) -> None:
    """Print the compiler's warnings, as it writes them."""
    for warning in result.warnings:
        click.echo(warning, err=True)


def print_remarks(remarks: Iterable[Remark], unlisted: int = 0) -> None:
    """Print what runs were remarked for."""
    for remark in remarks:
        click.echo(f"nuxkit: remark: {remark}", err=True)
    if unlisted:
        click.echo(f"nuxkit: remark: and {unlisted} more at other places", err=True)


def is_source(file: str) -> bool:
    """Whether a file is to be built first, by its name."""
    return Path(file).suffix in C_SUFFIXES + ASSEMBLER_SUFFIXES


@contextmanager
def json_errors(as_json: bool) -> Iterator[None]:
    """Print an error as JSON, if so wanted, before it ends the command."""
    try:
        yield
    except NuxkitError as error:
        if as_json:
            print_json(text.error_json(error))
        raise


def load_program(file: str) -> Program:
    """Program to run: of an ELF file, or of a source file, which is built first."""
    if as_rule(file):
        raise InputError(
            f"{file} is a learning rule, which an experiment calls by its timer: use "
            "nuxkit.Experiment.rule, as in the script that `nuxkit new` writes"
        )
    return _program(file)


def look_at(file: str) -> tuple[Program, RuleDescription | None]:
    """Program of an ELF or source file; of a learning rule, which is given too, the rule alone."""
    rule = as_rule(file)
    if rule is None:
        return _program(file), None
    result = build_rule(rule)
    print_warnings(result)
    return result.program, rule


def _program(file: str) -> Program:
    if not is_source(file):
        return Program.load(file)
    result = build(file)
    print_warnings(result)
    return result.program


def as_rule(file: str) -> RuleDescription | None:
    """Describe a learning rule with the frame of ``nux/rule.h``; None of another file."""
    path = Path(file)
    try:
        content = path.read_bytes() if path.suffix in C_SUFFIXES else b""
        if not _RULE_HEADER.search(content) or _START.search(content):
            return None
    except OSError:
        return None  # building it will tell
    return describe(path)


def build_rule(
    description: RuleDescription, optimize: str = "-O2", *, cache: bool = True
) -> BuildResult:
    """Program of one rule without synapses and neurons, to look at."""
    name = re.sub(r"\W", "_", Path(description.path).stem)
    instance = RuleInstance(name, description, Timer(period_s=1e-3))
    return make_program([instance], optimize=optimize, cache=cache).build


def complete_variables(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names of variables of the ELF file that the command line names."""
    return _names(ctx, incomplete, "object")


def complete_functions(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names of functions of the ELF file that the command line names."""
    return _names(ctx, incomplete, "function")


def _names(ctx: click.Context, incomplete: str, kind: str) -> list[CompletionItem]:
    # An option that still lacks its value keeps click from telling the file.
    words = os.environ.get("COMP_WORDS", "").split()
    file = ctx.params.get("file") or next((word for word in words if Path(word).is_file()), None)
    if not file or is_source(file):
        return []  # a key must not start the compiler
    try:
        symbols = Program.load(file).symbols
    except NuxkitError:
        return []
    found = (name for name, symbol in symbols.items() if symbol.kind == kind)
    return [CompletionItem(name) for name in sorted(found) if name.startswith(incomplete)]


symbols_option = click.option(
    "--set",
    "symbols",
    multiple=True,
    callback=assignments("NAME=VALUE", text.parse_value),
    shell_complete=complete_variables,
    metavar="NAME=VALUE",
    help="Write a variable before the start: a number, an enumerator, or JSON.",
)
hemisphere_option = click.option(
    "--hemisphere", default=0, show_default=True, help="0 (top) or 1 (bottom)."
)
max_cycles_option = click.option(
    "--max-cycles", default=DEFAULT_MAX_CYCLES, show_default=True, help="Stop after that many."
)
max_seconds_option = click.option(
    "--max-seconds",
    default=DEFAULT_MAX_WALL_S,
    show_default=True,
    help="Stop after so much wall time.",
)
