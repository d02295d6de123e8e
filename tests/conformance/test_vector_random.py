# SPDX-License-Identifier: BSD-3-Clause
"""Random instruction sequences: the native core equals the reference, bit for bit."""

import os

import numpy as np
import pytest

from conformance.vector_cores import NativeCore, PortableNativeCore, ReferenceCore
from nuxemu.isa.vector import VECTOR, Kind, decode

SEED = int(os.environ.get("NUXKIT_TEST_SEED", "20240611"))
SEQUENCE = 50
PART = 125_000
#: Parts, to spread over processes; a million instructions on the lanes that users get.
PARTS = [(NativeCore, part) for part in range(8)] + [
    (PortableNativeCore, 0),
    (PortableNativeCore, 1),
]
CORNERS = np.array([0, 1, 0x7F, 0x80, 0x81, 0xFF], np.uint8)
BASES = np.array([insn.base for insn in VECTOR if insn.kind in (Kind.ARITH, Kind.SPLAT)], np.uint32)


def _random_state(rng: np.random.Generator, core: NativeCore | ReferenceCore) -> None:
    """Fill a state with noise and corner values, half of each; conditions as after reset or
    after compares.
    """
    state = core.state
    for array in (state.vr, state.acc.view(np.uint8).reshape(2, 128)):
        noise = rng.integers(0, 256, array.shape, np.uint8)
        array[:] = np.where(rng.random(array.shape) < 0.5, rng.choice(CORNERS, array.shape), noise)
    state.vcr[:] = rng.integers(0, 4, 128)


def _random_words(rng: np.random.Generator, count: int) -> list[int]:
    """Return instruction words; bits that an instruction ignores are random too."""
    registers = rng.integers(0, rng.choice([4, 32]), (3, count), np.uint32)
    words = rng.choice(BASES, count) | rng.integers(0, 4, count, np.uint32)
    for place, numbers in zip((21, 16, 11), registers, strict=True):
        words |= numbers << np.uint32(place)
    # Shift amounts need the whole field.
    return [
        int(word) | int(rng.integers(0, 32)) << 11
        if decode(word).mnemonic.startswith("fxvsh")
        else int(word)
        for word in words
    ]


def _equal(one, other) -> bool:
    return all(
        np.array_equal(getattr(one.state, name), getattr(other.state, name))
        for name in ("vr", "acc", "vcr")
    )


def _copy_state(source, target) -> None:
    for name in ("vr", "acc", "vcr"):
        getattr(target.state, name)[:] = getattr(source.state, name)


def _first_difference(before, native_type, words: list[int], gpr: list[int]) -> str:
    """Return the first word of a sequence after which the cores differ."""
    native, expected = native_type(), ReferenceCore()
    _copy_state(before, native)
    _copy_state(before, expected)
    for number, word in enumerate(words):
        native.execute(word, gpr)
        expected.execute(word, gpr)
        if not _equal(native, expected):
            return f"instruction {number}: {word:#010x} {decode(word).mnemonic}"
    return "no single instruction: the sequence differs only when run as a whole"


@pytest.mark.parametrize(
    ("native_type", "part"), PARTS, ids=[f"{core.__name__}-{part}" for core, part in PARTS]
)
def test_native_equals_reference(native_type, part):
    print(f"NUXKIT_TEST_SEED={SEED}")
    rng = np.random.default_rng([SEED, part, native_type is NativeCore])
    native, expected, before = native_type(), ReferenceCore(), ReferenceCore()
    executed = set()
    for _ in range(PART // SEQUENCE):
        _random_state(rng, before)
        _copy_state(before, native)
        _copy_state(before, expected)
        words = _random_words(rng, SEQUENCE)
        gpr = [int(value) for value in rng.integers(0, 1 << 32, 32, np.uint64)]
        native.run(words, gpr)
        expected.run(words, gpr)
        if not _equal(native, expected):
            pytest.fail(f"seed {SEED}, {_first_difference(before, native_type, words, gpr)}")
        executed |= {decode(word).mnemonic for word in words}
    assert len(executed) == len(BASES)
