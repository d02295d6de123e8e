# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit build``."""

from __future__ import annotations

from collections.abc import Collection

import click

from nuxkit.builder import BuildResult, build
from nuxkit.builder.driver import write_program
from nuxkit.cli import text
from nuxkit.cli.common import (
    as_rule,
    assignments,
    build_rule,
    json_errors,
    json_option,
    print_json,
    print_warnings,
)
from nuxkit.errors import InputError
from nuxkit.rules import RuleDescription


@click.command("build")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", type=click.Path())
@click.option(
    "-o", "output", metavar="FILE", help="Also write the program there.", type=click.Path()
)
@click.option(
    "-I",
    "include_dirs",
    multiple=True,
    metavar="DIR",
    help="Search headers there.",
    type=click.Path(),
)
@click.option(
    "-D",
    "defines",
    multiple=True,
    callback=assignments("NAME[=VALUE]", str, default="1"),
    metavar="NAME[=VALUE]",
    help="Define a preprocessor macro (1 without a value).",
)
@click.option(
    "-O",
    "level",
    default="2",
    show_default=True,
    type=click.Choice(["1", "2", "3", "s"]),
    help="Optimisation level.",
)
@json_option
@click.option("--no-cache", is_flag=True, help="Compile even if nothing has changed.")
def build_command(
    sources: tuple[str, ...],
    output: str | None,
    include_dirs: tuple[str, ...],
    defines: dict[str, str],
    level: str,
    as_json: bool,
    no_cache: bool,
) -> int:
    """Compile, link and verify a kernel.

    The sources are C (.c) or assembler (.S) files; one of them defines `int start(void)`.
    Of a single learning rule (`nux/rule.h`) it is the program with this rule alone, without
    synapses. Prints the memory use and the path of the program.
    """
    with json_errors(as_json):
        rule = as_rule(sources[0]) if len(sources) == 1 else None
        if rule:
            others = include_dirs or defines
            result = _rule_program(rule, output, f"-O{level}", others, cache=not no_cache)
        else:
            result = build(
                *sources,
                include_dirs=include_dirs,
                defines=defines,
                optimize=f"-O{level}",
                cache=not no_cache,
                output=output,
            )
    print_warnings(result)
    if as_json:
        print_json(text.build_json(result))
    else:
        click.echo(f"{result.report}\n{result.elf_path}")
    return 0


def _rule_program(
    rule: RuleDescription,
    output: str | None,
    optimize: str,
    others: Collection[str],
    *,
    cache: bool,
) -> BuildResult:
    if others:
        raise InputError(
            f"{rule.path} is a learning rule: it is compiled without -I and -D, as in an experiment"
        )
    result = build_rule(rule, optimize, cache=cache)
    return result if output is None else write_program(result, output, [str(rule.path)])
