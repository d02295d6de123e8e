# SPDX-License-Identifier: BSD-3-Clause
"""Where the time of a layer goes: on this computer, and (modelled) on a real chip.

Layers of several sizes are computed forward and backward through PyTorch on an emulated chip.
The table and the picture show the wall time of each stage: packing (checks, rounding, windows of
a convolution), partitioning into tiles, the emulated chip itself, unpacking, and gradients. The
last columns are a *model* of the real chip: events at 125 MHz, 1.64 us for each conversion, and
the published average power; see `nuxkit.inference.hardware_model`.

    python examples/inference_overhead.py [--output DIR] [--chips N] [--quick]
"""

import argparse
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch

import nuxkit.torch as nt
from nuxkit.inference import AnalogSpread
from nuxkit.inference.hardware_model import modelled_cost

SIZES = [(128, 256), (256, 256), (512, 512), (1024, 1024)]  # inputs, outputs
BATCHES = [1, 16, 64, 256]
QUICK_SIZES, QUICK_BATCHES = [(128, 256), (256, 256)], [1, 64]
REPETITIONS = 5  # the fastest one is shown
STAGES = ["packing", "partitioning", "chip", "unpacking", "other", "backward"]


def measure(pool, batch, inputs, outputs):
    """Wall time of each stage in seconds, of the fastest of some repetitions."""
    x = torch.randint(0, 32, (batch, inputs)).float().requires_grad_()
    weights = torch.randint(-63, 64, (inputs, outputs)).float().requires_grad_()
    found = []
    for _ in range(REPETITIONS):
        pool.times.reset()
        start = time.perf_counter()
        result = nt.matmul(x, weights)
        forward = time.perf_counter() - start
        result.backward(torch.ones_like(result))
        stages = pool.times.as_dict()
        backward = stages.pop("backward")
        stages["other"] = forward - sum(stages.values())  # calls, and what PyTorch notes
        found.append({**stages, "backward": backward})
    return min(found, key=lambda stages: sum(stages.values()))


def draw(rows, path):
    """Shares of the stages, one bar a layer."""
    figure, ax = plt.subplots(figsize=(8, 0.34 * len(rows) + 1.6), layout="constrained")
    names = [f"{inputs} x {outputs}, batch {batch}" for inputs, outputs, batch, _, _ in rows]
    left = [0.0] * len(rows)
    for stage in STAGES:
        shares = [100 * stages[stage] / sum(stages.values()) for *_, stages, _ in rows]
        ax.barh(names, shares, left=left, label=stage)
        left = [a + b for a, b in zip(left, shares, strict=True)]
    ax.invert_yaxis()
    ax.set_xlim(0, 100)
    ax.set_xlabel("share of the wall time (%)")
    figure.legend(ncols=len(STAGES), loc="outside upper center", frameon=False)
    figure.savefig(path, dpi=150)


def main():
    """Measure all layers, print the table, draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("out/inference_overhead"))
    parser.add_argument("--chips", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="few sizes")
    options = parser.parse_args()
    sizes, batches = (QUICK_SIZES, QUICK_BATCHES) if options.quick else (SIZES, BATCHES)
    options.output.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(1)

    rows = []
    with nt.init_hardware(options.chips, spread=AnalogSpread.typical(), seed=1) as pool:
        for inputs, outputs in sizes:
            for batch in batches:
                stages = measure(pool, batch, inputs, outputs)
                cost = modelled_cost(batch, inputs, outputs, chips=options.chips)
                rows.append((inputs, outputs, batch, stages, cost))

    table = [
        f"{'inputs':>6} {'outputs':>7} {'batch':>5}  "
        + " ".join(f"{stage + ' us':>15}" for stage in STAGES)
        + f" {'around chip':>12}   {'model: time us':>14} {'energy uJ':>9}"
    ]
    for inputs, outputs, batch, stages, cost in rows:
        around = sum(stages.values()) - stages["chip"] - stages["backward"]
        table.append(
            f"{inputs:6} {outputs:7} {batch:5}  "
            + " ".join(f"{1e6 * stages[stage]:15.0f}" for stage in STAGES)
            + f" {100 * around / stages['chip']:10.0f} %"
            + f"   {1e6 * cost.time_s:14.1f} {1e6 * cost.energy_j:9.1f}"
        )
    text = "\n".join(table)
    print(text)
    (options.output / "overhead.txt").write_text(text + "\n")
    draw(rows, options.output / "overhead.png")
    print(f"Written to {options.output}: overhead.txt, overhead.png")


if __name__ == "__main__":
    main()
