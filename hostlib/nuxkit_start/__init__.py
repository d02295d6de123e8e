# SPDX-License-Identifier: BSD-3-Clause
"""Start of the ``nuxkit`` command: Ctrl-C ends it in one line also while it is being loaded."""

from __future__ import annotations

import os
import signal

_EXIT_CODE = 130


def _end(*_: object) -> None:
    os.write(2, b"nuxkit: interrupted\n")
    os._exit(_EXIT_CODE)  # nothing has been begun


def main() -> int:
    """Load the command line and run it; returns the exit code."""
    handles = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if handles:
        signal.signal(signal.SIGINT, _end)
    from nuxkit.cli import main as command

    if handles:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return command()
