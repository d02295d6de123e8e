# SPDX-License-Identifier: BSD-3-Clause
"""Traces of runs: what is traced, what was, and files for the Perfetto viewer."""

from .records import TraceRecords
from .settings import KINDS, Trace

__all__ = ["KINDS", "Trace", "TraceRecords"]
