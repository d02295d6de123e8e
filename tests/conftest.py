# SPDX-License-Identifier: BSD-3-Clause
"""What tests of several folders share."""

import pytest

from sanitizers import build_sanitized

# The first one is there already where nuxkit is installed.
pytest_plugins = ["nuxkit.testing.plugin", "pytester"]


@pytest.fixture(scope="session", autouse=True)
def build_cache(tmp_path_factory):
    """A build cache of the tests' own, so that they depend on no earlier build."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUXKIT_CACHE_DIR", str(tmp_path_factory.mktemp("build-cache")))
        yield


@pytest.fixture(scope="session")
def sanitized(tmp_path_factory, worker_id):
    """Folder with a copy of nuxemu that has a sanitized extension; all workers share it."""
    base = tmp_path_factory.getbasetemp()
    return build_sanitized((base if worker_id == "master" else base.parent) / "sanitized")
