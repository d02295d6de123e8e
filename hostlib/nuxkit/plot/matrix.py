# SPDX-License-Identifier: BSD-3-Clause
"""Weight matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nuxemu import memory_map as mm
from nuxkit.errors import InputError
from nuxkit.plot.common import axes_of, integer_ticks, reals

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def weight_matrix(
    weights: Any,
    *,
    limits: tuple[float, float] = (0, mm.WEIGHT_MAX),
    colorbar: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw weights as colours: postsynaptic neurons to the right, presynaptic ones upwards.

    Parameters
    ----------
    weights : array_like, shape (pre, post)
        As `Projection.weights`; or a data array with the dimensions ``pre`` and ``post``, of
        which the last invocation or time is drawn if it has several.
    limits : (float, float)
        Values of the first and last colour.
    colorbar : bool
        Whether to draw the scale of colours.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Raises
    ------
    nuxkit.InputError
        If weights are no numbers, or have another number of dimensions.
    """
    if hasattr(weights, "dims"):
        weights = _last_matrix(weights)
    matrix = reals("weights", weights, 2)
    ax = axes_of(ax, height=4.8)
    image = ax.imshow(
        matrix, vmin=limits[0], vmax=limits[1], origin="lower", aspect="auto",
        interpolation="nearest",
    )  # fmt: skip
    if 0 < matrix.shape[0] == matrix.shape[1]:
        ax.set_aspect("equal")
    ax.set_xlabel("postsynaptic neuron")
    ax.set_ylabel("presynaptic neuron")
    integer_ticks(ax.xaxis, ax.yaxis)
    if colorbar:
        ax.figure.colorbar(image, ax=ax, label="weight")
    return ax


def _last_matrix(weights: Any) -> np.ndarray[Any, Any]:
    extra = [dim for dim in weights.dims if dim not in ("pre", "post")]
    if len(weights.dims) - len(extra) == 0:
        return np.asarray(weights)  # other names: two dimensions in their order
    if len(weights.dims) - len(extra) == 1:
        raise InputError(f"weights has the dimensions {weights.dims}, but must have pre and post")
    return np.asarray(weights.isel(dict.fromkeys(extra, -1)).transpose("pre", "post"))
