# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit run``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nuxkit.chip import CHECKS, Chip
from nuxkit.cli import text
from nuxkit.cli.common import (
    complete_variables,
    file_argument,
    hemisphere_option,
    json_errors,
    json_option,
    load_program,
    max_cycles_option,
    max_seconds_option,
    print_json,
    print_remarks,
    symbols_option,
)
from nuxkit.cli.trace import trace_of, trace_options
from nuxkit.errors import NuxkitError, RemarkError
from nuxkit.result import RunResult
from nuxkit.trace import TraceRecords
from nuxkit.traps import KernelLimitError, KernelTrapError
from nuxkit.whole_file import check_output

_LARGEST_OWN_CODE = 99


@click.command("run")
@file_argument
@symbols_option
@click.option(
    "--symbol",
    "shown",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_variables,
    help="Print it after the run.",
)
@hemisphere_option
@max_cycles_option
@max_seconds_option
@click.option(
    "--core",
    default="native",
    show_default=True,
    type=click.Choice(["native", "reference"]),
    help="Vector arithmetic.",
)
@click.option(
    "--checks",
    default="default",
    show_default=True,
    type=click.Choice(CHECKS),
    help="Which likely mistakes to look for.",
)
@click.option(
    "--remarks",
    default="count",
    show_default=True,
    type=click.Choice(["count", "raise"]),
    help="With `raise`, a run that left remarks ends with the exit code 106.",
)
@click.option(
    "--save-core",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="After a trap, write the chip's state there, for `nuxkit debug --post-mortem`.",
)
@click.option("--hardware", is_flag=True, help="Do as the chip does where the model would stop.")
@click.option("--seed", default=0, show_default=True, help="Seed of fixed pattern and noise.")
@click.option(
    "--trace",
    "trace_file",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Write a trace, for https://ui.perfetto.dev.",
)
@trace_options
@json_option
def run_command(
    file: str,
    symbols: dict[str, Any],
    shown: tuple[str, ...],
    hemisphere: int,
    max_cycles: int,
    max_seconds: float,
    core: str,
    checks: str,
    remarks: str,
    save_core: Path | None,
    hardware: bool,
    seed: int,
    trace_file: str | None,
    filters: dict[str, Any],
    as_json: bool,
) -> int:
    """Run a program on the emulated chip.

    FILE is a linked program (ELF) or a source file, which is built first. The text that
    the program writes into its mailbox is printed; the exit code is what it returns.
    """
    error: NuxkitError | None = None
    with json_errors(as_json):
        program = load_program(file)
        for output in (trace_file, save_core):
            check_output(output, [file])
        for name in shown:
            program.resolve(name)
        trace = trace_of(trace_file, filters)
        chip = Chip(seed=seed, core=core, hardware=hardware, checks=checks)
        try:
            result = chip.run(
                program,
                symbols=symbols,
                hemisphere=hemisphere,
                max_cycles=max_cycles,
                max_wall_s=max_seconds,
                trace=trace,
            )
        except (KernelTrapError, KernelLimitError) as stopped:
            result, error = stopped.result, stopped
        try:
            if error is not None and save_core is not None:
                chip.save_core(save_core)
            if trace_file is not None and result.trace is not None:
                _write_trace(result.trace, trace_file)
        except NuxkitError as not_written:
            if error is None:
                raise
            click.echo(f"nuxkit: error: {not_written}", err=True)  # before what stopped the run
    values = {name: chip.read(name, hemisphere=hemisphere) for name in shown}
    if as_json:
        print_json(text.run_json(result, values, error))
    else:
        _print_run(result, values)
    print_remarks(result.remarks, result.unlisted_remarks)
    if error is not None:
        raise error
    click.echo(text.summary(result), err=True)
    if remarks == "raise" and (result.remarks or result.unlisted_remarks):
        click.echo("nuxkit: error: the run left remarks", err=True)
        return RemarkError.exit_code
    code = result.return_code
    return code if 0 <= code <= _LARGEST_OWN_CODE else 1


def _write_trace(trace: TraceRecords, trace_file: str) -> None:
    trace.to_perfetto(trace_file)
    dropped = sum(trace.dropped.values())
    if dropped:
        click.echo(f"nuxkit: the trace has no room for {dropped} more records", err=True)


def _print_run(result: RunResult, values: dict[str, Any]) -> None:
    mailbox = result.mailbox
    click.echo(mailbox, nl=bool(mailbox) and not mailbox.endswith("\n"))
    for name, value in values.items():
        click.echo(f"{name} = {text.value_text(value)}")
