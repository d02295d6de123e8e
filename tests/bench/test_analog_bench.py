# SPDX-License-Identifier: BSD-3-Clause
"""The benchmark of products in the non-spiking mode."""

import bench.analog_figures as analog


def test_the_ratio_follows_from_both_measurements(monkeypatch):
    monkeypatch.setattr(analog, "REPETITIONS", 2)
    bench = analog.AnalogBench()
    for figure in bench.figures():
        figure.values.append(figure.measure())
    (ratio,) = bench.ratios()
    assert ratio.best == bench.chip.best / bench.numpy.best > 0
    assert ratio.bar == 3.0
