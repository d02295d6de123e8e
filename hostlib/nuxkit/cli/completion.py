# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_PROGRAM = "nuxkit"
_VARIABLE = "_NUXKIT_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(ctx: click.Context, shell: str) -> int:
    r"""Print a script that lets a shell complete the command line.

    \b
    bash:  nuxkit completion bash > ~/.local/share/bash-completion/completions/nuxkit
    zsh:   eval "$(nuxkit completion zsh)"       in ~/.zshrc
    fish:  nuxkit completion fish > ~/.config/fish/completions/nuxkit.fish
    """
    made = get_completion_class(shell)
    assert made is not None  # one of the choices
    click.echo(made(ctx.find_root().command, {}, _PROGRAM, _VARIABLE).source())
    return 0
