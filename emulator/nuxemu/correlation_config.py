# SPDX-License-Identifier: BSD-3-Clause
"""Parameters of the correlation sensors and of the CADC, and their fixed pattern."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from nuxemu.array_input import ArrayTypeError, ArrayValueError

#: Smallest factor that the fixed pattern applies to an amplitude or a time constant.
SMALLEST_FACTOR = 0.1

#: Inclusive limits of each field of CorrelationConfig.
LIMITS = {
    "amplitude_causal_lsb": (0.0, 1e6),
    "amplitude_acausal_lsb": (0.0, 1e6),
    "tau_causal_s": (1e-12, 1e6),
    "tau_acausal_s": (1e-12, 1e6),
    "amplitude_spread": (0.0, 10.0),
    "tau_spread": (0.0, 10.0),
    "amplitude_step": (0.0, 10.0),
    "tau_step": (0.0, 10.0),
    "saturation_lsb": (0.0, 1e6),
    "baseline_lsb": (0.0, 255.0),
    "offset_spread_lsb": (0.0, 255.0),
    "noise_lsb": (0.0, 255.0),
}


@dataclass(frozen=True)
class CorrelationConfig:
    """Parameters of the correlation sensors and of the CADC of one array.

    One LSB is one step of the 8-bit CADC. Amplitudes and time constants are medians over the
    synapses, at calibration code 0.

    Parameters
    ----------
    amplitude_causal_lsb, amplitude_acausal_lsb : float
        What a pair of spikes at zero distance adds. Default: the calibration target of calix
        (``correlation.py``), 0.5.
    tau_causal_s, tau_acausal_s : float
        Time constants in seconds of hardware time. Default: the calibration target of calix, 5 us.
    amplitude_spread, tau_spread : float
        Relative standard deviation from synapse to synapse (a choice of this model).
    amplitude_step, tau_step : float
        A calibration code multiplies the amplitude or the time constant by ``1 + code * step``
        (a choice of this model: no figures are public).
    saturation_lsb : float
        Largest accumulated value of a sensor (a choice of this model).
    baseline_lsb : float
        Reading without correlation. calix rejects baselines below 120.
    offset_spread_lsb : float
        Standard deviation of the offset from channel to channel (a choice of this model).
    noise_lsb : float
        Standard deviation of the noise of a reading (a choice of this model).

    Raises
    ------
    ArrayTypeError
        If a value is not a number.
    ArrayValueError
        If a value is out of its range.
    """

    amplitude_causal_lsb: float = 0.5
    amplitude_acausal_lsb: float = 0.5
    tau_causal_s: float = 5e-6
    tau_acausal_s: float = 5e-6
    amplitude_spread: float = 0.1
    tau_spread: float = 0.1
    amplitude_step: float = 0.1
    tau_step: float = 0.1
    saturation_lsb: float = 150.0
    baseline_lsb: float = 180.0
    offset_spread_lsb: float = 3.0
    noise_lsb: float = 0.5

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float | np.number):
                raise ArrayTypeError(f"{field.name} is {value!r}, but must be a number")
            low, high = LIMITS[field.name]
            if not low <= value <= high or math.isnan(value):
                raise ArrayValueError(
                    f"{field.name} is {value}, but must be from {low:g} to {high:g}"
                )

    @classmethod
    def ideal(cls, **changes: float) -> CorrelationConfig:
        """Config without spread, offsets and noise, apart from `changes`."""
        exact = dict.fromkeys(
            ("amplitude_spread", "tau_spread", "offset_spread_lsb", "noise_lsb"), 0.0
        )
        return cls(**(exact | changes))


def fixed_pattern(seed: int, stream: int, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Draw nearly normal numbers of mean 0 and standard deviation 1, within 6.

    Each is the sum of twelve 16-bit integers, so that they are the same on every machine: no
    library function with a platform's own rounding is involved.

    Parameters
    ----------
    seed, stream : int
        Not negative. Streams of a seed are independent of each other.
    shape : tuple of int
        Shape of the result.

    Returns
    -------
    numpy.ndarray
        Of dtype float64.
    """
    generator = np.random.PCG64(np.random.SeedSequence([seed, stream]))
    words = generator.random_raw(3 * math.prod(shape)).reshape(-1, 3)
    # Two sums at once, in the halves of a word.
    halves = (words & 0x0000FFFF_0000FFFF) + (words >> 16 & 0x0000FFFF_0000FFFF)
    both = halves[:, 0] + halves[:, 1] + halves[:, 2]
    total = (both & 0xFFFFFFFF) + (both >> 32)
    centred = np.asarray(total, np.float64) - 12 * 0xFFFF / 2
    return (centred / math.sqrt(12 * (2.0**32 - 1) / 12)).reshape(shape)


def spread_factors(
    seed: int, stream: int, shape: tuple[int, ...], spread: float
) -> npt.NDArray[np.float64]:
    """Factors around 1 with relative standard deviation `spread`, at least SMALLEST_FACTOR."""
    if spread == 0:
        return np.ones(shape)
    return np.maximum(1 + spread * fixed_pattern(seed, stream, shape), SMALLEST_FACTOR)
