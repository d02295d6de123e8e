# SPDX-License-Identifier: BSD-3-Clause
"""When rules ran, and whether in time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nuxkit.errors import InputError
from nuxkit.hemispheres import HEMISPHERE_NAMES
from nuxkit.plot.common import Reals, axes_of, positive, tidy, time_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FIELDS = ("rule", "hemisphere", "index", "release_s", "begin_s", "end_s")
_WAITING, _IN_TIME, _LATE = "0.75", "tab:blue", "tab:red"
_BAR = 0.5


def rule_timeline(
    invocations: Any,
    *,
    period_s: float | Mapping[str, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw each invocation of rules as a bar, against releases and deadlines.

    A bar reaches from begin to end, grey before it from the release to the begin. It is red if
    it ended after its deadline, the next release. Ticks mark releases, each the deadline of the
    invocation before; crosses mark invocations that were dropped.

    Parameters
    ----------
    invocations : structured ndarray, shape (n,)
        Fields ``rule``, ``hemisphere``, ``index``, ``release_s``, ``begin_s``, ``end_s``, as
        `Rule.invocations` returns; those of several rules with `numpy.concatenate`.
    period_s : float or mapping of str to float, optional
        Period of all rules or of each; found from the releases if not given.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Raises
    ------
    nuxkit.InputError
        If a field is missing or a period is not positive.
    """
    log = np.asarray(invocations)
    missing = [name for name in _FIELDS if name not in (log.dtype.names or ())]
    if missing:
        raise InputError(f"invocations have no field {missing[0]!r}; see Rule.invocations")
    lanes = sorted(
        {(str(rule), int(hemisphere)) for rule, hemisphere in log[["rule", "hemisphere"]]}
    )
    ax = axes_of(ax, height=1.4 + 0.6 * max(len(lanes), 1))
    unit_s, unit = time_unit(float(log["end_s"].max(initial=0.0)))
    kinds: dict[str, Any] = {}
    for place, (rule, hemisphere) in enumerate(lanes):
        lane = log[(log["rule"] == rule) & (log["hemisphere"] == hemisphere)]
        lane = np.sort(lane, order="index")
        kinds.update(_draw_lane(ax, place, lane, _period(lane, rule, period_s), unit_s))
    ax.set_yticks(range(len(lanes)), [f"{rule}\n{HEMISPHERE_NAMES[side]}" for rule, side in lanes])
    ax.set_ylim(len(lanes) - 0.4, -0.6)
    ax.set_xlabel(f"hardware time ({unit})")
    if kinds:
        ax.legend(
            kinds.values(), kinds.keys(), frameon=False, ncols=len(kinds), fontsize="small",
            loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0,
        )  # fmt: skip
    tidy(ax)
    return ax


def _period(
    lane: npt.NDArray[Any], rule: str, period_s: float | Mapping[str, float] | None
) -> float | None:
    """Period of a rule in seconds; None if there is only one invocation to tell."""
    if isinstance(period_s, Mapping):
        period_s = period_s.get(rule)
    if period_s is not None:
        return positive(f"period_s of {rule!r}", period_s)
    if len(lane) < 2:
        return None
    steps = np.diff(lane["release_s"]) / np.maximum(np.diff(lane["index"].astype(np.int64)), 1)
    return float(np.median(steps))


def _draw_lane(
    ax: Axes, place: int, lane: npt.NDArray[Any], period: float | None, unit_s: float
) -> dict[str, Any]:
    """Draw one rule on one processor; gives the marks for the legend."""
    release, begin, end = (lane[name].astype(np.float64) for name in _FIELDS[3:])
    late = np.zeros(len(lane), bool) if period is None else end > release + period * (1 + 1e-9)
    kinds: dict[str, Any] = {}
    for name, chosen, start, stop, colour in (
        ("waiting", begin > release, release, begin, _WAITING),
        ("in time", ~late, begin, end, _IN_TIME),
        ("late", late, begin, end, _LATE),
    ):
        if not chosen.any():
            continue
        spans = np.stack([start, stop - start], axis=1)[chosen] / unit_s
        # A line as well: bars much shorter than a pixel stay visible.
        bars = ax.broken_barh(
            [(float(left), float(width)) for left, width in spans],
            (place - _BAR / 2, _BAR), facecolor=colour, edgecolor=colour,
            linewidth=0 if name == "waiting" else 0.5,
        )  # fmt: skip
        if name != "waiting" or _visible(spans, ax):
            kinds[name] = bars
    deadlines = release if period is None else np.append(release, release[-1:] + period)
    (marks,) = ax.plot(
        deadlines / unit_s, np.full(len(deadlines), place + 0.8 * _BAR), linestyle="none",
        marker=2, color="black", markersize=5, clip_on=False,
    )  # fmt: skip
    kinds["release and deadline"] = marks
    dropped = _dropped(lane["index"].astype(np.int64), release, period)
    if len(dropped):
        (crosses,) = ax.plot(
            dropped / unit_s, np.full(len(dropped), place), linestyle="none", marker="x",
            color=_LATE, markersize=7,
        )  # fmt: skip
        kinds["dropped"] = crosses
    return kinds


def _visible(spans: Reals, ax: Axes) -> bool:
    """Whether the longest span is at least a pixel wide."""
    low, high = ax.get_xlim()
    return bool(spans[:, 1].max() > (high - low) / ax.get_window_extent().width)


def _dropped(index: npt.NDArray[np.int64], release: Reals, period: float | None) -> Reals:
    """Releases of the invocations whose numbers are missing."""
    if period is None or len(index) == 0:
        return np.empty(0)
    missing = np.setdiff1d(np.arange(index[0], index[-1]), index)
    before = np.searchsorted(index, missing) - 1
    return np.asarray(release[before] + (missing - index[before]) * period, np.float64)
