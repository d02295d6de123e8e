# SPDX-License-Identifier: BSD-3-Clause
"""Leaky integrate-and-fire neurons as two exponentials, from event to event, each event for all.

With one time constant for both synaptic currents V - leak = A exp(-t / tau_mem) +
B exp(-t / tau_syn), which has at most one extremum: crossings are bracketed, none is missed.
"""

import numpy as np

from nuxemu import NeuronParameters


class PlainMembranes:
    """Attributes: v (above leak), i (net current), both at `time`; spikes (time, column)."""

    def __init__(self, p: NeuronParameters) -> None:
        assert (p.tau_syn_exc_s == p.tau_syn_inh_s).all()
        self.p = p
        self.m, self.s = 1 / p.tau_mem_s, 1 / p.tau_syn_exc_s
        self.threshold, self.reset = p.threshold_lsb - p.leak_lsb, p.reset_lsb - p.leak_lsb
        self.v, self.i = np.zeros(256), np.zeros(256)
        self.time, self.rests_until = np.zeros(256), np.full(256, -1.0)
        self.spikes: list[tuple[float, int]] = []

    def _membrane(self, c, h):
        """Membranes of columns `c` after `h`."""
        b = -self.i[c] / (self.s[c] - self.m[c])
        return (self.v[c] - b) * np.exp(-self.m[c] * h) + b * np.exp(-self.s[c] * h)

    def _go(self, c, h, moves):
        self.v[c] = np.where(moves, self._membrane(c, h), self.v[c])
        self.i[c] *= np.exp(-self.s[c] * h)

    def _first_crossing(self, c, h):
        """Time until columns cross their thresholds within h, else infinite."""
        b = -self.i[c] / (self.s[c] - self.m[c])
        a = self.v[c] - b
        with np.errstate(invalid="ignore", divide="ignore"):
            top = np.log(-b * self.s[c] / (a * self.m[c])) / (self.s[c] - self.m[c])
        top = np.where((top > 0) & (top < h), top, h)
        peak_first = self._membrane(c, top) >= self.threshold[c]
        high = np.where(peak_first, top, h)
        low = np.where(peak_first, 0.0, top)
        crosses = self._membrane(c, high) >= self.threshold[c]
        for _ in range(60):
            middle = (low + high) / 2
            above = self._membrane(c, middle) >= self.threshold[c]
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return np.where(crosses, high, np.inf)

    def run(self, until: float) -> None:
        while (self.time < until).any():
            c = np.flatnonzero(self.time < until)
            rests = self.rests_until[c] > self.time[c]
            end = np.where(rests, np.minimum(self.rests_until[c], until), until)
            h = end - self.time[c]
            crossing = np.where(rests, np.inf, self._first_crossing(c, h))
            fires = np.isfinite(crossing)
            self._go(c, np.where(fires, crossing, h), ~rests)
            self.time[c] = np.where(fires, self.time[c] + crossing, end)
            for column in c[fires]:
                self.spikes.append((float(self.time[column]), int(column)))
                self.v[column] = self.reset[column]
                refractory = self.p.refractory_time_s[column]
                self.rests_until[column] = self.time[column] + refractory
        self.spikes.sort()

    def input(self, weights, inhibitory: bool, amplitude: float) -> None:
        charge = -self.p.charge_inh_lsb if inhibitory else self.p.charge_exc_lsb
        self.i += weights * amplitude * charge * self.s
