# SPDX-License-Identifier: BSD-3-Clause
"""The task of kernels/pong.c in NEST: neurons simulated, all else computed by the host.

Runs in a process of its own, with any Python that has NEST, and prints one line of JSON. Times
are biological, 1000 times those of the chip. Membranes, sensors and rewards are those of
examples/pong.py; noise is a white current, as in Wunderlich et al. (2019).

    python pong_nest.py ITERATIONS SEED
"""

import json
import sys
import time

import numpy as np

STATES, SPIKES, INTERVAL_MS, PERIOD_MS = 32, 20, 10.0, 200.0
AMPLITUDE, TAU_MS, SATURATION = 36.0, 64.0, 128.0
LEARNING_RATE, REWARDS = 0.125, (1.0, 0.7, 0.4, 0.1)
SPEED, RADIUS = 1 / 40, 1 / 50
NEURON = {
    "tau_m": 28.53, "V_th": 1278.0, "E_L": 616.0, "V_reset": 355.0, "V_m": 616.0,
    "t_ref": 3.98, "tau_syn_ex": 1.8, "tau_syn_in": 1.8, "C_m": 2.36,
}  # fmt: skip
NOISE_PA = 100.0
WEIGHT_PA = 5.0 * NEURON["C_m"] / NEURON["tau_syn_ex"]  # a weight of 1 moves a membrane by 5 mV


class Network:
    """32 spike generators, 32 neurons, all to all."""

    def __init__(self, nest, rng):
        self.nest = nest
        self.weights = np.clip(rng.normal(14, 2, (STATES, STATES)).round(), 0, 63)
        self.inputs = nest.Create("spike_generator", STATES)
        self.neurons = nest.Create("iaf_psc_exp", STATES, params=NEURON)
        self.recorder = nest.Create("spike_recorder")
        noise = nest.Create("noise_generator", params={"std": NOISE_PA})
        nest.Connect(noise, self.neurons)
        nest.Connect(self.neurons, self.recorder)
        scaled = self.weights.T * WEIGHT_PA
        nest.Connect(self.inputs, self.neurons, "all_to_all", {"weight": scaled, "delay": 0.1})
        self.synapses = [nest.GetConnections(self.inputs[k], self.neurons) for k in range(STATES)]
        order = [np.array(synapses.get("target")) for synapses in self.synapses]
        self.columns = [targets - min(self.neurons.tolist()) for targets in order]

    def show(self, state):
        """Present a state: number of spikes and causal correlation of each neuron."""
        nest = self.nest
        begin = nest.biological_time
        pre = begin + 1.0 + INTERVAL_MS * np.arange(SPIKES)
        self.inputs[state].spike_times = pre
        self.recorder.n_events = 0
        nest.Simulate(PERIOD_MS)
        events = self.recorder.events
        neurons = np.asarray(events["senders"], int) - min(self.neurons.tolist())
        return np.bincount(neurons, minlength=STATES), correlation(pre, events["times"], neurons)

    def set_weights(self, state, weights):
        """Write the synapses of a state."""
        self.weights[state] = weights
        self.synapses[state].weight = weights[self.columns[state]] * WEIGHT_PA


def correlation(pre, times, neurons):
    """Causal nearest-neighbour correlation of each neuron, saturating."""
    total = np.zeros(STATES)
    used = np.full(STATES, -1)
    for at in np.argsort(times):
        last = np.searchsorted(pre, times[at], side="right") - 1
        j = neurons[at]
        if last > used[j]:
            total[j] += AMPLITUDE * np.exp(-(times[at] - pre[last]) / TAU_MS)
            used[j] = last
    return np.minimum(total, SATURATION)


def play(nest, iterations, seed):
    """Play; mean expected reward after each iteration, and wall time in seconds."""
    rng = np.random.default_rng(seed)
    nest.ResetKernel()
    nest.rng_seed = seed + 1
    network = Network(nest, rng)
    expected, visited = np.zeros(STATES), np.zeros(STATES, bool)
    ball, velocity = np.array([0.5, 0.5]), serve(rng)
    curve = []
    begin = time.perf_counter()
    for _ in range(iterations):
        # Whether the paddle hits changes no reward: here it always does.
        ball += velocity
        velocity[(ball < RADIUS) | (ball > 1 - RADIUS)] *= -1
        ball = np.where(ball < RADIUS, 2 * RADIUS - ball, ball)
        ball = np.where(ball > 1 - RADIUS, 2 * (1 - RADIUS) - ball, ball)
        state = int(ball[0] * STATES)
        counts, correlated = network.show(state)
        winner = rng.choice(np.flatnonzero(counts == counts.max()))
        distance = abs(winner - state)
        reward = REWARDS[distance] if distance < len(REWARDS) else 0.0
        if not visited[state]:
            expected[state], visited[state] = reward, True
        success = reward - expected[state]
        weights = network.weights[state] + LEARNING_RATE * correlated * success
        network.set_weights(state, np.clip(weights.round(), 0, 63))
        expected[state] += success / 2
        curve.append(expected.mean())
    return curve, time.perf_counter() - begin


def serve(rng):
    """Direction of the ball: neither flat nor steep."""
    across = SPEED * rng.uniform(1 / 8, 7 / 8)
    return rng.choice([-1.0, 1.0], 2) * [across, SPEED - across]


def main():
    """Play, and print what came out."""
    import nest

    if hasattr(nest, "VerbosityLevel"):
        nest.verbosity = nest.VerbosityLevel.ERROR
    else:  # before NEST 3.10
        nest.set_verbosity("M_ERROR")
    iterations, seed = int(sys.argv[1]), int(sys.argv[2])
    curve, wall_s = play(nest, iterations, seed)
    reached = float(np.mean(curve[-100:]))
    print(json.dumps({"wall_s": wall_s, "reached": reached, "version": nest.__version__}))


if __name__ == "__main__":
    main()
