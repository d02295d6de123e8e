# SPDX-License-Identifier: BSD-3-Clause
"""Gradients against finite differences of the linear model, and the same on the chip."""

import pytest
import torch
from torch.autograd import gradcheck

import nuxkit.torch as nt

DOUBLE = torch.float64


def inputs(*shape: int) -> torch.Tensor:
    return (1 + 29 * torch.rand(shape, dtype=DOUBLE)).requires_grad_()


def weights(*shape: int) -> torch.Tensor:
    return (60 * torch.rand(shape, dtype=DOUBLE) - 30).requires_grad_()


def test_gradient_of_matmul(linear_model):
    assert gradcheck(lambda x, w: nt.matmul(x, w, mock=True), (inputs(4, 150), weights(150, 3)))
    assert gradcheck(
        lambda x, w: nt.matmul(x, w, num_sends=3, mock=True), (inputs(2, 3, 5), weights(5))
    )


@pytest.mark.parametrize("expanded", [False, True])
@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 2)])
def test_gradient_of_convolutions(linear_model, stride, padding, expanded):
    one, two = (nt.expanded_conv1d, nt.expanded_conv2d) if expanded else (nt.conv1d, nt.conv2d)
    options = {"stride": stride, "padding": padding, "mock": True}
    bias = weights(3)
    assert gradcheck(
        lambda x, w, b: one(x, w, b, **options), (inputs(2, 2, 7), weights(3, 2, 3), bias)
    )
    assert gradcheck(
        lambda x, w, b: two(x, w, b, **options), (inputs(1, 2, 6, 5), weights(3, 2, 3, 2), bias)
    )


def test_gradient_of_add_relu_and_pooling():
    """Away from kinks, and where the sum does not saturate."""
    x = (torch.randperm(32, dtype=DOUBLE).reshape(1, 2, 4, 4) * 3 - 40.5).requires_grad_()
    y = weights(4)
    assert gradcheck(nt.add, (x, y))
    assert gradcheck(nt.relu, (x,))
    assert gradcheck(lambda x: nt.max_pool2d(x, 2), (x,))
    assert gradcheck(lambda x: nt.max_pool1d(x, 3, 1), (x[0],))


@pytest.mark.parametrize("shift", [0, 1, 3])
def test_gradient_of_converting_relu_is_the_slope_of_the_stairs(shift):
    """Differences over whole steps, where neither limit is near."""
    step = 2.0**shift
    x = (torch.tensor([3.0, 9.0, 14.0]) * step).requires_grad_()
    nt.converting_relu(x, shift).sum().backward()
    slope = (nt.converting_relu(x + step, shift) - nt.converting_relu(x - step, shift)) / (2 * step)
    assert torch.equal(x.grad, slope)
    beyond = torch.tensor([-5.0, min(127.0, 31 * step + 2)]).requires_grad_()
    nt.converting_relu(beyond, shift).sum().backward()
    assert beyond.grad.tolist() == ([0.0, 0.0] if shift < 2 else [0.0, 1 / step])


def test_gradient_of_mean_pooling_is_the_slope_of_the_stairs():
    x = torch.tensor([[4.0, 8.0, 20.0, -8.0]]).requires_grad_()
    nt.avg_pool1d(x, 2).sum().backward()
    y = x.detach()
    slope = [
        float(nt.avg_pool1d(y + 2 * unit, 2).sum() - nt.avg_pool1d(y - 2 * unit, 2).sum()) / 4
        for unit in torch.eye(4)
    ]
    assert x.grad.tolist() == [slope]


def test_gradients_on_the_chip_are_those_of_the_linear_model_with_its_measured_gain(chip):
    gradients = []
    for mock in (False, True):
        torch.manual_seed(1)
        x = torch.randint(0, 32, (6, 200)).float().requires_grad_()
        w = torch.randint(-63, 64, (200, 9)).float().requires_grad_()
        (nt.matmul(x, w, mock=mock) * torch.arange(9.0)).sum().backward()
        gradients.append((x.grad, w.grad))
    for of_chip, of_model in zip(*gradients, strict=True):
        torch.testing.assert_close(of_chip, of_model)
    assert of_chip.abs().max() > 0


def test_quantisers_pass_the_gradient_inside_their_range():
    x = torch.tensor([-3.0, 0.4, 12.5, 31.2]).requires_grad_()
    found = nt.quantize_input(x)
    assert found.tolist() == [0.0, 0.0, 12.0, 31.0]
    found.sum().backward()
    assert x.grad.tolist() == [0.0, 1.0, 1.0, 0.0]
    w = torch.tensor([-70.0, -62.6, 3.0, 64.0]).requires_grad_()
    found = nt.quantize_weight(w)
    assert found.tolist() == [-63.0, -63.0, 3.0, 63.0]
    found.sum().backward()
    assert w.grad.tolist() == [0.0, 1.0, 1.0, 0.0]


def test_scaling_uses_the_whole_range():
    values = torch.tensor([0.5, -2.0, 1.0])
    assert nt.scale_weight(values).tolist() == [15.75, -63.0, 31.5]
    assert nt.scale_input(values.abs()).tolist() == [7.75, 31.0, 15.5]
    assert nt.scale_input(torch.zeros(2)).tolist() == [0.0, 0.0]
