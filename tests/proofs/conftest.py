# SPDX-License-Identifier: BSD-3-Clause
"""The example scripts as modules."""

import pytest

from example_scripts import load_example


@pytest.fixture
def pong():
    return load_example("pong")


@pytest.fixture
def homeostasis():
    return load_example("homeostasis")


@pytest.fixture
def rate_coding():
    return load_example("rate_coding")
