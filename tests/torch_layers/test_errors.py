# SPDX-License-Identifier: BSD-3-Clause
"""Each wrong input has its own clear error."""

import subprocess
import sys

import pytest
import torch

import nuxkit.torch as nt
from nuxkit.errors import InputError, NuxkitError

X, W = torch.ones(2, 4), torch.ones(4, 3)
IMAGE, KERNEL = torch.ones(1, 2, 6, 6), torch.ones(3, 2, 3, 3)
NAN = float("nan")


def with_value(tensor: torch.Tensor, value: float) -> torch.Tensor:
    changed = tensor.clone()
    changed.view(-1)[0] = value
    return changed


@pytest.mark.parametrize("mock", [False, True])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((with_value(X, 32), W), "input has the value 32, out of the range 0 to 31"),
        ((with_value(X, -1), W), "input has the value -1, out of the range 0 to 31"),
        ((with_value(X, NAN), W), "input has a value that is not a number"),
        ((with_value(X, float("inf")), W), "input has the value inf"),
        ((X, with_value(W, -64)), "weights has the value -64, out of the range -63 to 63"),
        ((X, with_value(W, NAN)), "weights has a value that is not a number"),
        ((X.int(), W.int()), r"input has the dtype torch.int32.*\.float\(\)"),
        ((X.half(), W.half()), "input has the dtype torch.float16"),
        ((X, W.double()), "dtype torch.float32, weights have torch.float64"),
        ((X.numpy(), W), "input is of type ndarray"),
        ((X, W.T), r"shape \(2, 4\).*\(3, 4\)"),
        ((X, W[None]), r"\(1, 4, 3\)"),
        ((X, W, 0), "num_sends is 0"),
        ((X, W, 1.5), "num_sends is 1.5"),
    ],
)
def test_matmul(chip, arguments, message, mock):
    with pytest.raises(InputError, match=message):
        nt.matmul(*arguments, mock=mock)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dilation": 2}, "dilation is 2"),
        ({"dilation": (1, 3)}, r"dilation is \(1, 3\)"),
        ({"groups": 2}, "groups is 2"),
        ({"stride": 0}, "stride is 0"),
        ({"stride": (1, 2, 3)}, r"stride is \(1, 2, 3\), not one or 2 integers"),
        ({"stride": 1.5}, "stride is 1.5"),
        ({"padding": -1}, "padding is -1"),
        ({"padding": "same"}, "padding is 'same'"),
        ({"bias": torch.ones(2)}, r"bias of shape \(2,\) does not fit 3 output channels"),
        ({"bias": torch.full((3,), 200.0)}, "operand has the value 200"),
        ({"weight": torch.ones(3, 2, 7, 3)}, "larger than the padded input"),
        ({"weight": torch.ones(3, 4, 3, 3)}, "does not fit weights"),
        ({"weight": torch.ones(3, 2, 3)}, "2 kernel dimensions"),
        ({"input": with_value(IMAGE, NAN)}, "not a number"),
        ({"input": IMAGE.long()}, "dtype torch.int64"),
        ({"input": with_value(IMAGE, 40)}, "input has the value 40"),
    ],
)
def test_convolutions(chip, options, message):
    for convolve in (nt.conv2d, nt.expanded_conv2d):
        with pytest.raises(InputError, match=message):
            convolve(**{"input": IMAGE, "weight": KERNEL, **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"padding_mode": "reflect"}, "padding_mode is 'reflect'"),
        ({"dilation": 2}, "dilation is 2"),
        ({"groups": 2}, "groups is 2"),
        ({"padding": "valid"}, "padding is 'valid'"),
        ({"stride": 0}, "stride is 0"),
        ({"kernel_size": (3,)}, "kernel_size"),
        ({"num_sends": 0}, "num_sends is 0"),
    ],
)
def test_modules_tell_when_they_are_made(options, message):
    with pytest.raises(InputError, match=message):
        nt.nn.Conv2d(**{"in_channels": 2, "out_channels": 3, "kernel_size": 3, **options})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nt.relu(with_value(X, 128)), "operand has the value 128.*-128 to 127"),
        (lambda: nt.converting_relu(with_value(X, NAN)), "not a number"),
        (lambda: nt.converting_relu(X, 8), "shift is 8, not an integer from 0 to 7"),
        (lambda: nt.add(X, W), "cannot be added"),
        (lambda: nt.add(X, X.int()), "dtype torch.int32"),
        (lambda: nt.argmax(X[:0]), "no largest value"),
        (lambda: nt.argmax(X, dim=2), "dim is 2, the tensor has 2 dimensions"),
        (lambda: nt.max_pool2d(X, 2), "input of shape"),
        (lambda: nt.avg_pool1d(X, 5), "kernel_size is 5, more than the input's size 4"),
        (lambda: nt.quantize_input(X.int()), "dtype torch.int32"),
        (lambda: nt.MockParameter(noise_std=-1), "noise_std is -1"),
        (lambda: nt.MockParameter(gain=0), "gain is 0"),
        (lambda: nt.MockParameter(gain=NAN), "gain is nan"),
        (lambda: nt.set_mock_parameter(0.5), "type float, not a MockParameter"),
        (lambda: nt.nn.Linear(0, 3), "in_features is 0"),
    ],
)
def test_others(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_without_a_chip():
    nt.release_hardware()
    with pytest.raises(NuxkitError, match=r"init_hardware\(\) first, or compute with mock=True"):
        nt.matmul(X, W)


def test_nuxkit_works_without_torch_and_the_layer_tells_what_to_install():
    script = """
import sys
sys.modules["torch"] = None
import nuxkit, nuxkit.inference
try:
    import nuxkit.torch
except ImportError as error:
    print(error)
"""
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60,
        env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert "pip install 'nuxkit[torch]'" in found.stdout
