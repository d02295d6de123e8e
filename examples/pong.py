# SPDX-License-Identifier: BSD-3-Clause
"""Pong, learned on the chip with reward-modulated STDP.

32 inputs, one for each column the ball can be in, 32 neurons, one for each column the paddle can go
to. ``kernels/pong.c`` moves ball and paddle, sends the spikes, rewards the neuron that spiked most
and changes the weights; this script only watches. Parameters as in Wunderlich et al. (2019).

    python examples/pong.py [--output DIR] [--seeds N] [--iterations N]
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter

import nuxkit

KERNEL = Path(__file__).resolve().parents[1] / "kernels" / "pong.c"
STATES, ONE, FIELD = 32, 1 << 14, 1 << 15  # as in the kernel
COLUMNS = 2 * np.arange(STATES)  # of the neurons
NOISE_ROW = STATES
ITERATIONS, CHUNK, SHOWN = 50_000, 5_000, 150  # CHUNK: at most the kernel's log
WEIGHT_MEAN, WEIGHT_SD = 14, 2
US, MV = 1e-6, 0.1  # 1 LSB of the CADC is 10 mV
# Weight 63 moves a membrane by 23 LSB; threshold and leak are 66 apart.
CHARGE_LSB, NOISE = 0.36, 56
SENSORS = nuxkit.CorrelationConfig(
    amplitude_causal_lsb=36, tau_causal_s=64 * US, saturation_lsb=128
)


def make_chip(seed):
    """Wire 32 x 32 synapses and a row of noise; load the game."""
    chip = nuxkit.Chip(seed=seed, correlation=SENSORS)
    used = np.isin(np.arange(256), COLUMNS)
    chip.neurons[0].change(
        enabled=used, charge_exc_lsb=CHARGE_LSB, tau_mem_s=28.53 * US, tau_syn_exc_s=1.8 * US,
        refractory_time_s=3.98 * US, threshold_lsb=1278 * MV, leak_lsb=616 * MV, reset_lsb=355 * MV,
    )  # fmt: skip
    labels = np.full((256, 256), 63)
    labels[: NOISE_ROW + 1] = np.arange(NOISE_ROW + 1)[:, np.newaxis]
    weights = np.zeros((256, 256), int)
    drawn = np.random.default_rng(seed).normal(WEIGHT_MEAN, WEIGHT_SD, (STATES, STATES))
    weights[:STATES, COLUMNS] = np.clip(drawn.round(), 0, 63)
    chip.synram[0].labels, chip.synram[0].weights = labels, weights
    chip.network.record_spikes = False
    chip.load(nuxkit.build(KERNEL))
    chip.write("parameters.noise", NOISE)
    return chip


def weights_of(chip):
    """Weights, shape (state, neuron)."""
    return chip.synram[0].weights[:STATES, COLUMNS]


def play(chip, iterations):
    """Let it play; what the kernel noted, an array of shape (iterations,) for each name."""
    parts = []
    while iterations > 0:
        now = min(iterations, CHUNK)
        first = chip.read("iteration")
        chip.run(symbols={"parameters.iterations": now}, max_cycles=10**12, max_wall_s=3600)
        log = chip.read("pong_log")
        at = np.arange(first, first + now) % log["state"].size
        parts.append({name: values[at] for name, values in log.items()})
        iterations -= now
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def draw_learning(path, curves, weights):
    """Draw expected reward over time, and the weights of the first game."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    smooth = np.array(curves)[:, : len(curves[0]) // 100 * 100].reshape(len(curves), -1, 100)
    at = 100 * np.arange(smooth.shape[1])
    axes[0].plot(at, smooth.mean(axis=2).T, color="tab:blue", alpha=0.3, lw=1)
    axes[0].plot(at, smooth.mean(axis=(0, 2)), color="tab:blue")
    axes[0].axhline(0.9, ls="--", color="black", lw=1)
    axes[0].set(xlabel="iteration", ylabel="mean expected reward", ylim=(0, 1))
    image = axes[1].imshow(weights, origin="lower", vmin=0, vmax=63)
    axes[1].set(xlabel="neuron", ylabel="state (column of the ball)")
    figure.colorbar(image, label="weight")
    figure.savefig(path)
    plt.close(figure)


def animate(path, games):
    """Draw the games beside each other, as an animation."""
    figure, axes = plt.subplots(1, len(games), figsize=(3 * len(games), 3.2), layout="constrained")
    moving = []
    for axis, (title, game) in zip(axes, games.items(), strict=True):
        axis.set(title=title, xlim=(0, 1), ylim=(-0.03, 1), xticks=[], yticks=[], aspect="equal")
        (ball,) = axis.plot([], [], "o", color="black", markersize=6)
        (paddle,) = axis.plot([], [], color="tab:red", lw=4)
        moving.append((ball, paddle, {name: game[name] / FIELD for name in game}))

    def frame(i):
        for ball, paddle, game in moving:
            ball.set_data([game["ball_x"][i]], [game["ball_y"][i]])
            paddle.set_data(game["paddle_x"][i] + np.array([-0.035, 0.035]), [0, 0])

    FuncAnimation(figure, frame, frames=SHOWN).save(path, writer=PillowWriter(fps=25), dpi=60)
    plt.close(figure)


def main():
    """Play, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("out/pong"), metavar="DIR")
    parser.add_argument("--seeds", type=int, default=1, help="games, seeds 0 to N - 1")
    parser.add_argument("--iterations", type=int, default=ITERATIONS, help="of each game")
    options = parser.parse_args()
    if options.seeds < 1 or options.iterations < 1000:
        parser.error("at least 1 seed and 1000 iterations, please")
    options.output.mkdir(parents=True, exist_ok=True)
    curves, games = [], {}
    for seed in range(options.seeds):
        chip = make_chip(seed)
        found = play(chip, options.iterations)
        curves.append(found["mean"] / ONE)
        late = curves[-1][-500:].mean()
        reached = np.flatnonzero(np.convolve(curves[-1], np.ones(500) / 500, "valid") >= 0.9)
        first = f"0.9 after {reached[0] + 500} iterations" if reached.size else "0.9 not reached"
        print(f"seed {seed}: mean expected reward {late:.3f}, {first}", flush=True)
        if seed == 0:
            weights = weights_of(chip)
            games = {"at first": {name: found[name][:SHOWN] for name in found}}
            games["in the end"] = {name: found[name][-SHOWN:] for name in found}
    final = np.array(curves)[:, -500:].mean()
    print(f"mean expected reward over {options.seeds} seeds, last 500 iterations: {final:.3f}")
    draw_learning(options.output / "pong.png", curves, weights)
    animate(options.output / "pong.gif", games)
    print(options.output / "pong.png", options.output / "pong.gif", sep="\n")


if __name__ == "__main__":
    main()
