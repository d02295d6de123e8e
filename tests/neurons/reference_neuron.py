# SPDX-License-Identifier: BSD-3-Clause
"""One neuron as its equations are written down, integrated by SciPy at tight tolerance."""

from dataclasses import dataclass, field, fields

import numpy as np
from scipy.integrate import solve_ivp

from nuxemu import NeuronParameters, Neurons

#: Time of the event, weight, whether it is inhibitory, amplitude.
Event = tuple[float, int, bool, float]


def parameters_of(parameters: NeuronParameters, column: int) -> dict:
    """Values of one neuron by name."""
    return {f.name: getattr(parameters, f.name)[column].item() for f in fields(parameters)}


@dataclass
class ReferenceNeuron:
    p: dict
    v: float = 0.0
    w: float = 0.0
    i_exc: float = 0.0
    i_inh: float = 0.0
    time: float = 0.0
    refractory_until: float = -1.0
    spikes: list[float] = field(default_factory=list)
    #: Least distance between threshold and the membrane's peaks (also those above), a sign of
    #: how near a spike was that came or did not come.
    margin: float = np.inf

    def __post_init__(self) -> None:
        self.v = self.p["leak_lsb"]

    def _currents(self, t: float) -> tuple[float, float]:
        h = t - self.time
        return (
            self.i_exc * np.exp(-h / self.p["tau_syn_exc_s"]),
            self.i_inh * np.exp(-h / self.p["tau_syn_inh_s"]),
        )

    def _slope(self, t: float, y: np.ndarray, held: bool) -> list[float]:
        p, (v, w) = self.p, y
        exc, inh = self._currents(t)
        if p["conductance"]:
            exc *= (p["e_exc_lsb"] - v) / (p["e_exc_lsb"] - p["leak_lsb"])
            inh *= (v - p["e_inh_lsb"]) / (p["leak_lsb"] - p["e_inh_lsb"])
        rest = p["leak_lsb"] - v
        if p["exponential"]:
            x = (v - p["v_exp_lsb"]) / p["delta_t_lsb"]
            rest += p["delta_t_lsb"] * np.exp(min(x, 60.0))
        if p["adaptation"]:
            rest -= w
        dv = 0.0 if held else rest / p["tau_mem_s"] + exc - inh
        dw = (p["a"] * (v - p["leak_lsb"]) - w) / p["tau_w_s"] if p["adaptation"] else 0.0
        return [dv, dw]

    def _integrate(self, until: float, held: bool) -> bool:
        """Go on to `until`, or to the spike before it: whether there was one."""

        def above(t, y, held):
            return y[0] - self.p["threshold_lsb"]

        def rise(t, y, held):
            return self._slope(t, y, held)[0]

        above.terminal, above.direction = True, 1
        rise.direction = -1
        fires = self.p["fire"] and not held
        if fires and self.v >= self.p["threshold_lsb"]:
            return True
        result = solve_ivp(
            self._slope, (self.time, until), [self.v, self.w], "DOP853", args=(held,),
            events=[above, rise] if fires else None, rtol=1e-11, atol=1e-10,
            max_step=0.3 * self.p["tau_syn_exc_s"] if fires else np.inf,
        )  # fmt: skip
        assert result.success, result.message
        if fires and not result.t_events[0].size:
            # A membrane that rises above the threshold and falls again within one step.
            for peak_s, (v, _) in zip(result.t_events[1], result.y_events[1], strict=True):
                if v > self.p["threshold_lsb"] + 1e-9:
                    return self._integrate(peak_s, held)
        t = result.t[-1]
        exc, inh = self._currents(t)
        (self.v, self.w), self.i_exc, self.i_inh, self.time = result.y[:, -1], exc, inh, t
        spiked = bool(fires and result.t_events[0].size)
        if fires:
            peaks = [*(y[0] for y in result.y_events[1]), result.y[0, -1]]
            if not spiked:
                self.margin = min(self.margin, abs(self.p["threshold_lsb"] - max(peaks)))
        return spiked

    def run(self, until: float) -> None:
        while self.time < until:
            held = self.time < self.refractory_until
            end = min(until, self.refractory_until) if held else until
            if self._integrate(end, held):
                self._spike()

    def _spike(self) -> None:
        self.spikes.append(self.time)
        self.v = self.p["reset_lsb"]
        if self.p["adaptation"]:
            self.w += self.p["b_lsb"]
        self.refractory_until = self.time + self.p["refractory_time_s"]

    def input(self, event: Event) -> None:
        time, weight, inhibitory, amplitude = event
        self.run(time)
        if inhibitory:
            charge = self.p["charge_inh_lsb"] * weight * amplitude
            self.i_inh += charge / self.p["tau_syn_inh_s"]
        else:
            charge = self.p["charge_exc_lsb"] * weight * amplitude
            self.i_exc += charge / self.p["tau_syn_exc_s"]


def drive(neurons: Neurons, events: list[Event], until: float) -> tuple[np.ndarray, np.ndarray]:
    """Apply events to all columns alike; the spikes' times and columns."""
    times, columns = [], []
    for time, weight, inhibitory, amplitude in events:
        for found, store in zip(neurons.run(time), (times, columns), strict=True):
            store.append(found)
        neurons.input(time, np.full(256, weight), inhibitory, amplitude)
    for found, store in zip(neurons.run(until), (times, columns), strict=True):
        store.append(found)
    return np.concatenate(times), np.concatenate(columns)
