# SPDX-License-Identifier: BSD-3-Clause
"""The hemispheres run on two threads: nobody can tell from the results."""

import gc
import os
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest

from forked import in_child, on_one_processor
from network.small_chip import SmallChip

EVENTS = 20_000
DURATION_S = 1e-3
TASKS = Path("/proc/self/task")


def busy_chip(seed: int = 1) -> SmallChip:
    """Events on all rows, two labels, every second neuron spiking, spikes forced on sensors."""
    rng = np.random.default_rng(seed)
    shape = (2, 256, 256)
    chip = SmallChip(
        labels=rng.integers(0, 2, shape), weights=rng.integers(0, 64, shape), lif=range(0, 512, 2)
    )
    times_s = rng.uniform(0, DURATION_S, EVENTS)
    # Spikes come back, within the hemisphere and from the other one.
    senders, rows = np.arange(0, 512, 4), rng.integers(0, 256, 128)
    delays_s = rng.choice([3e-7, 1e-6, 2.5e-6], 128)
    chip.network.set_routing(senders, rows, 1, delays_s, rng.integers(0, 2, 128))
    chip.network.add_spikes(
        times_s,
        rng.integers(0, 256, EVENTS),
        rng.integers(0, 2, EVENTS),
        rng.integers(0, 2, EVENTS),
    )
    forced_s = np.sort(rng.uniform(0, DURATION_S, 500))
    pre = forced_s[:250], rng.integers(0, 256, 250), rng.integers(0, 2, 250)
    chip.arrays[1].add_spikes(pre=pre, post=(forced_s, rng.integers(0, 256, 500)))
    return chip


def outcome(chip: SmallChip) -> tuple[bytes, ...]:
    """State of everything."""
    return (
        *(bytes(array.save()) for array in chip.arrays),
        bytes(chip.network.save()),
    )


def result_of_a_run() -> bytes:
    chip = busy_chip()
    chip.network.advance(DURATION_S)
    return b"".join(outcome(chip))


def test_the_result_is_that_of_one_processor():
    assert result_of_a_run() == on_one_processor(result_of_a_run)


def threads_made(setting: str) -> bytes:
    os.environ["OMP_NUM_THREADS"] = setting
    before = len(list(TASKS.iterdir()))
    chip = busy_chip()
    chip.network.advance(DURATION_S)
    return str(len(list(TASKS.iterdir())) - before).encode()


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor")
def test_one_thread_is_made_unless_the_process_shall_have_one_only():
    assert in_child(lambda: threads_made("2")) == b"1"
    assert in_child(lambda: threads_made("1")) == b"0"


@pytest.mark.parametrize("pieces", [7, 1000])
def test_the_result_does_not_depend_on_when_the_host_looks(pieces):
    whole, parts = busy_chip(), busy_chip()
    whole.network.advance(DURATION_S)
    for until_s in np.linspace(0, DURATION_S, pieces + 1)[1:]:
        parts.network.advance(until_s)
        if pieces < 10:
            outcome(parts)
    assert outcome(parts) == outcome(whole)


def test_networks_in_several_threads_do_not_meet():
    chips = [busy_chip(seed) for seed in (1, 2, 1)]
    threads = [threading.Thread(target=chip.network.advance, args=(DURATION_S,)) for chip in chips]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = busy_chip(2)
    alone.network.advance(DURATION_S)
    assert outcome(chips[0]) == outcome(chips[2])
    assert outcome(chips[1]) == outcome(alone)


def test_a_forked_process_goes_on():
    chip, other = busy_chip(), busy_chip()
    chip.network.advance(DURATION_S / 2)

    def the_rest() -> bytes:
        chip.network.advance(DURATION_S)
        return b"".join(outcome(chip))

    other.network.advance(DURATION_S)
    assert in_child(the_rest) == b"".join(outcome(other))
    assert the_rest() == b"".join(outcome(other))


def test_one_thread_serves_all_networks_of_a_process():
    busy_chip().network.advance(DURATION_S)
    before = len(list(TASKS.iterdir()))
    for _ in range(3):
        chip = busy_chip()
        chip.network.advance(DURATION_S)
        gone = weakref.ref(chip)
        del chip
        gc.collect()
        assert gone() is None
    assert len(list(TASKS.iterdir())) == before


def test_an_array_may_end_before_or_after_its_network():
    first, last = busy_chip(), busy_chip()
    first.network.advance(DURATION_S / 2)
    last.network.advance(DURATION_S / 2)
    array = last.arrays[1]
    del first, last
    gc.collect()
    before = array.causal_lsb.sum()
    array.advance(DURATION_S)  # its own spikes
    assert array.causal_lsb.sum() > before
