# SPDX-License-Identifier: BSD-3-Clause
"""Single-precision arithmetic equals IEEE 754, bit for bit, with NumPy as the oracle."""

import itertools
import os

import numpy as np
import pytest

from runtime.batch_runner import Batch

PAIRS = 120_000
SEED = int(os.environ.get("NUXKIT_TEST_SEED", "20240501"))
NAMES = [
    "add", "sub", "mul", "div", "neg", "eq", "ne", "lt", "le", "gt", "ge", "unord", "from_i32",
    "from_u32", "from_i64", "from_u64", "to_i32", "to_u32", "to_i64", "to_u64",
]  # fmt: skip

SPECIAL = np.array(
    [
        sign | bits
        for sign in (0, 0x80000000)
        for bits in (
            0, 1, 2, 0x00400000, 0x007FFFFF, 0x00800000, 0x00800001, 0x00FFFFFF, 0x01000000,
            0x33800000, 0x34000000, 0x3EFFFFFF, 0x3F000000, 0x3F000001, 0x3F7FFFFF, 0x3F800000,
            0x3F800001, 0x40000000, 0x4B000000, 0x4B7FFFFF, 0x4B800000, 0x4EFFFFFF, 0x4F000000,
            0x4F000001, 0x4F7FFFFF, 0x4F800000, 0x5EFFFFFF, 0x5F000000, 0x5F7FFFFF, 0x5F800000,
            0x7E800000, 0x7F000000, 0x7F7FFFFF, 0x7F800000, 0x7F800001, 0x7FBFFFFF, 0x7FC00000,
            0x7FC12345, 0x7FFFFFFF,
        )
    ],
    np.uint32,
)  # fmt: skip


@pytest.fixture(scope="session", params=["-O2", "-Os"])
def batch(request):
    return Batch("float_ops.c", request.param, NAMES)


def pairs():
    """Bit patterns: all special pairs, any bits, and close exponents (cancellation)."""
    print(f"seed {SEED}")
    rng = np.random.default_rng(SEED)
    special = np.array(list(itertools.product(SPECIAL, SPECIAL)), np.uint32).T
    anything = rng.integers(0, 2**32, (2, PAIRS), np.uint32)
    close = anything[:, : PAIRS // 2].copy()
    close[1] = close[0] ^ rng.integers(0, 2**25, PAIRS // 2, np.uint32)
    close[1] ^= rng.integers(0, 2, PAIRS // 2, np.uint32) << 31
    small = rng.integers(0, 2**24, (2, PAIRS // 4), np.uint32) | anything[:, : PAIRS // 4] & 1 << 31
    against_special = np.stack([rng.choice(SPECIAL, PAIRS // 4), anything[0, : PAIRS // 4]])
    return np.concatenate([special, anything, close, small, against_special,
                           against_special[::-1]], axis=1)  # fmt: skip


def is_nan(bits):
    return (bits & 0x7FFFFFFF) > 0x7F800000


def expected_bits(operation, a, b):
    with np.errstate(all="ignore"):
        result = operation(a.view(np.float32), b.view(np.float32)).view(np.uint32)
    result = np.where(is_nan(result), np.uint32(0x7FC00000), result)
    result = np.where(is_nan(b), b | np.uint32(0x00400000), result)
    return np.where(is_nan(a), a | np.uint32(0x00400000), result)


def assert_equal_bits(got, expected, a, b):
    wrong = np.flatnonzero(got != expected)
    assert wrong.size == 0, "; ".join(
        f"{a[i]:08x} {b[i]:08x}: {got[i]:08x}, not {expected[i]:08x}" for i in wrong[:5]
    )


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div"])
def test_arithmetic_equals_ieee_754(batch, name):
    a, b = pairs()
    operation = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide}[name]
    got, expected = batch(name, a, b), expected_bits(operation, a, b)
    if name in ("add", "mul"):  # GCC may swap the operands: either of two NaNs is right
        other = b | np.uint32(0x00400000)
        expected = np.where(is_nan(a) & is_nan(b) & (got == other), other, expected)
    assert_equal_bits(got, expected, a, b)


def test_negation_flips_only_the_sign(batch):
    a, _ = pairs()
    assert_equal_bits(batch("neg", a), a ^ np.uint32(1 << 31), a, a)


@pytest.mark.parametrize("name", ["eq", "ne", "lt", "le", "gt", "ge", "unord"])
def test_comparisons_equal_ieee_754(batch, name):
    a, b = pairs()
    x, y = a.view(np.float32), b.view(np.float32)
    relation = {
        "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal,
        "gt": np.greater, "ge": np.greater_equal,
        "unord": lambda p, q: np.isnan(p) | np.isnan(q),
    }[name]  # fmt: skip
    with np.errstate(all="ignore"):
        expected = relation(x, y).astype(np.uint64)
    assert_equal_bits(batch(name, a, b), expected, a, b)


@pytest.mark.parametrize("kind", ["i32", "u32", "i64", "u64"])
def test_integers_are_rounded_to_the_nearest_float(batch, kind):
    print(f"seed {SEED}")
    rng = np.random.default_rng(SEED)
    anything = rng.integers(0, 2**64, PAIRS, np.uint64) >> rng.integers(0, 64, PAIRS, np.uint64)
    powers = np.uint64(1) << np.arange(64, dtype=np.uint64)
    edges = np.concatenate([powers - 1, powers, powers + 1, -powers.view(np.int64).view(np.uint64)])
    ties = (np.uint64(0x1000001) << np.arange(40, dtype=np.uint64))[:, None] + np.uint64(1)
    words = np.concatenate([anything, edges, ties.ravel() - np.uint64(2), ties.ravel()])
    dtype = np.dtype({"i": "int", "u": "uint"}[kind[0]] + kind[1:])
    values = words.astype(np.uint32).view(dtype) if kind[1:] == "32" else words.view(dtype)
    expected = values.astype(np.float32).view(np.uint32)
    assert_equal_bits(batch(f"from_{kind}", words), expected, words, words)


@pytest.mark.parametrize("kind", ["i32", "u32", "i64", "u64"])
def test_floats_are_truncated_and_saturate(batch, kind):
    a, _ = pairs()
    limits = np.iinfo(np.dtype({"i": "int", "u": "uint"}[kind[0]] + kind[1:]))
    with np.errstate(invalid="ignore"):  # signalling NaNs
        values = a.view(np.float32).astype(np.float64)
    mask = 2**limits.bits - 1
    expected = np.array(
        [
            (limits.min if np.isnan(v) else limits.max if v > limits.max
             else limits.min if v < limits.min else int(v)) & mask
            for v in values.tolist()
        ],
        np.uint64,
    )  # fmt: skip
    assert_equal_bits(batch(f"to_{kind}", a), expected, a, a)
