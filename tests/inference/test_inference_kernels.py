# SPDX-License-Identifier: BSD-3-Clause
"""Kernels of inference on the processor equal their NumPy twins exactly."""

import itertools
import os
from pathlib import Path

import numpy as np
import pytest

from nuxkit import Chip, build
from nuxkit.builder.runtime import source_folder
from nuxkit.inference import twins

SEED = int(os.environ.get("NUXKIT_TEST_SEED", "11"))
INT8 = np.arange(-128, 128).astype(np.int8)
RELU, CONVERTING_RELU, REQUANTISE, ADD, ARGMAX, MAX_POOL, MEAN_POOL, MAX_MIN_POOL = range(8)
POOL_SHAPE = (
    "channels", "height", "width",
    "kernel_height", "kernel_width", "stride_height", "stride_width",
)  # fmt: skip


class Kernels:
    def __init__(self, optimize):
        root = source_folder("kernels", "inference/kernels.h", "kernels") / "inference"
        sources = [Path(__file__).with_name("kernel_cases.c")]
        sources += [root / "elementwise.c", root / "reductions.c"]
        self.chip = Chip()
        program = build(*sources, include_dirs=[root], optimize=optimize)
        self.symbols = self.chip.load(program).symbols

    def run(self, operation, values, **symbols):
        self.chip.ppu[0].write(self.symbols["source"].address, values.tobytes())
        result = self.chip.run(symbols={"operation": operation} | symbols)
        assert result.return_code == 0
        assert not result.remarks
        return result

    def read(self, name, count, dtype=np.int8):
        return np.frombuffer(self.chip.ppu[0].read(self.symbols[name].address, count), dtype)


@pytest.fixture(scope="module", params=["-Os", "-O2"])
def kernels(request):
    return Kernels(request.param)


def test_rectification_of_all_values(kernels):
    kernels.run(RELU, INT8)
    assert np.array_equal(kernels.read("all", 256), twins.relu(INT8))


def test_converting_rectification_of_all_values_with_all_shifts(kernels):
    kernels.run(CONVERTING_RELU, INT8)
    found = kernels.read("all", 8 * 256, np.uint8).reshape(8, 256)
    for shift in range(8):
        assert np.array_equal(found[shift], twins.converting_relu(INT8, shift))
    assert found.max() == 31


def test_requantisation_of_all_values_with_all_scales(kernels):
    kernels.run(REQUANTISE, INT8)
    found = kernels.read("all", 65536).reshape(256, 256)
    expected = [twins.requantise(INT8, int(scale)) for scale in INT8]
    assert np.array_equal(found, expected)
    # Independent of the twin: halves away from zero.
    exact = np.multiply.outer(INT8.astype(float), INT8) / 128
    rounded = np.sign(exact) * np.floor(np.abs(exact) + 0.5)
    assert np.array_equal(found, np.minimum(rounded, 127))


def test_sum_of_all_pairs_saturates(kernels):
    kernels.run(ADD, INT8)
    found = kernels.read("all", 65536).reshape(256, 256)
    assert np.array_equal(found, twins.add(INT8[:, None], INT8[None]))
    assert (found.min(), found.max()) == (-128, 127)


def test_argmax_is_the_first_of_the_largest(kernels):
    rng = np.random.default_rng(SEED)
    for spread in (1, 3, 128):
        for count in (1, 2, 10, 257, 2048):
            values = rng.integers(-spread, spread, count).astype(np.int8)
            found = kernels.run(ARGMAX, values, count=count).symbols["found"]
            assert found == twins.argmax(values), (SEED, spread, count)


@pytest.mark.parametrize(("operation", "twin"), [(MAX_POOL, "max_pool"), (MEAN_POOL, "mean_pool")])
def test_pooling_of_random_shapes(kernels, operation, twin):
    rng = np.random.default_rng(SEED)
    for case in range(30):
        channels, height, width = (int(n) for n in rng.integers(1, (6, 21, 21)))
        kernel = tuple(int(n) for n in rng.integers(1, (height + 1, width + 1)))
        stride = tuple(int(n) for n in rng.integers(1, 6, 2))
        values = rng.integers(-128, 128, (channels, height, width)).astype(np.int8)
        if case == 0:
            values[:] = -128
        sizes = (channels, height, width, *kernel, *stride)
        members = {f"shape.{name}": size for name, size in zip(POOL_SHAPE, sizes, strict=True)}
        kernels.run(operation, values, **members)
        expected = getattr(twins, twin)(values, kernel, stride)
        found = kernels.read("target", expected.size).reshape(expected.shape)
        assert np.array_equal(found, expected), (SEED, sizes)


def test_max_min_pooling_of_random_recordings(kernels):
    rng = np.random.default_rng(SEED)
    for case in range(20):
        rows, width = (int(n) for n in rng.integers(1, (5, 400)))
        window, shift = int(rng.integers(1, width + 1)), case % 8
        values = rng.integers(-128, 128, (rows, width)).astype(np.int8)
        if case < 4:
            values[:] = np.resize([-128, 127, 127, -128], width)
        sizes = (rows, 1, width, 1, window, 1, window)
        members = {f"shape.{name}": size for name, size in zip(POOL_SHAPE, sizes, strict=True)}
        kernels.run(MAX_MIN_POOL, values, count=shift, **members)
        expected = twins.max_min_pool(values, window, shift)
        found = kernels.read("target", expected.size, np.uint8).reshape(expected.shape)
        assert np.array_equal(found, expected), (SEED, sizes, shift)
        # Independent of the twin: the first window by plain arithmetic.
        row = [int(v) for v in values[0, :window]]
        slopes = [0, *(after - before for before, after in itertools.pairwise(row))]
        assert found[0, 0] == min((max(slopes) - min(slopes)) >> shift, 31)
