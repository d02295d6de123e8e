# SPDX-License-Identifier: BSD-3-Clause
"""Products in the non-spiking mode: exact when ideal, seeded and split-proof when not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nuxkit import Chip, InputError
from nuxkit.inference import AnalogArray, AnalogSpread, calibrate
from nuxkit.inference.calibration import measure

TYPICAL = AnalogSpread.typical()


def matrices(seed, batch=16, rows=128, columns=256):
    draw = np.random.default_rng(seed)
    x = draw.integers(0, 32, (batch, rows), dtype=np.uint8)
    return x, draw.integers(-63, 64, (rows, columns), dtype=np.int8)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    rows=st.integers(1, 128),
    columns=st.integers(1, 256),
    batch=st.integers(0, 9),
    sends=st.integers(1, 5),
    gain=st.sampled_from([1 / 64, 1 / 1024, 1.0, 0.02]),
    largest=st.sampled_from([1, 8, 63]),
)
def test_an_ideal_array_is_the_rounded_saturated_integer_product(
    seed, rows, columns, batch, sends, gain, largest
):
    draw = np.random.default_rng(seed)
    x = draw.integers(0, 32, (batch, rows))
    w = draw.integers(-largest, largest + 1, (rows, columns))
    array = AnalogArray(gain=gain)
    array.set_weights(w)
    wanted = np.clip(np.floor(gain * (sends * (x @ w)) + 0.5), -128, 127)
    found = array.multiply(x, num_sends=sends, wait_between_events=7)
    assert found.dtype == np.int8
    assert np.array_equal(found[:, :columns], wanted)
    assert not found[:, columns:].any()


def test_extremes_saturate_at_both_ends():
    array = AnalogArray()
    w = np.zeros((128, 256), np.int8)
    w[:, 0], w[:, 1] = 63, -63
    array.weights = w
    assert array.multiply(np.full((1, 128), 31))[0, :3].tolist() == [127, -128, 0]
    assert np.array_equal(array.weights, w)


def test_results_do_not_depend_on_how_a_batch_is_split():
    x, w = matrices(1, batch=37)
    whole, split = (AnalogArray(TYPICAL, seed=3) for _ in range(2))
    for array in (whole, split):
        array.set_weights(w)
    pieces = [split.multiply(part) for part in np.split(x, [1, 2, 20, 21])]
    assert np.array_equal(whole.multiply(x), np.concatenate(pieces))
    assert whole.trials == split.trials == 37


def test_seed_and_hemisphere_decide_the_deviations():
    x, w = matrices(2)

    def product(**options):
        array = AnalogArray(TYPICAL, **options)
        array.set_weights(w)
        return array.multiply(x)

    first = product(seed=5)
    assert np.array_equal(first, product(seed=5))
    assert not np.array_equal(first, product(seed=6))
    assert not np.array_equal(first, product(seed=5, hemisphere="bottom"))


def test_the_spread_has_the_size_that_was_asked_for():
    zero = np.zeros((2000, 128), np.uint8)
    noisy = AnalogArray(AnalogSpread(noise=3.0), seed=1).multiply(zero)
    assert noisy.std() == pytest.approx(3.0, rel=0.03)
    assert abs(noisy.mean()) < 0.05
    assert abs(np.corrcoef(noisy[:-1].ravel(), noisy[1:].ravel())[0, 1]) < 0.01
    assert abs(np.corrcoef(noisy[:, :-1].ravel(), noisy[:, 1:].ravel())[0, 1]) < 0.01
    offsets = AnalogArray(AnalogSpread(offset=5.0), seed=1).multiply(zero[:1])
    assert offsets.std() == pytest.approx(5.0, rel=0.2)
    gains = measure(AnalogArray(AnalogSpread(gain=0.1), seed=1)).gain * 64
    assert gains.std() == pytest.approx(0.1, rel=0.2)
    synapses = AnalogArray(AnalogSpread(weight=0.2), seed=1)
    synapses.set_weights(np.full((1, 256), 63))
    one = synapses.multiply(np.full((1, 1), 31), num_sends=2)  # 61 counts
    assert one.std() == pytest.approx(0.2 * 61, rel=0.2)


def test_readings_are_linear_up_to_the_published_range_and_bend_beyond():
    array, ideal = AnalogArray(AnalogSpread(linear=80)), AnalogArray()
    for each in (array, ideal):
        each.set_weights(np.full((128, 256), 1))
    x = np.tile(np.arange(32)[:, None], 128)
    for sends in (1, 2, 3):
        found, wanted = (each.multiply(x, num_sends=sends)[:, 0] for each in (array, ideal))
        inside = np.abs(wanted) <= 80
        assert np.array_equal(found[inside], wanted[inside])
        bent = (wanted > 95) & (wanted < 127)
        assert (found[bent] < wanted[bent]).all()
        assert (np.diff(found.astype(int)) >= 0).all()


def test_waiting_longer_loses_more_and_earlier_inputs_most():
    array = AnalogArray(AnalogSpread(leak_hz=2e4))
    w = np.zeros((128, 256), np.int8)
    w[0, 0], w[127, 1] = 63, 63
    w[:, 2] = 1
    array.set_weights(w)
    x = np.full((1, 128), 31)
    short, long = (array.multiply(x, wait_between_events=n)[0] for n in (1, 500))
    assert short[2] > 0
    assert long[2] < short[2] - 20
    assert long[1] == short[1] == 31  # the last one sent
    assert long[0] < short[0]


def test_calibration_makes_columns_alike_on_one_array_or_many():
    arrays = [AnalogArray(AnalogSpread(gain=0.1, offset=6, noise=1), seed=s) for s in range(3)]
    for found in (*calibrate(arrays[0]), *calibrate(arrays[1:])):
        assert found.before.offset.std() > 4
        assert found.after.offset.std() < 0.4
        assert np.abs(found.after.offset).max() < 1
        assert found.before.gain.std() * 64 > 0.07
        assert found.after.gain.std() * 64 < 0.01
    assert len(calibrate(arrays)) == 3


def test_calibration_keeps_the_weights():
    _, w = matrices(3)
    array = AnalogArray(TYPICAL)
    array.set_weights(w)
    calibrate(array)
    assert np.array_equal(array.weights, w)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a: a.multiply(np.full((1, 3), 32)), r"inputs\[0, 0\] is 32, .* 0 to 31"),
        (lambda a: a.multiply(np.full((1, 3), -1)), r"inputs\[0, 0\] is -1"),
        (lambda a: a.multiply(np.zeros((1, 129), int)), r"shape \(1, 129\)"),
        (lambda a: a.multiply(np.zeros(3, int)), r"shape \(3,\)"),
        (lambda a: a.multiply(np.zeros((1, 3))), "float64, but must be integers"),
        (lambda a: a.multiply(np.full((1, 3), np.nan)), "must be integers"),
        (lambda a: a.multiply(np.zeros((1, 3), int), num_sends=0), "num_sends is 0"),
        (lambda a: a.multiply(np.zeros((1, 3), int), wait_between_events=1.5), "wait_between"),
        (lambda a: a.set_weights(np.full((2, 2), 64)), r"weights\[0, 0\] is 64, .* -63 to 63"),
        (lambda a: a.set_weights(np.zeros((2, 2), int), row=127), "2 rows from row 127"),
        (lambda a: a.set_weights(np.zeros((2, 2), int), column=-1), "from column -1"),
        (lambda a: a.set_weights(np.zeros(2, int)), "two dimensions"),
        (lambda a: AnalogArray(seed=-1), "seed is -1"),
        (lambda a: AnalogArray(gain=0), "gain is 0"),
        (lambda a: AnalogArray(hemisphere="left"), "hemisphere is 'left'"),
        (lambda a: AnalogArray(spread=3), "must be an AnalogSpread"),
        (lambda a: calibrate(a, trials=0), "trials is 0"),
        (lambda a: calibrate(Chip()), "not in the non-spiking mode"),
        (lambda a: calibrate([a, 3]), "3 cannot be calibrated"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call(AnalogArray())


@pytest.mark.parametrize("options", [{"noise": -1}, {"gain": float("nan")}, {"linear": 0}])
def test_impossible_spreads_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        AnalogSpread(**options)
