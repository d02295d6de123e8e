# SPDX-License-Identifier: BSD-3-Clause
"""Testing of kernels with pytest: fixtures, on-chip tests in C, snapshots, cycle budgets."""
