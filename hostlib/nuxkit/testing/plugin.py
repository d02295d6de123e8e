# SPDX-License-Identifier: BSD-3-Clause
"""The plugin of pytest; it is found by its entry point. Nothing heavy is imported before use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import nuxkit

    from .c_tests import CFile

_CORES = ("native", "reference")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add options of the command line and of the configuration file."""
    group = parser.getgroup("nuxkit")
    group.addoption(
        "--nux-cores",
        default="native",
        metavar="CORES",
        help="cores of the vector unit for nux_chip and tests in C: native, reference or both, "
        "with a comma (default: native)",
    )
    group.addoption(
        "--nux-update", action="store_true", help="write snapshots instead of comparing with them"
    )
    parser.addini("nux_include_dirs", "folders of headers for tests in C", type="paths", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Check the options."""
    config.addinivalue_line(
        "markers", "nux_cores(*cores): run with these cores of the vector unit (native, reference)"
    )
    unknown = set(cores_of(config)) - set(_CORES)
    if unknown:
        raise pytest.UsageError(
            f"--nux-cores: no core {sorted(unknown)[0]!r}; there are: {', '.join(_CORES)}"
        )


def cores_of(config: pytest.Config) -> list[str]:
    """Cores that the command line asks for."""
    return str(config.getoption("--nux-cores")).split(",")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests that use `nux_core`, or `nux_chip`, with each core."""
    if "nux_core" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("nux_cores")
        cores = list(marker.args) if marker else cores_of(metafunc.config)
        metafunc.parametrize("nux_core", cores)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> CFile | None:
    """Take ``test_*.c`` that include ``nux/test.h``."""
    if file_path.suffix != ".c" or not file_path.name.startswith("test_"):
        return None
    from .c_tests import CFile, has_tests

    return CFile.from_parent(parent, path=file_path) if has_tests(file_path) else None


@pytest.fixture
def nux_core() -> str:
    """Core of the vector unit; see the option ``--nux-cores`` and the marker ``nux_cores``."""
    raise AssertionError("is always parametrised")


@pytest.fixture
def nux_build(request: pytest.FixtureRequest) -> Callable[..., nuxkit.BuildResult]:
    """Build kernels: `nuxkit.build`, with paths relative to the test's folder."""
    from nuxkit import build

    def made(*sources: Any, **options: Any) -> nuxkit.BuildResult:
        return build(*(request.path.parent / source for source in sources), **options)

    return made


@pytest.fixture
def nux_chip(nux_core: str) -> nuxkit.Chip:
    """Make a fresh chip with the core asked for."""
    from nuxkit import Chip

    return Chip(core=nux_core)


@pytest.fixture
def nux_snapshot(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Compare arrays with those that ``--nux-update`` has written: ``nux_snapshot(weights)``."""
    from .snapshot import Snapshots

    return Snapshots(request.path, request.node.name, request.config.getoption("--nux-update"))


@pytest.fixture
def nux_cycles() -> Callable[..., None]:
    """Assert cycles of a run or call: ``nux_cycles(result, at_most=5000)``."""

    def check(result: Any, *, at_most: int | None = None, at_least: int = 0) -> None:
        if at_most is not None and result.cycles > at_most:
            pytest.fail(f"{result.cycles} cycles, {result.cycles - at_most} above {at_most}")
        if result.cycles < at_least:
            pytest.fail(f"{result.cycles} cycles, {at_least - result.cycles} below {at_least}")

    return check
