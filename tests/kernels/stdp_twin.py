# SPDX-License-Identifier: BSD-3-Clause
"""kernels/stdp.c in exact integers, from its description."""

from dataclasses import dataclass

import numpy as np

BASELINE_READINGS = 32


@dataclass(frozen=True)
class Parameters:
    """The struct stdp_parameters."""

    learning_rate: int = 16
    w_min: int = 0
    w_max: int = 63
    row_begin: int = 0
    row_end: int = 256

    def symbols(self):
        """What the host writes."""
        return {f"parameters.{name}": value for name, value in vars(self).items()}


def signed_byte(x):
    return np.clip(x, -128, 127)


def rounded_mean(readings):
    """Mean of BASELINE_READINGS readings (axis 0), to the nearest, halves down."""
    total = readings.astype(int).sum(axis=0)
    return (2 * total + BASELINE_READINGS - 1) // (2 * BASELINE_READINGS)


def updated(weights, causal, acausal, baseline, parameters):
    """Weights after one update.

    weights, causal, acausal: (256, 256), integers; baseline: causal and acausal, each (256,).
    """
    correlation = [
        signed_byte(base - reading.astype(int))
        for base, reading in zip(baseline, (causal, acausal), strict=True)
    ]
    product = parameters.learning_rate * signed_byte(correlation[0] - correlation[1])
    change = signed_byte(np.sign(product) * ((abs(product) + 64) // 128))
    rows = slice(parameters.row_begin, parameters.row_end)
    result = weights.astype(int)
    result[rows] = np.clip(result[rows] + change[rows], parameters.w_min, parameters.w_max)
    return result
