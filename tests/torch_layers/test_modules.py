# SPDX-License-Identifier: BSD-3-Clause
"""Modules, and training them with the chip in the loop."""

import pytest
import torch

import nuxkit.torch as nt
from nuxkit.inference import AnalogSpread


def test_modules_compute_what_functions_do(chip):
    x = torch.randint(0, 32, (3, 2, 6, 6)).float()
    for module, function in (
        (nt.nn.Conv2d(2, 4, 3, stride=2, padding=1), nt.conv2d),
        (nt.nn.ExpandedConv2d(2, 4, 3, stride=2, padding=1), nt.expanded_conv2d),
    ):
        with torch.no_grad():
            module.bias.copy_(torch.tensor([5.4, -7.0, 0.0, 200.0]))
        expected = function(
            x, module.weight.round(), torch.tensor([5.0, -7.0, 0.0, 127.0]), stride=2, padding=1
        )
        assert torch.equal(module(x), expected)
    linear = nt.nn.Linear(6, 5, bias=False)
    assert torch.equal(linear(x), nt.matmul(x, linear.weight.T))
    line = nt.nn.ExpandedConv1d(2, 3, 2, bias=False, num_expansions=2)
    assert torch.equal(line(x[:, :, 0]), nt.conv1d(x[:, :, 0], line.weight))


def test_weights_are_limited_in_place_and_the_rest_is_kept(chip):
    linear = nt.nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[80.0, -1.3]]))
    linear(torch.ones(1, 2))
    assert linear.weight.tolist() == [[63.0, pytest.approx(-1.3)]]


def test_layers_without_weights(chip):
    x = torch.randint(-128, 128, (2, 3, 8)).float()
    assert torch.equal(nt.nn.ReLU()(x), nt.relu(x))
    assert torch.equal(nt.nn.ConvertingReLU(3)(x), nt.converting_relu(x, 3))
    assert torch.equal(nt.nn.MaxPool1d(2)(x), nt.max_pool1d(x, 2))
    assert torch.equal(nt.nn.AvgPool1d(3, 2)(x), nt.avg_pool1d(x, 3, 2))
    assert torch.equal(nt.nn.MaxPool2d(2)(x), nt.max_pool2d(x, 2))
    assert torch.equal(nt.nn.AvgPool2d(2)(x), nt.avg_pool2d(x, 2))
    assert torch.equal(nt.nn.QuantizeInput()(x), x.clamp(0, 31))


def test_parameters_are_saved_and_loaded(chip):
    one, two = nt.nn.Conv1d(2, 3, 4), nt.nn.Conv1d(2, 3, 4)
    two.load_state_dict(one.state_dict())
    x = torch.randint(0, 32, (1, 2, 9)).float()
    assert torch.equal(one(x), two(x))


@pytest.mark.parametrize("mock", [False, True])
def test_a_small_network_learns_with_the_chip_in_the_loop_and_in_mock_mode(mock):
    """Which half of the inputs is brighter; chance is 1/2."""
    x = torch.randint(0, 32, (256, 32)).float()
    labels = (x[:, :16].sum(1) > x[:, 16:].sum(1)).long()
    with nt.init_hardware(spread=AnalogSpread(gain=0.05, offset=3, weight=0.1, noise=2), seed=2):
        model = torch.nn.Sequential(
            nt.nn.Linear(32, 16, num_sends=2, mock=mock),
            nt.nn.ConvertingReLU(shift=1),
            nt.nn.Linear(16, 2, num_sends=2, mock=mock),
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=1.0)
        for _ in range(60):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x) / 10, labels).backward()
            optimizer.step()
        right = float((nt.argmax(model(x), dim=1) == labels).float().mean())
    nt.release_hardware()
    assert right > 0.9
