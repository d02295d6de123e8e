# SPDX-License-Identifier: BSD-3-Clause
"""Pictures of experiments: one call each, which returns matplotlib axes.

All functions take arrays or what experiments return, times in seconds of hardware time, and
``ax``, the axes to draw on; without it they make a figure of their own, ``ax.figure``.
Matplotlib is imported when the first one is called.
"""

from nuxkit.plot.columns import calibration
from nuxkit.plot.course import observables_over_time, weight_evolution
from nuxkit.plot.matrix import weight_matrix
from nuxkit.plot.spikes import raster, rates
from nuxkit.plot.stdp import stdp_curve
from nuxkit.plot.timeline import rule_timeline

__all__ = [
    "calibration",
    "observables_over_time",
    "raster",
    "rates",
    "rule_timeline",
    "stdp_curve",
    "weight_evolution",
    "weight_matrix",
]
