# SPDX-License-Identifier: BSD-3-Clause
"""Arguments that make no sense: each its own error, and nothing of them is taken over."""

import math

import numpy as np
import pytest

from nuxemu import StateError
from nuxkit import Chip, CorrelationConfig, InputError

NAN, INF = math.nan, math.inf

PRE = {
    "nan": (([0.0, NAN], [0, 0], [0, 0]), r"pre times_s\[1\] is nan"),
    "infinite": (([0.0, INF], [0, 0], [0, 0]), r"pre times_s\[1\] is inf"),
    "negative": (([-1e-6], [0], [0]), r"pre times_s\[0\] is -1e-06"),
    "past": (([0.5e-3], [0], [0]), "before the network's current time"),
    "row 256": (([1.0], [256], [0]), r"pre rows\[0\] is 256, but must be 0 to 255"),
    "row -1": (([1.0], [-1], [0]), r"pre rows\[0\] is -1"),
    "row 1.5": (([1.0], [1.5], [0]), "pre rows has dtype float64"),
    "label 64": (([1.0], [0], [64]), r"pre labels\[0\] is 64, but must be 0 to 63"),
    "lengths": (([1.0, 2.0], [0], [0]), "pre rows has 1 elements, but must have 2"),
    "shape": (([[1.0]], [0], [0]), "shape"),
    "text": ((["soon"], [0], [0]), "real numbers"),
    "two arrays": (([1.0], [0]), "pre must be a tuple of 3 arrays"),
    "no tuple": (5, "pre must be a tuple of 3 arrays"),
}
POST = {
    "nan": (([NAN], [0]), r"post times_s\[0\] is nan"),
    "negative": (([-1.0], [0]), r"post times_s\[0\] is -1"),
    "unsorted": (([2.0, 1.0], [0, 0]), "post times_s must be sorted"),
    "past": (([0.5e-3], [0]), "before the array's current time"),
    "column 256": (([1.0], [256]), r"post columns\[0\] is 256, but must be 0 to 255"),
    "lengths": (([1.0], [0, 1]), "same length"),
    "three arrays": (([1.0], [0], [0]), "post must be a tuple of 2 arrays"),
}
GOOD_PRE, GOOD_POST = ([2e-3], [1], [0]), ([2e-3], [1])


@pytest.mark.parametrize("name", PRE)
def test_wrong_presynaptic_spikes_are_refused_and_none_is_queued(name):
    spikes, words = PRE[name]
    chip = Chip()
    chip.advance(1e-3)
    with pytest.raises(InputError, match=words):
        chip.add_spikes(pre=spikes, post=GOOD_POST)
    assert chip.synram[0].pending_spikes == chip.network.pending_spikes == 0
    chip.add_spikes(pre=GOOD_PRE, post=GOOD_POST)
    assert chip.synram[0].pending_spikes == chip.network.pending_spikes == 1


@pytest.mark.parametrize("name", POST)
def test_wrong_postsynaptic_spikes_are_refused_and_none_is_queued(name):
    spikes, words = POST[name]
    chip = Chip()
    chip.advance(1e-3)
    with pytest.raises(InputError, match=words):
        chip.add_spikes(pre=GOOD_PRE, post=spikes)
    assert chip.synram[0].pending_spikes == chip.network.pending_spikes == 0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.full((256, 256), 64), r"\[0, 0\] is 64, but must be 0 to 63"),
        (np.full((256, 256), -1), "-1"),
        (np.zeros((256, 255), int), r"shape \(256, 255\)"),
        (np.zeros((256, 256)), "dtype float64"),
        (5, "shape"),
    ],
)
@pytest.mark.parametrize("name", ["weights", "labels"])
def test_wrong_weights_and_labels_are_refused_and_none_is_written(name, values, words):
    synram = Chip().synram[0]
    setattr(synram, name, np.full((256, 256), 7))
    with pytest.raises((ValueError, TypeError), match=words) as caught:
        setattr(synram, name, values)
    assert name in str(caught.value)
    assert (getattr(synram, name) == 7).all()


def test_a_single_wrong_weight_is_named_by_row_and_column():
    weights = np.zeros((256, 256), np.uint8)
    weights[3, 200] = 64
    with pytest.raises(ValueError, match=r"weights\[3, 200\] is 64"):
        Chip().synram[1].weights = weights


@pytest.mark.parametrize("duration", [NAN, INF, -1e-9, "1", None, 1e300])
def test_wrong_durations_are_refused(duration):
    chip = Chip()
    with pytest.raises(InputError, match="duration_s"):
        chip.advance(duration)
    assert chip.time_s == 0


@pytest.mark.parametrize("hemisphere", [2, -1, "top", None, 0.5])
def test_wrong_hemispheres_are_refused(good, hemisphere):
    chip = Chip()
    for call in (
        lambda: chip.run(good, hemisphere=hemisphere),
        lambda: chip.load(good, hemisphere=hemisphere),
        lambda: chip.add_spikes(post=GOOD_POST, hemisphere=hemisphere),
    ):
        with pytest.raises(InputError, match="hemisphere"):
            call()


@pytest.mark.parametrize(
    "limits",
    [
        {"max_cycles": 0},
        {"max_cycles": -5},
        {"max_cycles": 1.5},
        {"max_cycles": True},
        {"max_cycles": 2**64},
        {"max_wall_s": 0},
        {"max_wall_s": -1},
        {"max_wall_s": NAN},
        {"max_wall_s": "1"},
        {"core": "fast"},
    ],
)
def test_wrong_limits_and_cores_are_refused(good, limits):
    chip = Chip()
    with pytest.raises(InputError, match=next(iter(limits))):
        chip.run(good, **limits)
    assert chip.run(good).return_code == 42


@pytest.mark.parametrize("seed", [-1, 1.0, True, "0", 2**64])
def test_wrong_seeds_are_refused(seed):
    with pytest.raises(InputError, match="seed"):
        Chip(seed=seed)


def test_numbers_of_numpy_are_as_good_as_those_of_python(good):
    for kind in (np.int8, np.uint64, np.int64):
        assert Chip(seed=kind(3)).run(good, max_cycles=kind(100)).return_code == 42
    chip = Chip()
    for duration in (np.float32(0.5), np.float64(0.5), np.int64(1)):
        chip.advance(duration, max_wall_s=np.float32(60))
    assert chip.time_s == 2.0


def test_wrong_core_and_configuration_are_refused():
    with pytest.raises(InputError, match="core is 'fast', but must be one of native, reference"):
        Chip(core="fast")
    with pytest.raises(ValueError, match="tau_causal_s"):
        CorrelationConfig(tau_causal_s=-1e-6)


VALUES = "int8_t byte = 1; uint32_t word = 2; float real = 3; int table[4] = {1, 2, 3, 4};\n"
VALUES += "struct { int16_t a; uint8_t b[2]; } record = {5, {6, 7}}; int start(void) { return 0; }"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("byte", 128),
        ("byte", -129),
        ("byte", 1.0),
        ("byte", "x"),
        ("byte", [1]),
        ("word", -1),
        ("word", 2**32),
        ("real", 1e39),
        ("real", "x"),
        ("table", [1, 2, 3]),
        ("table", [1, 2, 3, 2**31]),
        ("table", 5),
        ("table[4]", 0),
        ("record", {"a": 1}),
        ("record", {"a": 1, "b": [1, 2], "c": 3}),
        ("record.b", [1, 256]),
        ("record.c", 1),
        ("nothing", 1),
        ("start", 1),
    ],
)
def test_a_wrong_value_is_refused_and_no_symbol_is_written(kernel, path, value):
    chip = Chip()
    chip.load(kernel(VALUES))
    before = chip.ppu[0].sram.copy()
    with pytest.raises(InputError, match=path.split(".")[0].split("[")[0]):
        chip.write_symbols({"byte": -7, "table[1]": 9, path: value})
    np.testing.assert_array_equal(chip.ppu[0].sram, before)
    with pytest.raises(InputError):
        chip.run(symbols={"word": 9, path: value})
    assert chip.read("word") == 2


@pytest.mark.parametrize("name", ["correlation", "neurons"])
def test_a_chip_refuses_parameters_of_another_type_by_name(name):
    with pytest.raises(InputError, match=f"{name} is 3, but must be"):
        Chip(**{name: 3})


def test_a_chip_is_restored_from_a_state_of_a_chip_alone():
    with pytest.raises(StateError, match="state is b'', but must be a ChipState"):
        Chip().model.restore(b"")


def test_durations_may_be_numbers_of_numpy():
    chip = Chip()
    chip.advance(np.float32(1e-6))
    assert chip.model.cycle == 250


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"program": 3}, "program is 3, but must be a program, the result of a build or a path"),
        ({"symbols": 3}, "symbols is 3, but must be a mapping"),
        ({"trace": 3}, "trace is 3, but must be a nuxkit.Trace"),
    ],
)
def test_arguments_of_a_run_that_are_something_else_are_refused(kernel, arguments, words):
    chip = Chip()
    with pytest.raises(InputError, match=words):
        chip.run(**({"program": kernel("int start(void) { return 0; }")} | arguments))
    assert not chip.is_running()
