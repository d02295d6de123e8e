# SPDX-License-Identifier: BSD-3-Clause
"""examples/inference_overhead.py: its stages are all of the time, its files are there."""

import sys

import matplotlib.image
import pytest

from example_scripts import load_example


def test_quick_run_writes_the_table_and_the_picture(tmp_path, monkeypatch, capsys):
    example = load_example("inference_overhead")
    monkeypatch.setattr(sys, "argv", ["example", "--output", str(tmp_path), "--quick"])
    example.main()
    table = (tmp_path / "overhead.txt").read_text()
    assert table in capsys.readouterr().out
    header, *rows = table.splitlines()
    assert "model: time us" in header
    assert len(rows) == 4
    for row in rows:
        inputs, _, batch, *stages = row.replace("%", "").split()
        assert all(float(stage) >= 0 for stage in stages[:6])
        blocks = -(-int(inputs) // 128)
        expected = int(batch) * (128 * 5 * 8e-3 + 1.64) * max(1, blocks // 2)
        assert float(stages[7]) == pytest.approx(expected, abs=0.1)
    picture = matplotlib.image.imread(tmp_path / "overhead.png")
    assert picture.std() > 0.1
