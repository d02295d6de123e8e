# SPDX-License-Identifier: BSD-3-Clause
"""The linear model of the chip: a gain and noise, known or measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from nuxkit.errors import InputError
from nuxkit.inference import AnalogArray
from nuxkit.inference.chip_pool import ChipPool
from nuxkit.inference.tiles import RESULT_MAX, RESULT_MIN

_PATTERNS, _TRIALS = 24, 16
_LINEAR_COUNTS = 80  # beyond, columns are not linear any more


@dataclass(frozen=True)
class MockParameter:
    """Parameters of the linear model of the chip.

    Parameters
    ----------
    noise_std : float
        Standard deviation of the noise of each result, in counts.
    gain : float
        Counts per product of input and weight, above 0 and at most 1.

    Raises
    ------
    nuxkit.InputError
        If one is out of its range.
    """

    noise_std: float = 2.0
    gain: float = 1 / 64

    def __post_init__(self) -> None:
        if not (math.isfinite(self.noise_std) and self.noise_std >= 0):
            raise InputError(f"noise_std is {self.noise_std!r}, not a finite number from 0")
        if not 0 < self.gain <= 1:
            raise InputError(f"gain is {self.gain!r}, not above 0 and at most 1")


_current = MockParameter()


def get_mock_parameter() -> MockParameter:
    """Parameters that the mock mode and gradients use."""
    return _current


def set_mock_parameter(parameter: MockParameter) -> None:
    """Use these parameters in the mock mode and for gradients from now on."""
    global _current
    if not isinstance(parameter, MockParameter):
        raise InputError(f"parameter is of type {type(parameter).__name__}, not a MockParameter")
    _current = parameter


def mock_result(product: torch.Tensor, rows: int, num_sends: int) -> torch.Tensor:
    """Give counts of the linear model: gain, noise and saturation, without rounding.

    Parameters
    ----------
    product : torch.Tensor
        Sums of products of inputs and weights.
    rows : int
        Number of inputs in each sum: every block of 128 brings its own noise.
    num_sends : int
        How often each input is sent.
    """
    result = product * (_current.gain * num_sends)
    if _current.noise_std > 0:
        blocks = -(-rows // AnalogArray.SIGNED_INPUTS)
        result += torch.randn_like(result) * (_current.noise_std * math.sqrt(blocks))
    return result.clamp_(RESULT_MIN, RESULT_MAX)


def measure(pool: ChipPool) -> MockParameter:
    """Measure gain and noise of chips, see `measure_mock_parameter`."""
    rng = np.random.default_rng(0)
    height, width = AnalogArray.SIGNED_INPUTS, AnalogArray.COLUMNS * pool.arrays
    full = rng.integers(-63, 64, (height, width))
    patterns = rng.integers(0, 32, (_PATTERNS, height), dtype=np.uint8)
    inputs = np.repeat(patterns, _TRIALS, axis=0)
    for halvings in range(6):
        weights = (full >> halvings).astype(np.int8)
        counts = pool.multiply(inputs, weights).reshape(_PATTERNS, _TRIALS, width)
        mean = counts.mean(axis=1)
        if np.quantile(np.abs(mean), 0.99) < _LINEAR_COUNTS:
            break
    else:
        raise InputError(
            f"the gain of the chips cannot be measured: more than 1 % of their results lie beyond "
            f"{_LINEAR_COUNTS} counts even with weights of at most 1"
        )
    exact = patterns.astype(np.int64) @ weights.astype(np.int64)
    exact = exact - exact.mean(axis=0)
    gain = float((exact * mean).sum() / (exact * exact).sum())
    noise = float(np.sqrt(counts.var(axis=1, ddof=1).mean()))
    return MockParameter(noise_std=noise, gain=gain)
