# SPDX-License-Identifier: BSD-3-Clause
"""kernels/pong.c in exact integers, from its description; sensors and neurons are given."""

from dataclasses import dataclass, field

import numpy as np

STATES, ONE, FIELD = 32, 1 << 14, 1 << 15
REWARDS = (ONE, ONE * 7 // 10, ONE * 4 // 10, ONE // 10)
LEARNING_RATE = 4096  # 1/8, in 1/32768
BALL_SPEED, PADDLE_SPEED = FIELD // 40, FIELD // 20
BALL_RADIUS, PADDLE_LENGTH = FIELD // 50, FIELD * 7 // 100


def towards_zero(value, divisor):
    """Quotient as in C."""
    return int(np.sign(value)) * (abs(value) // divisor)


def changed(weights, correlation, success, learning_rate=LEARNING_RATE):
    """Weights after learning; correlation: integers of the same shape."""
    factor = towards_zero(learning_rate * success, ONE)
    product = np.asarray(correlation, np.int64) * factor
    change = np.sign(product) * ((abs(product) + (1 << 14)) >> 15)
    return np.clip(weights + change, 0, 63)


@dataclass
class Pong:
    """The state of a game and of its learning."""

    weights: np.ndarray  # (STATES, STATES)
    baseline: np.ndarray  # (STATES,)
    ball: list = field(default_factory=lambda: [0, 0])
    velocity: list = field(default_factory=lambda: [0, 0])
    paddle: int = FIELD // 2
    hits: int = 0
    misses: int = 0
    iterations: int = 0
    expected: np.ndarray = field(default_factory=lambda: np.zeros(STATES, int))
    visited: np.ndarray = field(default_factory=lambda: np.zeros(STATES, bool))

    def iterate(self, random, spikes, reading):
        """One iteration, given random bytes of the even columns, spikes and sensors.

        Returns state, winner, reward and success.
        """
        if self.iterations == 0:
            self._serve(random)
        else:
            self._move_ball(random)
        self.iterations += 1
        state = self.ball[0] * STATES // FIELD
        order = (int(random[32]) + np.arange(STATES)) % STATES
        winner = int(order[np.argmax(spikes[order])])
        way = (2 * winner + 1) * FIELD // STATES // 2 - self.paddle
        self.paddle += max(-PADDLE_SPEED, min(PADDLE_SPEED, way))
        distance = abs(winner - state)
        reward = REWARDS[distance] if distance < len(REWARDS) else 0
        if not self.visited[state]:
            self.expected[state], self.visited[state] = reward, True
        success = int(reward - self.expected[state])
        correlation = self.baseline.astype(int) - reading
        self.weights[state] = changed(self.weights[state], correlation, success)
        self.expected[state] += towards_zero(success, 2)
        return state, winner, reward, success

    def _serve(self, random):
        across = BALL_SPEED // 8 + BALL_SPEED * 3 // 4 * int(random[40]) // 255
        self.ball = [FIELD // 2, FIELD // 2]
        self.velocity = [
            across if random[41] & 1 else -across,
            BALL_SPEED - across if random[42] & 1 else across - BALL_SPEED,
        ]

    def _move_ball(self, random):
        if self.ball[1] + self.velocity[1] < BALL_RADIUS:
            if abs(self.ball[0] - self.paddle) > PADDLE_LENGTH // 2 + BALL_RADIUS:
                self.misses += 1
                return self._serve(random)
            self.hits += 1
        for axis in (0, 1):
            self.ball[axis] += self.velocity[axis]
            bounded = min(max(self.ball[axis], BALL_RADIUS), FIELD - BALL_RADIUS)
            if bounded != self.ball[axis]:
                self.ball[axis] = 2 * bounded - self.ball[axis]
                self.velocity[axis] *= -1
        return None
