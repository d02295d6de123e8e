# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from network.small_chip import recording_chip
from nuxemu import RowMode


def injected_rows(network, bus_mask, row_select, hemisphere=0):
    network.clear_row_events()
    network.inject(network.now_s, bus_mask, row_select, 5, hemisphere)
    network.advance(network.now_s)
    events = network.row_events()
    assert (events.labels == 5).all()
    assert (events.hemispheres == hemisphere).all()
    return events.rows.tolist()


def test_each_driver_answers_on_its_bus_to_its_number(nux_hemisphere):
    network = recording_chip().network
    for bus in range(4):
        for number in range(32):
            driver = 4 * number + bus
            rows = injected_rows(network, 1 << bus, number, nux_hemisphere)
            assert rows == [2 * driver, 2 * driver + 1]


def test_several_buses_carry_an_event():
    assert injected_rows(recording_chip().network, 0b1011, 2) == [16, 17, 18, 19, 22, 23]


def test_a_driver_compares_only_the_bits_of_its_mask():
    network = recording_chip().network
    masks = np.full((2, 128), 31)
    masks[0, 4] = 0b11110  # driver 4: bus 0, number 1
    masks[0, 8] = 0  # driver 8: bus 0, number 2
    network.compare_masks = masks
    np.testing.assert_array_equal(network.compare_masks, masks)
    assert injected_rows(network, 1, 0) == [0, 1, 8, 9, 16, 17]
    assert injected_rows(network, 1, 1) == [8, 9, 16, 17]
    assert injected_rows(network, 1, 31) == [16, 17, 248, 249]
    assert injected_rows(network, 1, 1, hemisphere=1) == [8, 9]


def test_a_driver_that_is_off_passes_nothing_on():
    network = recording_chip().network
    enabled = np.ones((2, 128), bool)
    enabled[0, 0] = False
    network.driver_enabled = enabled
    assert injected_rows(network, 1, 0) == []
    network.add_spikes(network.now_s, [0, 1, 2][:1])
    network.add_spikes(network.now_s, 2)
    network.advance(1e-6)
    assert network.row_events().rows.tolist() == [2]


def test_a_disabled_row_gets_nothing():
    chip = recording_chip()
    modes = np.full((2, 256), RowMode.EXCITATORY)
    modes[0, 1] = RowMode.DISABLED
    chip.network.row_modes = modes
    np.testing.assert_array_equal(chip.network.row_modes, modes)
    assert injected_rows(chip.network, 1, 0) == [0]
    chip.arrays[0].add_spikes(post=([1e-6], [0]))
    chip.network.advance(1e-6)
    causal = chip.arrays[0].causal_lsb
    assert not causal.any()  # no synapse has label 5
