# SPDX-License-Identifier: BSD-3-Clause
"""Print the speed figures of docs/correlation_model.md (best of five)."""

import time
from collections.abc import Callable

import numpy as np

from nuxemu import memory_map as mm
from nuxemu._native import ffi, lib
from nuxemu.synapse_array import SynapseArray

SPIKES = 100_000


def best(action: Callable[[], float]) -> float:
    return min(action() for _ in range(5))


def seconds_of_spikes(labels: int) -> float:
    """Half presynaptic, half postsynaptic spikes in random order; `labels` labels per row."""
    random = np.random.default_rng(0)
    array = SynapseArray()
    array.labels = np.tile(np.arange(256) % labels, (256, 1))
    times = np.sort(random.uniform(0, SPIKES * 1e-7, SPIKES))
    is_post = random.random(SPIKES) < 0.5
    lines = random.integers(0, 256, SPIKES)
    pre = lines[~is_post]
    array.add_spikes(
        (times[~is_post], pre, random.integers(0, labels, pre.size)),
        (times[is_post], lines[is_post]),
    )
    start = time.process_time()
    array.advance(1.0)
    return time.process_time() - start


def seconds_per_read(modifier: int) -> float:
    array = SynapseArray()
    out, reads = ffi.new("uint8_t[128]"), 100_000
    start = time.process_time()
    for i in range(reads):
        address = mm.VECTOR_CAUSAL + modifier + 2 * (i & 255)
        lib.nux_array_vector_read(array._native, address, 0.0, out)
    return (time.process_time() - start) / reads


if __name__ == "__main__":
    for labels in (1, 8, 64):
        seconds = best(lambda labels=labels: seconds_of_spikes(labels))
        touched = SPIKES / 2 * (256 / labels + 256)
        print(f"{labels:2} labels: {seconds / SPIKES * 1e9:5.0f} ns per spike, ", end="")
        print(f"{seconds / touched * 1e9:.2f} ns per touched synapse")
    conversion = best(lambda: seconds_per_read(0)) - best(
        lambda: seconds_per_read(mm.VECTOR_BUFFERED)
    )
    print(f"conversion of a row, both channels: {conversion * 1e9:.0f} ns")
