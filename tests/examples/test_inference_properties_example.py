# SPDX-License-Identifier: BSD-3-Clause
"""examples/inference_properties.py: the published properties are in its figures."""

import re
import sys

import matplotlib.image

from example_scripts import load_example


def test_the_figures_show_the_published_properties(tmp_path, monkeypatch, capsys):
    example = load_example("inference_properties")
    monkeypatch.setattr(sys, "argv", ["example", "--output", str(tmp_path)])
    example.main()
    text = capsys.readouterr().out

    def figures(line):
        (found,) = re.findall(rf"^{line}.*$", text, re.M)
        return [float(number) for number in re.findall(r"-?\d+\.\d+", found)]

    slope, spread = figures("slope within")
    assert abs(slope - 1) < 0.01
    assert spread < 0.02
    assert figures("largest mean deviation")[0] < 1
    low, high = figures("readings at the ends")
    assert low < -126
    assert high > 126
    assert 1.8 < figures("noise between")[0] < 2.3
    before, after = figures("offsets of columns")
    assert after < before / 5
    before, after = figures("gains of columns")
    assert 0.06 < before < 0.1
    assert after < before / 5
    assert matplotlib.image.imread(tmp_path / "properties.png").std() > 0.1
