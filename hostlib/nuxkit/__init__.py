# SPDX-License-Identifier: BSD-3-Clause
"""Write, run and test on-chip learning rules for BrainScaleS-2, without the chip."""
