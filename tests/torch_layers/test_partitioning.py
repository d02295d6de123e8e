# SPDX-License-Identifier: BSD-3-Clause
"""Products of any shape on any number of chips are those of one large ideal chip."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nuxkit.errors import InputError, NuxkitError
from nuxkit.inference import AnalogSpread
from nuxkit.inference.chip_pool import ChipPool
from nuxkit.inference.ideal import ideal_product
from nuxkit.inference.tiles import tiles

SIZE = st.one_of(st.integers(1, 700), st.sampled_from([127, 128, 129, 255, 256, 257, 512]))


def random_product(
    seed: int, batch: int, inputs: int, outputs: int, largest: int = 63
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 32, (batch, inputs), dtype=np.uint8)
    return x, rng.integers(-largest, largest + 1, (inputs, outputs)).astype(np.int8)


@pytest.fixture(scope="module")
def three_chips():
    with ChipPool(3) as pool:
        yield pool


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32), batch=st.integers(1, 9), inputs=SIZE, outputs=SIZE,
    largest=st.sampled_from([1, 8, 63]), num_sends=st.integers(1, 3),
)  # fmt: skip
def test_any_shape_equals_one_large_ideal_chip(
    seed, batch, inputs, outputs, largest, num_sends
):  # fmt: skip
    x, w = random_product(seed, batch, inputs, outputs, largest)
    expected = ideal_product(x, w, num_sends=num_sends)
    assert np.array_equal(ChipPool().multiply(x, w, num_sends=num_sends), expected)


@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (4, 128, 256), (3, 300, 1), (5, 129, 700), (2, 900, 600)]
)
def test_several_chips_equal_one_large_ideal_chip(three_chips, shape):
    x, w = random_product(7, *shape)
    assert np.array_equal(three_chips.multiply(x, w), ideal_product(x, w))


def test_partial_results_are_added_before_the_sum_saturates():
    """Blocks of +127, +127 and -128 give 126; saturating in between would give -1."""
    x = np.full((1, 384), 31, np.uint8)
    w = np.full((384, 1), 63, np.int8)
    w[256:] = -63
    assert ChipPool().multiply(x, w).tolist() == [[126]]


def test_tiles_cover_each_weight_once_and_are_dealt_in_turn():
    plan = tiles(300, 600, 4)
    covered = np.zeros((300, 600), int)
    for tile in plan:
        covered[tile.rows, tile.columns] += 1
    assert (covered == 1).all()
    assert [tile.array for tile in plan] == [0, 1, 2, 3, 0, 1, 2, 3, 0]


def test_chips_differ_from_each_other_and_repeat_with_the_seed():
    x, w = random_product(3, 4, 128, 1024, 20)

    def result(seed: int) -> np.ndarray:
        with ChipPool(2, spread=AnalogSpread.typical(), seed=seed) as pool:
            return pool.multiply(x, w)

    first = result(5)
    assert np.array_equal(first, result(5))
    assert not np.array_equal(first, result(6))
    same_weights = np.tile(w[:, :256], 4)
    with ChipPool(2, spread=AnalogSpread.typical(), seed=5) as pool:
        parts = np.split(pool.multiply(x, same_weights), 4, axis=1)
    assert all((parts[i] != parts[j]).any() for i in range(4) for j in range(i))


def test_empty_batch():
    assert ChipPool().multiply(np.zeros((0, 5), np.uint8), np.zeros((5, 3), np.int8)).shape == (
        0,
        3,
    )


def test_shapes_that_do_not_fit_are_told():
    with pytest.raises(InputError, match=r"\(2, 5\).*\(4, 3\)"):
        ChipPool().multiply(np.zeros((2, 5), np.uint8), np.zeros((4, 3), np.int8))


@pytest.mark.parametrize("chips", [0, -1, True, 1.5])
def test_number_of_chips_is_checked(chips):
    with pytest.raises(InputError, match="chips"):
        ChipPool(chips)


def test_errors_of_a_chip_in_another_process_come_back_and_it_works_on(three_chips):
    x, w = random_product(1, 2, 300, 300)
    with pytest.raises(InputError, match="40"):
        three_chips.multiply(np.full_like(x, 40), w)
    assert np.array_equal(three_chips.multiply(x, w), ideal_product(x, w))


def test_a_chip_whose_process_ended_is_told():
    x, w = random_product(1, 2, 300, 700)
    with ChipPool(2) as pool:
        pool._chips[1]._process.kill()
        with pytest.raises(NuxkitError, match=r"process of chip 1 has ended \(exit code -9\)"):
            pool.multiply(x, w)


def test_an_interrupted_product_leaves_nothing_to_the_next(three_chips, monkeypatch):
    def interrupt() -> None:
        raise KeyboardInterrupt

    x, w = random_product(1, 2, 300, 700)
    with monkeypatch.context() as patch:
        patch.setattr(three_chips._chips[0], "results", interrupt)
        with pytest.raises(KeyboardInterrupt):
            three_chips.multiply(x, w)
    x, w = random_product(2, 2, 300, 700)
    assert np.array_equal(three_chips.multiply(x, w), ideal_product(x, w))
