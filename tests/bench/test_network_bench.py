# SPDX-License-Identifier: BSD-3-Clause
"""The network's benchmark measures what it says, with and without Brian2."""

import importlib.util
from pathlib import Path

import matplotlib.image
import pytest

from bench import growth, network_figures
from bench.figure import format_table
from bench.growth import Curve, Point


def curve(walls: list[float]) -> Curve:
    x = [float(n + 1) for n in range(len(walls))]
    points = [Point(1e4, 512, 1e-3, wall, 1, 1, 30.0, 90.0) for wall in walls]
    return Curve("x", "x", x, points)


def test_line_through_exact_points_has_no_deviation() -> None:
    straight = curve([0.5, 0.7, 0.9, 1.1])
    assert straight.line == pytest.approx((0.3, 0.2))
    assert straight.worst_deviation < 1e-9


def test_a_cliff_is_a_deviation() -> None:
    assert curve([0.1, 0.2, 0.3, 1.2]).worst_deviation > 0.3


def test_without_brian_the_ratio_says_why_and_has_no_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    case = network_figures.NetworkCase(tmp_path, 2e3)
    case.compile_for_brian()
    assert [figure.measure for figure in case.brian.values()] == [None]
    case.emulated.values = [case.on_chip()]
    ratio, real_time = case.ratios(case.brian)
    assert ratio.best is None and ratio.note == "Brian2 is not installed"
    assert real_time.best == pytest.approx(case.emulated.values[0] / 1e-3)
    assert "Brian2 is not installed" in format_table([ratio, real_time])


def test_growth_is_measured_and_drawn(tmp_path: Path) -> None:
    curves = growth.measure_growth(1, (2e3, 10e3), (32, 512), (0.2e-3, 0.6e-3))
    assert [len(found.x) for found in curves] == [2, 2, 2]
    rate, neurons, time = curves
    assert rate.points[0].row_events < rate.points[1].row_events
    assert 0 < neurons.points[0].spikes < neurons.points[1].spikes
    assert time.points[0].row_events < time.points[1].row_events
    assert all(p.wall_s > 0 and p.peak_mib > p.imported_mib for c in curves for p in c.points)
    growth.draw_growth(curves, tmp_path / "growth.png")
    assert matplotlib.image.imread(tmp_path / "growth.png").shape[1] > 900
