# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit debug``."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from nuxkit.chip import Chip
from nuxkit.cli import text
from nuxkit.cli.common import hemisphere_option, load_program, print_remarks, symbols_option
from nuxkit.debug import DebugSession, load_core
from nuxkit.errors import InputError
from nuxkit.hemispheres import HEMISPHERES

_PORT = 3333


@click.command("debug")
@click.argument("file", type=click.Path(), required=False)
@click.option(
    "--post-mortem",
    "core",
    type=click.Path(path_type=Path),
    metavar="CORE",
    help="Look at a saved core instead of running.",
)
@symbols_option
@hemisphere_option
@click.option("--both", is_flag=True, help="Run it on both processors, each with its own port.")
@click.option(
    "--port",
    default=_PORT,
    show_default=True,
    help="Port of the first processor, the next one of the second; 0 takes free ones.",
)
def debug_command(
    file: str | None,
    core: Path | None,
    symbols: dict[str, Any],
    hemisphere: int,
    both: bool,
    port: int,
) -> int:
    """Wait for GDB and let it run a program, or look at a saved core.

    FILE is a linked program (ELF) or a source file, which is built first. The command for GDB is
    printed; the stub listens on the loopback address only.
    """
    if (file is None) == (core is None):
        raise click.UsageError("name a program, or a saved core with --post-mortem")
    if core is not None:
        if symbols or hemisphere or both:
            raise click.UsageError(
                "--post-mortem shows the processors that the core has, as they are"
            )
        with tempfile.TemporaryDirectory(prefix="nuxkit-debug-") as folder:
            loaded = load_core(core, folder)
            chosen = tuple(loaded.elf_files)
            session = DebugSession(loaded.chip, chosen, port, post_mortem=True)
            with closing(session):
                click.echo(session.greeting(lambda h: str(loaded.elf_files[h])))
                session.serve()
        return 0
    assert file is not None
    if hemisphere not in HEMISPHERES:
        raise InputError(f"hemisphere is {hemisphere}, but must be 0 (top) or 1 (bottom)")
    program = load_program(file)
    results = Chip().debug(
        program,
        hemispheres=HEMISPHERES if both else (hemisphere,),
        symbols=symbols,
        port=port,
        announce=click.echo,
    )
    for result in results:
        print_remarks(result.remarks, result.unlisted_remarks)
        click.echo(text.summary(result), err=True)
    return 0
