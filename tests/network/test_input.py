# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest

from network.small_chip import SmallChip, recording_chip
from nuxemu.array_input import ArrayTypeError, ArrayValueError


@pytest.fixture
def network():
    network = SmallChip().network
    network.advance(1e-6)
    return network


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (([2e-6, np.nan], 0), r"times_s\[1\] is nan, but must be from 0 to 1e\+06"),
        (([2e-6, -1.0], 0), r"times_s\[1\] is -1.0"),
        (([2e-6, 0.9e-6], 0), r"times_s\[1\] is 9e-07 s, before the .* time of 1e-06 s"),
        (([2e-6, 2e6], 0), r"times_s\[1\] is 2000000.0"),
        (([2e-6, 2e-6], [0, 256]), r"rows\[1\] is 256, but must be 0 to 255"),
        (([2e-6, 2e-6], 0, [0, 64]), r"labels\[1\] is 64, but must be 0 to 63"),
        (([2e-6, 2e-6], 0, 0, [0, 2]), r"hemispheres\[1\] is 2, but must be 0 to 1"),
        (([2e-6, 2e-6], [0, 1, 2]), "rows has 3 elements, but must have 2, or be one"),
        (([[2e-6]], 0), r"times_s has shape \(1, 1\)"),
    ],
)  # fmt: skip
def test_wrong_spikes_are_named_and_nothing_is_added(network, arguments, sentence):
    with pytest.raises(ArrayValueError, match=sentence):
        network.add_spikes(*arguments)
    assert network.pending_spikes == 0


def test_wrong_types_are_refused(network):
    with pytest.raises(ArrayTypeError, match="rows has dtype float64"):
        network.add_spikes([2e-6], [0.5])
    with pytest.raises(ArrayTypeError, match="times_s has dtype"):
        network.add_spikes(["2e-6"], 0)
    with pytest.raises(ArrayTypeError, match="driver_enabled has dtype int64"):
        network.driver_enabled = np.ones((2, 128), np.int64)
    with pytest.raises(ArrayTypeError, match=r"time_s is \[2e-06\], but must be a number"):
        network.inject([2e-6], 1, 0, 0)
    with pytest.raises(ArrayTypeError, match="record_spikes is 1"):
        network.record_spikes = 1


@pytest.mark.parametrize("until_s", [np.nan, np.inf, 0.5e-6, -1.0, 2e6])
def test_time_only_goes_forward(network, until_s):
    with pytest.raises(ArrayValueError, match="until_s is"):
        network.advance(until_s)
    assert network.now_s == 1e-6


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (([0], [256], [0], 1e-6), r"rows\[0\] is 256"),
        (([0, 512], 0, 0, 1e-6), r"neurons\[1\] is 512, but must be 0 to 511"),
        (([0, 1], 0, 0, [1e-6, 7e-9]), r"delays_s\[1\] is 7e-09, but must be from 8e-09 to 1e\+06"),
        (([0, 1], 0, 0, [1e-6]), "delays_s has 1 elements, but must have 2, or be one"),
        (([0, 1], 0, 0, 1e-6, [0, 2]), r"hemispheres\[1\] is 2"),
    ],
)
def test_wrong_connections_are_refused_and_the_old_ones_stay(network, arguments, sentence):
    network.set_routing([3], 4, 5, 1e-6)
    with pytest.raises(ArrayValueError, match=sentence):
        network.set_routing(*arguments)
    assert network.routing.rows.tolist() == [4]


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"utilisation": 0.0}, r"utilisation\[0\] is 0"),
        ({"utilisation": 1.5}, r"utilisation\[0\] is 1.5, but must be from 2.22507e-308 to 1"),
        ({"tau_rec_s": -1.0}, r"tau_rec_s\[0\] is -1"),
        ({"tau_fac_s": np.nan}, r"tau_fac_s\[0\] is nan"),
        ({"drivers": [1, 128]}, r"drivers\[1\] is 128, but must be 0 to 127"),
        ({"hemisphere": 2}, "hemisphere is 2, but must be 0 to 1"),
    ],
)
def test_wrong_short_term_plasticity_is_refused_and_nothing_changes(network, change, sentence):
    state = network.save()
    good = {"drivers": [1, 2], "utilisation": 0.5, "tau_rec_s": 1e-6}
    with pytest.raises(ArrayValueError, match=sentence):
        network.set_short_term_plasticity(**(good | change))
    assert network.save() == state


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ((2e-6, 16, 0, 0), "bus_mask is 16, but must be 0 to 15"),
        ((2e-6, 1, 32, 0), "row_select is 32, but must be 0 to 31"),
        ((2e-6, 1, 0, 64), "label is 64, but must be 0 to 63"),
        ((2e-6, 1, 0, 0, 2), "hemisphere is 2, but must be 0 to 1"),
        ((0.0, 1, 0, 0), "before the network's current time"),
    ],
)
def test_wrong_injections_are_refused(network, arguments, sentence):
    with pytest.raises(ArrayValueError, match=sentence):
        network.inject(*arguments)
    assert network.in_flight == 0


def test_whole_arrays_of_drivers_and_rows_are_checked(network):
    with pytest.raises(ArrayValueError, match=r"row_modes\[1, 3\] is 4, but must be 0 to 3"):
        network.row_modes = np.where(np.arange(512).reshape(2, 256) == 259, 4, 1)
    with pytest.raises(ArrayValueError, match=r"compare_masks has shape \(128,\)"):
        network.compare_masks = np.zeros(128, int)


def test_recording_can_be_switched_and_cleared():
    network = recording_chip().network
    network.add_spikes([1e-6, 2e-6, 3e-6], [1, 2, 3])
    network.advance(1e-6)
    network.record_row_events = False
    network.advance(2e-6)
    network.record_row_events = True
    network.advance(3e-6)
    assert network.row_events().rows.tolist() == [1, 3]
    assert network.statistics.row_events == 3
    network.clear_row_events()
    assert network.row_events().rows.size == 0
    assert network.record_spikes
    assert not SmallChip().network.record_row_events
