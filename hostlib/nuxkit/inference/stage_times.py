# SPDX-License-Identifier: BSD-3-Clause
"""Where the time of multiplications goes."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields


@dataclass
class StageTimes:
    """Wall time of the stages of multiplications, in seconds, summed since :meth:`reset`.

    Attributes
    ----------
    packing
        Checking and converting inputs and weights to the integers of the chip, windows of a
        convolution included.
    partitioning
        Cutting the product into tiles.
    chip
        Emulated chips: storing weights, multiplying; the way to other processes and back.
    unpacking
        Adding partial results, and converting them to what the caller gets.
    backward
        Gradients, in floating point on the host.
    """

    packing: float = 0.0
    partitioning: float = 0.0
    chip: float = 0.0
    unpacking: float = 0.0
    backward: float = 0.0

    def reset(self) -> None:
        """Set all to 0."""
        for stage in fields(self):
            setattr(self, stage.name, 0.0)

    def as_dict(self) -> dict[str, float]:
        """Seconds of each stage by its name."""
        return {stage.name: getattr(self, stage.name) for stage in fields(self)}

    @property
    def overhead(self) -> float:
        """Time of the forward stages around the chip over the time of the chip."""
        return (self.packing + self.partitioning + self.unpacking) / self.chip


#: Time now, for differences, in seconds.
now = time.perf_counter
