# SPDX-License-Identifier: BSD-3-Clause
"""The C sources of a program around rules, made from templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache as cached
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nuxkit.builder import BuildResult, Diagnostic, KernelBuildError, build, cache
from nuxkit.builder.diagnostics import error
from nuxkit.errors import InputError, ProgramFileError
from nuxkit.hemispheres import HEMISPHERES
from nuxkit.rules.instance import RuleInstance
from nuxkit.rules.layout import group_count
from nuxkit.rules.sizes import size_report
from nuxkit.whole_file import check_output, write_whole

if TYPE_CHECKING:
    import jinja2

PROGRAM = "program.c"


@cached
def _environment() -> jinja2.Environment:
    import jinja2  # not for who only runs a program

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def generate(rules: Sequence[RuleInstance]) -> dict[str, str]:
    """Text of each generated file, by file name: one a rule, and the program."""
    described = [_described(rule) for rule in rules]
    environment = _environment()
    sources = {
        wrapper(rule): environment.get_template("rule.c.j2").render(
            rule=rule, source=_quoted(rule), scalars=bool(rule.description.in_struct)
        )
        for rule in rules
    }
    sources[PROGRAM] = environment.get_template("program.c.j2").render(rules=described)
    return sources


def wrapper(rule: RuleInstance) -> str:
    """Name of the file that is compiled for a rule."""
    return f"rule_{rule.name}.c"


def _quoted(rule: RuleInstance) -> str:
    path = rule.description.full_path
    if '"' in path or "\n" in path:
        raise InputError(f"rule {rule.name}: the path {path!r} cannot be included in C")
    return path


def _described(rule: RuleInstance) -> dict[str, Any]:
    groups = group_count(rule)
    return {
        "name": rule.name,
        "file": str(rule.description.path).replace("\n", " "),
        "projections": [
            {"rows": _most(site.rows_of), "columns": _most(site.columns_of)}
            for site in rule.projections
        ],
        "populations": [{"columns": _most(site.columns_of)} for site in rule.populations],
        "groups": groups,
        "offsets": groups * len(rule.description.in_rows),
        "scalars": bool(rule.description.in_struct),
    }


def _most(indices: Any) -> int:
    """Length of a table that serves both hemispheres, at least 1."""
    return max(1, *(len(indices(hemisphere)) for hemisphere in HEMISPHERES))


def made_sources() -> Path:
    """Folder of the sources that are made for programs of rules."""
    return cache.cache_root() / "rules"


def compile_program(
    rules: Sequence[RuleInstance],
    sources: dict[str, str],
    keep: str | None,
    optimize: str,
    *,
    reuse: bool = True,
) -> BuildResult:
    """Build the program of `generate`.

    Raises
    ------
    nuxkit.builder.KernelBuildError
        At the lines of the files that the rules are in, as these were given.
    nuxkit.errors.InputError
        A file declares other things than when it was described.
    nuxkit.errors.ProgramFileError
        A file is gone, or one to keep cannot be written.
    """
    for rule in rules:
        rule.description.check_present()
    if keep is not None:
        for name in sources:
            check_output(Path(keep) / name, [rule.description.full_path for rule in rules])
        for name, text in sources.items():
            _keep(Path(keep) / name, text)
    # A place that depends on the content, so that the same program is found in the cache.
    home = made_sources() / cache.key_of(sources)[:24]
    for name, text in sources.items():
        if not (home / name).is_file() or (home / name).read_text() != text:
            cache.write_atomic(home / name, text.encode())
    exports = {str(home / wrapper(rule)): _exported(rule.name) for rule in rules}
    files = [str(home / name) for name in sources]
    readable = [rule.folder for rule in rules]
    try:
        result = build(*files, optimize=optimize, exports=exports, readable=readable, cache=reuse)
    except KernelBuildError as problem:
        found = [_at_rule(entry, rules, str(home)) for entry in problem.diagnostics]
        if any("SRAM" in entry.text and entry.severity == "error" for entry in found):
            found.append(error(size_report(rules, {r.name: str(home / wrapper(r)) for r in rules},
                                           optimize)))  # fmt: skip
        raise KernelBuildError(found) from None
    warnings = tuple(_at_rule(entry, rules, str(home)) for entry in result.warnings)
    return replace(result, warnings=warnings)


def _keep(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())
    except OSError as problem:
        raise ProgramFileError(f"{path}: cannot be written: {problem.strerror}") from problem


def _exported(name: str) -> list[str]:
    """Symbols of a rule that the rest of the program sees."""
    return [
        f"{name}_rule", f"{name}_parameters", f"{name}_observables", f"{name}_observables_size",
        "isr_*",
    ]  # fmt: skip


def _at_rule(entry: Diagnostic, rules: Sequence[RuleInstance], home: str) -> Diagnostic:
    """Diagnostic that spells files as the user does, without the generated files."""
    spelled = {rule.description.full_path: rule.description.path for rule in rules}
    file, text, detail = entry.file, entry.text, entry.detail
    for full, given in spelled.items():
        file = str(given) if file == full else file
        text, detail = text.replace(full, str(given)), detail.replace(full, str(given))
    lines = [line for line in detail.splitlines() if home not in line]
    return Diagnostic(entry.severity, text, file, entry.line, entry.column, "\n".join(lines))
