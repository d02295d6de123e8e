# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit check``."""

from __future__ import annotations

import click

from nuxkit.builder import KernelBuildError, build
from nuxkit.cli.common import (
    as_rule,
    build_rule,
    file_argument,
    is_source,
    json_errors,
    json_option,
    print_json,
)
from nuxkit.errors import BuildError
from nuxkit.program import Program
from nuxkit.static_check import StaticReport, check_program


@click.command("check")
@file_argument
@json_option
def check_command(file: str, as_json: bool) -> int:
    """Check a program without running it.

    FILE is a linked program (ELF) or a source file, which is built first. Prints errors,
    warnings and the time of a round of each straight-line loop as GCC prints its messages, then
    memory use, worst-case stack and instructions. Ends with 102 if there is an error.
    """
    with json_errors(as_json):
        report = _check(file)
    if as_json:
        print_json(report.to_dict())
    else:
        click.echo(report)
    return 0 if report.ok else BuildError.exit_code


def _check(file: str) -> StaticReport:
    if not is_source(file):
        return check_program(Program.load(file))
    try:
        rule = as_rule(file)
        result = build_rule(rule) if rule else build(file)
    except KernelBuildError as problem:
        return StaticReport(file, problem.diagnostics)
    return check_program(result.program, file, result.warnings)
