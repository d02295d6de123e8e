# SPDX-License-Identifier: BSD-3-Clause
"""Integer helpers equal Python's integers."""

import itertools
import os

import numpy as np
import pytest

from runtime.batch_runner import Batch

COUNT = 20_000
SEED = int(os.environ.get("NUXKIT_TEST_SEED", "20240501"))
NAMES = [
    "udiv", "umod", "div", "mod", "udivmod", "divmod", "mul", "mul_call", "shl", "shr", "sar",
    "shl_call", "shr_call", "sar_call", "ucmp", "cmp", "clz", "ctz", "ffs", "popcount",
    "parity", "bswap",
]  # fmt: skip
WORD = 2**64


def signed(value):
    return value - WORD if value >> 63 else value


def quotient(a, b):
    """Division as in C: truncated towards zero."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


EXPECTED = {
    "udiv": lambda a, b: a // b,
    "umod": lambda a, b: a % b,
    "div": lambda a, b: quotient(signed(a), signed(b)),
    "mod": lambda a, b: signed(a) - signed(b) * quotient(signed(a), signed(b)),
    "udivmod": lambda a, b: a % b,
    "divmod": lambda a, b: signed(a) - signed(b) * quotient(signed(a), signed(b)),
    "mul": lambda a, b: a * b,
    "mul_call": lambda a, b: a * b,
    "shl": lambda a, b: a << b % 64,
    "shr": lambda a, b: a >> b % 64,
    "sar": lambda a, b: signed(a) >> b % 64,
    "shl_call": lambda a, b: a << b % 64,
    "shr_call": lambda a, b: a >> b % 64,
    "sar_call": lambda a, b: signed(a) >> b % 64,
    "ucmp": lambda a, b: 1 + (a > b) - (a < b),
    "cmp": lambda a, b: 1 + (signed(a) > signed(b)) - (signed(a) < signed(b)),
    "clz": lambda a, b: 64 - a.bit_length(),
    "ctz": lambda a, b: (a & -a).bit_length() - 1,
    "ffs": lambda a, b: (a & -a).bit_length(),
    "popcount": lambda a, b: a.bit_count(),
    "parity": lambda a, b: a.bit_count() & 1,
    "bswap": lambda a, b: int.from_bytes(a.to_bytes(8, "little"), "big"),
}


@pytest.fixture(scope="session", params=["-O2", "-Os"])
def batch(request):
    return Batch("int_ops.c", request.param, NAMES)


def operands():
    print(f"seed {SEED}")
    rng = np.random.default_rng(SEED)
    edges = [1, 2, 3, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**63 - 1, 2**63, WORD - 1]
    special = np.array(list(itertools.product(edges, edges)), np.uint64).T
    random = rng.integers(1, WORD, (2, COUNT), np.uint64) >> rng.integers(
        0, 63, (2, COUNT), np.uint64
    )
    return np.maximum(np.concatenate([special, random], axis=1), np.uint64(1))


@pytest.mark.parametrize("name", NAMES)
def test_helper_equals_python(batch, name):
    a, b = operands()
    expected = [EXPECTED[name](x, y) % WORD for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    got = batch(name, a, b).tolist()
    wrong = [i for i in range(len(got)) if got[i] != expected[i]]
    assert not wrong, "; ".join(
        f"{a[i]:x} {b[i]:x}: {got[i]:x}, not {expected[i]:x}" for i in wrong[:5]
    )


def test_unsigned_division_by_zero_gives_all_ones(batch):
    a = np.array([0, 5, WORD - 1], np.uint64)
    zero = np.zeros(3, np.uint64)
    assert batch("udiv", a, zero).tolist() == [WORD - 1] * 3
    assert batch("umod", a, zero).tolist() == a.tolist()
