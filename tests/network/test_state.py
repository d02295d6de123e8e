# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest

from network.small_chip import SmallChip, all_to
from nuxemu import BackgroundSource
from nuxemu._native import ffi, lib
from nuxemu.array_input import ArrayValueError


def busy_chip() -> SmallChip:
    """Everything of the network at work, all of it fed by bypass neurons and events."""
    weights = all_to(5) + all_to(300)
    chip = SmallChip(weights=weights, bypass=[5, 300])
    network = chip.network
    network.record_row_events = True
    network.set_routing([5, 300, 5], [3, 4, 5], [0, 1, 0], [3e-6, 8e-9, 7e-7], [0, 1, 1])
    network.set_short_term_plasticity([0, 1, 2], utilisation=0.3, tau_rec_s=1e-6, tau_fac_s=2e-6)
    network.row_modes = np.random.default_rng(1).integers(0, 4, (2, 256))
    network.add_spikes(np.random.default_rng(2).uniform(0, 1e-4, 500), 0, 0, [0, 1] * 250)
    network.inject(2e-5, 3, 0, 0)
    network.add_poisson(5e6, [1, 2], 0, [0, 1], seed=9)
    network.add_regular(3e-6, 7, 1).remove()
    network.add_regular(1.7e-6, 8, 0, stop_s=5e-5)
    network.background[3] = BackgroundSource(True, True, 20, 60, 3, mask=255)
    network.background[6] = BackgroundSource(True, False, 77)
    return chip


def finish(chip):
    chip.network.advance(1e-4)
    return (chip.network.save(), *(array.causal_lsb for array in chip.arrays))


@pytest.mark.parametrize("at_s", [0.0, 1.7e-6, 3.3e-5, 1e-4])
def test_a_restored_network_goes_on_bit_for_bit(at_s):
    whole, first, second = busy_chip(), busy_chip(), SmallChip()
    expected = finish(whole)[0]
    first.network.advance(at_s)
    state = first.network.save()
    second = SmallChip(weights=all_to(5) + all_to(300), bypass=[5, 300])
    second.network.load(state)
    assert second.network.now_s == at_s
    assert second.network.save() == state
    assert finish(second)[0] == expected
    assert finish(first)[0] == expected
    assert second.network.statistics == whole.network.statistics
    assert whole.network.statistics.spikes > 500


def test_equal_states_give_equal_bytes_whatever_the_history():
    one, other = SmallChip().network, SmallChip().network
    for network, times in ((one, [1e-6, 2e-6, 5e-6]), (other, [5e-6, 2e-6, 1e-6])):
        for time in times:
            network.add_spikes(time, round(time * 1e6))
            network.inject(time, 1, round(time * 1e6), 0)
    assert one.save() == other.save()
    source = other.add_regular(1e-6, 0)
    assert one.save() != other.save()
    source.remove()
    other.add_spikes(np.zeros(1000), 0)
    other.advance(0.0)
    one.add_spikes(0.0, 0)
    one.advance(0.0)
    assert one.save() != other.save()  # the statistics tell


def test_two_runs_are_identical():
    assert finish(busy_chip())[0] == finish(busy_chip())[0]


def test_a_state_is_refused_when_a_byte_is_missing_or_too_many():
    chip = busy_chip()
    chip.network.advance(1e-5)
    state = chip.network.save()
    lengths = np.random.default_rng(5).integers(0, len(state), 200).tolist()
    for wrong in (state + b"\0", b"", *(state[:n] for n in lengths)):
        with pytest.raises(ArrayValueError, match=f"these {len(wrong)} bytes are not a state"):
            chip.network.load(wrong)
    assert chip.network.save() == state


def test_a_damaged_state_does_no_harm():
    """Refused, or taken as another state: never out of bounds, never stuck."""
    seed = 8
    print("seed", seed)
    draw = np.random.default_rng(seed)
    chip = busy_chip()
    chip.network.advance(1e-5)
    state = np.frombuffer(chip.network.save(), np.uint8)
    refused, other = 0, SmallChip(bypass=[5])
    for _ in range(1500):
        damaged = state.copy()
        for at in draw.integers(0, state.size, draw.integers(1, 4)):
            damaged[at] = draw.choice([0, 1, 0x7F, 0x80, 0xF0, 0xFF, draw.integers(256)])
        try:
            other.network.load(damaged.tobytes())
        except ArrayValueError:
            refused += 1
            continue
        np.testing.assert_array_equal(np.frombuffer(other.network.save(), np.uint8), damaged)
        other.network.advance(min(other.network.now_s + 1e-6, 1e6))
    assert 100 < refused < 1500


def test_saving_into_too_little_room_writes_nothing_beyond():
    network = busy_chip().network
    state = network.save()
    for capacity in (0, 7, 8, 100, len(state) // 2, len(state) - 1):
        room = bytearray(b"\xaa" * len(state))
        needed = lib.nux_network_save(network._native, ffi.from_buffer(room), capacity)
        assert needed == len(state)
        assert set(room[capacity:]) == {0xAA}
