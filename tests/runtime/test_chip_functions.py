# SPDX-License-Identifier: BSD-3-Clause
"""Library functions for neurons, spikes, random draws, the bus, and both processors."""

import numpy as np
import pytest

from nuxemu import CorrelationConfig
from nuxemu import memory_map as mm
from nuxkit import Chip

NUX = "#include <nux/nux.h>\n"
STORE = "nux_store({row}.even, &out[{i}]); nux_store({row}.odd, &out[{i} + 1]);"


class Whole:
    """A chip whose neurons are on: they keep their membrane (no leak), and do not fire; or
    with `bypass`, spike at every event."""

    def __init__(self, bypass=False):
        self.chip = Chip(correlation=CorrelationConfig.ideal())
        for neurons in self.chip.model.neurons:
            neurons.change(enabled=True, fire=False, bypass=bypass, tau_mem_s=np.inf, reset_lsb=50)

    def set_membranes(self, hemisphere, values):
        self.chip.model.neurons[hemisphere].set_state(membrane_lsb=values)

    def membranes(self, hemisphere):
        return self.chip.model.neurons[hemisphere].membrane()


def lanes(values):
    """Initialisers of two vectors, even and odd columns."""
    halves = [", ".join(str(int(v)) for v in np.asarray(values)[half::2]) for half in (0, 1)]
    return ", ".join(f"{{.s8 = {{{half}}}}}" for half in halves)


def rows(result, name="out"):
    """Rows of 256 columns from pairs of vectors."""
    words = [np.asarray(value) for value in result.symbols[name]]
    pairs = zip(words[::2], words[1::2], strict=True)
    return np.array([np.stack(pair, axis=-1).reshape(256) for pair in pairs])


# --- Random draws --------------------------------------------------------------------------------


@pytest.mark.parametrize("optimize", ["-O2", "-Os"])
def test_random_draws_follow_the_seed_and_share_bits(compiled, optimize):
    seeds = np.arange(256) - 128
    text = (
        f"nux_vector_memory out[12], seed[2] = {{{lanes(seeds)}}};\n"
        "int start(void) { nux_row s = {nux_load(&seed[0]), nux_load(&seed[1])};\n"
        "  for (int again = 0; again < 2; again++) { nux_seed_random(s);\n"
        "    for (int i = 0; i < 3; i++) { nux_row r = nux_random(); int at = 6 * again + 2 * i;\n"
        "      nux_store(r.even, &out[at]); nux_store(r.odd, &out[at + 1]); } }\n"
        "  return 0; }"
    )
    drawn = rows(Chip().run(compiled(text, optimize)))
    np.testing.assert_array_equal(drawn[:3], drawn[3:])
    before = seeds & 0xFF
    for draw in drawn[:3]:
        np.testing.assert_array_equal(draw & 0xFE, before << 1 & 0xFE)
        before = draw.astype(int)


def test_fresh_draws_are_uniform_and_independent(compiled):
    text = (
        "nux_vector_memory out[128];\n"
        "int start(void) { for (int i = 0; i < 64; i++) { nux_row r = nux_random_fresh();\n"
        "  nux_store(r.even, &out[2 * i]); nux_store(r.odd, &out[2 * i + 1]); } return 0; }"
    )
    text = text.replace("nux_vector_memory out", "NUX_EXTERNAL_BUFFER nux_vector_memory out")
    drawn = rows(Chip().run(compiled(text))).astype(float)
    assert drawn.shape == (64, 256)
    assert abs(drawn.mean() - 127.5) < 4 * 73.9 / np.sqrt(drawn.size)
    neighbours = np.corrcoef(drawn[:-1].ravel(), drawn[1:].ravel())[0, 1]
    assert abs(neighbours) < 4 / np.sqrt(drawn.size)


# --- Both processors ---------------------------------------------------------------------------


@pytest.mark.parametrize("optimize", ["-O1", "-O2", "-Os"])
def test_each_processor_finds_its_hemisphere(compiled, optimize):
    result = compiled("int start(void) { return (int)nux_find_hemisphere(); }", optimize)
    chip = Chip()
    for array in chip.synram:
        array.weights = weights = np.random.default_rng(1).integers(0, 64, (256, 256))
    assert [chip.run(result, hemisphere=h).return_code for h in (1, 0, 1)] == [1, 0, 1]
    assert [one.return_code for one in chip.run_both(result)] == [0, 1]
    for array in chip.synram:
        np.testing.assert_array_equal(array.weights, weights)


def test_the_probe_is_nobodys_memory(compiled):
    """The word that nux_find_hemisphere uses lies between stack and return code."""
    program = compiled("int start(void) { return 0; }").program
    assert program.symbols["__stack_top"].address + 8 == mm.RETURN_CODE_ADDRESS - 4


BARRIER = (
    "static nux_barrier barrier; volatile uint32_t value; uint32_t wrong, rounds;\n"
    "int start(void) { uint32_t here = nux_find_hemisphere(), there = 1 - here;\n"
    "  volatile nux_barrier *remote = nux_remote_barrier(there, &barrier);\n"
    "  for (uint32_t i = 1; i <= 30; i++) {\n"
    "    nux_sleep_cycles(here == i % 2 ? 50 : 3000);\n"
    "    *nux_sram_word(there, &value) = 10 * i + here; nux_barrier_wait(&barrier, remote);\n"
    "    wrong += value != 10 * i + there; nux_barrier_wait(&barrier, remote); rounds++; }\n"
    "  return (int)(wrong << 16 | rounds); }"
)


def test_a_barrier_holds_both_processors_together(compiled):
    result = compiled(BARRIER)
    chip = Chip()
    for _ in range(2):  # started again without loading, the counts go on
        top, bottom = chip.run_both(result)
        assert (top.return_code, bottom.return_code) == (30, 30)
        assert abs(top.cycles - bottom.cycles) < 2000
        assert top.cycles > 30 * 3000


def test_a_barrier_waits_for_the_other_processor(compiled):
    result = compiled(BARRIER)
    chip = Chip()
    for hemisphere in (0, 1):
        chip.load(result, hemisphere=hemisphere)
    chip.start(hemisphere=0)
    chip.advance(1e-3)
    assert chip.is_running(0)
    assert chip.read("barrier.own") == 1
    assert chip.read("rounds") == 0


def test_bus_words_of_both_hemispheres(compiled):
    chip = Chip()
    result = compiled(
        "uint32_t back[8]; int start(void) { nux_configure_correlation(0, 11, 12, 13, 1);\n"
        "  nux_configure_correlation(1, 21, 22, 23, 0);\n"
        "  for (uint32_t i = 0; i < 8; i++)\n"
        "    back[i] = nux_bus_read(NUX_OMNIBUS_CORRELATION_CONFIG_WORD\n"
        "      + i / 4 * NUX_OMNIBUS_HEMISPHERE_WORD_STRIDE + i % 4);\n"
        "  return 0; }"
    )
    assert chip.run(result).symbols["back"].tolist() == [11, 12, 13, 1, 21, 22, 23, 0]


# --- Synapses ------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["time_calib", "amp_calib"])
def test_calibration_bits_of_a_row(compiled, what):
    values = np.random.default_rng(2).integers(0, 4, 256)
    text = (
        f"nux_vector_memory out[2], v[2] = {{{lanes(values)}}};\n"
        f"int start(void) {{ nux_set_{what}(17, (nux_row){{nux_load(&v[0]), nux_load(&v[1])}});\n"
        f"  nux_row r = nux_get_{what}(17); {STORE.format(row='r', i=0)} return 0; }}"
    )
    chip = Chip()
    result = chip.run(compiled(text))
    np.testing.assert_array_equal(rows(result)[0], values)
    np.testing.assert_array_equal(getattr(chip.synram[0], what)[17], values)


# --- Neurons -------------------------------------------------------------------------------------


def test_neurons_are_reset_by_mask(compiled, nux_hemisphere):
    whole = Whole()
    start = np.linspace(60, 120, 256)
    for h in (0, 1):
        whole.set_membranes(h, start)
    mask = np.random.default_rng(3).integers(-3, 4, 256)
    text = (
        f"nux_vector_memory m[2] = {{{lanes(mask)}}};\n"
        "int start(void) { nux_reset_neurons((nux_row){nux_load(&m[0]), nux_load(&m[1])});\n"
        "  return 0; }"
    )
    whole.chip.run(compiled(text), hemisphere=nux_hemisphere)
    np.testing.assert_allclose(whole.membranes(nux_hemisphere), np.where(mask > 0, 50, start))
    np.testing.assert_allclose(whole.membranes(1 - nux_hemisphere), start)


def test_all_neurons_and_single_ones_are_reset(compiled):
    whole = Whole()
    start = np.linspace(60, 120, 256)
    for h in (0, 1):
        whole.set_membranes(h, start)
    columns = [0, 1, 127, 128, 200, 255]
    calls = "".join(f"nux_reset_neuron(1, {column});" for column in columns)
    whole.chip.run(compiled(f"int start(void) {{ nux_reset_all_neurons(); {calls} return 0; }}"))
    np.testing.assert_allclose(whole.membranes(0), 50)
    np.testing.assert_allclose(
        whole.membranes(1), np.where(np.isin(np.arange(256), columns), 50, start)
    )


def test_membranes_are_read_through_the_cadc(compiled):
    whole = Whole()
    membranes = np.random.default_rng(4).integers(10, 240, 256)
    whole.set_membranes(0, membranes)
    reads = "".join(
        f"nux_switch_channel(NUX_VECTOR_WEIGHT, {to}); r = nux_read_neurons(); "
        + STORE.format(row="r", i=i)
        for i, to in ((0, "true"), (2, "false"), (4, "true"))
    )
    result = whole.chip.run(compiled(
        f"nux_vector_memory out[6];\nint start(void) {{ nux_row r; {reads} return 0; }}"
    ))  # fmt: skip
    values = rows(result).astype(int)
    np.testing.assert_allclose(values[0], membranes, atol=1)
    np.testing.assert_allclose(values[2], membranes, atol=1)
    assert np.ptp(values[1]) <= 1  # the sensors' baseline


def test_switching_a_channel_keeps_the_other_switches(compiled):
    whole = Whole()
    others = np.random.default_rng(5).integers(0, 64, 256)
    text = (
        f"nux_vector_memory out[4], v[2] = {{{lanes(others)}}};\n"
        "int start(void) { nux_row r = {nux_load(&v[0]), nux_load(&v[1])};\n"
        "  nux_write_row(NUX_VECTOR_LABEL, NUX_SWITCH_ROW, r);\n"
        "  nux_switch_channel(NUX_VECTOR_LABEL, true);\n"
        f"  r = nux_read_row(NUX_VECTOR_LABEL, NUX_SWITCH_ROW); {STORE.format(row='r', i=0)}\n"
        "  nux_switch_channel(NUX_VECTOR_LABEL, false);\n"
        f"  r = nux_read_row(NUX_VECTOR_LABEL, NUX_SWITCH_ROW); {STORE.format(row='r', i=2)}\n"
        "  return 0; }"
    )
    on, off = rows(whole.chip.run(compiled(text)))
    np.testing.assert_array_equal(on, others & 0x1F | 0x20)
    np.testing.assert_array_equal(off, others & 0x1F)


# --- Spikes and counters -----------------------------------------------------------------------


def relay(labels=9):
    """A chip whose neuron in column c of a hemisphere spikes at events of row c, label 9."""
    whole = Whole(bypass=True)
    for array in whole.chip.synram:
        array.weights = 63 * np.eye(256, dtype=int)
        array.labels = np.full((256, 256), labels)
    return whole


@pytest.mark.parametrize("optimize", ["-O2", "-Os"])
def test_injected_spikes_reach_their_row_and_are_counted(compiled, optimize):
    whole = relay()
    result = whole.chip.run(compiled(
        "nux_vector_memory out[4]; uint32_t one, other, cleared, raw;\n"
        "int start(void) { for (int i = 0; i < 3; i++) { nux_inject_spike(0, 7, 9);\n"
        "    nux_inject_spike(1, 200, 9); nux_sleep_cycles(100); }\n"
        "  nux_inject_spike(0, 255, 9); nux_inject_spike(0, 100, 8); nux_sleep_cycles(1000);\n"
        "  one = nux_spike_count(0, 7); other = nux_spike_count(1, 200);\n"
        "  raw = nux_spike_counter(1, 201);\n"
        "  nux_spike_counts(0, true, &out[0]); nux_spike_counts(0, false, &out[2]);\n"
        "  nux_reset_spike_counter(1, 200); cleared = nux_spike_count(1, 200); return 0; }",
        optimize,
    ))  # fmt: skip
    symbols = result.symbols
    assert (symbols["one"], symbols["other"], symbols["cleared"]) == (3, 3, 0)
    assert symbols["raw"] == 3  # both rows of a driver see the event
    before, after = rows(result)
    expected = np.zeros(256)
    expected[[6, 7]] = 3
    expected[[254, 255]] = 1
    np.testing.assert_array_equal(before, expected)
    assert not after.any()


def test_a_counter_that_overflowed_counts_255(compiled):
    whole = relay()
    result = whole.chip.run(compiled(
        "uint32_t raw, count; int start(void) { for (int i = 0; i < 300; i++) {\n"
        "    nux_inject_spike(0, 40, 9); nux_sleep_cycles(100); }\n"
        "  nux_sleep_cycles(1000); raw = nux_spike_counter(0, 40);\n"
        "  count = nux_spike_count(0, 40);\n"
        "  return 0; }"
    ))  # fmt: skip
    assert result.symbols["raw"] == 0x100 | 300 - 256
    assert result.symbols["count"] == 255


def test_an_event_on_several_buses(compiled):
    """Number 5 of buses 0 and 3: drivers 20 and 23, rows 40, 41, 46 and 47."""
    whole = relay()
    result = whole.chip.run(compiled(
        "nux_vector_memory out[2]; int start(void) { nux_inject_event(0, 0x9, 5, 9);\n"
        "  nux_sleep_cycles(1000); nux_spike_counts(0, false, out); return 0; }"
    ))  # fmt: skip
    assert np.flatnonzero(rows(result)[0]).tolist() == [40, 41, 46, 47]
