# SPDX-License-Identifier: BSD-3-Clause
"""Write, run and test on-chip learning rules for BrainScaleS-2, without the chip."""

from nuxemu import CorrelationConfig, NeuronParameters, RowMode, StopReason

from . import plot
from .builder import BuildResult, build
from .chip import Chip
from .errors import (
    BuildError,
    InputError,
    KernelTrap,
    NuxkitError,
    ProgramFileError,
    RunLimitError,
    ToolchainError,
)
from .program import Program
from .result import RunResult
from .sweeps import sweep

__all__ = [
    "BuildError",
    "BuildResult",
    "Chip",
    "CorrelationConfig",
    "InputError",
    "KernelTrap",
    "NeuronParameters",
    "NuxkitError",
    "Program",
    "ProgramFileError",
    "RowMode",
    "RunLimitError",
    "RunResult",
    "StopReason",
    "ToolchainError",
    "build",
    "plot",
    "sweep",
]
