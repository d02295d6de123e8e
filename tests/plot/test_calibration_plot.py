# SPDX-License-Identifier: BSD-3-Clause
"""Offsets and gains before and after a calibration."""

import pytest

import nuxkit
from nuxkit import InputError
from nuxkit.inference import AnalogArray, AnalogSpread, calibrate


@pytest.mark.parametrize("what", ["offset", "gain"])
def test_all_columns_of_all_arrays_are_in_both_histograms(what):
    arrays = [AnalogArray(AnalogSpread(gain=0.1, offset=5), seed=seed) for seed in range(2)]
    found = calibrate(arrays, trials=4)
    ax = nuxkit.plot.calibration(found, what)
    before, after = (sum(bar.get_height() for bar in bars) for bars in ax.containers)
    assert before == after == 512
    assert what in ax.get_xlabel()
    occupied = [sum(bar.get_height() > 0 for bar in bars) for bars in ax.containers]
    assert occupied[1] < occupied[0] / 2


def test_what_cannot_be_drawn_is_named():
    with pytest.raises(InputError, match="what is 'noise'"):
        nuxkit.plot.calibration([], "noise")
    with pytest.raises(InputError, match="no calibration"):
        nuxkit.plot.calibration([])
