# SPDX-License-Identifier: BSD-3-Clause
"""Compile, link and verify a learning rule for the plasticity processor."""

from nuxkit.builder.diagnostics import Diagnostic, KernelBuildError
from nuxkit.builder.driver import BuildResult, build
from nuxkit.builder.report import BuildReport

__all__ = ["BuildReport", "BuildResult", "Diagnostic", "KernelBuildError", "build"]
