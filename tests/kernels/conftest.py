# SPDX-License-Identifier: BSD-3-Clause
"""The compiled rule."""

from pathlib import Path

import pytest

from nuxkit import build

KERNEL = Path(__file__).resolve().parents[2] / "kernels" / "stdp.c"


@pytest.fixture(scope="session")
def stdp(tmp_path_factory):
    """Program of kernels/stdp.c, built in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUXKIT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        return build(KERNEL).program


@pytest.fixture(params=["-O1", "-O2", "-O3", "-Os"])
def stdp_at_each_level(request, tmp_path, monkeypatch):
    """The program at every optimisation level."""
    monkeypatch.setenv("NUXKIT_CACHE_DIR", str(tmp_path))
    return build(KERNEL, optimize=request.param).program
