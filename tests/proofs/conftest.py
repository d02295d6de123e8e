# SPDX-License-Identifier: BSD-3-Clause
"""The example scripts as modules, and a build cache of their own."""

import importlib.util
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="session", autouse=True)
def build_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUXKIT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


def load_example(name):
    spec = importlib.util.spec_from_file_location(f"{name}_example", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def pong():
    return load_example("pong")


@pytest.fixture
def homeostasis():
    return load_example("homeostasis")


@pytest.fixture
def rate_coding():
    return load_example("rate_coding")
