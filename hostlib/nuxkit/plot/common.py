# SPDX-License-Identifier: BSD-3-Clause
"""What the plots share: axes, units of time, checks of arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nuxkit.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Reals = npt.NDArray[np.float64]

_TIME_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
_RATE_UNITS = ((1e6, "MHz"), (1e3, "kHz"), (1.0, "Hz"))


def axes_of(ax: Axes | None, height: float = 4.0) -> Axes:
    """Return the given axes, or those of a new figure."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    _, made = plt.subplots(figsize=(6.4, height), layout="constrained")
    return made


def tidy(ax: Axes) -> None:
    """Take away the frame at the right and top."""
    ax.spines[["top", "right"]].set_visible(False)


def time_unit(largest_s: float) -> tuple[float, str]:
    """Choose a unit in seconds and its name, so that `largest_s` is at least 2 of it."""
    return next((unit for unit in _TIME_UNITS if abs(largest_s) >= 2 * unit[0]), _TIME_UNITS[-1])


def rate_unit(largest_hz: float) -> tuple[float, str]:
    """Choose a unit in Hz and its name, so that `largest_hz` is at least 2 of it."""
    return next((unit for unit in _RATE_UNITS if abs(largest_hz) >= 2 * unit[0]), _RATE_UNITS[-1])


def reals(name: str, values: Any, dimensions: int) -> Reals:
    """Check and return numbers.

    Raises
    ------
    nuxkit.InputError
        They are no numbers, or have another number of dimensions.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: {error}") from error
    if array.ndim != dimensions:
        raise InputError(
            f"{name} must have {dimensions} dimension{'s'[: dimensions != 1]}, "
            f"but has the shape {array.shape}"
        )
    return array


def same_length(**arrays: npt.NDArray[Any]) -> None:
    """Refuse arrays whose first dimensions differ."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(
            " and ".join(f"{name} ({length})" for name, length in lengths.items())
            + " must have the same length"
        )


def integer_ticks(*axes: Any) -> None:
    """Label integers only on these axes."""
    from matplotlib.ticker import MaxNLocator

    for axis in axes:
        axis.set_major_locator(MaxNLocator(integer=True))


def positive(name: str, value: Any) -> float:
    """Check and return a positive number."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not value > 0:
        raise InputError(f"{name} is {value!r}, but must be a positive number")
    return float(value)


def unit_text(unit: str | None) -> str:
    """Put a unit in brackets for a label; nothing for numbers without one."""
    return f" ({unit})" if unit and unit != "1" else ""
