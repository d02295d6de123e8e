# SPDX-License-Identifier: BSD-3-Clause
"""Units of hardware time: ``experiment.run(10 * nuxkit.ms)``."""

#: Seconds of hardware time; biological time is 1000 times slower.
s = 1.0
ms = 1e-3
us = 1e-6
