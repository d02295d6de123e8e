# SPDX-License-Identifier: BSD-3-Clause
"""Atrial fibrillation against sinus rhythm: trained in the loop, then run by the chip alone.

A trace of 12.5 s goes in, a class comes out. The processor takes differences of samples and how
much they vary in each 125 ms (max-min pooling), which gives inputs of 5 bits; then a convolution,
two dense layers, rectifications, pooling and argmax. The network is trained with products from a
chip with typical deviations; the processor of that chip then runs it standalone.

    python examples/ecg.py [--records DIR] [--output DIR] [--seeds N]

Traces are **synthetic** (see ``ecg_traces.py``), so detection rates say nothing about patients;
with ``--records`` (and wfdb) they are those of the PhysioNet challenge of 2017.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import ecg_traces
import matplotlib.pyplot as plt
import numpy as np
import torch
import training

import nuxkit.torch as nt
from nuxkit import Chip
from nuxkit.inference import (
    AnalogSpread,
    Argmax,
    MaxMinPool,
    Network,
    Standalone,
    attach,
    twins,
)
from nuxkit.inference.hardware_model import POWER_W

SPREAD = AnalogSpread.typical()
POOL = MaxMinPool(window=16, shift=0)
PUBLISHED = {"detection": 93.7, "false positives": 14.0, "time": 276e-6, "energy": 192e-6}


def plain():
    """Make the network of plain modules."""
    return torch.nn.Sequential(
        torch.nn.Conv1d(1, 16, 20, 2), torch.nn.ReLU(), torch.nn.MaxPool1d(5),
        torch.nn.Flatten(), torch.nn.Linear(128, 64), torch.nn.ReLU(), torch.nn.Linear(64, 2),
    )  # fmt: skip


def on_chip():
    """Make the same one of modules of the chip."""
    return torch.nn.Sequential(
        nt.nn.ExpandedConv1d(1, 16, 20, 2, num_sends=2, num_expansions=8),
        nt.nn.MaxPool1d(5),
        nt.nn.ConvertingReLU(shift=1),
        torch.nn.Flatten(),
        nt.nn.Linear(128, 64),
        nt.nn.ConvertingReLU(shift=1),
        nt.nn.Linear(64, 2),
    )


@dataclass(frozen=True)
class Traces:
    """Traces and classes for training and for the test."""

    train: np.ndarray
    train_classes: np.ndarray
    test: np.ndarray
    test_classes: np.ndarray

    def inputs(self):
        """Give what the processor makes of them, as the network takes it."""
        pooled = [
            twins.max_min_pool(traces, POOL.window, POOL.shift)[:, None]
            for traces in (self.train, self.test)
        ]
        return training.Data.of(pooled[0], self.train_classes, pooled[1], self.test_classes)


def split_records(folder):
    """Split records: every fifth one is for the test."""
    found, classes, names = ecg_traces.records(folder)
    test = np.isin(names, np.unique(names)[::5])
    return Traces(found[~test], classes[~test], found[test], classes[test])


def network(model):
    """Make what the processor runs: the trained model, from the trace to the class."""
    operations = nt.trace(model, nt.quantize_input(31 * torch.rand(1, 1, 100)))
    layers = Network.from_trace(operations).layers
    return Network((ecg_traces.SAMPLES,), [POOL, *layers, Argmax()])


def rates(found, classes):
    """Count detected fibrillation and false alarms, %."""
    ill = classes == ecg_traces.FIBRILLATION
    alarm = found == ecg_traces.FIBRILLATION
    return 100 * alarm[ill].mean(), 100 * alarm[~ill].mean()


def run_standalone(made, traces, seed):
    """Let the processor of the chip that a network was trained on classify traces."""
    chip = Chip(seed=seed)
    attach(chip, SPREAD, seed=seed)
    return Standalone(made, chip).run(traces)


def draw(traces, inputs, results, measured, layers, path):
    """Traces and inputs, accuracies, rates, and where the time goes."""
    figure = plt.figure(figsize=(12, 10), layout="constrained")
    grid = figure.add_gridspec(3, 2)
    seconds = np.arange(ecg_traces.SAMPLES) / ecg_traces.RATE_HZ
    for i, name in enumerate(("sinus rhythm", "atrial fibrillation")):
        ax = figure.add_subplot(grid[0, i])
        chosen = int(np.flatnonzero(traces.test_classes == i)[0])
        ax.plot(seconds, traces.test[chosen] / ecg_traces.COUNTS_PER_MV, linewidth=0.7)
        ax.set(xlabel="time (s)", ylabel="voltage (mV)", title=name)
        below = ax.twinx()
        below.bar(seconds[:: POOL.window], inputs.test[chosen, 0].numpy(), width=0.1,
                  align="edge", color="tab:orange", alpha=0.5)  # fmt: skip
        below.set(ylabel="input", ylim=(0, 93), yticks=[0, 31])
    training.draw_accuracy(figure.add_subplot(grid[1, 0]), results)
    training.draw_losses(figure.add_subplot(grid[1, 1]), results[0])
    ax = figure.add_subplot(grid[2, 0])
    means, errors = measured.mean(axis=0), measured.std(axis=0)
    names = ["detection", "false positives"]
    ax.bar(np.arange(2) - 0.2, means, 0.4, yerr=errors, capsize=4, label="standalone, emulated")
    ax.bar(np.arange(2) + 0.2, [PUBLISHED[name] for name in names], 0.4, color="tab:gray",
           label="published, other data")  # fmt: skip
    ax.set(xticks=range(2), xticklabels=names, ylabel="of traces (%)")
    ax.legend(frameon=False)
    ax = figure.add_subplot(grid[2, 1])
    names, micros = zip(*layers, strict=True)
    ax.barh(names, micros)
    ax.invert_yaxis()
    ax.axvline(1e6 * PUBLISHED["time"], color="tab:gray", linestyle="--", label="published, all")
    ax.set(xlabel=f"modelled time (us), sum {sum(micros):.0f}")
    ax.legend(frameon=False)
    figure.savefig(path, dpi=110)


def main():
    """Train, run standalone, print the figures, draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=Path, help="folder of records, with REFERENCE.csv")
    parser.add_argument("--output", type=Path, default=Path("out/ecg"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--traces", type=int, default=4000, help="synthetic ones for training")
    parser.add_argument("--standalone", type=int, default=200, help="traces of the test to run")
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    if options.records:
        traces = split_records(options.records)
    else:
        test = max(options.standalone, options.traces // 4)
        traces = Traces(
            *ecg_traces.synthetic(options.traces, seed=1), *ecg_traces.synthetic(test, seed=2)
        )
    options.output.mkdir(parents=True, exist_ok=True)
    inputs = traces.inputs()

    results, measured = [], []
    for seed in range(options.seeds):
        result = training.train(
            plain, on_chip, inputs, spread=SPREAD, seed=seed,
            epochs=options.epochs, loop_epochs=max(1, options.epochs // 2), rate=0.5,
        )  # fmt: skip
        results.append(result)
        chosen = slice(0, options.standalone)
        made = network(result.model)
        outputs = run_standalone(made, traces.test[chosen], seed)
        measured.append(rates(outputs.values, traces.test_classes[chosen]))
    nt.release_hardware()
    measured = np.array(measured)
    kind = "records" if options.records else "SYNTHETIC traces"
    print(
        f"{len(traces.train)} {kind} for training, {len(traces.test)} for the test, right ones (%):"
    )
    print(training.table(results))
    print(f"standalone on the emulated chip, {len(outputs.values)} traces, seeds 0 to "
          f"{options.seeds - 1}; published are other data:")  # fmt: skip
    for i, name in enumerate(("detection", "false positives")):
        column = measured[:, i]
        found = f"{column.mean():6.1f} +- {column.std():.1f} %"
        print(f"{name:<16}{found}   published {PUBLISHED[name]} %")
    time_s = float(np.median(outputs.time_s))
    for name, unit, value in (("time", "us", time_s), ("energy", "uJ", time_s * POWER_W)):
        published = f"published {1e6 * PUBLISHED[name]:.0f} {unit}"
        print(f"{'modelled ' + name:<16}{1e6 * value:6.0f} {unit}         {published}")
    spent = np.median(outputs.layer_cycles, axis=0) * 4e-3
    layers = [(f"{i} {type(layer).__name__}", us) for i, (layer, us) in
              enumerate(zip(made.layers, spent, strict=True))]  # fmt: skip
    draw(traces, inputs, results, measured, layers, options.output / "ecg.png")
    print(f"Written to {options.output}: ecg.png")


if __name__ == "__main__":
    main()
