# SPDX-License-Identifier: BSD-3-Clause
"""Where an experiment's neurons and synapses are on the chip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nuxemu import memory_map as mm
from nuxkit.hemispheres import HEMISPHERE_NAMES

from .placement import RowPlan


def _ranges(values: npt.NDArray[np.int64]) -> str:
    """Write runs of successive numbers as ``first-last``."""
    if not values.size:
        return "none"
    parts = np.split(values, np.flatnonzero(np.diff(values) != 1) + 1)
    texts = [str(p[0]) if p.size == 1 else f"{p[0]}-{p[-1]}" for p in parts]
    return ", ".join(texts if len(texts) <= 8 else [*texts[:7], "...", texts[-1]])


@dataclass(frozen=True)
class Layout:
    """Physical places, by label; ``print(layout)`` lists them.

    Attributes
    ----------
    neurons : mapping of str to ndarray of int64, shape (size,)
        Neurons of each population: ``hemisphere * 256 + column``.
    synapses : mapping of str to tuple of RowPlan
        Rows and columns of each projection, on each hemisphere where it has synapses.
    """

    neurons: Mapping[str, npt.NDArray[np.int64]]
    synapses: Mapping[str, tuple[RowPlan, ...]]

    def __str__(self) -> str:
        lines = []
        for label, neurons in self.neurons.items():
            for hemisphere, side in enumerate(HEMISPHERE_NAMES):
                here = neurons[neurons // mm.NUM_COLUMNS == hemisphere] % mm.NUM_COLUMNS
                if here.size:
                    lines.append(f"{label}: {side} columns {_ranges(here)}")
        for label, plans in self.synapses.items():
            lines += [
                f"{label}: {HEMISPHERE_NAMES[plan.hemisphere]} rows {_ranges(plan.rows)}, "
                f"columns {_ranges(plan.columns)}"
                for plan in plans
            ]
        return "\n".join(lines)
