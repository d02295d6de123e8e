# SPDX-License-Identifier: BSD-3-Clause
"""The benchmark of the PyTorch layer compares what it says."""

import pytest

from bench import torch_figures


def test_overhead_is_that_of_the_layer_over_the_chip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_figures, "REPETITIONS", 3)
    bench = torch_figures.TorchBench()
    for figure in bench.figures():
        assert figure.measure is not None
        figure.values = [figure.measure()]
    (overhead,) = bench.ratios()
    assert overhead.best == pytest.approx(100 * (bench.layer.values[0] / bench.chip.values[0] - 1))
