# SPDX-License-Identifier: BSD-3-Clause
"""The ``nuxkit`` command: ``nuxkit build`` and ``nuxkit run``.

Results go to standard output; warnings, remarks, the summary and errors to standard
error. The exit codes are those of :mod:`nuxkit.errors`, and 130 after Ctrl-C.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from . import cli_text as text
from .builder import BuildResult, build
from .builder.compiler import ASSEMBLER_SUFFIXES, C_SUFFIXES
from .chip import DEFAULT_MAX_CYCLES, DEFAULT_MAX_WALL_S, Chip
from .errors import NuxkitError
from .program import Program
from .result import RunResult
from .traps import KernelLimitError, KernelTrapError

INTERRUPTED = 130
_LARGEST_OWN_CODE = 99

_Callback = Callable[[click.Context, click.Parameter, Sequence[str]], dict[str, Any]]


def _assignments(form: str, parse: Callable[[str], Any], default: str | None = None) -> _Callback:
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


def _print_json(values: dict[str, Any]) -> None:
    click.echo(json.dumps(values, indent=2, default=text.plain))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nuxkit", message="%(prog)s %(version)s")
def cli() -> None:
    """Write, run and test on-chip learning rules for BrainScaleS-2, without the chip."""


@cli.command("build")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("-o", "output", metavar="FILE", help="Also write the program there.")
@click.option("-I", "include_dirs", multiple=True, metavar="DIR", help="Search headers there.")
@click.option(
    "-D",
    "defines",
    multiple=True,
    callback=_assignments("NAME[=VALUE]", str, default="1"),
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
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
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
    Prints the memory use and the path of the program.
    """
    try:
        result = build(
            *sources,
            include_dirs=include_dirs,
            defines=defines,
            optimize=f"-O{level}",
            cache=not no_cache,
            output=output,
        )
    except NuxkitError as error:
        if as_json:
            _print_json(text.error_json(error))
        raise
    _print_warnings(result)
    if as_json:
        _print_json(text.build_json(result))
    else:
        click.echo(f"{result.report}\n{result.elf_path}")
    return 0


@cli.command("run")
@click.argument("file")
@click.option(
    "--set",
    "symbols",
    multiple=True,
    callback=_assignments("NAME=VALUE", text.parse_value),
    metavar="NAME=VALUE",
    help="Write a variable before the start: a number, an enumerator, or JSON.",
)
@click.option("--symbol", "shown", multiple=True, metavar="NAME", help="Print it after the run.")
@click.option("--hemisphere", default=0, show_default=True, help="0 (top) or 1 (bottom).")
@click.option(
    "--max-cycles", default=DEFAULT_MAX_CYCLES, show_default=True, help="Stop after that many."
)
@click.option(
    "--max-seconds",
    default=DEFAULT_MAX_WALL_S,
    show_default=True,
    help="Stop after so much wall time.",
)
@click.option(
    "--core",
    default="native",
    show_default=True,
    type=click.Choice(["native", "reference"]),
    help="Vector arithmetic.",
)
@click.option("--hardware", is_flag=True, help="Do as the chip does where the model would stop.")
@click.option("--seed", default=0, show_default=True, help="Seed of fixed pattern and noise.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def run_command(
    file: str,
    symbols: dict[str, Any],
    shown: tuple[str, ...],
    hemisphere: int,
    max_cycles: int,
    max_seconds: float,
    core: str,
    hardware: bool,
    seed: int,
    as_json: bool,
) -> int:
    """Run a program on the emulated chip.

    FILE is a linked program (ELF) or a source file, which is built first. The text that
    the program writes into its mailbox is printed; the exit code is what it returns.
    """
    error: NuxkitError | None = None
    try:
        program = _program(file)
        for name in shown:
            program.resolve(name)
        chip = Chip(seed=seed, core=core, hardware=hardware)
        try:
            result = chip.run(
                program,
                symbols=symbols,
                hemisphere=hemisphere,
                max_cycles=max_cycles,
                max_wall_s=max_seconds,
            )
        except (KernelTrapError, KernelLimitError) as stopped:
            result, error = stopped.result, stopped
    except NuxkitError as failed:
        if as_json:
            _print_json(text.error_json(failed))
        raise
    values = {name: chip.read(name, hemisphere=hemisphere) for name in shown}
    if as_json:
        _print_json(text.run_json(result, values, error))
    else:
        _print_run(result, values)
    for remark in result.remarks:
        click.echo(f"nuxkit: remark: {remark}", err=True)
    if result.unlisted_remarks:
        click.echo(f"nuxkit: remark: and {result.unlisted_remarks} more at other places", err=True)
    if error is not None:
        raise error
    click.echo(text.summary(result), err=True)
    code = result.return_code
    return code if 0 <= code <= _LARGEST_OWN_CODE else 1


def _program(file: str) -> Program:
    if Path(file).suffix not in C_SUFFIXES + ASSEMBLER_SUFFIXES:
        return Program.load(file)
    result = build(file)
    _print_warnings(result)
    return result.program


def _print_warnings(result: BuildResult) -> None:
    for warning in result.warnings:
        click.echo(warning, err=True)


def _print_run(result: RunResult, values: dict[str, Any]) -> None:
    mailbox = result.mailbox
    click.echo(mailbox, nl=bool(mailbox) and not mailbox.endswith("\n"))
    for name, value in values.items():
        click.echo(f"{name} = {text.value_text(value)}")


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    args : sequence of str, optional
        Arguments without the program's name; those of the process if not given.

    Returns
    -------
    int
        Exit code.
    """
    try:
        return int(cli.main(args, prog_name="nuxkit", standalone_mode=False) or 0)
    except click.Abort:  # what click makes of KeyboardInterrupt
        click.echo("nuxkit: interrupted", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except NuxkitError as error:
        click.echo(text.error_text(error), err=True)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
