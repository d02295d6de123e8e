# SPDX-License-Identifier: BSD-3-Clause
"""The benchmark of Pong, with and without NEST."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from bench import pong_figures, pong_nest
from bench.figure import format_table


def test_without_nest_the_ratio_says_why_and_has_no_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = pong_figures.PongBench()
    monkeypatch.delenv(pong_figures.NEST_PYTHON, raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    _, bench.nest.note = pong_figures.run_nest(1)
    bench.emulated.values = [bench.on_chip()]
    (ratio,) = bench.ratios()
    assert ratio.best is None
    assert "NEST is not installed" in format_table([ratio])
    assert bench.emulated.values[0] > 500


def test_a_python_without_nest_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S -I "$@"\n')
    python.chmod(0o755)
    monkeypatch.setenv(pong_figures.NEST_PYTHON, str(python))
    found, why = pong_figures.run_nest(1)
    assert not found
    assert str(python) in why and "No module named" in why


def test_correlation_pairs_nearest_neighbours_and_saturates() -> None:
    pre = np.array([0.0, 10.0, 20.0])
    times, neurons = np.array([5.0, 8.0, 10.0, 30.0]), np.array([0, 0, 1, 1])
    found = pong_nest.correlation(pre, times, neurons)
    near = 36 * np.exp(-5 / 64)  # the second spike of neuron 0 finds no new presynaptic one
    np.testing.assert_allclose(found[:2], [near, 36 + 36 * np.exp(-10 / 64)])
    assert not found[2:].any()
    every = 10.0 * np.arange(20)
    assert pong_nest.correlation(every, every + 1, np.zeros(20, int))[0] == 128
