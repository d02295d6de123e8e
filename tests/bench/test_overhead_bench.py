# SPDX-License-Identifier: BSD-3-Clause
"""The benchmark of what looking into a run costs."""

import bench.overhead_figures as overhead


def test_every_mode_has_a_ratio_to_the_plain_run(monkeypatch):
    monkeypatch.setattr(
        overhead, "PROGRAMS", {name: (each[0], 1) for name, each in overhead.PROGRAMS.items()}
    )
    bench = overhead.OverheadBench()
    for figure in bench.figures():
        figure.values.append(figure.measure())
    ratios = bench.ratios()
    assert len(ratios) == 2 * len(overhead.MODES)
    assert all(ratio.best > 0 for ratio in ratios)
    for mode, bar in (("profile", 2.0), ("default checks", 1.15)):
        assert {ratio.bar for ratio in ratios if mode in ratio.name} == {bar}
