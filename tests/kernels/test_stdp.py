# SPDX-License-Identifier: BSD-3-Clause
"""The rule kernels/stdp.c on the emulated processor."""

import os
import subprocess

import numpy as np
import pytest

from kernels.stdp_twin import BASELINE_READINGS, Parameters, rounded_mean, updated
from nuxkit import Chip, CorrelationConfig

UPDATE = {"command": "STDP_UPDATE"}
NOISELESS = CorrelationConfig(noise_lsb=0)
PAIRS = 60
PRE, POST = 200, 33  # row and column of the driven synapse
SEED = int(os.environ.get("NUXKIT_TEST_SEED", "7"))


def chip_with_baseline(program, config, seed=3, hemisphere=0, weight=32, **options):
    chip = Chip(seed=seed, correlation=config, **options)
    chip.synram[hemisphere].weights = np.full((256, 256), weight)
    assert chip.run(program, hemisphere=hemisphere).return_code == 0
    return chip


def run_update(chip, parameters=None, hemisphere=0):
    symbols = UPDATE | (parameters or Parameters()).symbols()
    result = chip.run(symbols=symbols, hemisphere=hemisphere)
    assert not result.remarks
    return result


def add_pairs(chip, post_after_pre_s, pairs=PAIRS, hemisphere=0, row=PRE):
    """Pairs of spikes of a row and column POST."""
    pre_s = chip.time_s + 100e-6 * np.arange(1, pairs + 1)
    chip.add_spikes(
        pre=(pre_s, np.full(pairs, row), np.zeros(pairs, int)),
        post=(pre_s + post_after_pre_s, np.full(pairs, POST)),
        hemisphere=hemisphere,
    )
    chip.advance(100e-6 * (pairs + 2))


def add_random_spikes(chip, rng, count=20_000, duration_s=10e-3):
    times = chip.time_s + np.sort(rng.uniform(0, duration_s, (2, count)))
    chip.add_spikes(
        pre=(times[0], rng.integers(0, 256, count), rng.integers(0, 4, count)),
        post=(times[1], rng.integers(0, 256, count)),
    )
    chip.advance(duration_s)


def baselines(chip):
    """Causal and acausal baseline of each column, as the rule has noted them."""
    return [
        np.stack([chip.read(f"baseline.{name}[{half}]") for half in (0, 1)], 1).ravel().astype(int)
        for name in ("causal", "acausal")
    ]


def set_baselines(chip, values):
    """Write the causal and the acausal baseline of each column, shape (2, 256)."""
    for name, columns in zip(("causal", "acausal"), values.astype(np.uint8), strict=True):
        for half in (0, 1):
            chip.write(f"baseline.{name}[{half}]", columns[half::2])


def random_parameters(rng):
    w_min, w_max = np.sort(rng.integers(0, 64, 2))
    row_begin, row_end = np.sort(rng.choice(257, 2, replace=False))
    rate = rng.choice([-128, -127, -64, -1, 1, 8, 64, 127, rng.integers(-128, 128)])
    return Parameters(*(int(v) for v in (rate, w_min, w_max, row_begin, row_end)))


# --- Exact arithmetic ---------------------------------------------------------------------


def check_against_twin(program, config, rng, updates, **options):
    """Some updates after random spikes, each with other parameters, some with odd baselines."""
    chip = Chip(seed=3, correlation=config, **options)
    array = chip.synram[0]
    array.labels = rng.integers(0, 4, (256, 256))
    assert chip.run(program).return_code == 0
    extremes = set()
    for _ in range(updates):
        array.weights = before = rng.integers(0, 64, (256, 256))
        add_random_spikes(chip, rng, count=int(10 ** rng.uniform(2, 4.3)))
        if rng.random() < 0.3:
            set_baselines(chip, rng.integers(0, 256, (2, 256)))
        readings = array.read_correlation()
        extremes |= {*np.unique(readings)}
        parameters = random_parameters(rng)
        expected = updated(before, *readings, baselines(chip), parameters)
        assert run_update(chip, parameters).return_code == 0
        np.testing.assert_array_equal(array.weights, expected, err_msg=f"{SEED=} {parameters}")
    return extremes


def test_weights_equal_exact_integer_arithmetic_over_the_whole_range(stdp):
    config = CorrelationConfig(
        amplitude_causal_lsb=60, amplitude_acausal_lsb=60, tau_causal_s=100e-6,
        tau_acausal_s=100e-6, baseline_lsb=220, offset_spread_lsb=30, saturation_lsb=300,
        noise_lsb=0,
    )  # fmt: skip
    seen = check_against_twin(stdp, config, np.random.default_rng(SEED), updates=40)
    assert {0, 127, 128, 255} <= seen


def test_weights_equal_exact_integer_arithmetic_at_each_optimisation_level(stdp_at_each_level):
    config = CorrelationConfig(
        amplitude_causal_lsb=10, amplitude_acausal_lsb=10, tau_causal_s=50e-6, noise_lsb=0
    )
    check_against_twin(stdp_at_each_level, config, np.random.default_rng(SEED), updates=3)


def test_weights_equal_exact_integer_arithmetic_on_the_reference_core(stdp):
    config = CorrelationConfig(amplitude_causal_lsb=10, tau_causal_s=50e-6, noise_lsb=0)
    chip = chip_with_baseline(stdp, config, core="reference")
    rng = np.random.default_rng(SEED)
    add_random_spikes(chip, rng)
    array = chip.synram[0]
    array.weights = before = rng.integers(0, 64, (256, 256))
    parameters = Parameters(learning_rate=50, w_min=5, w_max=60, row_begin=250, row_end=253)
    expected = updated(before, *array.read_correlation(), baselines(chip), parameters)
    assert (expected[250:253] != before[250:253]).any()
    assert run_update(chip, parameters).return_code == 0
    np.testing.assert_array_equal(array.weights, expected, err_msg=f"{SEED=}")


def test_baseline_is_the_rounded_mean_of_readings(stdp):
    config = CorrelationConfig(noise_lsb=4)
    chip = chip_with_baseline(stdp, config, seed=5)
    # Without spikes all rows read alike, and the noise depends on the number of the conversion.
    readings = np.array(Chip(seed=5, correlation=config).synram[0].read_correlation())
    blocks = readings[:, : 4 * BASELINE_READINGS].reshape(2, 4, BASELINE_READINGS, 256)
    means = rounded_mean(blocks.transpose(2, 0, 1, 3))  # sensor, block, column
    causal, acausal = baselines(chip)
    for half in (0, 1):
        block = 2 * half
        np.testing.assert_array_equal(causal[half::2], means[0, block, half::2])
        np.testing.assert_array_equal(acausal[half::2], means[1, block + 1, half::2])


@pytest.mark.parametrize("rows, last", [((0, 256), 31), ((10, 13), 11), ((255, 256), 255)])
def test_baseline_is_averaged_over_the_chosen_rows(stdp, rows, last):
    chip = Chip()
    parameters = Parameters(row_begin=rows[0], row_end=rows[1])
    assert chip.run(stdp, symbols=parameters.symbols()).return_code == 0
    assert chip.synram[0].latched_row == last


@pytest.mark.parametrize("level", [0, 1, 127, 128, 255])
def test_baseline_holds_for_all_readings(stdp, level):
    chip = chip_with_baseline(stdp, CorrelationConfig.ideal(baseline_lsb=level))
    assert [set(values) for values in baselines(chip)] == [{level}, {level}]


# --- Learning -----------------------------------------------------------------------------


@pytest.mark.parametrize("delay_s, sign", [(2e-6, +1), (-2e-6, -1)])
def test_pre_before_post_potentiates_and_post_before_pre_depresses(
    stdp, delay_s, sign, nux_hemisphere
):
    chip = chip_with_baseline(stdp, NOISELESS, hemisphere=nux_hemisphere)
    add_pairs(chip, delay_s, hemisphere=nux_hemisphere)
    assert run_update(chip, hemisphere=nux_hemisphere).return_code == 0
    change = chip.synram[nux_hemisphere].weights.astype(int) - 32
    # 60 pairs, 2 us apart, add 20 steps; an eighth of that.
    assert sign * change[PRE, POST] in (2, 3)
    change[PRE, POST] = 0
    assert not change.any()


def test_closer_pairs_change_weights_more(stdp):
    changes = []
    for delay_us in (1, 3, 6, 12, 40):
        chip = chip_with_baseline(stdp, CorrelationConfig.ideal())
        add_pairs(chip, delay_us * 1e-6)
        run_update(chip, Parameters(learning_rate=127))
        changes.append(int(chip.synram[0].weights[PRE, POST]) - 32)
    nominal = PAIRS * 0.5 * np.exp(-np.array([1, 3, 6, 12, 40]) / 5)
    np.testing.assert_allclose(changes, nominal, atol=1)


def test_negative_learning_rate_reverses_the_rule(stdp):
    chip = chip_with_baseline(stdp, CorrelationConfig.ideal())
    add_pairs(chip, 2e-6)
    run_update(chip, Parameters(learning_rate=-64))
    assert chip.synram[0].weights[PRE, POST] == 32 - 10


def test_offsets_of_the_channels_do_not_count(stdp):
    config = CorrelationConfig.ideal(offset_spread_lsb=15)
    chip = chip_with_baseline(stdp, config)
    assert np.ptp(baselines(chip)) > 50
    run_update(chip, Parameters(learning_rate=127))
    assert (chip.synram[0].weights == 32).all()


def test_noise_alone_does_not_make_weights_drift(stdp):
    chip = chip_with_baseline(stdp, CorrelationConfig.ideal(noise_lsb=3))
    for _ in range(8):
        run_update(chip, Parameters(learning_rate=32))
    change = chip.synram[0].weights.astype(float) - 32
    assert change.std() > 1
    # The baseline's own error of up to a step differs from column to column; truncation
    # would take half a step an update, so 4 in all.
    assert abs(change.mean()) < 0.2


def test_learning_rate_zero_changes_nothing(stdp):
    chip = Chip(seed=1)
    rng = np.random.default_rng(SEED)
    chip.synram[0].weights = before = rng.integers(0, 64, (256, 256))
    chip.run(stdp)
    add_random_spikes(chip, rng)
    run_update(chip, Parameters(learning_rate=0))
    np.testing.assert_array_equal(chip.synram[0].weights, before)


def test_weights_stay_within_the_bounds(stdp):
    config = CorrelationConfig(
        amplitude_causal_lsb=30, amplitude_acausal_lsb=30, tau_causal_s=50e-6, tau_acausal_s=50e-6
    )
    chip = Chip(seed=1, correlation=config)
    rng = np.random.default_rng(SEED)
    chip.synram[0].weights = rng.integers(0, 64, (256, 256))
    chip.run(stdp)
    add_random_spikes(chip, rng)
    for rate in (127, -128):
        run_update(chip, Parameters(learning_rate=rate, w_min=9, w_max=40))
        weights = chip.synram[0].weights
        assert (weights.min(), weights.max()) == (9, 40)
        assert np.isin(weights, (9, 40)).mean() > 0.2


def test_only_the_chosen_rows_are_updated_and_reset(stdp):
    config = CorrelationConfig.ideal(amplitude_causal_lsb=50, tau_causal_s=1.0)
    chip = chip_with_baseline(stdp, config)
    rows = np.arange(256)
    chip.add_spikes(pre=(np.full(256, chip.time_s), rows, np.zeros(256, int)))
    chip.add_spikes(post=(np.full(256, chip.time_s + 1e-6), rows))
    chip.advance(2e-6)
    run_update(chip, Parameters(row_begin=17, row_end=200))
    chosen = (rows >= 17) & (rows < 200)
    expected = np.where(chosen, 38, 32)
    np.testing.assert_array_equal(chip.synram[0].weights, np.tile(expected, (256, 1)).T)
    held = chip.synram[0].causal_lsb
    assert (held[chosen] == 0).all()
    assert (held[~chosen] > 49).all()


def test_each_correlation_counts_once(stdp):
    chip = chip_with_baseline(stdp, NOISELESS)
    add_pairs(chip, 2e-6)
    run_update(chip)
    learned = chip.synram[0].weights.copy()
    assert learned[PRE, POST] > 32
    run_update(chip)
    np.testing.assert_array_equal(chip.synram[0].weights, learned)


@pytest.mark.parametrize("row", [5, 200])
def test_measuring_the_baseline_discards_earlier_correlation_and_keeps_weights(stdp, row):
    chip = Chip(seed=3, correlation=NOISELESS)
    chip.synram[0].weights = np.full((256, 256), 32)
    add_pairs(chip, 2e-6, row=row)
    chip.run(stdp)
    run_update(chip, Parameters(learning_rate=64))
    assert (chip.synram[0].weights == 32).all()


# --- Use from the host --------------------------------------------------------------------


def test_parameters_change_without_any_other_program(stdp, monkeypatch):
    def refuse(*args, **_):
        raise AssertionError(f"started {args}")

    for module, name in ((subprocess, "Popen"), (os, "system"), (os, "posix_spawn"), (os, "fork")):
        monkeypatch.setattr(module, name, refuse)
    changes = []
    for rate in (16, 32, 64):
        chip = chip_with_baseline(stdp, CorrelationConfig.ideal())
        add_pairs(chip, 2e-6)
        run_update(chip, Parameters(learning_rate=rate))
        changes.append(int(chip.synram[0].weights[PRE, POST]) - 32)
    assert changes == [3, 5, 10]  # 20 steps of correlation


def test_a_host_may_supply_the_baseline(stdp):
    chip = Chip(seed=3, correlation=CorrelationConfig.ideal(baseline_lsb=180))
    chip.load(stdp)
    columns = np.arange(256)
    set_baselines(chip, np.array([200 - columns % 5, 200 - 4 * (columns % 5)]))
    chip.write("has_baseline", True)
    chip.synram[0].weights = np.full((256, 256), 10)
    run_update(chip, Parameters(learning_rate=127))
    assert (chip.synram[0].weights == 10 + 3 * (columns % 5)).all()


@pytest.mark.parametrize(
    "symbols, code",
    [
        ({"command": 7}, 1),
        ({"parameters.row_begin": 10, "parameters.row_end": 10}, 2),
        ({"parameters.row_begin": 10, "parameters.row_end": 9}, 2),
        ({"parameters.row_end": 257}, 2),
        ({"parameters.w_max": 64}, 3),
        ({"parameters.w_min": 6, "parameters.w_max": 5}, 3),
        ({"command": "STDP_UPDATE"}, 4),
    ],
)
def test_bad_parameters_are_refused_and_change_nothing(stdp, symbols, code):
    chip = Chip(seed=3)
    chip.synram[0].weights = before = np.random.default_rng(1).integers(0, 64, (256, 256))
    assert chip.run(stdp, symbols=symbols).return_code == code
    np.testing.assert_array_equal(chip.synram[0].weights, before)


def test_same_seed_same_bits(stdp):
    def weights(seed):
        chip = chip_with_baseline(stdp, CorrelationConfig(), seed=seed)
        add_random_spikes(chip, np.random.default_rng(1))
        run_update(chip, Parameters(learning_rate=127))
        return chip.synram[0].weights.tobytes()

    assert weights(4) == weights(4)
    assert weights(4) != weights(5)


def test_an_update_is_vector_code(stdp, nux_cycles):
    chip = chip_with_baseline(stdp, CorrelationConfig())
    result = run_update(chip)
    # Two vectors of 128 synapses a row: far less than one instruction a synapse.
    assert result.instructions < 64 * 256
    # The conversions dominate: 410 cycles a row; all in less than 1 ms.
    nux_cycles(result, at_least=94_000, at_most=250_000)
