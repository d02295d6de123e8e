# SPDX-License-Identifier: BSD-3-Clause
"""Floating point numbers as bytes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuxemu.analog_array import packed_or_none


@given(st.lists(st.floats(-63, 63, width=32), max_size=70))
def test_numbers_are_rounded_to_even(values):
    array = np.array(values, np.float32)
    assert np.array_equal(packed_or_none(array, -63, 63).view(np.int8), np.rint(array))


def test_halves_go_to_even_numbers_and_shapes_are_kept():
    array = np.arange(0, 31.5, 0.5, np.float32).reshape(3, 21)[:, ::2]
    assert np.array_equal(packed_or_none(array, 0, 31), np.rint(array))


@pytest.mark.parametrize("wrong", [-0.01, 31.01, np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("place", [0, 36])
def test_what_does_not_fit_is_refused(wrong, place):
    array = np.full(37, 5, np.float32)
    array[place] = wrong
    assert packed_or_none(array, 0, 31) is None
