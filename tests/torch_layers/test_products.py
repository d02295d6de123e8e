# SPDX-License-Identifier: BSD-3-Clause
"""Products and convolutions through PyTorch against the integer formula."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

import nuxkit.torch as nt
from nuxkit.inference import AnalogSpread
from nuxkit.inference.ideal import ideal_product


def integers(low: int, high: int, *shape: int) -> torch.Tensor:
    return torch.randint(low, high + 1, shape).float()


def ideal_convolution(x, w, stride, padding):
    """By PyTorch's own windows, and the formula of the ideal chip."""
    if x.ndim == 3:
        found = ideal_convolution(x[:, :, None], w[:, :, None], (1, stride[0]), (0, padding[0]))
        return found[:, :, 0]
    columns = F.unfold(x, w.shape[2:], stride=stride, padding=padding)
    rows = columns.transpose(1, 2).reshape(-1, columns.shape[1])
    counts = ideal_product(rows.numpy(), w.reshape(len(w), -1).T.numpy())
    height = (x.shape[2] + 2 * padding[0] - w.shape[2]) // stride[0] + 1
    return torch.from_numpy(counts).reshape(len(x), height, -1, len(w)).permute(0, 3, 1, 2).float()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("left", "right"), [((5,), (5, 3)), ((5,), (5,)), ((2, 3, 150), (150, 4)), ((0, 6), (6, 2))]
)
def test_matmul_has_shapes_and_types_of_torch(chip, left, right, dtype):
    x, w = integers(0, 31, *left).to(dtype), integers(-63, 63, *right).to(dtype)
    result, like = nt.matmul(x, w), torch.matmul(x, w)
    assert (result.shape, result.dtype) == (like.shape, like.dtype)
    expected = ideal_product(x.reshape(-1, left[-1]).numpy(), w.reshape(left[-1], -1).numpy())
    assert np.array_equal(result.reshape(expected.shape).numpy(), expected)


def test_operands_are_rounded_to_the_nearest_integer(chip):
    x, w = torch.tensor([[30.6, 2.4]]), torch.tensor([[20.4], [-62.6]])
    assert torch.equal(nt.matmul(x, w), nt.matmul(x.round(), w.round()))


CASES = st.tuples(
    st.integers(1, 3), st.integers(1, 4), st.integers(1, 5), st.integers(1, 4), st.integers(1, 4),
    st.integers(1, 3), st.integers(1, 3), st.integers(0, 2), st.integers(0, 2), st.integers(0, 9),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(CASES)
def test_convolutions_of_any_shape_equal_the_ideal_chip(case):
    batch, channels, out, kh, kw, sh, sw, ph, pw, more = case
    x, w = integers(0, 31, batch, channels, kh + more, kw + 2 * more), None
    w = integers(-63, 63, out, channels, kh, kw)
    expected = ideal_convolution(x, w, (sh, sw), (ph, pw))
    with nt.init_hardware():
        for convolve in (nt.conv2d, nt.expanded_conv2d):
            assert torch.equal(convolve(x, w, stride=(sh, sw), padding=(ph, pw)), expected)
        x, w = x[:, :, 0], w[:, :, 0]
        expected = ideal_convolution(x, w, (sw,), (pw,))
        for convolve in (nt.conv1d, nt.expanded_conv1d):
            assert torch.equal(convolve(x, w, stride=sw, padding=pw), expected)
            assert torch.equal(convolve(x[0], w, stride=sw, padding=pw), expected[0])


def test_long_kernels_are_cut_into_blocks_too(chip):
    x, w = integers(0, 31, 2, 20, 6, 7), integers(-63, 63, 5, 20, 3, 4)
    assert torch.equal(nt.conv2d(x, w), ideal_convolution(x, w, (1, 1), (0, 0)))


def test_expanding_needs_fewer_inputs_to_be_sent(chip, monkeypatch):
    sent = []
    multiply = chip.multiply
    monkeypatch.setattr(
        type(chip), "multiply",
        lambda self, x, w, **o: sent.append(x.shape) or multiply(x, w, **o),
    )  # fmt: skip
    x, w = integers(0, 31, 1, 2, 40), integers(-63, 63, 8, 2, 5)
    plain = nt.conv1d(x, w)
    assert torch.equal(nt.expanded_conv1d(x, w), plain)
    assert torch.equal(nt.expanded_conv1d(x, w, num_expansions=7), plain)
    assert sent == [(36, 10), (2, 72), (6, 22)]


def test_bias_is_added_with_saturation(chip):
    x, w = torch.full((1, 1, 3), 31.0), torch.full((2, 1, 3), 63.0)
    counts = nt.conv1d(x, w)
    assert counts.tolist() == [[[92.0], [92.0]]]
    assert nt.conv1d(x, w, torch.tensor([100.0, -100.0])).tolist() == [[[127.0], [-8.0]]]


def test_gain_and_noise_of_a_chip_are_measured():
    spread = AnalogSpread(noise=3.0)
    with nt.init_hardware(2, spread=spread, gain=1 / 100) as pool:
        measured = nt.get_mock_parameter()
        assert measured.gain == pytest.approx(1 / 100, rel=0.01)
        # The converter's rounding adds 1/12 to the variance.
        assert measured.noise_std == pytest.approx((9 + 1 / 12) ** 0.5, rel=0.03)
        assert nt.measure_mock_parameter().gain == pytest.approx(1 / 100, rel=0.01)
        assert pool is nt.hardware()
    nt.release_hardware()


def test_ideal_chip_measures_its_gain_and_no_noise(chip):
    measured = nt.measure_mock_parameter()
    assert measured.noise_std == 0
    assert measured.gain == pytest.approx(1 / 64, rel=1e-3)


def test_mock_mode_agrees_with_the_ideal_chip_within_rounding(chip):
    x, w = integers(0, 31, 20, 128), integers(-20, 20, 128, 30)
    nt.set_mock_parameter(nt.MockParameter(noise_std=0, gain=1 / 64))
    difference = nt.matmul(x, w) - nt.matmul(x, w, mock=True)
    assert difference.abs().max() <= 0.5
    assert difference.abs().max() > 0.1  # the mock mode does not round


def test_noise_of_the_mock_mode_grows_with_blocks():
    nt.set_mock_parameter(nt.MockParameter(noise_std=2.0, gain=1 / 64))
    for inputs, expected in ((100, 2.0), (500, 4.0)):
        found = nt.matmul(torch.zeros(400, inputs), torch.zeros(inputs, 50), mock=True)
        assert float(found.std()) == pytest.approx(expected, rel=0.03)


def test_times_of_the_stages_add_up(chip):
    x, w = integers(0, 31, 50, 300).requires_grad_(), integers(-63, 63, 300, 300)
    nt.stage_times().reset()
    nt.matmul(x, w).sum().backward()
    times = nt.stage_times().as_dict()
    assert set(times) == {"packing", "partitioning", "chip", "unpacking", "backward"}
    assert all(seconds > 0 for seconds in times.values())
