# SPDX-License-Identifier: BSD-3-Clause
"""The command ``nuxkit`` itself: its commands, and how it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from nuxkit.cli import text
from nuxkit.cli.build import build_command
from nuxkit.cli.check import check_command
from nuxkit.cli.completion import completion_command
from nuxkit.cli.debug import debug_command
from nuxkit.cli.demo import demo_command
from nuxkit.cli.disasm import disasm_command
from nuxkit.cli.info import info_command
from nuxkit.cli.new import new_command
from nuxkit.cli.profile import profile_command
from nuxkit.cli.run import run_command
from nuxkit.errors import NuxkitError, ProgramFileError

INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nuxkit", message="%(prog)s %(version)s")
def cli() -> None:
    """Write, run and test on-chip learning rules for BrainScaleS-2, without the chip."""


for _command in (
    new_command,
    build_command,
    check_command,
    run_command,
    info_command,
    disasm_command,
    debug_command,
    profile_command,
    demo_command,
    completion_command,
):
    cli.add_command(_command)


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
    except OSError as error:
        if error.filename is not None:
            raise
        click.echo(f"nuxkit: error: the output cannot be written: {error.strerror}", err=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
        return ProgramFileError.exit_code
