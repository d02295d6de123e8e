# SPDX-License-Identifier: BSD-3-Clause
"""Compile, link and verify a learning rule for the plasticity processor."""

from nuxkit.build.diagnostics import Diagnostic, KernelBuildError
from nuxkit.build.driver import BuildResult, build
from nuxkit.build.report import BuildReport

__all__ = ["BuildReport", "BuildResult", "Diagnostic", "KernelBuildError", "build"]
