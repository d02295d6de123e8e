# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest

from nuxemu._native import ffi, lib
from nuxemu.array_input import ArrayTypeError, ArrayValueError
from nuxemu.correlation_config import CorrelationConfig
from nuxemu.synapse_array import SynapseArray

GOOD_PRE = ([1e-6, 2e-6], [0, 1], [0, 0])
GOOD_POST = ([1e-6, 3e-6], [0, 255])


@pytest.fixture
def array() -> SynapseArray:
    return SynapseArray(0, CorrelationConfig.ideal())


@pytest.mark.parametrize(
    "pre, sentence",
    [
        (([1e-6, np.nan], [0, 0], [0, 0]), r"pre times_s\[1\] is nan, but must be finite"),
        (([np.inf], [0], [0]), r"pre times_s\[0\] is inf, but must be finite"),
        (([-1e-6], [0], [0]), r"pre times_s\[0\] is -1e-06, .*at least 0"),
        (([1e-6, 3e-6, 2e-6], [0] * 3, [0] * 3), r"pre times_s\[2\] is 2e-06 s, after 3e-06 s"),
        (([1e-6, 2e-6], [0, 256], [0, 0]), r"pre rows\[1\] is 256, but must be 0 to 255"),
        (([1e-6], [-1], [0]), r"pre rows\[0\] is -1"),
        (([1e-6], [0], [64]), r"pre labels\[0\] is 64, but must be 0 to 63"),
        (([1e-6, 2e-6], [0], [0, 0]), r"2 times_s, 1 rows, 2 labels"),
        (([[1e-6]], [0], [0]), r"pre times_s has shape \(1, 1\)"),
    ],
)
def test_wrong_presynaptic_spikes_are_named_and_nothing_is_added(array, pre, sentence):
    with pytest.raises(ArrayValueError, match=sentence):
        array.add_spikes(pre=pre, post=GOOD_POST)
    assert array.pending_spikes == 0


@pytest.mark.parametrize(
    "post, sentence",
    [
        (([2e-6, 1e-6], [0, 0]), r"post times_s\[1\] is 1e-06 s, after 2e-06 s at \[0\]"),
        (([1e-6], [256]), r"post columns\[0\] is 256, but must be 0 to 255"),
        (([1e-6], [0, 1]), r"1 times_s, 2 columns"),
    ],
)
def test_wrong_postsynaptic_spikes_are_named_and_nothing_is_added(array, post, sentence):
    with pytest.raises(ArrayValueError, match=sentence):
        array.add_spikes(pre=GOOD_PRE, post=post)
    assert array.pending_spikes == 0


def test_wrong_types_are_type_errors(array):
    with pytest.raises(ArrayTypeError, match="pre rows has dtype float64"):
        array.add_spikes(pre=([1e-6], [0.0], [0]))
    with pytest.raises(TypeError, match="post times_s has dtype <U"):
        array.add_spikes(post=(["soon"], [0]))


def test_spikes_before_the_current_time_are_refused(array):
    array.advance(5e-6)
    with pytest.raises(ArrayValueError, match="before the array's current time of 5e-06 s"):
        array.add_spikes(post=([4e-6], [0]))
    array.add_spikes(post=([5e-6], [0]))
    assert array.pending_spikes == 1


@pytest.mark.parametrize("until_s", [np.nan, np.inf, 4e-6])
def test_time_only_goes_forward(array, until_s):
    array.advance(5e-6)
    with pytest.raises(ArrayValueError, match="until_s is"):
        array.advance(until_s)
    assert array.now_s == 5e-6


def test_no_spikes_are_fine(array):
    array.add_spikes()
    array.add_spikes(pre=([], [], []), post=([], []))
    assert array.pending_spikes == 0


def test_unsigned_and_small_integers_are_accepted(array):
    array.add_spikes(
        pre=(np.float32([0, 1]), np.uint8([255, 0]), np.int8([63, 0])),
        post=(np.array([1, 2]), np.uint64([255, 0])),
    )
    assert array.pending_spikes == 4
    array.advance(1.5)
    assert array.pending_spikes == 1


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seed_out_of_range(seed):
    with pytest.raises(ArrayValueError, match="seed is"):
        SynapseArray(seed)


@pytest.mark.parametrize("seed", [1.5, "1", True])
def test_seed_of_wrong_type(seed):
    with pytest.raises(ArrayTypeError, match="seed is"):
        SynapseArray(seed)


@pytest.mark.parametrize(
    "changes",
    [{"tau_causal_s": 0.0}, {"noise_lsb": -1}, {"baseline_lsb": 256}, {"amplitude_spread": np.nan}],
)
def test_config_out_of_range(changes):
    (name,) = changes
    with pytest.raises(ArrayValueError, match=f"{name} is"):
        CorrelationConfig(**changes)


def test_config_of_wrong_type():
    with pytest.raises(ArrayTypeError, match="tau_causal_s is '5us'"):
        CorrelationConfig(tau_causal_s="5us")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "time, line, label, status",
    [
        (1e-6, 0, 0, lib.NUX_ARRAY_OUT_OF_ORDER),
        (np.nan, 0, 0, lib.NUX_ARRAY_OUT_OF_ORDER),
        (3e-6, 256, 0, lib.NUX_ARRAY_OUT_OF_RANGE),
        (3e-6, 256, -1, lib.NUX_ARRAY_OUT_OF_RANGE),
        (3e-6, 0, 64, lib.NUX_ARRAY_OUT_OF_RANGE),
        (3e-6, 0, -2, lib.NUX_ARRAY_OUT_OF_RANGE),
    ],
)
def test_native_push_refuses_the_same(array, time, line, label, status):
    array.advance(2e-6)
    good, bad = (3e-6, 0, 0), (time, line, label)
    for spikes in ([bad], [good, bad]):
        columns = list(zip(*spikes, strict=True))
        arguments = [
            ffi.new(f"{kind}[]", values)
            for kind, values in zip(("double", "uint16_t", "int16_t"), columns, strict=True)
        ]
        assert lib.nux_array_push(array._native, len(spikes), *arguments) == status
    assert array.pending_spikes == 0
