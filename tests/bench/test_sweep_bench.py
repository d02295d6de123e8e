# SPDX-License-Identifier: BSD-3-Clause
"""The benchmark of sweeps compares what it says."""

import pytest

from bench import sweep_figures


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> sweep_figures.SweepBench:
    monkeypatch.setattr(sweep_figures, "RATES_HZ", [2e3, 16e3])
    monkeypatch.setattr(sweep_figures, "WEIGHTS", [5, 40])
    return sweep_figures.SweepBench()


def test_both_sweeps_compute_all_points_alike(bench: sweep_figures.SweepBench) -> None:
    bench.one.values, bench.two.values = [bench.run(1)], [bench.run(2)]
    spikes = bench.expected["spikes"]
    assert spikes.dims == ("rate_hz", "weight") and spikes[-1, -1] > spikes[0, 0]
    (ratio,) = bench.ratios()
    assert ratio.best == bench.one.values[0] / bench.two.values[0]


def test_other_results_end_the_benchmark(bench: sweep_figures.SweepBench) -> None:
    bench.run(1)
    bench.expected["spikes"] += 1
    with pytest.raises(SystemExit, match="other results"):
        bench.run(1)
