# SPDX-License-Identifier: BSD-3-Clause
"""Rasters and rates of spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nuxkit.errors import InputError
from nuxkit.plot.common import (
    Reals,
    axes_of,
    integer_ticks,
    positive,
    rate_unit,
    reals,
    same_length,
    tidy,
    time_unit,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Above so many spikes, marks of a vector graphic become a bitmap.
_MANY = 20_000
_FEW_NEURONS = 8


def raster(times_s: Any, indices: Any = None, *, ax: Axes | None = None, **style: Any) -> Axes:
    """Draw each spike as a mark: time to the right, neuron upwards.

    Parameters
    ----------
    times_s : array_like, shape (n,)
        Times of spikes in seconds. Or all spikes in one: a pair of times and neurons, as
        `Population.spikes` returns, or a data array with the coordinate ``neuron``.
    indices : array_like of int, shape (n,), optional
        Neuron of each spike.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.
    **style
        Passed to `matplotlib.axes.Axes.plot`.

    Raises
    ------
    nuxkit.InputError
        If the arrays are of different length, or no numbers.
    """
    times, neurons = _spikes(times_s, indices)
    ax = axes_of(ax)
    unit_s, unit = time_unit(float(times.max(initial=0.0)))
    size = int(neurons.max(initial=0)) + 1
    height = 72 * ax.get_window_extent().height / ax.figure.dpi  # of the axes, in points
    look = {
        "linestyle": "none",
        "marker": "|",
        "color": "black",
        "markersize": float(np.clip(0.8 * height / size, 1.5, 12)),
        "markeredgewidth": 0.6,
        "rasterized": len(times) > _MANY,
    }
    ax.plot(times / unit_s, neurons, **{**look, **style})
    ax.set_xlabel(f"hardware time ({unit})")
    ax.set_ylabel("neuron")
    ax.set_ylim(-0.5, size - 0.5)
    integer_ticks(ax.yaxis)
    tidy(ax)
    return ax


def rates(
    times_s: Any,
    indices: Any = None,
    *,
    size: int | None = None,
    bins: int = 20,
    start_s: float = 0.0,
    stop_s: float | None = None,
    target_hz: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the mean rate of neurons over time, and how far they differ.

    Up to 8 neurons have a line each; of more, the shade holds the middle 80 %.

    Parameters
    ----------
    times_s, indices
        Spikes, as of `raster`.
    size : int, optional
        Number of neurons; silent ones count. The highest index and one if not given.
    bins : int
        Number of intervals of time.
    start_s, stop_s : float, optional
        Begin and end; 0 and the last spike if not given.
    target_hz : float, optional
        Draws a line at this rate.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Raises
    ------
    nuxkit.InputError
        If spikes are as `raster` refuses them, or another value is out of range.
    """
    times, neurons = _spikes(times_s, indices)
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 1:
        raise InputError(f"bins is {bins!r}, but must be a positive integer")
    least = int(neurons.max(initial=-1)) + 1
    size = max(least, 1) if size is None else size
    if size < max(least, 1):
        raise InputError(f"size is {size}, but must be at least {max(least, 1)}: so many spike")
    stop = float(times.max(initial=start_s)) if stop_s is None else float(stop_s)
    if stop_s is None and stop <= start_s:
        stop = start_s + 1e-3  # no spikes: an empty picture
    positive("stop_s - start_s", stop - start_s)
    per_neuron, edges = _binned(times, neurons, size, np.linspace(start_s, stop, bins + 1))
    ax = axes_of(ax)
    highest = max(float(per_neuron.max(initial=0.0)), target_hz or 0.0)
    (unit_s, unit), (unit_hz, rate_name) = time_unit(stop), rate_unit(highest)
    middle = (edges[:-1] + edges[1:]) / 2 / unit_s
    if size <= _FEW_NEURONS:
        for neuron, rate in enumerate(per_neuron):
            ax.plot(middle, rate / unit_hz, marker=".", label=f"neuron {neuron}")
    else:
        low, high = np.percentile(per_neuron, [10, 90], axis=0) / unit_hz
        ax.fill_between(middle, low, high, alpha=0.25, linewidth=0, label="middle 80 %")
        ax.plot(middle, per_neuron.mean(axis=0) / unit_hz, marker=".", label=f"mean of {size}")
    if target_hz is not None:
        ax.axhline(target_hz / unit_hz, color="black", linestyle="--", linewidth=1, label="target")
    ax.set_xlabel(f"hardware time ({unit})")
    ax.set_ylabel(f"rate ({rate_name})")
    ax.set_ylim(bottom=0)
    ax.set_xlim(start_s / unit_s, stop / unit_s)
    ax.legend(frameon=False)
    tidy(ax)
    return ax


def _spikes(times_s: Any, indices: Any) -> tuple[Reals, npt.NDArray[np.int64]]:
    if indices is None and isinstance(times_s, tuple) and len(times_s) == 2:
        times_s, indices = times_s
    elif indices is None and hasattr(times_s, "coords") and "neuron" in times_s.coords:
        indices = times_s.coords["neuron"].values
    if indices is None:
        raise InputError("indices, the neurons of the spikes, are missing")
    times, neurons = reals("times_s", times_s, 1), reals("indices", indices, 1)
    same_length(times_s=times, indices=neurons)
    if np.any(neurons < 0) or np.any(neurons != np.floor(neurons)):
        raise InputError("indices must be integers, 0 or more")
    if not np.all(np.isfinite(times)):
        raise InputError("times_s must be finite")
    return times, neurons.astype(np.int64)


def _binned(
    times: Reals, neurons: npt.NDArray[np.int64], size: int, edges: Reals
) -> tuple[Reals, Reals]:
    """Rates in Hz, shape (size, bins), and the edges."""
    counts, _, _ = np.histogram2d(neurons, times, bins=(np.arange(size + 1) - 0.5, edges))
    return counts / np.diff(edges), edges
