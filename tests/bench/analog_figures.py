# SPDX-License-Identifier: BSD-3-Clause
"""Products in the non-spiking mode beside NumPy's, with as much noise, in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from bench.figure import Figure, check
from nuxkit.inference import AnalogSpread, ChipPool

BATCH, INPUTS, OUTPUTS = 64, 256, 256
REPETITIONS = 20
NAME = f"{INPUTS} x {OUTPUTS} products, batch {BATCH}"


class AnalogBench:
    """The same product on an emulated chip with noise, and by NumPy's integers plus noise."""

    def __init__(self) -> None:
        draw = np.random.default_rng(1)
        self._x = draw.integers(0, 32, (BATCH, INPUTS), dtype=np.uint8)
        self._w = draw.integers(-63, 64, (INPUTS, OUTPUTS), dtype=np.int8)
        self._draw = draw
        self._pool = ChipPool(spread=AnalogSpread(noise=2.0), seed=1)
        self.chip = Figure(f"{NAME}, analog array", "us", lambda: self._time(self._on_chip))
        self.numpy = Figure(f"{NAME}, NumPy integers and noise", "us",
                            lambda: self._time(self._in_numpy))  # fmt: skip

    def _on_chip(self) -> np.ndarray:
        return self._pool.multiply(self._x, self._w)

    def _in_numpy(self) -> np.ndarray:
        product = np.matmul(self._x.astype(np.int32), self._w.astype(np.int32))
        noise = self._draw.normal(0.0, 2.0, product.shape)
        return np.clip(np.rint(product / 64 + noise), -128, 127).astype(np.int8)

    @staticmethod
    def _time(product: Callable[[], np.ndarray]) -> float:
        times = []
        for _ in range(REPETITIONS):
            begin = time.perf_counter()
            found = product()
            times.append(time.perf_counter() - begin)
        check(found.shape == (BATCH, OUTPUTS) and bool((found != 0).any()), "the product is empty")
        return float(np.median(times)) * 1e6

    def figures(self) -> list[Figure]:
        """What is measured in each repetition."""
        return [self.chip, self.numpy]

    def ratios(self) -> list[Figure]:
        """What follows when all is measured."""
        ratio = Figure(f"{NAME}, analog array over NumPy", "x", None, 3.0)
        if self.chip.best is not None and self.numpy.best is not None:
            ratio.values = [self.chip.best / self.numpy.best]
        return [ratio]
