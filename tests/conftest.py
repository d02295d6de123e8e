# SPDX-License-Identifier: BSD-3-Clause
"""A build cache of the tests' own, so that they depend on no earlier build."""

import pytest

# The first one is there already where nuxkit is installed.
pytest_plugins = ["nuxkit.testing.plugin", "pytester"]


@pytest.fixture(scope="session", autouse=True)
def build_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUXKIT_CACHE_DIR", str(tmp_path_factory.mktemp("build-cache")))
        yield
