# SPDX-License-Identifier: BSD-3-Clause
"""The flame graph."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nuxkit.plot.common import axes_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NARROWEST = 1e-3  # parts of the cycles below it are not drawn
_NARROWEST_NAME = 0.012  # per letter


def flame_graph(folded: Mapping[tuple[str, ...], int], ax: Axes | None = None) -> Axes:
    """See `Profile.flame_graph`."""
    import matplotlib

    total = sum(folded.values()) or 1
    depth = max((len(stack) for stack in folded), default=1)
    ax = axes_of(ax, height=1.2 + 0.35 * depth)
    colours = matplotlib.colormaps["YlOrRd"]
    bars = _bars(folded)
    for (*_, name), (begin, level, cycles) in bars.items():
        if cycles < _NARROWEST * total:
            continue
        shade = 0.15 + 0.5 * (zlib.crc32(name.encode()) % 97) / 97
        ax.barh(level, cycles / total, 0.95, begin / total, color=colours(shade), edgecolor="white")
        letters = int(cycles / total / _NARROWEST_NAME)
        if letters >= 3:
            shown = name if len(name) <= letters else f"{name[: letters - 1]}…"
            ax.text(begin / total + 0.004, level, shown, va="center", fontsize=7, clip_on=True)
    ax.set_xlim(0, 1)
    ax.set_ylim(-0.6, depth - 0.4)
    ax.set_yticks([])
    ax.set_xlabel(f"part of {total} cycles")
    ax.spines[["top", "right", "left"]].set_visible(False)
    return ax


def _bars(folded: Mapping[tuple[str, ...], int]) -> dict[tuple[str, ...], tuple[int, int, int]]:
    """Begin, level and width of the bar of each path and of all that lead to it."""
    bars: dict[tuple[str, ...], tuple[int, int, int]] = {}
    at = 0
    for stack, cycles in sorted(folded.items()):
        for level in range(len(stack)):
            path = stack[: level + 1]
            begin, _, width = bars.get(path, (at, level, 0))
            bars[path] = (begin, level, width + cycles)
        at += cycles
    return bars
