# SPDX-License-Identifier: BSD-3-Clause
"""Tests of program files, their types, source lines and call stacks."""
