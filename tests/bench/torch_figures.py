# SPDX-License-Identifier: BSD-3-Clause
"""A layer through PyTorch, and the same product on the chip without it, in the same run."""

from __future__ import annotations

import time

import numpy as np
import torch

import nuxkit.torch as nt
from bench.figure import Figure, check
from nuxkit.inference import AnalogSpread

BATCH, INPUTS, OUTPUTS = 64, 256, 256
REPETITIONS = 200
NAME = f"product of {INPUTS} x {OUTPUTS}, batch {BATCH}"


class TorchBench:
    """The same products twice; each figure is the median of many."""

    def __init__(self) -> None:
        self.chip = Figure(f"{NAME}, emulated chip", "us", lambda: self.run(through_torch=False))
        self.layer = Figure(f"{NAME}, through PyTorch", "us", lambda: self.run(through_torch=True))

    def run(self, *, through_torch: bool) -> float:
        """Wall time of one product in microseconds."""
        rng = np.random.default_rng(1)
        x = rng.integers(0, 32, (BATCH, INPUTS), dtype=np.uint8)
        w = rng.integers(-63, 64, (INPUTS, OUTPUTS), dtype=np.int8)
        tensors = torch.from_numpy(x).float(), torch.from_numpy(w).float().requires_grad_()
        times = []
        with nt.init_hardware(spread=AnalogSpread(noise=2.0), seed=1) as pool:
            for _ in range(REPETITIONS):
                begin = time.perf_counter()
                found = nt.matmul(*tensors) if through_torch else pool.multiply(x, w)
                times.append(time.perf_counter() - begin)
        nt.release_hardware()
        check(len(found) == BATCH and bool((found != 0).any()), "the product is empty")
        return float(np.median(times)) * 1e6

    def figures(self) -> list[Figure]:
        """What is measured in each repetition."""
        return [self.chip, self.layer]

    def ratios(self) -> list[Figure]:
        """What follows when all is measured."""
        ratio = Figure(f"{NAME}, overhead of PyTorch", "%", None, 20)
        if self.chip.best is not None and self.layer.best is not None:
            ratio.values = [100 * (self.layer.best / self.chip.best - 1)]
        return [ratio]
