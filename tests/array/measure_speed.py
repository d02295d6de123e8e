# SPDX-License-Identifier: BSD-3-Clause
"""Print the speed figures of docs/correlation_model.md (processor time, best of five)."""

import time
from collections.abc import Callable

import numpy as np

from nuxemu import memory_map as mm
from nuxemu._native import ffi, lib
from nuxemu.correlation_config import CorrelationConfig
from nuxemu.synapse_array import SynapseArray

SPIKES = 100_000
CONFIGS = {"one time constant": CorrelationConfig.ideal(), "spread": CorrelationConfig()}


def best(action: Callable[[], float]) -> float:
    return min(action() for _ in range(5))


def seconds_of_spikes(
    config: CorrelationConfig, labels: int = 1, pre_hz: float = 1e4, post_hz: float = 1e4
) -> float:
    """SPIKES presynaptic spikes and `post_hz / pre_hz` times as many postsynaptic ones.

    All rows, labels and columns alike, in random order, at the rate of a row and label and of a
    column in hardware time; `labels` labels in each row.
    """
    random = np.random.default_rng(0)
    array = SynapseArray(0, config)
    array.labels = np.tile(np.arange(256) % labels, (256, 1))
    duration = SPIKES / (256 * labels * pre_hz)
    posts = int(256 * post_hz * duration)
    pre, post = (np.sort(random.uniform(0, duration, n)) for n in (SPIKES, posts))
    array.add_spikes(
        (pre, random.integers(0, 256, SPIKES), random.integers(0, labels, SPIKES)),
        (post, random.integers(0, 256, posts)),
    )
    start = time.process_time()
    array.advance(duration)
    return time.process_time() - start


def seconds_of_posts(config: CorrelationConfig) -> float:
    """SPIKES postsynaptic spikes alone."""
    random = np.random.default_rng(0)
    array = SynapseArray(0, config)
    times = np.sort(random.uniform(0, 0.04, SPIKES))
    array.add_spikes(post=(times, random.integers(0, 256, SPIKES)))
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


def print_spikes(name: str, config: CorrelationConfig) -> None:
    per_post = best(lambda: seconds_of_posts(config)) / SPIKES
    print(f"{name}, postsynaptic spike: {per_post * 1e9:.0f} ns")
    rates = [(labels, 1e4, 1e4) for labels in (1, 4, 16, 64)]
    rates += [(1, 1e3, 1e3), (1, 1e5, 1e5), (1, 1e5, 1e3), (1, 1e3, 1e5)]
    for labels, pre_hz, post_hz in rates:
        seconds = best(lambda at=(labels, pre_hz, post_hz): seconds_of_spikes(config, *at)) / SPIKES
        seconds -= per_post * post_hz / pre_hz / labels
        print(
            f"{name}, presynaptic spike, {256 // labels} synapses, {pre_hz / 1e3:g} kHz against "
            f"{post_hz / 1e3:g} kHz: {seconds * 1e9:.0f} ns"
        )


if __name__ == "__main__":
    for name, config in CONFIGS.items():
        print_spikes(name, config)
    conversion = best(lambda: seconds_per_read(0)) - best(
        lambda: seconds_per_read(mm.VECTOR_BUFFERED)
    )
    print(f"conversion of a row, both channels: {conversion * 1e9:.0f} ns")
