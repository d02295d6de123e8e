# SPDX-License-Identifier: BSD-3-Clause
"""Curves of spike-timing dependent plasticity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nuxkit.plot.common import axes_of, reals, same_length, tidy, time_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colours of pairs with the postsynaptic spike after and before the presynaptic one.
_SIDES = (("causal", "tab:red"), ("acausal", "tab:blue"))


def stdp_curve(
    delay_s: Any, change: Any, *, label: str = "weight change", ax: Axes | None = None
) -> Axes:
    """Draw what pairs of spikes changed over the delay between them.

    Parameters
    ----------
    delay_s : array_like, shape (n,)
        Time of the postsynaptic spike less that of the presynaptic one, in seconds.
    change : array_like, shape (n,) or (n, trials)
        Change of the weight, or a correlation; of several trials (or synapses), mean and
        standard deviation are drawn.
    label : str
        What `change` is, for the axis.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Raises
    ------
    nuxkit.InputError
        If the arrays are of different length, or no numbers.
    """
    delays = reals("delay_s", delay_s, 1)
    changes = reals("change", change, 2 if np.ndim(change) == 2 else 1)
    same_length(delay_s=delays, change=changes)
    order = np.argsort(delays, kind="stable")
    delays, changes = delays[order], changes[order]
    ax = axes_of(ax)
    unit_s, unit = time_unit(float(np.abs(delays).max(initial=0.0)))
    for (name, colour), side in zip(_SIDES, (delays >= 0, delays < 0), strict=True):
        if not side.any():
            continue
        values = changes[side]
        mean = values.mean(axis=1) if values.ndim == 2 else values
        spread = values.std(axis=1) if values.ndim == 2 else None
        ax.errorbar(
            delays[side] / unit_s, mean, spread, fmt=".-", color=colour, elinewidth=0.8,
            linewidth=1, capsize=2, label=name,
        )  # fmt: skip
    for line in (ax.axhline, ax.axvline):
        line(0, color="black", linewidth=0.6, zorder=0)
    ax.set_xlabel(rf"$t_\mathrm{{post}} - t_\mathrm{{pre}}$ ({unit})")
    ax.set_ylabel(label)
    if len(delays):
        ax.legend(frameon=False)
    tidy(ax)
    return ax
