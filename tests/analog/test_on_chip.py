# SPDX-License-Identifier: BSD-3-Clause
"""What a kernel gets from the non-spiking mode, beside the batched arrays."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nuxemu import memory_map as mm
from nuxkit import Chip, InputError, RowMode, build
from nuxkit.inference import AnalogArray, AnalogSpread, attach, calibrate, detach

BATCH = 8
WITHOUT_LEAK = replace(AnalogSpread.typical(), leak_hz=0)


@pytest.fixture(scope="module")
def program():
    return build(Path(__file__).with_name("multiply.c")).program


def matrices(seed):
    draw = np.random.default_rng(seed)
    rows = int(draw.integers(1, 129))
    x = draw.integers(0, 32, (BATCH, rows), dtype=np.uint8)
    w = np.zeros((128, 256), np.int8)
    largest = draw.choice([4, 20, 63])
    w[:rows] = draw.integers(-largest, largest + 1, (rows, 256))
    return x, w


def write_weights(chip, w):
    """Even columns, then odd ones; vectors of the DRAM have the order of their words reversed."""
    vectors = w.reshape(128, 128, 2).transpose(0, 2, 1).reshape(256, 32, 4)[:, ::-1]
    chip.ppu[0].write(mm.DRAM_DATA_BASE, vectors.tobytes())


def on_chip(chip, program, x, w, *, hemisphere=0, sends=1, wait=1):
    write_weights(chip, w)
    chip.load(program, hemisphere=hemisphere)
    padded = np.zeros((BATCH, 128), np.uint8)
    padded[:, : x.shape[1]] = x
    values = {"hemisphere": hemisphere, "count": x.shape[1], "sends": sends, "wait": wait}
    result = chip.run(symbols={**values, "inputs": padded}, hemisphere=hemisphere)
    assert result.return_code == 0
    vectors = np.array(result.symbols["results"]).astype(np.uint8).view(np.int8)
    return vectors.transpose(0, 2, 1).reshape(BATCH, 256), result


@pytest.mark.parametrize("spread", [None, WITHOUT_LEAK], ids=["ideal", "typical"])
@pytest.mark.parametrize("seed", range(4))
def test_a_kernel_gets_what_the_batched_array_returns(program, spread, seed):
    x, w = matrices(seed)
    hemisphere, sends = seed % 2, 1 + seed // 2
    chip, batched = Chip(), AnalogArray(spread, seed=seed, hemisphere=["top", "bottom"][seed % 2])
    arrays = attach(chip, spread, seed=seed)
    batched.set_weights(w)
    for _ in range(2):  # the noise of the second batch is another one
        found, _ = on_chip(chip, program, x, w, hemisphere=hemisphere, sends=sends)
        assert np.array_equal(found, batched.multiply(x, num_sends=sends))
        assert found.any()
    assert arrays[hemisphere].trials == batched.trials == 2 * BATCH
    assert arrays[1 - hemisphere].trials == 0


def test_the_calibration_of_a_chip_reaches_its_kernels(program):
    spread = AnalogSpread(gain=0.1, offset=6)
    chip = Chip()
    top, _ = attach(chip, spread, seed=3)
    x, w = np.full((BATCH, 100), 15, np.uint8), np.zeros((128, 256), np.int8)
    w[:100] = 2
    before, _ = on_chip(chip, program, x, w)
    found = calibrate([chip])
    assert len(found) == 2
    assert top.gain_trim.std() > 0.05
    after, _ = on_chip(chip, program, x, w)
    assert before.std() > 5
    assert after.std() < 0.8
    assert abs(after.mean() - 3000 / 64) < 1


def test_waiting_takes_time_and_loses_charge(program):
    x, w = np.full((BATCH, 128), 31, np.uint8), np.ones((128, 256), np.int8)
    chip = Chip()
    attach(chip, AnalogSpread(leak_hz=2e4))
    fast, quick = on_chip(chip, program, x, w, wait=1)
    slow, patient = on_chip(chip, program, x, w, wait=100)
    assert patient.symbols["send_cycles"] == pytest.approx(127 * 200, rel=0.02)
    assert quick.symbols["send_cycles"] < 127 * 60
    batched = AnalogArray(AnalogSpread(leak_hz=2e4))
    batched.set_weights(w)
    assert np.abs(slow.astype(int) - batched.multiply(x, wait_between_events=100)).max() <= 1
    assert fast.min() > slow.max() + 5


def test_a_membrane_leaks_from_event_to_conversion():
    chip = Chip()
    top, _ = attach(chip, AnalogSpread(leak_hz=1e5), gain=1.0)
    weights = np.zeros((256, 256), np.uint8)
    weights[0], weights[1, 100:] = 3, 2
    chip.synram[0].weights = weights
    set_switches(chip)
    for time_s, row, label in ((1e-6, 0, 20), (3e-6, 1, 10), (4e-6, 0, 32 + 20)):
        chip.add_spikes(pre=([time_s], [row], [label]))
    chip.advance(6e-6)
    raw = read(chip)
    first = 60 * np.exp(-0.5)
    assert raw[0] == np.floor(128 + first + 0.5)
    assert raw[200] == np.floor(128 + first + 20 * np.exp(-0.3) + 0.5)  # a label of 52 does not fit
    assert top.trials == 1


def chip_with_weights(weight, modes):
    chip = Chip()
    attach(chip)
    chip.synram[0].weights = np.full((256, 256), weight)
    chip.network.row_modes = np.resize(modes, (2, 256))
    set_switches(chip)
    return chip


def send(chip, rows, labels):
    times = chip.time_s + 1e-6 + 1e-7 * np.arange(len(rows))
    chip.add_spikes(pre=(times, rows, labels))
    chip.advance(2e-6 + 1e-7 * len(rows))


def test_rows_that_are_disabled_or_of_both_signs_add_nothing():
    chip = chip_with_weights(63, [RowMode.DISABLED, RowMode.BOTH])
    send(chip, [0, 1], [31, 31])
    assert (read(chip) == 128).all()


def test_weights_count_when_the_event_comes():
    chip = chip_with_weights(32, [RowMode.EXCITATORY, RowMode.INHIBITORY])
    send(chip, [0], [20])
    chip.synram[0].weights = np.zeros((256, 256), np.uint8)
    assert (read(chip) == 138).all()


def test_a_reset_of_half_the_columns_leaves_the_others(tmp_path):
    source = tmp_path / "reset.c"
    source.write_text(
        "#include <nux/nux.h>\n"
        "int start(void) {\n"
        "    fxvoutx(fxvsplatb(0), NUX_VECTOR_NEURON_RESET, 0);\n"
        "    return 0;\n"
        "}\n"
    )
    chip = chip_with_weights(32, [RowMode.EXCITATORY, RowMode.INHIBITORY])
    send(chip, [0], [20])
    chip.run(build(source))
    assert np.array_equal(read(chip), np.resize([128, 138], 256))


def set_switches(chip):
    """Connect all membranes to the causal channel."""
    base = mm.OMNIBUS_SYNRAM_WORD + mm.VECTOR_WEIGHT + 2 * mm.SWITCH_ROW * 32
    for word in range(64):
        chip.model.bus.write(base + word, 0x20202020)


def read(chip):
    """Raw readings by the bus; the first access converts."""
    words = []
    for half in range(2):
        for word in range(32):
            buffered = mm.VECTOR_BUFFERED if half or word else 0
            at = mm.OMNIBUS_SYNRAM_WORD + mm.VECTOR_CAUSAL + buffered + 32 * half + word
            words.append(chip.model.bus.read(at))
    lanes = np.array(words, ">u4").view(np.uint8).reshape(2, 128)
    return lanes.T.reshape(256)


def test_a_saved_chip_goes_on_with_its_membranes_and_its_noise():
    chips = [Chip(), Chip()]
    for chip in chips:
        attach(chip, WITHOUT_LEAK, seed=2)
    chip = chips[0]
    chip.synram[0].weights = np.full((256, 256), 9)
    set_switches(chip)
    chip.add_spikes(pre=([1e-6, 2e-6], [0, 2], [31, 17]))
    chip.advance(5e-6)
    read(chip)
    chips[1].model.restore(chip.model.save())
    again = [read(each) for each in chips]
    assert np.array_equal(*again)
    assert again[0].std() > 1


def test_without_the_mode_a_chip_is_as_before():
    chip, spiking = Chip(), Chip()
    attach(chip)
    detach(chip)
    for each in (chip, spiking):
        each.synram[0].weights = np.full((256, 256), 9)
        each.add_spikes(pre=([1e-6, 2e-6], [0, 2], [0, 0]), post=([3e-6], [4]))
        each.advance(1e-5)
    assert chip.model.save().differences(spiking.model.save()) == []


def test_bad_arguments_are_named():
    with pytest.raises(InputError, match="must be a Chip"):
        attach(3)
    with pytest.raises(InputError, match="gain is -1"):
        attach(Chip(), gain=-1)
    top, _ = attach(Chip())
    with pytest.raises(InputError, match="gain trims must be 256 finite numbers"):
        top.gain_trim = np.full(256, np.nan)
    with pytest.raises(InputError, match="offset trims must be 256 finite numbers"):
        top.offset_trim = np.zeros(3)
