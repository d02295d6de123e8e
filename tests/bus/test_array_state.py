# SPDX-License-Identifier: BSD-3-Clause
"""State of an array as bytes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from array_ports import bus_write, vector_read, vector_write
from nuxemu import CorrelationConfig, Neurons, SynapseArray
from nuxemu import memory_map as mm
from nuxemu.array_input import ArrayValueError

CONFIG = CorrelationConfig(amplitude_spread=0.3)


def add_random_spikes(array: SynapseArray, rng: np.random.Generator, start: float) -> None:
    n = 3000
    pre, post = (np.sort(rng.uniform(start, start + 1e-3, n)) for _ in range(2))
    array.add_spikes(
        pre=(pre, rng.integers(0, 256, n), rng.integers(0, 3, n)),
        post=(post, rng.integers(0, 256, n)),
    )


def busy(seed: int = 3) -> SynapseArray:
    """An array in the middle of things: spikes behind it and ahead, registers changed."""
    rng = np.random.default_rng(seed)
    array = SynapseArray(seed, CONFIG)
    array.weights = rng.integers(0, 64, (256, 256))
    array.labels = rng.integers(0, 3, (256, 256))
    array.amp_calib = rng.integers(0, 4, (256, 256))
    add_random_spikes(array, rng, 0.0)
    array.advance(0.6e-3)
    vector_write(array, mm.VECTOR_WEIGHT + 2 * 257, 0x15)
    vector_read(array, mm.VECTOR_CAUSAL + 2 * 7)
    vector_read(array, mm.VECTOR_RANDOM + 1)
    bus_write(array, mm.VECTOR_RAW + 128 * 9, 0xC3A5_0F11)
    return array


def what_follows(array: SynapseArray) -> bytes:
    """What the array does from here on, with more spikes."""
    rng = np.random.default_rng(99)
    add_random_spikes(array, rng, array.now_s + 1e-5)
    array.advance(1.5e-3)
    seen = [vector_read(array, mm.VECTOR_RANDOM + half)[1].tobytes() for half in (0, 1)]
    seen += [readings.tobytes() for readings in array.read_correlation()]
    seen += [array.causal_lsb.tobytes(), array.acausal_lsb.tobytes(), array.weights.tobytes()]
    return b"".join(seen)


def test_an_array_continues_from_its_saved_state_bit_for_bit():
    array = busy()
    state = array.save()
    expected = what_follows(array)
    fresh = SynapseArray(77, CorrelationConfig.ideal())
    fresh.load(state)
    assert fresh.save() == state
    assert fresh.now_s == 0.6e-3
    assert what_follows(fresh) == expected
    assert fresh.save() == array.save()


def test_saving_and_looking_changes_nothing():
    array, twin = busy(), busy()
    state = array.save()
    assert array.save() == state == twin.save()
    assert array.causal_lsb.any()  # settles all sensors
    assert array.save() == state
    assert what_follows(array) == what_follows(twin)


def test_the_way_in_which_spikes_came_does_not_matter():
    """All at once or one by one: other capacities, same state."""
    times = np.arange(200) * 1e-6
    rows = np.arange(200)
    array, twin = SynapseArray(1), SynapseArray(1)
    array.add_spikes(pre=(times, rows, rows * 0), post=(times, rows))
    for i in range(200):
        twin.add_spikes(pre=([times[i]], [rows[i]], [0]), post=([times[i]], [rows[i]]))
    assert array.save() == twin.save()
    array.advance(1e-4)
    for step in range(1, 101):
        twin.advance(step * 1e-6)
    assert array.now_s == pytest.approx(twin.now_s)
    array.advance(1.5e-4)
    twin.advance(1.5e-4)
    assert array.save() == twin.save()


def test_every_part_of_the_state_is_in_it():
    reference = busy().save()
    changes = (
        lambda a: vector_write(a, mm.VECTOR_WEIGHT, 1, np.arange(128) == 5),
        lambda a: vector_write(a, mm.VECTOR_LABEL, 9, np.arange(128) == 5),
        lambda a: vector_write(a, mm.VECTOR_RAW + 4 * 257 + 2, 9, np.arange(128) == 5),
        lambda a: vector_read(a, mm.VECTOR_RANDOM),
        lambda a: vector_read(a, mm.VECTOR_CAUSAL),
        lambda a: vector_write(a, mm.VECTOR_CAUSAL + 2 * 3, 2),
        lambda a: a.add_spikes(pre=([1.0], [0], [0])),
        lambda a: a.advance(0.601e-3),
        lambda a: setattr(a, "offset_lsb", np.ones((2, 256))),
        lambda a: setattr(a, "tau_s", np.full((2, 256, 256), 1e-6)),
    )
    for change in changes:
        array = busy()
        change(array)
        assert array.save() != reference


@pytest.mark.parametrize("size", [0, 7, -1, 1, 12])
def test_a_state_of_a_wrong_size_is_refused(size):
    array = busy()
    state = array.save()
    wrong = state[:size] if size in (0, 7) else state + bytes(size) if size > 0 else state[:-1]
    with pytest.raises(ArrayValueError, match=f"{len(wrong)} bytes are not the state"):
        array.load(wrong)
    assert array.save() == state


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_damaged_states_are_refused_or_harmless(data):
    """Whatever the bytes: refused with nothing changed, or a state that saves as itself."""
    array = SynapseArray(1)
    array.attach_neurons(Neurons())  # damaged switches may connect them to the CADC
    array.add_spikes(pre=([1e-3, 2e-3], [1, 2], [0, 0]))
    before = array.save()
    damaged = bytearray(before)
    places = st.integers(0, len(damaged) - 1) | st.integers(0, 64) | st.integers(-40, -1)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(places)] = data.draw(st.integers(0, 255))
    try:
        array.load(bytes(damaged))
    except ArrayValueError:
        assert array.save() == before
    else:
        assert array.save() == damaged
        array.advance(1.0)
        array.read_correlation()
