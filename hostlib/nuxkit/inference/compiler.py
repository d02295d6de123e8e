# SPDX-License-Identifier: BSD-3-Clause
"""From a network to the binary description that the sequencer executes.

The format is that of ``kernels/inference/description.h``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from nuxemu import memory_map as mm
from nuxkit.errors import InputError

from .layers import (
    Add,
    Argmax,
    ConvertingReLU,
    Layer,
    MaxMinPool,
    Pool,
    Product,
    ReLU,
    Requantise,
    planes,
)
from .memory_plan import MemoryPlan, plan_memory
from .network import Network
from .weight_pages import page_weights

MAGIC, VERSION = 0x4E55584E, 1
#: Layers that a description has room for.
MAX_LAYERS = 32
#: Bytes of SRAM for the description and the values.
WORKSPACE_SIZE = 6400
#: Bytes of DRAM for weights: each processor has half of it.
WEIGHTS_SIZE = mm.DRAM_SIZE // 2

_HEADER = struct.Struct(">IHHI")
_RECORD = struct.Struct(">Bb21HI")
_KINDS = {ReLU: 2, ConvertingReLU: 3, Requantise: 4, Add: 5, Argmax: 8, MaxMinPool: 9}
_MULTIPLY, _MAX_POOL, _MEAN_POOL = 1, 6, 7
_FIELDS = (
    "source", "other", "target", "count", "channels", "height", "width", "kernel_height",
    "kernel_width", "stride_height", "stride_width", "padding_height", "padding_width",
    "out_height", "out_width", "out_channels", "side", "sends", "wait", "column", "rows",
)  # fmt: skip


@dataclass(frozen=True)
class CompiledNetwork:
    """A network as the processor gets it.

    Attributes
    ----------
    network : Network
    workspace : bytes
        What the host writes once to the start of the workspace: description and constants.
    weights : bytes
        What the host writes once to the external DRAM.
    plan : MemoryPlan
        Where values lie in the workspace.
    """

    network: Network
    workspace: bytes
    weights: bytes
    plan: MemoryPlan


def compile_network(
    network: Network, *, workspace_size: int = WORKSPACE_SIZE, weights_size: int = WEIGHTS_SIZE
) -> CompiledNetwork:
    """Describe a network for the sequencer.

    Parameters
    ----------
    network : Network
    workspace_size, weights_size : int
        Bytes that there are for values and for weights.

    Returns
    -------
    CompiledNetwork

    Raises
    ------
    nuxkit.InputError
        The network is too large for a memory: names the layer, what it needs and the limit.
    """
    layers = network.layers
    if len(layers) > MAX_LAYERS:
        raise InputError(f"the network has {len(layers)} layers, but must have up to {MAX_LAYERS}")
    size = _HEADER.size + len(layers) * _RECORD.size
    plan = plan_memory(network, size, workspace_size)
    pages, weights = page_weights(network, weights_size)
    shape = network.input_shape
    records = [_HEADER.pack(MAGIC, VERSION, len(layers), size)]
    for index, layer in enumerate(layers):
        fields = {
            "source": plan.sources[index],
            "other": plan.others[index],
            "target": plan.targets[index],
            "count": int(np.prod(shape)),
        }
        page = pages.get(index)
        if page is not None:
            fields["rows"] = page.rows
        first = 0 if page is None else page.first
        records.append(_record(layer, shape, network.shapes[index], fields, first))
        shape = network.shapes[index]
    workspace = bytearray(b"".join(records))
    for index, layer in enumerate(layers):
        if isinstance(layer, Add) and not isinstance(layer.other, int):
            place = plan.others[index]
            workspace.extend(bytes(max(0, place - len(workspace))))
            workspace[place : place + layer.other.size] = layer.other.tobytes()
    return CompiledNetwork(network, bytes(workspace), weights, plan)


def _record(
    layer: Layer,
    before: tuple[int, ...],
    after: tuple[int, ...],
    fields: dict[str, int],
    first: int,
) -> bytes:
    kind, parameter, geometry = _MULTIPLY, 0, {}
    if isinstance(layer, Product):
        geometry = _product_geometry(layer, before, after)
    elif isinstance(layer, Pool):
        kind = _MEAN_POOL if layer.mean else _MAX_POOL
        kernel, stride = layer.window(before)
        geometry = _geometry(planes(before), kernel, stride)
    else:
        kind = _KINDS[type(layer)]
        if isinstance(layer, ConvertingReLU):
            parameter = layer.shift
        elif isinstance(layer, Requantise):
            parameter = layer.scale
        elif isinstance(layer, MaxMinPool):
            parameter = layer.shift
            geometry = _geometry(planes(before), (1, layer.window), (1, layer.window))
    values = fields | geometry
    return _RECORD.pack(kind, parameter, *(values.get(name, 0) for name in _FIELDS), first)


def _product_geometry(
    layer: Product, before: tuple[int, ...], after: tuple[int, ...]
) -> dict[str, Any]:
    out, _, height, width = layer.weights.shape
    step_y, step_x = layer.stride
    shape = (1, 1, width) if layer.dense else planes(before)
    _, rows, columns = (out, 1, 1) if layer.dense else planes(after)
    wide = width + step_x * (layer.num_expansions - 1)
    return _geometry(shape, (height, wide), (step_y, step_x)) | {
        "padding_height": layer.padding[0],
        "padding_width": layer.padding[1],
        "out_height": rows,
        "out_width": columns,
        "out_channels": out,
        "side": layer.num_expansions,
        "sends": layer.num_sends,
        "wait": layer.wait_between_events,
        "column": layer.column,
    }


def _geometry(
    shape: tuple[int, int, int], kernel: tuple[int, int], stride: tuple[int, int]
) -> dict[str, int]:
    return {
        "channels": shape[0],
        "height": shape[1],
        "width": shape[2],
        "kernel_height": kernel[0],
        "kernel_width": kernel[1],
        "stride_height": stride[0],
        "stride_width": stride[1],
    }
