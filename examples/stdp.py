# SPDX-License-Identifier: BSD-3-Clause
"""Find correlated inputs with spike-timing dependent plasticity.

256 inputs (rows) fire as Poisson processes into 256 neurons (columns). A group of inputs fires
together now and then, and half of the neurons follow these events by some microseconds. The
rule ``kernels/stdp.c``, run periodically on the emulated plasticity processor, sees only what
the correlation sensors of the synapses have gathered, and strengthens the group's synapses on
the neurons that follow it. All others, among them the group's on neurons that fire on their
own, weaken. The neurons' spikes are given, too: they do not depend on the weights.

    python examples/stdp.py [--output DIR] [--seed N] [--quick]
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import nuxkit

# Times are hardware time, 1000 times faster than biology: 1 us is 1 ms there.
RATE_HZ = 10e3  # mean rate of every input and every neuron
EVENT_RATE_HZ = 2e3  # of these, spikes in common events of the group
GROUP = np.arange(96, 160)  # rows of the correlated inputs
FOLLOWERS = np.arange(0, 128)  # columns of the neurons that follow the group
DELAY_S = 3e-6  # from an event to the followers' spikes
JITTER_S = 1e-6  # standard deviation of each spike's time around its event

PERIOD_S = 50e-3  # from one update of the weights to the next
PERIODS, QUICK_PERIODS = 30, 10
LEARNING_RATE = 16  # 1/128 weight steps per CADC step
START_WEIGHTS = 16, 48  # drawn from 16 to 47

# Acausal pairs count more than causal ones, so synapses without correlation weaken.
SENSORS = nuxkit.CorrelationConfig(
    amplitude_causal_lsb=0.5,  # CADC steps that a pair of spikes adds at distance 0
    amplitude_acausal_lsb=0.75,
    tau_causal_s=5e-6,
    tau_acausal_s=5e-6,
)

PAIR_DELAYS_S = np.linspace(-19.5e-6, 19.5e-6, 40)  # of the STDP curve, t_post - t_pre
PAIRS, QUICK_PAIRS = 100, 40
PAIR_SPACING_S = 500e-6  # far longer than the time constants

ROWS = COLUMNS = 256
KERNEL = Path(__file__).resolve().parents[1] / "kernels" / "stdp.c"


# --- Measuring the STDP curve ----------------------------------------------------------


def measure_curve(seed, pairs):
    """Drive synapses with pairs of spikes and read their sensors.

    Each row has its own delay, so one experiment measures all of them.

    Returns
    -------
    causal, acausal : ndarray of float, shape (delays, synapses)
        Correlation in CADC steps: how far the readings fell below the baseline.
    """
    chip = nuxkit.Chip(seed=seed, correlation=SENSORS)
    array = chip.synram[0]
    baselines = [reading.mean(axis=0) for reading in array.read_correlation()]  # of each column

    rows = np.arange(ROWS // len(PAIR_DELAYS_S) * len(PAIR_DELAYS_S))
    delay_s = PAIR_DELAYS_S[rows % len(PAIR_DELAYS_S)]
    post_s = PAIR_SPACING_S * np.arange(1, pairs + 1)
    pre_s = post_s[:, None] - delay_s
    chip.add_spikes(
        pre=(*in_order(pre_s, np.broadcast_to(rows, pre_s.shape)), np.zeros(pre_s.size, int)),
        post=(np.repeat(post_s, COLUMNS), np.tile(np.arange(COLUMNS), pairs)),
    )
    chip.advance(PAIR_SPACING_S * (pairs + 1))

    readings = array.read_correlation()
    by_delay = [
        (baseline - reading)[rows].reshape(-1, len(PAIR_DELAYS_S), COLUMNS).swapaxes(0, 1)
        for baseline, reading in zip(baselines, readings, strict=True)
    ]
    return tuple(correlation.reshape(len(PAIR_DELAYS_S), -1) for correlation in by_delay)


# --- Spike trains ----------------------------------------------------------------------


def in_order(times_s, lines):
    """Sort spikes by time; lines are rows or columns."""
    order = np.argsort(times_s, axis=None, kind="stable")
    return times_s.ravel()[order], lines.ravel()[order]


def spike_trains(rng, members, events_s, duration_s):
    """Poisson trains on 256 lines, of which `members` also fire at the events."""
    rates_hz = np.full(256, RATE_HZ)
    rates_hz[members] -= EVENT_RATE_HZ
    lines = np.repeat(np.arange(256), rng.poisson(rates_hz * duration_s))
    times_s = rng.uniform(0, duration_s, lines.size)
    common_s = rng.normal(events_s[:, None], JITTER_S, (events_s.size, members.size))
    common_lines = np.broadcast_to(members, common_s.shape)
    times_s = np.concatenate([times_s, np.clip(common_s.ravel(), 0, duration_s)])
    return in_order(times_s, np.concatenate([lines, common_lines.ravel()]))


def add_period(chip, rng):
    """Queue the spikes of one period, and let it pass."""
    start_s = chip.time_s
    events_s = rng.uniform(0, PERIOD_S, rng.poisson(EVENT_RATE_HZ * PERIOD_S))
    pre_s, rows = spike_trains(rng, GROUP, events_s, PERIOD_S)
    post_s, columns = spike_trains(rng, FOLLOWERS, events_s + DELAY_S, PERIOD_S)
    labels = np.zeros(rows.size, int)  # all synapses have label 0 and listen to all of their row
    chip.add_spikes(pre=(start_s + pre_s, rows, labels), post=(start_s + post_s, columns))
    chip.advance(PERIOD_S)


# --- Learning --------------------------------------------------------------------------


def learn(seed, periods):
    """Run the rule after every period of spikes.

    Returns
    -------
    times_s : ndarray of float, shape (periods + 1,)
        Hardware time.
    weights : ndarray of uint8, shape (periods + 1, rows, columns)
        Weights at these times, the first before learning.
    """
    rng = np.random.default_rng(seed)
    chip = nuxkit.Chip(seed=seed, correlation=SENSORS)
    chip.synram[0].weights = rng.integers(*START_WEIGHTS, (ROWS, COLUMNS))

    program = nuxkit.build(KERNEL).program
    check(chip.run(program, symbols={"command": "STDP_MEASURE_BASELINE"}))

    times_s, weights = [chip.time_s], [chip.synram[0].weights.copy()]
    parameters = {"command": "STDP_UPDATE", "parameters.learning_rate": LEARNING_RATE}
    for period in range(periods):
        add_period(chip, rng)
        result = check(chip.run(symbols=parameters))
        times_s.append(chip.time_s)
        weights.append(chip.synram[0].weights.copy())
        if period == 0:
            print(f"one update of all weights takes {result.emulated_time_s * 1e6:.0f} us")
    return np.array(times_s), np.array(weights)


def check(result):
    """Stop if the rule refused its parameters."""
    if result.return_code != 0:
        raise SystemExit(f"{KERNEL.name} returned {result.return_code}; see stdp_status there")
    return result


def populations():
    """Masks of shape (rows, columns) of the three kinds of synapses, by name."""
    group = np.isin(np.arange(ROWS), GROUP)[:, None]
    follower = np.isin(np.arange(COLUMNS), FOLLOWERS)[None, :]
    return {
        "group, on followers": group & follower,
        "other inputs, on followers": ~group & follower,
        "all inputs, on other neurons": np.broadcast_to(~follower, (ROWS, COLUMNS)),
    }


# --- Pictures --------------------------------------------------------------------------

COLOURS = ("tab:red", "tab:blue", "black")
LINES = ("-", "-", "--")


def draw_curve(axes, causal, acausal, pairs):
    """Draw mean and spread of what the sensors read, and what a nominal sensor would."""
    delays_us = PAIR_DELAYS_S * 1e6
    branches = (
        ("causal", +1, causal, SENSORS.amplitude_causal_lsb, SENSORS.tau_causal_s),
        ("acausal", -1, acausal, SENSORS.amplitude_acausal_lsb, SENSORS.tau_acausal_s),
    )
    for (name, sign, correlation, amplitude, tau_s), colour in zip(branches, COLOURS, strict=False):
        axes.errorbar(
            delays_us, sign * correlation.mean(axis=1), correlation.std(axis=1),
            fmt="o", markersize=3, elinewidth=1, color=colour, label=f"{name} sensor",
        )  # fmt: skip
        side_us = np.linspace(0, sign * delays_us.max(), 100)
        nominal = sign * pairs * amplitude * np.exp(-np.abs(side_us) * 1e-6 / tau_s)
        axes.plot(side_us, nominal, "--", color="black", linewidth=0.8, zorder=0)
    axes.plot([], [], "--", color="black", linewidth=0.8, label="nominal")
    axes.axhline(0, color="black", linewidth=0.5)
    axes.set_xlabel(r"$t_\mathrm{post} - t_\mathrm{pre}$ (µs)")
    axes.set_ylabel(f"causal (+) and acausal (-) correlation\nof {pairs} pairs (CADC steps)")
    axes.set_title("STDP curve, mean and spread")
    axes.legend(frameon=False, loc="upper left")


def draw_matrices(before, after, weights):
    """Draw the weights before and after learning on two axes."""
    for axes, matrix, title in ((before, weights[0], "before"), (after, weights[-1], "after")):
        image = axes.imshow(matrix, vmin=0, vmax=63, cmap="viridis", origin="lower",
                            interpolation="nearest")  # fmt: skip
        axes.set_title(f"weights {title}")
        axes.set_xlabel("column (neuron)")
        axes.set_xticks([0, 64, 128, 192, 255])
        axes.set_yticks([0, 64, 128, 192, 255])
    before.set_ylabel("row (input)")
    after.text(FOLLOWERS.mean(), GROUP.mean(), "group,\non followers", ha="center", va="center")
    after.tick_params(labelleft=False)
    bar = after.figure.colorbar(image, ax=[before, after], shrink=0.85, pad=0.02)
    bar.set_label("weight")
    bar.set_ticks([0, 16, 32, 48, 63])


def draw_course(axes, times_s, weights):
    """Draw mean weights over time, with the middle 80 % of the synapses."""
    kinds = populations().items()
    for (name, mask), colour, line in zip(kinds, COLOURS, LINES, strict=True):
        chosen = weights[:, mask]
        low, high = np.percentile(chosen, [10, 90], axis=1)
        axes.fill_between(times_s * 1e3, low, high, color=colour, alpha=0.12, linewidth=0)
        axes.plot(times_s * 1e3, chosen.mean(axis=1), line, color=colour, label=name)
    axes.set_xlabel("hardware time (ms), biological time (s)")
    axes.set_ylabel("weight")
    axes.set_ylim(-1, 64)
    axes.set_yticks([0, 16, 32, 48, 63])
    axes.set_xlim(left=0)
    axes.set_title("weights over time, mean and middle 80 %")
    axes.legend(frameon=False, loc="center right", bbox_to_anchor=(1, 0.66))


def draw(folder, curve, pairs, times_s, weights):
    """Write each picture by itself, and all of them as stdp.png; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    plt.rcParams.update({"figure.constrained_layout.use": True, "figure.dpi": 110,
                         "axes.spines.top": False, "axes.spines.right": False})  # fmt: skip
    figures = {
        "stdp_curve.png": plt.figure(figsize=(5.5, 4)),
        "weight_matrix.png": plt.figure(figsize=(8, 4)),
        "weights_over_time.png": plt.figure(figsize=(5.5, 4)),
        "stdp.png": plt.figure(figsize=(10, 7.6)),
    }
    top, bottom = figures["stdp.png"].subfigures(2, 1)
    top_left, top_right = top.subplots(1, 2)
    for axes in (figures["stdp_curve.png"].subplots(), top_left):
        draw_curve(axes, *curve, pairs)
    for axes in (figures["weights_over_time.png"].subplots(), top_right):
        draw_course(axes, times_s, weights)
    for figure in (figures["weight_matrix.png"], bottom):
        draw_matrices(*figure.subplots(1, 2), weights)
    for name, figure in figures.items():
        figure.savefig(folder / name)
        plt.close(figure)
    return [folder / name for name in figures]


def main():
    """Measure, learn, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("out/stdp"), metavar="DIR",
                        help="folder for the pictures (default: %(default)s)")  # fmt: skip
    parser.add_argument("--seed", type=int, default=1, help="of chip and spikes")
    parser.add_argument("--quick", action="store_true", help="learn for a shorter time")
    options = parser.parse_args()
    periods, pairs = (QUICK_PERIODS, QUICK_PAIRS) if options.quick else (PERIODS, PAIRS)

    curve = measure_curve(options.seed, pairs)
    times_s, weights = learn(options.seed, periods)
    for name, mask in populations().items():
        print(
            f"{name:28}  weight {weights[0, mask].mean():4.1f} -> {weights[-1, mask].mean():4.1f}"
        )
    for picture in draw(options.output, curve, pairs, times_s, weights):
        print(picture)


if __name__ == "__main__":
    main()
