# SPDX-License-Identifier: BSD-3-Clause
"""Compile, link and verify a learning rule for the plasticity processor."""

from nuxkit.build.diagnostics import Diagnostic, KernelBuildError
from nuxkit.build.driver import BuildResult, build

__all__ = ["BuildResult", "Diagnostic", "KernelBuildError", "build"]
