# SPDX-License-Identifier: BSD-3-Clause
"""Values over time: weights and observables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nuxemu import memory_map as mm
from nuxkit.errors import InputError
from nuxkit.hemispheres import HEMISPHERE_NAMES
from nuxkit.plot.common import (
    Reals,
    axes_of,
    reals,
    same_length,
    tidy,
    time_unit,
    unit_text,
)

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

_TIME_DIMENSIONS = ("time", "invocation")
_FEW_LINES = 8


def weight_evolution(
    weights: Any,
    time_s: Any = None,
    *,
    groups: Mapping[str, Any] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the mean of weights over time, and how far they differ.

    Up to 8 synapses have a line each; of more, the shade holds the middle 80 %.

    Parameters
    ----------
    weights : array_like, shape (n, pre, post)
        Weights at n times; or a data array, whose coordinate ``time`` is then used.
    time_s : array_like, shape (n,), optional
        The times, in seconds; 0, 1, 2, ... if they are not known.
    groups : mapping of str to bool array, shape (pre, post), optional
        Synapses that are drawn apart from each other, by name; all in one if not given.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Raises
    ------
    nuxkit.InputError
        If shapes do not fit each other.
    """
    if hasattr(weights, "dims") and {"pre", "post"} <= set(weights.dims):
        weights = weights.transpose(..., "pre", "post")
    times, label = _times(weights, time_s)
    values = reals("weights", weights, 3)
    same_length(weights=values, time_s=times)
    ax = axes_of(ax)
    chosen = {"": np.ones(values.shape[1:], bool)} if groups is None else groups
    for name, given in chosen.items():
        mask = np.asarray(given)
        if mask.shape != values.shape[1:] or mask.dtype != bool:
            raise InputError(
                f"group {name!r} must be a bool array of the shape {values.shape[1:]}, "
                f"not {mask.dtype} of {mask.shape}"
            )
        _draw(ax, times, values[:, mask], name, [])
    ax.set_xlabel(label)
    ax.set_ylabel("weight")
    if values.size and values.min() >= 0 and values.max() <= mm.WEIGHT_MAX:
        ax.set_ylim(-1, mm.WEIGHT_MAX + 1)
    _finish(ax)
    return ax


def observables_over_time(
    data: xarray.Dataset | xarray.DataArray,
    names: Sequence[str] | None = None,
    *,
    ax: Any = None,
) -> Any:
    """Draw recorded observables over time, each in a panel of its own.

    Values of both hemispheres, and up to 8 neurons, synapses or elements, have a line each; of
    more, the mean is drawn, and the shade holds the middle 80 %.

    Parameters
    ----------
    data : xarray.Dataset or xarray.DataArray
        What `Rule.observables` returns, or one variable of it; what `get_data` returns.
    names : sequence of str, optional
        Which variables of the dataset; all that have a time if not given.
    ax : Axes or array of Axes, optional
        Axes to draw on, one per observable.

    Returns
    -------
    matplotlib.axes.Axes or ndarray of Axes
        One of a data array or a single observable, else an array of them.

    Raises
    ------
    nuxkit.InputError
        If there is no such variable, nothing to draw, or another number of axes.
    """
    arrays = _chosen(data, names)
    axes = _panels(ax, len(arrays))
    for panel, array in zip(axes, arrays, strict=True):
        _draw_array(panel, array)
    for panel in axes[:-1]:
        if ax is None:
            panel.set_xlabel("")
    return axes[0] if len(arrays) == 1 and not isinstance(ax, np.ndarray | list) else axes


def _chosen(data: Any, names: Sequence[str] | None) -> list[Any]:
    if not hasattr(data, "dims"):
        raise InputError(
            f"data must be a dataset or data array of xarray, not {type(data).__name__}"
        )
    if not hasattr(data, "data_vars"):
        if _time_dimension(data) is None:
            raise InputError(f"data has no dimension time or invocation, but {data.dims}")
        return [data]
    known = [str(name) for name in data.data_vars if _time_dimension(data[name]) is not None]
    chosen = known if names is None else [names] if isinstance(names, str) else list(names)
    for name in chosen:
        if name not in known:
            raise InputError(
                f"{name!r} is no observable over time; there are: {', '.join(known) or 'none'}"
            )
    if not chosen:
        raise InputError("there are no observables over time to draw")
    return [data[name] for name in chosen]


def _time_dimension(array: Any) -> str | None:
    return next((name for name in _TIME_DIMENSIONS if name in array.dims), None)


def _panels(ax: Any, count: int) -> npt.NDArray[Any]:
    if ax is None:
        import matplotlib.pyplot as plt

        height = min(1.2 + 2.2 * count, 14)
        _, made = plt.subplots(
            count, sharex=True, squeeze=False, figsize=(6.4, height), layout="constrained"
        )
        return np.asarray(made)[:, 0]
    axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if len(axes) != count:
        raise InputError(f"{count} observables need {count} axes, but ax has {len(axes)}")
    return axes


def _draw_array(ax: Axes, array: Any) -> None:
    dimension = _time_dimension(array)
    others = [name for name in array.dims if name != dimension]
    array = array.transpose(dimension, *others)
    times, label = _times(array, None)
    values = np.asarray(array.values, np.float64).reshape(len(times), -1)
    names: list[str] = []
    if others == ["hemisphere"]:
        names = [_hemisphere_name(value) for value in array["hemisphere"].values]
    elif len(others) == 1:
        names = [f"{others[0]} {value}" for value in array[others[0]].values]
    elif not others:
        names = [""]
    _draw(ax, times, values, "", names)
    ax.set_xlabel(label)
    ax.set_ylabel(f"{array.name or 'value'}{unit_text(array.attrs.get('units'))}")
    _finish(ax)


def _hemisphere_name(value: Any) -> str:
    return str(HEMISPHERE_NAMES[int(value)]) if str(value) in ("0", "1") else str(value)


def _times(values: Any, time_s: Any) -> tuple[Reals, str]:
    """Return times in the unit of the label, and the label."""
    if time_s is None and hasattr(values, "coords") and "time" in values.coords:
        time_s = values.coords["time"].values
    if time_s is None:
        return np.arange(len(values), dtype=np.float64), "invocation"
    times = reals("time_s", time_s, 1)
    unit_s, unit = time_unit(float(np.abs(times).max(initial=0.0)))
    return times / unit_s, f"hardware time ({unit})"


def _draw(ax: Axes, times: Reals, values: Reals, name: str, names: Sequence[str]) -> None:
    """Draw columns of values, shape (n, count), as lines, or as mean and shade."""
    count = values.shape[1]
    if count == 0 or len(times) == 0:
        return
    style: dict[str, Any] = {"marker": "."} if len(times) <= 40 else {}
    if count <= _FEW_LINES:
        for index, line in enumerate(values.T):
            label = names[index] if names else name
            colour: dict[str, Any] = (
                {} if names or not index else {"color": ax.lines[-1].get_color()}
            )
            shown = label if names or not index else "_"
            ax.plot(times, line, label=shown or "_", **style, **colour)
        return
    low, high = np.nanpercentile(values, [10, 90], axis=1)
    (line,) = ax.plot(
        times,
        np.nanmean(values, axis=1),
        label=f"{name} ({count})" if name else f"mean of {count}",
        **style,
    )
    shade: dict[str, Any] = {"color": line.get_color(), "alpha": 0.22, "linewidth": 0}
    ax.fill_between(times, low, high, label="_" if name else "middle 80 %", **shade)


def _finish(ax: Axes) -> None:
    if ax.get_legend_handles_labels()[1]:
        ax.legend(frameon=False)
    tidy(ax)
