# SPDX-License-Identifier: BSD-3-Clause
"""What invocations of rules took, against their periods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nuxemu import memory_map as mm


@dataclass(frozen=True)
class RuleCost:
    """Invocations of one rule on one processor.

    Attributes
    ----------
    name : str
        The rule.
    invocations : int
        How many were recorded.
    minimum, maximum : int
        Cycles of the shortest and the longest, from begin to end.
    mean : float
        Cycles, on average.
    period : int
        Cycles from one release to the next.
    late : int
        Invocations that ended after their deadline, the next release.
    """

    name: str
    invocations: int
    minimum: int
    mean: float
    maximum: int
    period: int
    late: int


def rule_costs(
    invocations: npt.NDArray[Any], periods_s: Mapping[str, float]
) -> tuple[RuleCost, ...]:
    """Costs of the rules of one processor.

    Parameters
    ----------
    invocations : structured ndarray
        As `Rule.invocations` returns, of one hemisphere.
    periods_s : mapping of str to float
        Periods of the rules, seconds of hardware time.
    """
    costs = []
    for name in sorted(periods_s):
        log = invocations[invocations["rule"] == name]
        if not len(log):
            continue
        begin, end, release = (
            np.rint(log[f"{field}_s"] * mm.PPU_CLOCK_HZ).astype(np.int64)
            for field in ("begin", "end", "release")
        )
        period = round(periods_s[name] * mm.PPU_CLOCK_HZ)
        took = end - begin
        costs.append(
            RuleCost(
                name=name,
                invocations=len(log),
                minimum=int(took.min()),
                mean=float(took.mean()),
                maximum=int(took.max()),
                period=period,
                late=int((end > release + period).sum()),
            )
        )
    return tuple(costs)
