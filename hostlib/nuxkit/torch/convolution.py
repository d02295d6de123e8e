# SPDX-License-Identifier: BSD-3-Clause
"""Convolutions on the chip, as products of windows of the input with kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch.nn import grad

from nuxkit.errors import InputError
from nuxkit.inference import AnalogArray
from nuxkit.inference.stage_times import now
from nuxkit.torch.digital import add, per_dimension
from nuxkit.torch.hardware import hardware
from nuxkit.torch.mock import get_mock_parameter, mock_result
from nuxkit.torch.product import WAIT_BETWEEN_EVENTS, unpack
from nuxkit.torch.ranges import INPUT, WEIGHT, check, check_positive, check_tensor, pack
from nuxkit.torch.trace import note

Steps = tuple[int, ...]
_CONVOLVE: dict[int, Any] = {1: F.conv1d, 2: F.conv2d}
_GRADIENTS: dict[int, Any] = {
    1: (grad.conv1d_input, grad.conv1d_weight),
    2: (grad.conv2d_input, grad.conv2d_weight),
}


def _gather(
    inputs: npt.NDArray[np.uint8], kernel: Steps, stride: Steps
) -> tuple[npt.NDArray[np.uint8], Steps]:
    """Windows as rows (batch * positions, channels * kernel), and the positions per dimension."""
    axes = tuple(range(2, inputs.ndim))
    windows: npt.NDArray[np.uint8] = np.lib.stride_tricks.sliding_window_view(
        inputs,
        kernel,
        axes,  # type: ignore[call-overload]
    )
    windows = windows[(slice(None), slice(None), *(slice(None, None, step) for step in stride))]
    positions = windows.shape[2 : 2 + len(axes)]
    order = (0, *axes, 1, *(axis + len(axes) for axis in axes))
    return windows.transpose(order).reshape(-1, inputs.shape[1] * int(np.prod(kernel))), positions


def _expand(weights: npt.NDArray[np.int8], step: int, copies: int) -> npt.NDArray[np.int8]:
    """Place copies of kernels side by side, each shifted by a step along the last dimension."""
    out, *inner, width = weights.shape
    wide = np.zeros((copies, out, *inner, width + step * (copies - 1)), np.int8)
    for i in range(copies):
        wide[i, ..., i * step : i * step + width] = weights
    return wide.reshape(copies * out, *inner, -1)


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, inputs: torch.Tensor, weights: torch.Tensor, stride: Steps, padding: Steps,
        copies: int, num_sends: int, wait: int, mock: bool,
    ) -> torch.Tensor:  # fmt: skip
        ctx.save_for_backward(inputs, weights)
        ctx.stride, ctx.padding = stride, padding
        ctx.gain = get_mock_parameter().gain * num_sends
        if mock:
            check(inputs, INPUT)
            check(weights, WEIGHT)
            product = _CONVOLVE[len(stride)](inputs, weights, stride=stride, padding=padding)
            return mock_result(product, weights[0].numel(), num_sends)
        pool = hardware()
        times = ctx.times = pool.times
        start = now()
        packed, kernels = pack(inputs, INPUT), pack(weights, WEIGHT)
        packed = np.pad(packed, [(0, 0), (0, 0), *((p, p) for p in padding)])
        width = (packed.shape[-1] - kernels.shape[-1]) // stride[-1] + 1
        wide = _expand(kernels, stride[-1], copies)
        missing = -width % copies  # the last group of positions is filled up with zeros
        packed = np.pad(packed, [(0, 0)] * (packed.ndim - 1) + [(0, missing * stride[-1])])
        steps = (*stride[:-1], stride[-1] * copies)
        rows, positions = _gather(packed, wide.shape[2:], steps)
        matrix = wide.reshape(len(wide), -1).T
        times.packing += now() - start
        result = pool.multiply(rows, matrix, num_sends=num_sends, wait_between_events=wait)
        start = now()
        batch, out = len(packed), len(kernels)
        result = result.reshape(batch, *positions, copies, out)
        result = np.moveaxis(result, -1, 1).reshape(
            batch, out, *positions[:-1], positions[-1] * copies
        )
        found = unpack(np.ascontiguousarray(result[..., :width]), inputs)
        times.unpacking += now() - start
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        start = now()
        inputs, weights = ctx.saved_tensors
        gradient = gradients[0] * ctx.gain
        to_input, to_weight = _GRADIENTS[len(ctx.stride)]
        options = {"stride": ctx.stride, "padding": ctx.padding}
        found_inputs = found_weights = None
        if ctx.needs_input_grad[0]:
            found_inputs = to_input(inputs.shape, weights, gradient, **options)
        if ctx.needs_input_grad[1]:
            found_weights = to_weight(inputs, weights.shape, gradient, **options)
        if hasattr(ctx, "times"):
            ctx.times.backward += now() - start
        return found_inputs, found_weights, None, None, None, None, None, None


def check_options(dilation: Any, groups: Any, padding_mode: Any) -> None:
    """Raise for what chips cannot do: each option but its default."""
    if any(value != 1 for value in (dilation if isinstance(dilation, tuple) else (dilation,))):
        raise InputError(f"dilation is {dilation!r}: convolutions on the chip have a dilation of 1")
    if groups != 1:
        raise InputError(f"groups is {groups!r}: convolutions on the chip have 1 group")
    if padding_mode != "zeros":
        raise InputError(
            f"padding_mode is {padding_mode!r}: convolutions on the chip pad with 'zeros'"
        )


def _convolve(
    dims: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any,
    groups: Any, copies: int | None, num_sends: int, wait: int, mock: bool,
) -> torch.Tensor:  # fmt: skip
    check_tensor("input", input)
    check_tensor("weights", weight)
    check_options(dilation, groups, "zeros")
    check_positive("num_sends", num_sends)
    if isinstance(padding, str):
        raise InputError(f"padding is {padding!r}, not a number of zeros on each side")
    stride = per_dimension("stride", stride, dims)
    padding = per_dimension("padding", padding, dims, least=0)
    if weight.ndim != dims + 2 or 0 in weight.shape:
        raise InputError(
            f"weights of shape {tuple(weight.shape)} are not (out_channels, in_channels, ...) "
            f"with {dims} kernel dimension{'s' * (dims > 1)}"
        )
    if input.ndim not in (dims + 1, dims + 2) or input.shape[-dims - 1] != weight.shape[1]:
        raise InputError(
            f"input of shape {tuple(input.shape)} does not fit weights of shape "
            f"{tuple(weight.shape)}: it is ([batch,] in_channels, ...)"
        )
    if input.dtype != weight.dtype:
        raise InputError(f"input has the dtype {input.dtype}, weights have {weight.dtype}")
    sizes = [size + 2 * p for size, p in zip(input.shape[-dims:], padding, strict=True)]
    if any(kernel > size for kernel, size in zip(weight.shape[2:], sizes, strict=True)):
        raise InputError(
            f"the kernel {tuple(weight.shape[2:])} is larger than the padded input {tuple(sizes)}"
        )
    if bias is not None:
        check_tensor("bias", bias)
        if tuple(bias.shape) != (len(weight),):
            raise InputError(
                f"bias of shape {tuple(bias.shape)} does not fit {len(weight)} output channels"
            )
    if copies is None:
        copies = _most_copies(weight.shape, stride[-1], sizes[-1])
    check_positive("num_expansions", copies)
    batch = input if input.ndim == dims + 2 else input[None]
    result: torch.Tensor = _Convolution.apply(  # type: ignore[no-untyped-call]
        batch, weight, stride, padding, copies, num_sends, wait, mock
    )
    note(
        f"conv{dims}d", batch, result, weights=weight, stride=stride, padding=padding,
        num_expansions=copies, num_sends=num_sends, wait_between_events=wait,
    )  # fmt: skip
    if bias is not None:
        result = add(result, bias.reshape(-1, *(1,) * dims))
    return result if input.ndim == dims + 2 else result[0]


def _most_copies(shape: torch.Size, step: int, size: int) -> int:
    """Find how many kernels side by side fit one array, at least 1."""
    out, channels, *inner, width = shape
    columns = AnalogArray.COLUMNS // out
    longest = AnalogArray.SIGNED_INPUTS // (channels * int(np.prod(inner, dtype=int)))
    rows = (longest - width) // step + 1
    positions = (size - width) // step + 1
    return max(1, min(columns, rows, positions))


_PARAMETERS = """
    On the chip input and weights are rounded to integers; the sum over a kernel is cut into
    blocks of 128 products as in `matmul`, in the order (channel, row, column).

    Parameters
    ----------
    input : torch.Tensor, shape ([batch,] in_channels, size...)
        From 0 to 31.
    weight : torch.Tensor, shape (out_channels, in_channels, kernel...)
        From -63 to 63.
    bias : torch.Tensor, shape (out_channels,)
        In counts, added by `add`; from -128 to 127.
    stride, padding : int or tuple of int
        Steps between windows, and zeros on each side.
    dilation, groups : int
        1, the chip has no others.
    num_sends, wait_between_events, mock
        As for `matmul`."""
_ERRORS = """

    Returns
    -------
    torch.Tensor, shape ([batch,] out_channels, positions...)
        In counts, -128 to 127.

    Raises
    ------
    nuxkit.InputError
        If a tensor is of another type, shape or range, or has a value that is not a number; if
        an option is not supported.
    nuxkit.NuxkitError
        If there is no chip.
    """
_COPIES = """
    num_expansions : int
        Number of kernels side by side; default: as many as fit one array."""


def conv1d(
    input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None,
    stride: int | Steps = 1, padding: int | Steps = 0, dilation: int | Steps = 1,
    groups: int = 1, num_sends: int = 1, wait_between_events: int = WAIT_BETWEEN_EVENTS,
    mock: bool = False,
) -> torch.Tensor:  # fmt: skip
    """Convolve in one dimension on the chip, as `torch.nn.functional.conv1d`."""
    return _convolve(
        1, input, weight, bias, stride, padding, dilation, groups, 1, num_sends,
        wait_between_events, mock,
    )  # fmt: skip


def conv2d(
    input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None,
    stride: int | Steps = 1, padding: int | Steps = 0, dilation: int | Steps = 1,
    groups: int = 1, num_sends: int = 1, wait_between_events: int = WAIT_BETWEEN_EVENTS,
    mock: bool = False,
) -> torch.Tensor:  # fmt: skip
    """Convolve in two dimensions on the chip, as `torch.nn.functional.conv2d`."""
    return _convolve(
        2, input, weight, bias, stride, padding, dilation, groups, 1, num_sends,
        wait_between_events, mock,
    )  # fmt: skip


def expanded_conv1d(
    input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None,
    stride: int | Steps = 1, padding: int | Steps = 0, dilation: int | Steps = 1,
    groups: int = 1, num_expansions: int | None = None, num_sends: int = 1,
    wait_between_events: int = WAIT_BETWEEN_EVENTS, mock: bool = False,
) -> torch.Tensor:  # fmt: skip
    """Convolve as `conv1d`, with copies of the kernels side by side: more outputs per pass."""
    return _convolve(
        1, input, weight, bias, stride, padding, dilation, groups, num_expansions, num_sends,
        wait_between_events, mock,
    )  # fmt: skip


def expanded_conv2d(
    input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None,
    stride: int | Steps = 1, padding: int | Steps = 0, dilation: int | Steps = 1,
    groups: int = 1, num_expansions: int | None = None, num_sends: int = 1,
    wait_between_events: int = WAIT_BETWEEN_EVENTS, mock: bool = False,
) -> torch.Tensor:  # fmt: skip
    """Convolve as `conv2d`, with copies of the kernels side by side along the last dimension."""
    return _convolve(
        2, input, weight, bias, stride, padding, dilation, groups, num_expansions, num_sends,
        wait_between_events, mock,
    )  # fmt: skip


for _function in (conv1d, conv2d, expanded_conv1d, expanded_conv2d):
    _copies = _COPIES if _function.__name__.startswith("expanded") else ""
    _function.__doc__ = f"{_function.__doc__}\n{_PARAMETERS}{_copies}{_ERRORS}"
