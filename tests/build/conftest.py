# SPDX-License-Identifier: BSD-3-Clause
"""Builds of C text in a directory of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nuxkit import BuildResult, build
from nuxkit.builder import Diagnostic, KernelBuildError


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def compile_text() -> Callable[..., BuildResult]:
    """Write texts to kernel.c (or the given names) and build them."""

    def run(*texts: str, names: tuple[str, ...] = ("kernel.c",), **options) -> BuildResult:
        for name, text in zip(names, texts, strict=True):
            Path(name).write_text(text)
        return build(*names, **options)

    return run


@pytest.fixture
def errors_of(compile_text) -> Callable[..., list[Diagnostic]]:
    """Errors of a build that must fail."""

    def run(*texts: str, **options) -> list[Diagnostic]:
        with pytest.raises(KernelBuildError) as caught:
            compile_text(*texts, **options)
        found = [entry for entry in caught.value.diagnostics if entry.severity == "error"]
        assert found
        assert str(caught.value).startswith(str(found[0]))
        return found

    return run
