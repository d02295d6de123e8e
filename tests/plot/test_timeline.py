# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit.plot.rule_timeline``."""

import numpy as np
import pytest

import nuxkit
from nuxkit import InputError

TYPE = [("rule", "U16"), ("hemisphere", "u1"), ("index", "i8"),
        ("release_s", "f8"), ("begin_s", "f8"), ("end_s", "f8")]  # fmt: skip


def log(*entries):
    return np.array([entry for entry in entries], dtype=TYPE)


IN_TIME = [("stdp", 0, k, k * 1e-3, k * 1e-3 + 1e-5, k * 1e-3 + 5e-4) for k in range(4)]
LATE = ("stdp", 0, 4, 4e-3, 4e-3 + 1e-5, 5.2e-3)
AFTER_A_GAP = ("stdp", 0, 7, 7e-3, 7e-3, 7.1e-3)
OTHER_SIDE = ("stdp", 1, 0, 0.0, 0.0, 1e-4)


def spans(ax, name):
    """Left and right ends of the bars of one kind, in all lanes."""
    handles, labels = ax.get_legend().legend_handles, ax.get_legend().get_texts()
    colours = {
        text.get_text(): handle.get_facecolor()
        for handle, text in zip(handles, labels, strict=True)
        if hasattr(handle, "get_facecolor")
    }
    return [
        (path.vertices[:, 0].min(), path.vertices[:, 0].max())
        for bars in ax.collections
        if tuple(bars.get_facecolor()[0]) == tuple(np.ravel(colours[name]))
        for path in bars.get_paths()
    ]


def test_bars_reach_from_begin_to_end_and_late_ones_are_marked():
    ax = nuxkit.plot.rule_timeline(log(*IN_TIME, LATE))
    np.testing.assert_allclose(spans(ax, "late"), [(4.01, 5.2)])
    np.testing.assert_allclose(spans(ax, "in time"), [(k + 0.01, k + 0.5) for k in range(4)])
    assert ax.get_xlabel() == "hardware time (ms)"


def test_a_longer_period_makes_it_in_time():
    ax = nuxkit.plot.rule_timeline(log(*IN_TIME, LATE), period_s={"stdp": 2e-3, "other": 1})
    assert len(spans(ax, "in time")) == 5


def test_dropped_invocations_are_marked_at_their_release():
    ax = nuxkit.plot.rule_timeline(log(*IN_TIME, LATE, AFTER_A_GAP))
    (crosses,) = [line for line in ax.lines if line.get_marker() == "x"]
    np.testing.assert_allclose(crosses.get_xdata(), [5, 6])


def test_each_rule_has_a_lane_on_each_processor():
    ax = nuxkit.plot.rule_timeline(log(*IN_TIME, OTHER_SIDE, ("a", 0, 0, 0, 0, 1e-4)))
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["a\ntop", "stdp\ntop", "stdp\nbottom"]


def test_nothing_and_one_invocation_can_be_drawn():
    nuxkit.plot.rule_timeline(log()).figure.canvas.draw()
    nuxkit.plot.rule_timeline(log(OTHER_SIDE)).figure.canvas.draw()


def test_wrong_arguments_are_named():
    with pytest.raises(InputError, match="no field 'rule'"):
        nuxkit.plot.rule_timeline([1, 2])
    with pytest.raises(InputError, match="period_s of 'stdp' is 0"):
        nuxkit.plot.rule_timeline(log(*IN_TIME), period_s=0)
