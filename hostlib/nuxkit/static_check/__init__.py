# SPDX-License-Identifier: BSD-3-Clause
"""What a program's code tells before it runs: stack, sizes, instructions, time of loops."""

from nuxkit.static_check.loops import Loop
from nuxkit.static_check.report import StaticReport, check_program

__all__ = ["Loop", "StaticReport", "check_program"]
