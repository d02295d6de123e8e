# SPDX-License-Identifier: BSD-3-Clause
"""Functions whose gradient is that of the identity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, values: torch.Tensor, change: Callable[[torch.Tensor], torch.Tensor]
    ) -> torch.Tensor:
        return change(values)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        return gradients[0], None


def straight_through(
    values: torch.Tensor, change: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """Change values; the gradient passes as if they were not."""
    found: torch.Tensor = _StraightThrough.apply(values, change)  # type: ignore[no-untyped-call]
    return found
