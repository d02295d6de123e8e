# SPDX-License-Identifier: BSD-3-Clause
"""What the processor computes, against integers in NumPy."""

import numpy as np
import pytest
import torch

import nuxkit.torch as nt

COUNTS = torch.arange(-128.0, 128.0)


def test_relu():
    assert torch.equal(nt.relu(COUNTS), COUNTS.clamp(min=0))


@pytest.mark.parametrize("shift", range(8))
def test_converting_relu_of_all_counts(shift):
    counts = COUNTS.numpy().astype(int)
    expected = np.minimum(np.maximum(counts, 0) >> shift, 31)
    assert np.array_equal(nt.converting_relu(COUNTS, shift).numpy(), expected)


def test_add_of_all_pairs_saturates():
    found = nt.add(COUNTS[:, None], COUNTS)
    assert torch.equal(found, (COUNTS[:, None] + COUNTS).clamp(-128, 127))


def test_argmax_takes_the_first_of_equals():
    x = torch.tensor([[1.0, 5.0, 5.0], [-3.0, -3.0, -7.0]])
    assert int(nt.argmax(x)) == 1
    assert nt.argmax(x, dim=1).tolist() == [1, 0]
    assert nt.argmax(x, dim=0, keepdim=True).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("window", [1, 2, 3, 5])
def test_pooling_against_integers(window):
    x = torch.randint(-128, 128, (2, 3, 11, 10)).float()
    rows, columns = 11 // window, 10 // window
    cut = x[..., : rows * window, : columns * window].numpy().astype(int)
    blocks = cut.reshape(2, 3, rows, window, columns, window)
    n = window * window
    mean = (2 * blocks.sum((3, 5)) + n) // (2 * n)
    assert np.array_equal(nt.avg_pool2d(x, window).numpy(), mean)
    assert np.array_equal(nt.max_pool2d(x, window).numpy(), blocks.max((3, 5)))
    line = x[:, :, 0]
    blocks = line[..., : columns * window].numpy().astype(int).reshape(2, 3, columns, window)
    assert np.array_equal(
        nt.avg_pool1d(line, window).numpy(), (2 * blocks.sum(3) + window) // (2 * window)
    )
    assert np.array_equal(nt.max_pool1d(line, window).numpy(), blocks.max(3))
