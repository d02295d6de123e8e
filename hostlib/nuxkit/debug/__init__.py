# SPDX-License-Identifier: BSD-3-Clause
"""Debugging with GDB: a stub of its remote protocol for each processor, and saved cores."""

from .core import Core, load_core, save_core
from .session import DebugSession

__all__ = ["Core", "DebugSession", "load_core", "save_core"]
