# SPDX-License-Identifier: BSD-3-Clause
"""Write, run and test on-chip learning rules for BrainScaleS-2, without the chip."""

from nuxemu import CorrelationConfig, NeuronParameters, RowMode, StopReason

from . import plot
from .builder import BuildResult, build
from .chip import Chip
from .dataset_file import load, save
from .errors import (
    BuildError,
    CallbackError,
    DataFileError,
    DeadlineError,
    ExperimentError,
    InputError,
    KernelTrap,
    NuxkitError,
    ProgramFileError,
    RemarkError,
    RemarkWarning,
    RunLimitError,
    ToolchainError,
)
from .experiment import (
    AllToAll,
    Experiment,
    FromList,
    OneToOne,
    Population,
    Projection,
    Rule,
    SpikeSourceArray,
    SpikeSourcePoisson,
    SpikeSourceRegular,
    ms,
    s,
    us,
)
from .profile import Profile
from .program import Program
from .result import RunResult
from .rules import Timer
from .sweeps import sweep
from .trace import Trace, TraceRecords

__all__ = [
    "AllToAll",
    "BuildError",
    "BuildResult",
    "CallbackError",
    "Chip",
    "CorrelationConfig",
    "DataFileError",
    "DeadlineError",
    "Experiment",
    "ExperimentError",
    "FromList",
    "InputError",
    "KernelTrap",
    "NeuronParameters",
    "NuxkitError",
    "OneToOne",
    "Population",
    "Profile",
    "Program",
    "ProgramFileError",
    "Projection",
    "RemarkError",
    "RemarkWarning",
    "RowMode",
    "Rule",
    "RunLimitError",
    "RunResult",
    "SpikeSourceArray",
    "SpikeSourcePoisson",
    "SpikeSourceRegular",
    "StopReason",
    "Timer",
    "ToolchainError",
    "Trace",
    "TraceRecords",
    "build",
    "load",
    "ms",
    "plot",
    "s",
    "save",
    "sweep",
    "us",
]
