# SPDX-License-Identifier: BSD-3-Clause
"""Writing down what a model does on the chip, for the processor to do it alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from nuxkit.errors import InputError


@dataclass(frozen=True)
class TracedOperation:
    """One operation of a model.

    Attributes
    ----------
    kind : str
        Name of the function: ``matmul``, ``conv1d``, ``conv2d``, ``add``, ``relu``,
        ``converting_relu``, ``argmax``, ``max_pool1d`` and so on.
    input_shape, output_shape : tuple of int
        Without the batch; the values of one output, flattened, are those of the next input.
    arguments : dict
        Those of the function; ``weights`` of a product has shape (inputs, outputs), of a
        convolution (out_channels, in_channels, kernel...), ``other`` is what is added: all are
        arrays of int8.
    """

    kind: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    arguments: dict[str, Any]


class _Trace:
    def __init__(self, sample: torch.Tensor) -> None:
        self.operations: list[TracedOperation] = []
        self.last = sample

    def add(
        self, kind: str, input: torch.Tensor, output: torch.Tensor, arguments: dict[str, Any]
    ) -> None:
        after = self.operations[-1].kind if self.operations else "the sample"
        if self.last.numel() != input.numel() or not torch.equal(
            self.last.reshape(-1), input.detach().reshape(-1)
        ):
            raise InputError(
                f"operation {len(self.operations)} ({kind}) does not continue with the values of "
                f"{after}: a model to trace is a chain, with nothing computed in between"
            )
        if kind == "add":
            other = arguments["other"]
            if other.ndim >= input.ndim:
                raise InputError(
                    f"operation {len(self.operations)} (add) adds results to results: a model to "
                    "trace adds constants only, without a batch dimension"
                )
            arguments = {"other": other.expand(output.shape)[0]}
        constants = {
            name: np.rint(value.detach().numpy()).astype(np.int8)
            if isinstance(value, torch.Tensor)
            else value
            for name, value in arguments.items()
        }
        self.operations.append(
            TracedOperation(kind, tuple(input.shape[1:]), tuple(output.shape[1:]), constants)
        )
        self.last = output.detach()


_active: _Trace | None = None


def note(kind: str, input: torch.Tensor, output: torch.Tensor, **arguments: Any) -> None:
    """Tell a trace, if there is one, that an operation was computed."""
    if _active is not None:
        _active.add(kind, input, output, arguments)


def trace(
    model: Callable[[torch.Tensor], torch.Tensor], sample: torch.Tensor
) -> list[TracedOperation]:
    """Compute a model once and write down its operations.

    Parameters
    ----------
    model : callable
        A module or function made of operations of this package, one after the other; tensors
        may be reshaped in between.
    sample : torch.Tensor, shape (1, input...)
        An input, best a random one.

    Returns
    -------
    list of TracedOperation

    Raises
    ------
    nuxkit.InputError
        If the sample is not a batch of one, the model is not such a chain, or computes nothing
        on the chip.
    """
    global _active
    if sample.ndim < 2 or len(sample) != 1:
        raise InputError(f"the sample has the shape {tuple(sample.shape)}, not (1, input...)")
    before, _active = _active, _Trace(sample.detach())
    try:
        with torch.no_grad():
            output = model(sample)
        found = _active
    finally:
        _active = before
    if not found.operations:
        raise InputError("the model has no operation of nuxkit.torch")
    if output.numel() != found.last.numel() or not torch.equal(
        output.reshape(-1), found.last.reshape(-1)
    ):
        raise InputError(
            f"the model computes something after {found.operations[-1].kind}, its last operation "
            "on the chip"
        )
    return found.operations
