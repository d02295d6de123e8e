# SPDX-License-Identifier: BSD-3-Clause
"""Random generators of the columns, through the ports that programs use."""

import re
from pathlib import Path

import numpy as np
import pytest

from array_ports import bus_read, bus_write, vector_read, vector_write
from nuxemu import SynapseArray
from nuxemu import memory_map as mm

SOURCE = Path(__file__).parents[2] / "emulator" / "nuxemu" / "native" / "random.c"
TAPS = [int(word, 16) for word in re.findall(r"\b0x[0-9a-f]{4}\b(?=,)", SOURCE.read_text())]
ORDER = 2**16 - 1


def draws(array: SynapseArray, count: int, half: int | None = None) -> np.ndarray:
    """Successive draws, uint8 of shape (count, 128), or (count, 256) of all columns."""
    if half is not None:
        return np.array([vector_read(array, mm.VECTOR_RANDOM + half)[1] for _ in range(count)])
    both = [draws(array, count, half) for half in (0, 1)]
    return np.stack(both, axis=-1).reshape(count, 256)


def is_primitive(polynomial: int) -> bool:
    """Whether x generates all 65535 units modulo a polynomial of degree 16."""

    def times(a: int, b: int) -> int:
        product = 0
        while b:
            product ^= a if b & 1 else 0
            a, b = a << 1, b >> 1
            a ^= polynomial if a >> 16 else 0
        return product

    def power(exponent: int) -> int:
        result, square = 1, 2
        while exponent:
            result = times(result, square) if exponent & 1 else result
            square, exponent = times(square, square), exponent >> 1
        return result

    return power(ORDER) == 1 and all(power(ORDER // p) != 1 for p in (3, 5, 17, 257))


def test_every_column_has_a_primitive_polynomial_of_its_own():
    assert len(TAPS) == len(set(TAPS)) == mm.NUM_COLUMNS
    for taps in TAPS:
        assert is_primitive(1 << 16 | sum((taps >> i & 1) << 15 - i for i in range(16)))


def test_a_generator_runs_through_all_states_but_one():
    array = SynapseArray()
    bytes_drawn = draws(array, ORDER + 20, half=1)
    for lane in (0, 77, 127):
        column = bytes_drawn[:, lane].astype(int)
        states = column[8:] | column[:-8] << 8
        assert len(set(states[:ORDER])) == ORDER
        assert 0xFFFF not in states
        np.testing.assert_array_equal(states[ORDER:], states[: states.size - ORDER])


def test_each_draw_has_one_new_bit():
    drawn = draws(SynapseArray(), 300).astype(int)
    np.testing.assert_array_equal(drawn[1:] >> 1, drawn[:-1] & 0x7F)
    assert 0.45 < (drawn & 1).mean() < 0.55


def test_bytes_are_uniform_in_every_column():
    """Chi-squared over 256 bins, for 4096 of the 65535 values of a period."""
    drawn = draws(SynapseArray(), 8 * 4096)[::8]
    expected = 255 * (1 - 4096 / ORDER)
    counts = np.stack([np.bincount(column, minlength=256) for column in drawn.T])
    chi2 = ((counts - 16) ** 2 / 16).sum(1)
    assert abs(chi2 - expected).max() < 8 * np.sqrt(2 * expected)
    assert abs(chi2.mean() - expected) < 5 * np.sqrt(2 * expected / 256)


@pytest.mark.parametrize("burn", [8, 13])
def test_draws_that_far_apart_are_independent_and_so_are_columns(burn):
    drawn = draws(SynapseArray(), burn * 2000)[::burn].astype(float)
    n = len(drawn)
    z = (drawn - drawn.mean(0)) / drawn.std(0)
    serial = (z[1:] * z[:-1]).mean(0)
    assert abs(serial).max() < 6 / np.sqrt(n)
    between = z.T @ z / n - np.eye(256)
    assert abs(between).max() < 6.5 / np.sqrt(n)
    assert abs(between[np.triu_indices(256, 1)].std() - 1 / np.sqrt(n)) < 0.05 / np.sqrt(n)


def test_a_seed_sets_the_low_byte_and_clears_the_high_one():
    """From the state on, the bits are those of the column's recurrence."""
    array = SynapseArray()
    seeds = np.arange(128) * 2 % 256
    draws(array, 5)
    vector_write(array, mm.VECTOR_RANDOM, seeds)
    drawn = draws(array, 40, half=0)
    for lane in range(128):
        state, expected = int(seeds[lane]), []
        for _ in range(40):
            parity = (state & TAPS[2 * lane]).bit_count() & 1
            state = (state << 1 | 1 - parity) & 0xFFFF
            expected.append(state & 0xFF)
        assert drawn[:, lane].tolist() == expected


def test_equal_seeds_give_different_columns_after_a_while():
    array = SynapseArray()
    for half in (0, 1):
        vector_write(array, mm.VECTOR_RANDOM + half, 1)
    drawn = draws(array, 40)[-16:]
    assert len({tuple(column) for column in drawn.T}) == 256


@pytest.mark.parametrize("seed", [0, 255])
def test_no_seed_stops_a_generator(seed):
    array = SynapseArray()
    vector_write(array, mm.VECTOR_RANDOM + 1, seed)
    drawn = draws(array, 400, half=1)
    assert (drawn[20:].std(0) > 40).all()


def test_halves_and_seeds_of_single_lanes_are_independent():
    array, twin = SynapseArray(), SynapseArray()
    draws(array, 7, half=0)
    np.testing.assert_array_equal(draws(array, 5, half=1), draws(twin, 5, half=1))
    chosen = np.arange(128) == 9
    vector_write(array, mm.VECTOR_RANDOM + 1, 0x55, chosen)
    drawn, expected = draws(array, 5, half=1), draws(twin, 5, half=1)
    np.testing.assert_array_equal(drawn[:, ~chosen], expected[:, ~chosen])
    assert (drawn[:, chosen] != expected[:, chosen]).any()


def test_words_on_the_bus_draw_from_and_seed_their_four_generators():
    array, twin = SynapseArray(), SynapseArray()
    word = mm.VECTOR_RANDOM + 32 + 5  # odd columns, lanes 20 to 23
    expected = draws(twin, 3, half=1)
    for step in range(2):
        assert bus_read(array, word)[1].to_bytes(4, "big") == bytes(expected[step, 20:24])
    assert bus_read(array, word + 1)[1].to_bytes(4, "big") == bytes(expected[0, 24:28])
    bus_write(array, word, 0x00AA_0000, 0x00FF_0000)
    drawn = draws(array, 1, half=1)[0]
    assert drawn[20] == expected[2, 20]
    assert drawn[21] >> 1 == 0xAA & 0x7F


def test_the_same_in_every_new_array():
    np.testing.assert_array_equal(draws(SynapseArray(1), 30), draws(SynapseArray(2), 30))
