# SPDX-License-Identifier: BSD-3-Clause
"""Row access to the synapse array, at every optimisation level."""

import numpy as np
import pytest

from nuxemu import SiteKind
from nuxkit import Chip, CorrelationConfig, build

LEVELS = ["-O1", "-O2", "-O3", "-Os"]
HEAD = "#include <nux/nux.h>\n"


@pytest.fixture
def run_on(tmp_path):
    def run(chip, body, optimize="-O2", declarations=""):
        source = tmp_path / "k.c"
        source.write_text(f"{HEAD}{declarations}\nint start(void) {{ {body} return 0; }}")
        result = chip.run(build(source, optimize=optimize))
        kinds = {remark.kind for remark in result.remarks}
        assert kinds <= {SiteKind.WEIGHT}  # some write more than six bits on purpose
        return result

    return run


def random_array(seed):
    return np.random.default_rng(seed).integers(0, 64, (256, 256), np.uint8)


@pytest.mark.parametrize("optimize", LEVELS)
@pytest.mark.parametrize("what", ["weights", "labels"])
def test_rows_are_read_and_written_whole(run_on, what, optimize):
    chip = Chip()
    before = random_array(1)
    setattr(chip.synram[0], what, before)
    run_on(
        chip,
        f"for (uint32_t row = 0; row < 255; row++) {{ nux_row v = nux_get_{what}(row + 1);\n"
        f"v.odd = nux_add8(v.odd, nux_splat8(1)); nux_set_{what}(row, v); }}",
        optimize,
    )
    expected = before.copy()
    expected[:-1] = before[1:]
    expected[:-1, 1::2] = (before[1:, 1::2] + 1) % 64
    np.testing.assert_array_equal(getattr(chip.synram[0], what), expected)


def test_halves_are_even_and_odd_columns(run_on):
    chip = Chip()
    chip.synram[0].weights = random_array(2)
    before = np.array(chip.synram[0].weights)
    run_on(chip, "nux_set_weights_half(7, NUX_EVEN, nux_get_weights_half(9, NUX_ODD));")
    expected = before.copy()
    expected[7, 0::2] = before[9, 1::2]
    np.testing.assert_array_equal(chip.synram[0].weights, expected)


def test_masked_writes_change_only_lanes_above_zero(run_on):
    chip = Chip()
    chip.synram[0].weights = before = random_array(3)
    mask = np.random.default_rng(4).integers(-2, 3, 256)
    run_on(
        chip,
        "nux_row mask = {nux_load(&m[0]), nux_load(&m[1])}, v = {nux_splat8(11), nux_splat8(22)};"
        "nux_set_weights_masked(100, v, mask);",
        declarations=f"nux_vector_memory m[2] = {{{{.s8 = {{{','.join(map(str, mask[0::2]))}}}}},"
        f"{{.s8 = {{{','.join(map(str, mask[1::2]))}}}}}}};",
    )
    expected = before.copy()
    values = np.resize([11, 22], 256)
    expected[100] = np.where(mask > 0, values, before[100])
    np.testing.assert_array_equal(chip.synram[0].weights, expected)


def chip_with_correlation():
    """Row 3 sees 20 pre-before-post pairs in every column, row 4 the other order."""
    chip = Chip(seed=5, correlation=CorrelationConfig())
    chip.synram[0].labels = np.full((256, 256), 9, np.uint8)
    columns = np.arange(256)
    for start in np.arange(20) * 100e-6:
        pre = (start + np.array([10e-6, 14e-6]), np.array([3, 4]), np.array([9, 9]))
        chip.add_spikes(pre=pre, post=(np.full(256, start + 12e-6), columns))
    chip.advance(20 * 100e-6)
    return chip


READ = (
    "nux_correlation c = nux_get_correlation({row});"
    "nux_store(c.causal.even, &out[0]); nux_store(c.causal.odd, &out[1]);"
    "nux_store(c.acausal.even, &out[2]); nux_store(c.acausal.odd, &out[3]);"
)


def sensors(result):
    """Causal and acausal values of the row by column."""
    words = [np.asarray(value) for value in result.symbols["out"]]
    values = np.empty((2, 256), int)
    for index, word in enumerate(words):
        values[index // 2, index % 2 :: 2] = word
    return values


@pytest.mark.parametrize("optimize", LEVELS)
def test_correlation_of_a_row_and_its_reset(run_on, optimize):
    chip = chip_with_correlation()
    out = "nux_vector_memory out[4];"
    baseline = sensors(run_on(chip, READ.format(row=200), optimize, out)).mean(axis=1)
    before_post = sensors(run_on(chip, READ.format(row=3), optimize, out)).mean(axis=1)
    after_post = sensors(run_on(chip, READ.format(row=4), optimize, out)).mean(axis=1)
    assert before_post[0] < baseline[0] - 1  # causal correlation lowers the value
    assert abs(before_post[1] - baseline[1]) < 1
    assert after_post[1] < baseline[1] - 1
    assert abs(after_post[0] - baseline[0]) < 1
    reset = (
        "nux_reset_correlation(3, NUX_RESET_CAUSAL); nux_reset_correlation(4, NUX_RESET_CAUSAL);"
    )
    run_on(chip, reset, optimize)
    assert sensors(run_on(chip, READ.format(row=3), optimize, out)).mean(axis=1)[0] > (
        baseline[0] - 1
    )
    kept = sensors(run_on(chip, READ.format(row=4), optimize, out)).mean(axis=1)
    assert kept[1] < baseline[1] - 1
    run_on(chip, "nux_reset_all_correlation(NUX_RESET_BOTH);", optimize)
    cleared = sensors(run_on(chip, READ.format(row=4), optimize, out)).mean(axis=1)
    assert cleared[1] > baseline[1] - 1


def test_buffered_reads_return_the_last_conversion(run_on):
    chip = chip_with_correlation()
    result = run_on(
        chip,
        READ.format(row=3) + "nux_row again = nux_get_causal_buffered(200);"
        "nux_store(again.even, &out[4]); nux_store(again.odd, &out[5]);"
        "nux_store(nux_get_acausal_half_buffered(200, NUX_ODD), &out[6]);",
        declarations="nux_vector_memory out[7];",
    )
    out = [np.asarray(value) for value in result.symbols["out"]]
    np.testing.assert_array_equal(out[4], out[0])
    np.testing.assert_array_equal(out[5], out[1])
    np.testing.assert_array_equal(out[6], out[3])
