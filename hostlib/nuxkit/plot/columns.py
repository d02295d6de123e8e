# SPDX-License-Identifier: BSD-3-Clause
"""Columns of arrays in the non-spiking mode, before and after their calibration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from nuxkit.errors import InputError
from nuxkit.plot.common import axes_of, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nuxkit.inference import Calibration

_LABELS = {"offset": "offset (counts)", "gain": "gain (counts per product)"}
_BINS = 40


def calibration(
    found: Calibration | Iterable[Calibration], what: str = "offset", *, ax: Axes | None = None
) -> Axes:
    """Draw how offsets or gains of columns are distributed before and after a calibration.

    Parameters
    ----------
    found : Calibration, or several
        From `nuxkit.inference.calibrate`; the columns of several are drawn together.
    what : {"offset", "gain"}
        What to draw.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Raises
    ------
    nuxkit.InputError
        If there is no calibration, or `what` is something else.
    """
    if what not in _LABELS:
        raise InputError(f"what is {what!r}, but must be 'offset' or 'gain'")
    several = list(found) if isinstance(found, Iterable) else [found]
    if not several:
        raise InputError("there is no calibration to draw")
    before, after = (
        np.concatenate([getattr(getattr(each, when), what) for each in several])
        for when in ("before", "after")
    )
    ax = axes_of(ax)
    bins = np.histogram_bin_edges(np.concatenate([before, after]), _BINS)
    for values, colour, name in ((before, "tab:gray", "before"), (after, "tab:green", "after")):
        label = f"{name} calibration, s.d. {values.std():.3g}"
        ax.hist(values, bins.tolist(), color=colour, alpha=0.7, label=label)
    ax.set_xlabel(_LABELS[what])
    ax.set_ylabel("columns")
    ax.legend(frameon=False)
    tidy(ax)
    return ax
