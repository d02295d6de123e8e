# SPDX-License-Identifier: BSD-3-Clause
"""Speed of the network: prints the table of docs/event_model.md."""

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from network.small_chip import SmallChip

SPAN_S = 1e-2


def seconds(network, span_s):
    begin = time.process_time()
    network.advance(network.now_s + span_s)
    return time.process_time() - begin


def add_random(network, n):
    draw = np.random.default_rng(0)
    rows, hemispheres = draw.integers(0, 256, n), draw.integers(0, 2, n)
    network.add_spikes(draw.uniform(0, SPAN_S, n), rows, 0, hemispheres)


def report(what, network, span_s=SPAN_S):
    taken = seconds(network, span_s)
    events = network.statistics.row_events
    print(f"{what:60} {taken / events * 1e9:8.0f} ns an event")


def main() -> None:
    silent = np.zeros((2, 256, 256), int)
    ones = np.ones((2, 256, 256), int)
    queue = SmallChip().network
    queue.row_modes = np.zeros((2, 256), int)
    add_random(queue, 1_000_000)
    taken = seconds(queue, SPAN_S)
    print(f"{'added spikes, to the driver':60} {taken / 1e6 * 1e9:8.0f} ns an event")
    poisson = SmallChip().network
    poisson.row_modes = np.zeros((2, 256), int)
    for index in range(512):
        poisson.add_poisson(1e6, index % 256, 0, index // 256, seed=index)
    taken = seconds(poisson, 2e-3)
    print(f"{'512 Poisson sources, to the driver':60} {taken / 1.024e6 * 1e9:8.0f} ns an event")
    chip = SmallChip(labels=63 * ones)
    add_random(chip.network, 500_000)
    report("sensors and neurons, no synapse matches", chip.network)
    chip = SmallChip(weights=silent, lif=range(512))
    add_random(chip.network, 500_000)
    report("512 neurons, all synapses match, weights 0", chip.network)
    chip = SmallChip(weights=ones, lif=range(512))
    add_random(chip.network, 100_000)
    report("512 neurons, all synapses match, weights 1", chip.network)


if __name__ == "__main__":
    main()
