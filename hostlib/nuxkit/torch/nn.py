# SPDX-License-Identifier: BSD-3-Clause
"""Modules that compute on the chip; their parameters are in units of the chip.

Weights lie between -63 and 63: before each use they are limited in place, then rounded, in mock
mode too; the gradient passes straight through. Biases are counts, and are rounded and limited to
-128 to 127. New weights are drawn uniformly such that a mean input of 15 gives results of about
40 counts, new biases are 0.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from nuxkit.errors import InputError
from nuxkit.torch import convolution, digital
from nuxkit.torch.mock import get_mock_parameter
from nuxkit.torch.product import WAIT_BETWEEN_EVENTS, matmul
from nuxkit.torch.quantize import quantize_input, quantize_weight, round_through
from nuxkit.torch.ranges import RESULT, WEIGHT, check_positive

_START_INPUT, _START_COUNTS = 15, 40  # what new weights are made for


class MACLayer(torch.nn.Module):
    """What modules with weights have in common.

    Parameters
    ----------
    shape : tuple of int
        Shape of the weights, outputs first.
    bias : bool
        Whether a bias is added to the counts.
    num_sends : int
        How often each input is sent.
    wait_between_events : int
        Time between two events, in cycles of 8 ns.
    mock : bool
        Whether to use the linear model instead of a chip; can be changed at any time.
    """

    def __init__(
        self, shape: tuple[int, ...], bias: bool, num_sends: int, wait_between_events: int,
        mock: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        check_positive("num_sends", num_sends)
        self.num_sends = num_sends
        self.wait_between_events = wait_between_events
        self.mock = mock
        self.weight = torch.nn.Parameter(torch.empty(shape))
        self.bias = torch.nn.Parameter(torch.empty(shape[0])) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights, set the bias to 0."""
        gain = get_mock_parameter().gain * self.num_sends
        std = _START_COUNTS / (gain * _START_INPUT * math.sqrt(self.weight[0].numel()))
        limit = min(float(WEIGHT.high), std * math.sqrt(3))
        torch.nn.init.uniform_(self.weight, -limit, limit)
        if self.bias is not None:
            torch.nn.init.zeros_(self.bias)

    def chip_weight(self) -> torch.Tensor:
        """Give weights as the chip has them."""
        with torch.no_grad():
            self.weight.clamp_(WEIGHT.low, WEIGHT.high)
        return quantize_weight(self.weight)

    def chip_bias(self) -> torch.Tensor | None:
        """Give the bias as it is added, or None."""
        if self.bias is None:
            return None
        with torch.no_grad():
            self.bias.clamp_(RESULT.low, RESULT.high)
        return round_through(self.bias)

    def extra_repr(self) -> str:
        """Give arguments, as `repr` shows them."""
        out, *rest = self.weight.shape
        return (
            f"{rest[0]}, {out}, bias={self.bias is not None}, num_sends={self.num_sends}, "
            f"mock={self.mock}"
        )


class Linear(MACLayer):
    """Multiply with a weight matrix, as `torch.nn.Linear`.

    Parameters
    ----------
    in_features, out_features : int
        Number of inputs (0 to 31) and of outputs, in counts.
    bias : bool
        Whether a bias is added to the counts.
    num_sends, wait_between_events, mock
        As for `matmul`.
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, num_sends: int = 1,
        wait_between_events: int = WAIT_BETWEEN_EVENTS, mock: bool = False,
    ) -> None:  # fmt: skip
        check_positive("in_features", in_features)
        check_positive("out_features", out_features)
        super().__init__((out_features, in_features), bias, num_sends, wait_between_events, mock)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Give counts, of inputs of shape (..., in_features)."""
        result = matmul(
            input, self.chip_weight().T, self.num_sends, self.wait_between_events, self.mock
        )
        bias = self.chip_bias()
        return result if bias is None else digital.add(result, bias)


class _Convolution(MACLayer):
    _dims = 0
    _function: Any = None

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1, padding: int | tuple[int, ...] = 0,
        dilation: int | tuple[int, ...] = 1, groups: int = 1, bias: bool = True,
        padding_mode: str = "zeros", num_sends: int = 1,
        wait_between_events: int = WAIT_BETWEEN_EVENTS, mock: bool = False,
    ) -> None:  # fmt: skip
        check_positive("in_channels", in_channels)
        check_positive("out_channels", out_channels)
        convolution.check_options(dilation, groups, padding_mode)
        if isinstance(padding, str):
            raise InputError(f"padding is {padding!r}, not a number of zeros on each side")
        self.kernel_size = digital.per_dimension("kernel_size", kernel_size, self._dims)
        self.stride = digital.per_dimension("stride", stride, self._dims)
        self.padding = digital.per_dimension("padding", padding, self._dims, least=0)
        self.options: dict[str, Any] = {}
        shape = (out_channels, in_channels, *self.kernel_size)
        super().__init__(shape, bias, num_sends, wait_between_events, mock)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Give counts, of inputs of shape ([batch,] in_channels, size...)."""
        found: torch.Tensor = type(self)._function(
            input, self.chip_weight(), self.chip_bias(), stride=self.stride,
            padding=self.padding, num_sends=self.num_sends,
            wait_between_events=self.wait_between_events, mock=self.mock, **self.options,
        )  # fmt: skip
        return found

    def extra_repr(self) -> str:
        """Give arguments, as `repr` shows them."""
        return f"{super().extra_repr()}, kernel_size={self.kernel_size}, stride={self.stride}"


class Conv1d(_Convolution):
    """Convolve in one dimension, as `torch.nn.Conv1d`; see `nuxkit.torch.conv1d`."""

    _dims, _function = 1, staticmethod(convolution.conv1d)


class Conv2d(_Convolution):
    """Convolve in two dimensions, as `torch.nn.Conv2d`; see `nuxkit.torch.conv2d`."""

    _dims, _function = 2, staticmethod(convolution.conv2d)


class _Expanded(_Convolution):
    def __init__(self, *arguments: Any, num_expansions: int | None = None, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if num_expansions is not None:
            check_positive("num_expansions", num_expansions)
        self.options = {"num_expansions": num_expansions}


class ExpandedConv1d(_Expanded):
    """As `Conv1d`, with ``num_expansions`` kernels side by side (default: all that fit)."""

    _dims, _function = 1, staticmethod(convolution.expanded_conv1d)


class ExpandedConv2d(_Expanded):
    """As `Conv2d`, with ``num_expansions`` kernels side by side (default: all that fit)."""

    _dims, _function = 2, staticmethod(convolution.expanded_conv2d)


class ReLU(torch.nn.Module):
    """Set negative counts to 0, see `nuxkit.torch.relu`."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Give rectified counts."""
        return digital.relu(input)


class ConvertingReLU(torch.nn.Module):
    """Make inputs of the next layer of counts, see `nuxkit.torch.converting_relu`.

    Parameters
    ----------
    shift : int
        Number of bits to drop, 0 to 7.
    """

    def __init__(self, shift: int = 2) -> None:
        super().__init__()
        self.shift = shift

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Give inputs, of counts."""
        return digital.converting_relu(input, self.shift)

    def extra_repr(self) -> str:
        """Give arguments, as `repr` shows them."""
        return f"shift={self.shift}"


class QuantizeInput(torch.nn.Module):
    """Round and limit real numbers to inputs, see `nuxkit.torch.quantize_input`."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Give inputs, of real numbers."""
        return quantize_input(input)


class _Pool(torch.nn.Module):
    _function: Any = None

    def __init__(self, kernel_size: Any, stride: Any = None) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, stride

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Give counts, one a window."""
        found: torch.Tensor = type(self)._function(input, self.kernel_size, self.stride)
        return found

    def extra_repr(self) -> str:
        """Give arguments, as `repr` shows them."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}"


class MaxPool1d(_Pool):
    """Largest count of each window, see `nuxkit.torch.max_pool1d`."""

    _function = staticmethod(digital.max_pool1d)


class MaxPool2d(_Pool):
    """Largest count of each window, see `nuxkit.torch.max_pool2d`."""

    _function = staticmethod(digital.max_pool2d)


class AvgPool1d(_Pool):
    """Rounded mean of each window, see `nuxkit.torch.avg_pool1d`."""

    _function = staticmethod(digital.avg_pool1d)


class AvgPool2d(_Pool):
    """Rounded mean of each window, see `nuxkit.torch.avg_pool2d`."""

    _function = staticmethod(digital.avg_pool2d)
