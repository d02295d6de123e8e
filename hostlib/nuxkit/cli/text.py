# SPDX-License-Identifier: BSD-3-Clause
"""What the command line reads and writes: values, summaries, errors, JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from nuxemu import StopReason
from nuxkit.builder import BuildResult, KernelBuildError
from nuxkit.errors import NuxkitError
from nuxkit.result import Remark, RunResult, StackUse
from nuxkit.source_lines import SourceLocation

_TIME_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))


def parse_value(given: str) -> Any:
    """Value of ``--set``: JSON, an integer in C's notation, else the text itself.

    The text is for enumerators; the symbol's C type decides whether it fits.
    """
    try:
        return json.loads(given)
    except ValueError:
        pass
    try:
        return int(given, 0)  # 0x1f
    except ValueError:
        return given.strip()


def plain(value: Any) -> Any:
    """Make a value of NumPy one that JSON knows."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"no JSON for {type(value).__name__}")


def value_text(value: Any) -> str:
    """Value of a symbol in the notation that ``--set`` reads."""
    return json.dumps(value, default=plain)


def duration(seconds: float) -> str:
    """Time with a unit that suits it, four digits."""
    unit_s, unit = next((u for u in _TIME_UNITS if seconds >= u[0]), _TIME_UNITS[-1])
    return f"{seconds / unit_s:.4g} {unit}"


def summary(result: RunResult) -> str:
    """One line about a run that finished, or was killed by a debugger."""
    finished = result.stop.reason is StopReason.FINISHED
    return (
        (f"return code {result.return_code}" if finished else "killed")
        + f", {result.cycles} cycles, "
        f"{duration(result.emulated_time_s)} emulated, {duration(result.wall_time_s)} wall time"
        + (f", {stack_text(result.stack)}" if result.stack else "")
    )


def stack_text(use: StackUse) -> str:
    """How deep a stack went."""
    return f"{use.used_bytes} of {use.size_bytes} bytes of stack"


def error_text(error: NuxkitError) -> str:
    """Text of an error; those of the compiler come as the compiler writes them."""
    if not isinstance(error, KernelBuildError):
        return f"nuxkit: error: {error}"
    count = sum(entry.severity == "error" for entry in error.diagnostics)
    return f"{error}\nnuxkit: error: the build failed with {count} error{'s'[: count != 1]}"


def error_json(error: NuxkitError) -> dict[str, Any]:
    """JSON of an error."""
    kind = next(base for base in type(error).__mro__ if base.__module__ == NuxkitError.__module__)
    found = error.diagnostics if isinstance(error, KernelBuildError) else ()
    return {
        "error": {
            "kind": kind.__name__,
            "exit_code": error.exit_code,
            "message": str(error),
            "diagnostics": [entry.to_dict() for entry in found],
        }
    }


def build_json(result: BuildResult) -> dict[str, Any]:
    """JSON of a build."""
    return {
        "elf": str(result.elf_path),
        "report": result.report.to_dict(),
        "warnings": [warning.to_dict() for warning in result.warnings],
        "from_cache": result.from_cache,
    }


def run_json(
    result: RunResult, values: dict[str, Any], error: NuxkitError | None
) -> dict[str, Any]:
    """JSON of a run, also of one that did not finish."""
    finished = error is None
    return {
        "return_code": result.return_code if finished else None,
        "stop": {"reason": result.stop.reason.name.lower(), "pc": result.stop.pc},
        "cycles": result.cycles,
        "instructions": result.instructions,
        "emulated_time_s": result.emulated_time_s,
        "wall_time_s": result.wall_time_s,
        "mailbox": result.mailbox,
        "symbols": values,
        "remarks": [remark_json(remark) for remark in result.remarks],
        "unlisted_remarks": result.unlisted_remarks,
        "stack": stack_json(result.stack),
        "call_stack": [
            {"function": frame.function, "pc": frame.pc, **_place_json(frame.location)}
            for frame in result.call_stack
        ],
        **({} if error is None else error_json(error)),
    }


def stack_json(use: StackUse | None) -> dict[str, int] | None:
    """JSON of a stack."""
    return {"used_bytes": use.used_bytes, "size_bytes": use.size_bytes} if use else None


def remark_json(remark: Remark) -> dict[str, Any]:
    """JSON of a remark."""
    return {
        "kind": remark.kind.name.lower(),
        "text": str(remark),
        "pc": remark.pc,
        "count": remark.count,
        **_place_json(remark.location),
    }


def _place_json(location: SourceLocation | None) -> dict[str, Any]:
    return {
        "file": location.file if location else None,
        "line": location.line if location else None,
    }
