# SPDX-License-Identifier: BSD-3-Clause
"""Matrix products on the chip."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from nuxkit.errors import InputError
from nuxkit.inference.stage_times import now
from nuxkit.torch.hardware import hardware
from nuxkit.torch.mock import get_mock_parameter, mock_result
from nuxkit.torch.ranges import INPUT, WEIGHT, check, check_positive, pack
from nuxkit.torch.trace import note

WAIT_BETWEEN_EVENTS = 5


def unpack(result: npt.NDArray[np.int8], like: torch.Tensor) -> torch.Tensor:
    """Make a tensor of counts, of the type of another."""
    dtype = np.float64 if like.dtype == torch.float64 else np.float32
    return torch.from_numpy(result.astype(dtype))


class _Matmul(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, inputs: torch.Tensor, weights: torch.Tensor,
        num_sends: int, wait: int, mock: bool,
    ) -> torch.Tensor:  # fmt: skip
        ctx.save_for_backward(inputs, weights)
        ctx.gain = get_mock_parameter().gain * num_sends
        if mock:
            check(inputs, INPUT)
            check(weights, WEIGHT)
            return mock_result(inputs @ weights, weights.shape[0], num_sends)
        pool = hardware()
        times = pool.times
        ctx.times = times
        start = now()
        packed = pack(inputs, INPUT), pack(weights, WEIGHT)
        times.packing += now() - start
        result = pool.multiply(*packed, num_sends=num_sends, wait_between_events=wait)
        start = now()
        found = unpack(result, inputs)
        times.unpacking += now() - start
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        start = now()
        inputs, weights = ctx.saved_tensors
        gradient = gradients[0] * ctx.gain
        to_inputs = gradient @ weights.T if ctx.needs_input_grad[0] else None
        to_weights = inputs.T @ gradient if ctx.needs_input_grad[1] else None
        if hasattr(ctx, "times"):
            ctx.times.backward += now() - start
        return to_inputs, to_weights, None, None, None


def matmul(
    input: torch.Tensor,
    other: torch.Tensor,
    num_sends: int = 1,
    wait_between_events: int = WAIT_BETWEEN_EVENTS,
    mock: bool = False,
) -> torch.Tensor:
    """Multiply inputs with a weight matrix on the chip, as `torch.matmul`.

    On the chip both are rounded to integers and the result is what `ChipPool.multiply` tells;
    the mock mode takes them as they are. Gradients are those of the product times the gain of
    `get_mock_parameter`, whether a column saturates or not.

    Parameters
    ----------
    input : torch.Tensor, shape (..., inputs)
        From 0 to 31.
    other : torch.Tensor, shape (inputs, outputs) or (inputs,)
        Weights, from -63 to 63.
    num_sends : int
        How often each input is sent.
    wait_between_events : int
        Time between two events, in cycles of 8 ns; without meaning in mock mode.
    mock : bool
        Whether to use the linear model with gain and noise instead of a chip.

    Returns
    -------
    torch.Tensor, shape (..., outputs) or (...)
        In counts, -128 to 127.

    Raises
    ------
    nuxkit.InputError
        If a tensor is of another type, shape or range, or has a value that is not a number.
    nuxkit.NuxkitError
        If there is no chip.
    """
    for name, tensor in (("input", input), ("weights", other)):
        if not isinstance(tensor, torch.Tensor):
            raise InputError(f"{name} is of type {type(tensor).__name__}, not a torch.Tensor")
    check_positive("num_sends", num_sends)
    if input.ndim < 1 or other.ndim not in (1, 2) or input.shape[-1] != other.shape[0]:
        raise InputError(
            f"input of shape {tuple(input.shape)} and weights of shape {tuple(other.shape)} "
            "cannot be multiplied: weights are (inputs, outputs) or (inputs,)"
        )
    if input.dtype != other.dtype:
        raise InputError(f"input has the dtype {input.dtype}, weights have {other.dtype}")
    rows = input.reshape(-1, input.shape[-1])
    columns = other if other.ndim == 2 else other[:, None]
    result: torch.Tensor = _Matmul.apply(  # type: ignore[no-untyped-call]
        rows, columns, num_sends, wait_between_events, mock
    )
    result = result.reshape(input.shape[:-1] + other.shape[1:])
    note(
        "matmul", input, result, weights=columns, num_sends=num_sends,
        wait_between_events=wait_between_events,
    )  # fmt: skip
    return result
