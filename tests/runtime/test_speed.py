# SPDX-License-Identifier: BSD-3-Clause
"""The chip's published cycle figures, measured by a C program on the whole chip."""

from pathlib import Path

import pytest

from nuxkit import Chip, build

SOURCE = Path(__file__).with_name("speed.c")
#: Lowest and highest result, of the vendor's speed test and of its test of sleeping.
PUBLISHED = {
    "weight load": (18, 22), "weight store": (18, 22), "neuron reset": (18, 22),
    "store to SRAM": (42, 52), "load from SRAM": (44, 54), "CADC row": (369, 451),
    "store to external memory": (34, 42), "load from external memory": (309, 379),
    "sleep 100": (100, 600), "sleep 1000": (1000, 1600),
}  # fmt: skip


@pytest.mark.parametrize("optimize", ["-O1", "-O2", "-O3", "-Os"])
def test_published_cycle_figures_are_met_by_a_program(optimize):
    chip = Chip()
    result = chip.run(build(SOURCE, optimize=optimize))
    assert result.return_code == 0
    measured = dict(zip(PUBLISHED, result.symbols["results"], strict=True))
    print(measured)
    wrong = {
        name: int(measured[name])
        for name, (low, high) in PUBLISHED.items()
        if not low <= measured[name] <= high
    }
    assert not wrong
