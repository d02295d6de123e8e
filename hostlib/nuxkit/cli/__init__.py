# SPDX-License-Identifier: BSD-3-Clause
"""The ``nuxkit`` command.

Results go to standard output; warnings, remarks, the summary and errors to standard
error. The exit codes are those of :mod:`nuxkit.errors`, and 130 after Ctrl-C.
"""

from nuxkit.cli.group import cli, main

__all__ = ["cli", "main"]
