# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures for the golden data recorded from the RTL."""

from collections.abc import Callable
from typing import Any

import pytest

from conformance.golden_data import load_golden


@pytest.fixture(scope="session")
def golden() -> Callable[[str], Any]:
    """Return the function that loads a golden file by name."""
    return load_golden
