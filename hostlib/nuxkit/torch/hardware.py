# SPDX-License-Identifier: BSD-3-Clause
"""The emulated chips that functions and modules compute on."""

from __future__ import annotations

from typing import Any

from nuxkit.errors import NuxkitError
from nuxkit.inference import AnalogSpread
from nuxkit.inference.chip_pool import ChipPool
from nuxkit.inference.stage_times import StageTimes
from nuxkit.torch.mock import MockParameter, measure, set_mock_parameter

_pool: ChipPool | None = None


def init_hardware(
    chips: int = 1, *, spread: AnalogSpread | None = None, seed: int = 0, **array: Any
) -> ChipPool:
    """Make the emulated chips that functions and modules compute on, and measure their gain.

    Chips made before are released.

    Parameters
    ----------
    chips : int
        Number of chips; several have a process each.
    spread : AnalogSpread
        How they deviate from the ideal; default: not at all.
    seed : int
        Chip ``i`` has the seed ``seed + i``.
    **array
        Further arguments of `nuxkit.inference.AnalogArray`.

    Returns
    -------
    ChipPool
        Also to be used in a ``with`` statement.

    Raises
    ------
    nuxkit.InputError
        If an argument is out of its range.
    """
    global _pool
    release_hardware()
    pool = ChipPool(chips, spread=spread, seed=seed, **array)
    try:
        set_mock_parameter(measure(pool))
    except BaseException:
        pool.close()
        raise
    pool.times.reset()
    _pool = pool
    return pool


def release_hardware() -> None:
    """End the chips; without any, nothing happens. The measured gain stays in use."""
    global _pool
    if _pool is not None:
        _pool.close()
    _pool = None


def hardware() -> ChipPool:
    """Give the chips of `init_hardware`.

    Raises
    ------
    nuxkit.NuxkitError
        If there are none.
    """
    if _pool is None:
        raise NuxkitError(
            "there is no chip to compute on: call nuxkit.torch.init_hardware() first, "
            "or compute with mock=True"
        )
    return _pool


def stage_times() -> StageTimes:
    """Give the times of the stages of all that was computed on the chips of `init_hardware`."""
    return hardware().times


def measure_mock_parameter() -> MockParameter:
    """Measure gain and noise of the chips of `init_hardware`.

    Random inputs and weights are multiplied on all arrays, several times each; amplitudes are
    halved until all results lie in the linear range. The gain is the slope of the mean results
    over the exact products, without each column's offset; the noise is the standard deviation
    over the repetitions.

    Returns
    -------
    MockParameter
        For `set_mock_parameter`; `init_hardware` has done this already.

    Raises
    ------
    nuxkit.NuxkitError
        If there is no chip.
    nuxkit.InputError
        If the chips saturate whatever the weights are.
    """
    return measure(hardware())
