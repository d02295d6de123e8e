# SPDX-License-Identifier: BSD-3-Clause
"""From real numbers to those of the chip, with gradients that pass straight through."""

from __future__ import annotations

from typing import Any

import torch

from nuxkit.torch.ranges import INPUT, WEIGHT, Range, check_tensor


class _Round(torch.autograd.Function):
    """Round to the nearest integer; the gradient is that of the identity."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor) -> torch.Tensor:
        return values.round()

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        return gradients[0]


def round_through(values: torch.Tensor) -> torch.Tensor:
    """Round to the nearest integers, halves to even; the gradient passes unchanged."""
    found: torch.Tensor = _Round.apply(values)  # type: ignore[no-untyped-call]
    return found


def _quantize(values: torch.Tensor, limits: Range) -> torch.Tensor:
    check_tensor(limits.name, values)
    return round_through(values.clamp(limits.low, limits.high))


def quantize_input(values: torch.Tensor) -> torch.Tensor:
    """Round to the inputs of the chip, 0 to 31; what is beyond is set to the limit.

    Parameters
    ----------
    values : torch.Tensor
        Of any shape.

    Returns
    -------
    torch.Tensor
        Integers, in the type given. The gradient is 1 inside the range and 0 beyond.

    Raises
    ------
    nuxkit.InputError
        If it is not a tensor of 32- or 64-bit floating point numbers.
    """
    return _quantize(values, INPUT)


def quantize_weight(values: torch.Tensor) -> torch.Tensor:
    """Round to the weights of the chip, -63 to 63; as `quantize_input` otherwise."""
    return _quantize(values, WEIGHT)


def _scale(values: torch.Tensor, limits: Range) -> torch.Tensor:
    check_tensor(limits.name, values)
    largest = values.detach().abs().max() if values.numel() else values.new_tensor(1.0)
    return values * (limits.high / largest) if largest > 0 else values


def scale_input(values: torch.Tensor) -> torch.Tensor:
    """Scale linearly such that the largest absolute value becomes 31."""
    return _scale(values, INPUT)


def scale_weight(values: torch.Tensor) -> torch.Tensor:
    """Scale linearly such that the largest absolute value becomes 63."""
    return _scale(values, WEIGHT)
