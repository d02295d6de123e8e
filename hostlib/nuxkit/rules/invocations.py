# SPDX-License-Identifier: BSD-3-Clause
"""The log of invocations that each processor keeps (``nux/schedule.h``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nuxemu import memory_map as mm
from nuxkit.chip import Chip
from nuxkit.hemispheres import HEMISPHERES

#: ``nux_log_entry``.
LOG_ENTRY = np.dtype(
    [("task", ">u4"), ("index", ">u4"), ("release", ">u8"), ("begin", ">u8"), ("end", ">u8")]
)


def read_log(chip: Chip, rules: Sequence[str]) -> npt.NDArray[Any]:
    """Read the logs of both processors; see `RuleProgram.invocations`.

    Parameters
    ----------
    chip : Chip
    rules : sequence of str
        Names of the rules, by number of the task.
    """
    dtype = np.dtype([
        ("rule", f"U{max(map(len, rules))}"), ("hemisphere", "u1"), ("index", "u4"),
        ("release_s", "f8"), ("begin_s", "f8"), ("end_s", "f8"),
    ])  # fmt: skip
    pieces = [np.zeros(0, dtype)]
    for hemisphere in HEMISPHERES:
        log = chip.read("nux_invocation_log", hemisphere=hemisphere)
        if not log["entries"]:
            continue
        data = chip.ppu[hemisphere].read(log["entry"], log["entries"] * LOG_ENTRY.itemsize)
        entries = np.frombuffer(data, LOG_ENTRY)
        piece = np.zeros(len(entries), dtype)
        piece["rule"], piece["hemisphere"] = np.array(rules)[entries["task"]], hemisphere
        piece["index"] = entries["index"]
        for name in ("release", "begin", "end"):
            piece[f"{name}_s"] = entries[name] / mm.PPU_CLOCK_HZ
        pieces.append(piece)
    joined = np.concatenate(pieces)
    return joined[np.argsort(joined["begin_s"], kind="stable")]
