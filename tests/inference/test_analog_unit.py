# SPDX-License-Identifier: BSD-3-Clause
"""The non-spiking mode as the chip shows it: events are pulses, the CADC reads their sums."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nuxemu import ChipModel, StateError
from nuxkit import Chip, RowMode, build
from nuxkit.inference import AnalogArray, AnalogSpread

SOURCE = """
#include <nux/nux.h>

volatile uint32_t reset_half = 2;
nux_vector_memory readings[2];

int start(void) {
    nux_switch_channel(NUX_VECTOR_WEIGHT, true);
    nux_row row = nux_read_neurons();
    nux_store(row.even, &readings[0]);
    nux_store(row.odd, &readings[1]);
    if (reset_half < 2) {
        fxvoutx(fxvsplatb(0), NUX_VECTOR_NEURON_RESET, reset_half);
    } else {
        nux_reset_all_neurons();
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    source = tmp_path_factory.mktemp("reader") / "reader.c"
    Path(source).write_text(SOURCE)
    return build(source).program


def chip_with(array, weights, signed=True):
    """Chip whose first hemisphere has an analog array, signed rows and weights."""
    chip = Chip()
    chip.synram[0].weights = weights
    if signed:
        modes = np.resize([RowMode.EXCITATORY, RowMode.INHIBITORY], 256)
        chip.network.set_row_modes(0, modes) if hasattr(chip.network, "set_row_modes") else None
    chip.synram[0].attach_analog(array)
    return chip


def send(chip, rows, lengths):
    times = chip.time_s + 1e-6 + 1e-7 * np.arange(len(rows))
    chip.add_spikes(pre=(times, rows, lengths))
    chip.advance(2e-6 + 1e-7 * len(rows))


def read(chip, program, reset_half=2):
    result = chip.run(program, symbols={"reset_half": reset_half})
    halves = [np.asarray(result.symbols[f"readings[{half}].u8"]) for half in (0, 1)]
    return np.stack(halves, 1).ravel().astype(int)
