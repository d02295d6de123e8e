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


def chip_with(array, weights):
    """Chip whose first hemisphere has an analog array, weights and rows of either sign."""
    chip = Chip()
    chip.synram[0].weights = weights
    modes = np.resize([RowMode.EXCITATORY, RowMode.INHIBITORY], (2, 256))
    chip.network.row_modes = modes
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


@pytest.fixture
def rng():
    return np.random.default_rng(8)


def test_readings_are_sums_of_pulses_of_both_signs(rng, reader):
    weights = rng.integers(0, 64, (256, 256))
    chip = chip_with(AnalogArray(), weights)
    rows, lengths = rng.integers(0, 256, 60), rng.integers(0, 32, 60)
    send(chip, rows, lengths)
    signs = np.where(rows % 2, -1, 1)
    total = (signs * lengths) @ weights[rows]
    assert np.array_equal(read(chip, reader), np.clip((total + 32 >> 6) + 128, 0, 255))
    assert np.array_equal(read(chip, reader), np.full(256, 128))  # membranes were reset


def test_length_of_a_pulse_is_in_the_lower_five_bits_of_the_label(reader):
    chip = chip_with(AnalogArray(), np.full((256, 256), 32))
    chip.synram[0].labels = np.full((256, 256), 7)
    send(chip, [0, 2], [32 + 10, 32])
    assert (read(chip, reader) == 128 + 5).all()


def test_rows_that_are_disabled_or_of_both_signs_add_nothing(reader):
    chip = chip_with(AnalogArray(), np.full((256, 256), 63))
    chip.network.row_modes = np.resize([RowMode.DISABLED, RowMode.BOTH], (2, 256))
    send(chip, [0, 1], [31, 31])
    assert (read(chip, reader) == 128).all()


def test_reset_of_half_the_columns_leaves_the_others(reader):
    chip = chip_with(AnalogArray(), np.full((256, 256), 32))
    send(chip, [0], [20])
    assert (read(chip, reader, reset_half=0) == 138).all()
    assert np.array_equal(read(chip, reader), np.resize([128, 138], 256))


def test_weights_count_when_the_event_comes(reader):
    chip = chip_with(AnalogArray(), np.full((256, 256), 32))
    send(chip, [0], [20])
    chip.synram[0].weights = np.zeros((256, 256))
    assert (read(chip, reader) == 138).all()


def test_deviations_and_noise_are_those_of_the_batched_array(rng, reader):
    spread = replace(AnalogSpread.typical(), leak_hz=0.0)
    signed = rng.integers(-63, 64, (128, 256))
    weights = np.stack([np.maximum(signed, 0), np.maximum(-signed, 0)], 1).reshape(256, 256)
    chip = chip_with(AnalogArray(spread, seed=3), weights)
    batched = AnalogArray(spread, seed=3)
    batched.set_weights(signed)
    inputs = rng.integers(0, 32, (4, 128))
    expected = batched.multiply(inputs).astype(int) + 128
    for sample, readings in zip(inputs, expected, strict=True):
        send(chip, np.arange(256), sample.repeat(2))
        assert np.array_equal(read(chip, reader), readings)


def test_membranes_leak(reader):
    leak_hz = 1e4
    chip = chip_with(AnalogArray(AnalogSpread(leak_hz=leak_hz)), np.full((256, 256), 63))
    send(chip, [0, 2, 4], [31, 31, 31])
    chip.advance(50e-6)
    before = 3 * 31 * 63 / 64
    assert (np.abs(read(chip, reader) - 128 - before * np.exp(-leak_hz * 52e-6)) < 2).all()


def test_detached_hemisphere_spikes_again(reader):
    chip = chip_with(AnalogArray(), np.full((256, 256), 32))
    assert chip.synram[0].analog is not None
    chip.synram[0].attach_analog(None)
    assert chip.synram[0].analog is None
    send(chip, [0], [20])
    assert len(set(read(chip, reader))) > 1  # offsets of the converter, not 128 + 10
    assert chip.model.save().digest


def test_other_hemisphere_stays_in_the_spiking_mode():
    chip = chip_with(AnalogArray(), np.full((256, 256), 32))
    assert chip.synram[1].analog is None


def test_state_of_the_non_spiking_mode_is_not_saved():
    model = ChipModel()
    model.arrays[1].attach_analog(AnalogArray())
    with pytest.raises(StateError, match="hemisphere 1 has an analog array"):
        model.save()


def test_something_else_is_not_attached():
    with pytest.raises(TypeError, match="must be an AnalogArray"):
        ChipModel().arrays[0].attach_analog("array")
