# SPDX-License-Identifier: BSD-3-Clause
"""Layers of PyTorch that compute on emulated chips.

Functions and modules, named as those of hxtorch's perceptron interface: `init_hardware` makes
the chips, `matmul`, `conv1d` and others multiply on them, and gradients are computed in
floating point. Modules are in `nuxkit.torch.nn`.
"""

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise ImportError(
        "nuxkit.torch needs PyTorch: install it with  pip install 'nuxkit[torch]'"
    ) from error

from nuxkit.torch import nn
from nuxkit.torch.convolution import conv1d, conv2d, expanded_conv1d, expanded_conv2d
from nuxkit.torch.digital import (
    add,
    argmax,
    avg_pool1d,
    avg_pool2d,
    converting_relu,
    max_pool1d,
    max_pool2d,
    relu,
)
from nuxkit.torch.hardware import (
    hardware,
    init_hardware,
    measure_mock_parameter,
    release_hardware,
    stage_times,
)
from nuxkit.torch.mock import MockParameter, get_mock_parameter, set_mock_parameter
from nuxkit.torch.product import matmul
from nuxkit.torch.quantize import quantize_input, quantize_weight, scale_input, scale_weight
from nuxkit.torch.trace import TracedOperation, trace

__all__ = [
    "MockParameter",
    "TracedOperation",
    "add",
    "argmax",
    "avg_pool1d",
    "avg_pool2d",
    "conv1d",
    "conv2d",
    "converting_relu",
    "expanded_conv1d",
    "expanded_conv2d",
    "get_mock_parameter",
    "hardware",
    "init_hardware",
    "matmul",
    "max_pool1d",
    "max_pool2d",
    "measure_mock_parameter",
    "nn",
    "quantize_input",
    "quantize_weight",
    "release_hardware",
    "relu",
    "scale_input",
    "scale_weight",
    "set_mock_parameter",
    "stage_times",
    "trace",
]
