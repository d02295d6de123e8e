# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit profile``."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import click

from nuxkit.builder.cache import write_atomic
from nuxkit.chip import Chip
from nuxkit.cli import text
from nuxkit.cli.common import (
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
from nuxkit.errors import InputError, NuxkitError
from nuxkit.profile import Profile
from nuxkit.traps import KernelLimitError, KernelTrapError
from nuxkit.whole_file import check_output

_out_file = click.Path(dir_okay=False, path_type=Path)


@click.command("profile")
@file_argument
@symbols_option
@hemisphere_option
@max_cycles_option
@max_seconds_option
@click.option("--top", default=20, show_default=True, help="Rows of each table.")
@click.option("--annotate", is_flag=True, help="Print the source with cycles beside each line.")
@click.option("--picture", type=_out_file, help="Write a flame graph there (.svg, .png, .pdf).")
@click.option("--folded", type=_out_file, help="Write call paths there, for flame-graph tools.")
@json_option
def profile_command(
    file: str,
    symbols: dict[str, Any],
    hemisphere: int,
    max_cycles: int,
    max_seconds: float,
    top: int,
    annotate: bool,
    picture: Path | None,
    folded: Path | None,
    as_json: bool,
) -> int:
    """Run a program and show where its cycles go.

    FILE is a linked program (ELF) or a source file, which is built first. Cycles are shown by
    what was waited for, by function and by source line. Of a program that is stopped, it is
    those up to there.
    """
    error: NuxkitError | None = None
    with json_errors(as_json):
        if top < 0:
            raise InputError(f"top is {top}, but must be 0 or more")
        program = load_program(file)
        for output in (picture, folded):
            check_output(output, [file])
        if picture is not None:
            _check_picture(picture)
        try:
            result = Chip().run(
                program,
                symbols=symbols,
                hemisphere=hemisphere,
                max_cycles=max_cycles,
                max_wall_s=max_seconds,
                profile=True,
            )
        except (KernelTrapError, KernelLimitError) as stopped:
            result, error = stopped.result, stopped
        print_remarks(result.remarks, result.unlisted_remarks)
        profile = result.profile
        assert profile is not None
        if picture is not None:
            write_atomic(picture, _drawn(profile, picture.suffix[1:]))
        if folded is not None:
            write_atomic(folded, profile.folded_text().encode())
    if as_json:
        print_json(profile.as_dict() | (text.error_json(error) if error else {}))
    else:
        click.echo(profile.annotated() if annotate else profile.text(top), nl=False)
    if error is not None:
        raise error
    return 0


def _check_picture(path: Path) -> None:
    from matplotlib.backend_bases import FigureCanvasBase

    known = sorted(FigureCanvasBase.get_supported_filetypes())
    if path.suffix[1:].lower() not in known:
        raise InputError(
            f"{path}: no picture format {path.suffix!r}; there are: .{', .'.join(known)}"
        )


def _drawn(profile: Profile, kind: str) -> bytes:
    import matplotlib

    matplotlib.use("Agg")
    figure = profile.flame_graph().get_figure(root=True)
    assert figure is not None
    content = io.BytesIO()
    figure.savefig(content, format=kind)
    return content.getvalue()
