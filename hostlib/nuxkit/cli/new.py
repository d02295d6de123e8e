# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit new``."""

from __future__ import annotations

import shlex
import sys
from importlib import resources
from pathlib import Path

import click

from nuxkit.cli.common import json_errors, json_option, print_json
from nuxkit.errors import InputError, ProgramFileError

#: Files of a new rule and what they are made from.
_TEMPLATES = {"{name}.c": "rule.c.j2", "{name}.py": "experiment.py.j2"}
#: A script of such a name would be imported in the place of what it needs.
_MODULES = sys.stdlib_module_names | {
    "cffi", "cycler", "elftools", "jinja2", "matplotlib", "numpy", "nuxemu", "nuxkit", "packaging",
    "pandas", "unicorn", "xarray",
}  # fmt: skip


@click.command("new")
@click.argument("folder", type=click.Path())
@json_option
def new_command(folder: str, as_json: bool) -> int:
    """Write a learning rule and a script that runs it, to start from.

    FOLDER is made; its last part is the rule's name.
    """
    with json_errors(as_json):
        files = write_rule(Path(folder), _name_of(folder))
    if as_json:
        print_json({"files": [str(file) for file in files]})
    else:
        for file in files:
            click.echo(file)
        place = shlex.quote(str(Path(folder)))
        click.echo(f"Try it: cd {place} && python {files[-1].name}", err=True)
    return 0


def _name_of(folder: str) -> str:
    name = Path(folder).resolve().name
    if not name.isidentifier() or not name.isascii():
        raise InputError(
            f"{name!r} cannot be the name of a rule: letters, digits and _ only, no digit first"
        )
    if name in _MODULES:
        raise InputError(f"{name!r} cannot be the name of a rule: {name}.py would hide a module")
    return name


def write_rule(folder: Path, name: str) -> list[Path]:
    """Write a rule and a script into a folder; all files or none.

    Raises
    ------
    InputError
        There is such a file.
    ProgramFileError
        They cannot be written.
    """
    import jinja2

    environment = jinja2.Environment(keep_trailing_newline=True, undefined=jinja2.StrictUndefined)
    texts = {
        folder / file.format(name=name): environment.from_string(
            (resources.files(__package__) / "templates" / template).read_text()
        ).render(name=name)
        for file, template in _TEMPLATES.items()
    }
    for file in texts:
        if file.exists():
            raise InputError(f"{file} exists already; nothing was written")
    made: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in texts.items():
            with open(file, "x") as stream:
                made.append(file)
                stream.write(content)
    except OSError as error:
        for file in made:
            file.unlink(missing_ok=True)
        raise ProgramFileError(f"{error.filename}: {error.strerror}") from error
    return list(texts)
