# SPDX-License-Identifier: BSD-3-Clause
"""Every error nuxkit raises, each with the exit code of the command line.

====  =====================================================
code  meaning
====  =====================================================
0     success (``nuxkit run`` ends with the kernel's own code
      when that is 1 to 99)
1     the kernel returned something else than 0 to 99
2     wrong use of the command line
100   a file is missing, unreadable or of the wrong kind
101   the cross-compiler is missing
102   the kernel does not compile, link or pass verification
103   the run ended in a trap
104   the run hit its cycle or wall-time limit
105   an argument is out of its range
106   the run left remarks, which were to be errors
130   interrupted by Ctrl-C
====  =====================================================
"""

from __future__ import annotations


class NuxkitError(Exception):
    """Base of all errors of nuxkit; ``exit_code`` is that of the command line."""

    exit_code = 1


class ProgramFileError(NuxkitError):
    """A source or ELF file is missing, unreadable or of the wrong kind."""

    exit_code = 100


class ToolchainError(NuxkitError):
    """The cross-compiler is missing or does not work."""

    exit_code = 101


class BuildError(NuxkitError):
    """The kernel does not compile, link or pass verification."""

    exit_code = 102


class KernelTrap(NuxkitError):
    """The run ended in a trap; ``result`` is the run's result up to there."""

    exit_code = 103


class RunLimitError(NuxkitError):
    """The run hit its cycle or wall-time limit; ``result`` as for a trap."""

    exit_code = 104


class InputError(NuxkitError, ValueError):
    """An argument is out of its range."""

    exit_code = 105


class ExperimentError(InputError):
    """An experiment cannot be what it was asked to be; it is as before, and can go on."""


class CallbackError(NuxkitError):
    """A function that a run called back raised an error, its cause; the run can be continued."""


class DeadlineError(NuxkitError):
    """Invocations of a rule ended too late, or had to be left out; the run can be continued."""


class RemarkError(NuxkitError):
    """A complete run left remarks, and these were to be errors."""

    exit_code = 106


class RemarkWarning(UserWarning):
    """A remark about a run."""


class DataFileError(NuxkitError):
    """A file of results cannot be written or read; no other file was touched."""

    exit_code = 100
