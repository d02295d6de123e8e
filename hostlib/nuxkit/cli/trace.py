# SPDX-License-Identifier: BSD-3-Clause
"""Options of ``nuxkit run`` that say what to trace."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from nuxkit.errors import InputError
from nuxkit.trace import KINDS, Trace

_PREFIX = "trace_"
_RANGE = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")
_LARGEST = 255


def _numbers(ctx: click.Context, param: click.Parameter, text: str | None) -> list[int] | None:
    """Numbers of ``0-3,7``."""
    if text is None:
        return None
    found: list[int] = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        first = int(match[1]) if match else 0
        last = int(match[2] or first) if match else 0
        if match is None or first > last:
            raise click.BadParameter(f"{part!r} is no number and no range like 0-3", ctx, param)
        if last > _LARGEST:
            raise click.BadParameter(f"{last} is too large: there are 0 to {_LARGEST}", ctx, param)
        found += range(first, last + 1)
    return found


def _words(ctx: click.Context, param: click.Parameter, text: str | None) -> list[str] | None:
    return None if text is None else [word.strip() for word in text.split(",")]


_OPTIONS = (
    click.option(
        "--trace-kinds",
        metavar="KINDS",
        callback=_words,
        help=f"Only these, with commas in between: {', '.join(KINDS)}.",
    ),
    click.option("--trace-start-s", type=float, metavar="T", help="From this hardware time (s)."),
    click.option("--trace-stop-s", type=float, metavar="T", help="Before this hardware time (s)."),
    click.option(
        "--trace-hemispheres",
        metavar="LIST",
        callback=_numbers,
        help="Only this one, 0 (top) or 1 (bottom).",
    ),
    click.option(
        "--trace-rows",
        metavar="LIST",
        callback=_numbers,
        help="Rows of weights, conversions, resets and events, as 0-3,7.",
    ),
    click.option(
        "--trace-columns",
        metavar="LIST",
        callback=_numbers,
        help="Columns of weights and spikes.",
    ),
    click.option("--trace-capacity", type=int, metavar="N", help="Keep the first N records."),
)


def trace_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options; the command gets what was given as `filters`, for `trace_of`."""

    @wraps(command)
    def with_filters(**options: Any) -> int:
        given = {name for name in options if name.startswith(_PREFIX) and name != "trace_file"}
        filters = {name.removeprefix(_PREFIX): options.pop(name) for name in given}
        return command(filters={k: v for k, v in filters.items() if v is not None}, **options)

    decorated: Callable[..., int] = with_filters
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def trace_of(file: str | None, filters: dict[str, Any]) -> Trace | None:
    """Make what is traced into a file; None without one."""
    if file is None:
        if filters:
            name = f"--trace-{next(iter(filters)).replace('_', '-')}"
            raise InputError(f"{name} says what to trace, but there is no --trace FILE")
        return None
    return Trace(**filters)
