# SPDX-License-Identifier: BSD-3-Clause
"""Pictures without a screen, closed after each test."""

import matplotlib
import pytest

matplotlib.use("agg")


@pytest.fixture(autouse=True)
def figures():
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")
