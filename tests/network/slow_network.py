# SPDX-License-Identifier: BSD-3-Clause
"""The event model as it is written down: one heap of all events."""

import heapq
import math

import numpy as np

from nuxemu import CorrelationConfig, SynapseArray

PUSHED, UNDER_WAY, SPIKE = range(3)  # what comes first at equal times
EXCITATORY, INHIBITORY = 1, 2


class SlowNetwork:
    """Both hemispheres; neurons fire by bypass only, and sum up the charges that they get."""

    def __init__(self, labels, weights, row_modes, bypass) -> None:
        self.labels, self.weights, self.row_modes = labels, weights, row_modes
        self.bypass = set(bypass)
        self.connections: list[tuple[int, int, int, int, float]] = []
        self.compare = np.full((2, 128), 31)
        self.enabled = np.ones((2, 128), bool)
        self.plastic: dict[tuple[int, int], tuple[float, float, float]] = {}
        self.resting: dict[tuple[int, int], tuple[float, float, float]] = {}
        self.events: list[tuple] = []
        self.sent = 0
        self.spikes: list[tuple[float, int]] = []
        self.row_events: list[tuple[float, int, int, int]] = []
        self.charges = np.zeros(512)
        self.pre: list[list] = [[], []]
        self.post: list[list] = [[], []]
        self.sensors = [SynapseArray(0, CorrelationConfig.ideal()) for _ in range(2)]
        for array, of_hemisphere in zip(self.sensors, labels, strict=True):
            array.labels = of_hemisphere

    def _send(self, time, rank, order, what) -> None:
        heapq.heappush(self.events, (time, rank, order, self.sent, what))
        self.sent += 1

    def push(self, time, hemisphere, row, label) -> None:
        self._send(time, PUSHED, 0, (hemisphere, row, label))

    def inject(self, time, hemisphere, bus_mask, row_select, label) -> None:
        self._send(time, UNDER_WAY, 0, (hemisphere, bus_mask, row_select, label))

    def run(self, until) -> None:
        while self.events and self.events[0][0] <= until:
            time, rank, _, _, what = heapq.heappop(self.events)
            if rank == SPIKE:
                self._spike(time, what)
            elif len(what) == 3:
                self._row(time, *what)
            else:
                self._bus(time, *what)
        self._settle(until)

    def _settle(self, until) -> None:
        """Give the spikes so far to the sensors, with their own order at equal times."""
        for array, pre, post in zip(self.sensors, self.pre, self.post, strict=True):
            array.add_spikes(
                tuple(zip(*pre, strict=True)) or None, tuple(zip(*post, strict=True)) or None
            )
            array.advance(until)
            pre.clear()
            post.clear()

    def _spike(self, time, neuron) -> None:
        self.spikes.append((time, neuron))
        self.post[neuron // 256].append((time, neuron % 256))
        for sender, hemisphere, row, label, delay in self.connections:
            if sender == neuron:
                self._send(time + delay, UNDER_WAY, 0, (hemisphere, row, label))

    def _bus(self, time, hemisphere, bus_mask, row_select, label) -> None:
        for driver in range(128):
            mask = self.compare[hemisphere, driver]
            if not bus_mask >> driver % 4 & 1 or (row_select & mask) != (driver // 4 & mask):
                continue
            if self.enabled[hemisphere, driver]:
                strength = self._strength(time, hemisphere, driver)
                for row in (2 * driver, 2 * driver + 1):
                    self._drive(time, hemisphere, row, label, strength)

    def _row(self, time, hemisphere, row, label) -> None:
        if self.enabled[hemisphere, row // 2]:
            strength = self._strength(time, hemisphere, row // 2)
            self._drive(time, hemisphere, row, label, strength)

    def _strength(self, time, hemisphere, driver) -> float:
        if (hemisphere, driver) not in self.plastic:
            return 1.0
        utilisation, tau_rec, tau_fac = self.plastic[hemisphere, driver]
        last, used, resources = self.resting.get((hemisphere, driver), (-math.inf, 0.0, 1.0))
        left = resources - used * resources
        resources = 1 - (1 - left) * (math.exp((last - time) / tau_rec) if tau_rec else 0.0)
        faded = used * (math.exp((last - time) / tau_fac) if tau_fac else 0.0)
        used = utilisation + (1 - utilisation) * faded
        self.resting[hemisphere, driver] = time, used, resources
        return used * resources / utilisation

    def _drive(self, time, hemisphere, row, label, strength) -> None:
        mode = self.row_modes[hemisphere, row]
        if not mode:
            return
        self.row_events.append((time, hemisphere, row, label))
        self.pre[hemisphere].append((time, row, label))
        for column in np.flatnonzero(self.labels[hemisphere][row] == label):
            neuron, weight = (
                hemisphere * 256 + int(column),
                int(self.weights[hemisphere][row, column]),
            )
            if mode & EXCITATORY:
                self.charges[neuron] += strength * weight
                if weight and neuron in self.bypass:
                    self._send(time, SPIKE, neuron, neuron)
            if mode & INHIBITORY:
                self.charges[neuron] -= strength * weight
