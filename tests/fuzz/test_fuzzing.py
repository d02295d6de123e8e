# SPDX-License-Identifier: BSD-3-Clause
"""A hundredth of the long run (``make fuzz``), under the sanitizers: nothing is found."""

import random

import pytest

from fuzz.run import fuzz
from fuzz.targets import TARGETS
from sanitizers import are_available


@pytest.mark.skipif(not are_available(), reason="no gcc, or not with its sanitizers")
@pytest.mark.parametrize("name", TARGETS)
def test_a_share_of_the_long_run_finds_nothing(name, sanitized, tmp_path):
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    outcome = fuzz(
        name, tmp_path, seed=seed, wanted=TARGETS[name].full_run // 100, sanitized=sanitized
    )
    assert not outcome.findings, f"seed {seed}: {outcome.findings}"
    assert outcome.units >= TARGETS[name].full_run // 100


def test_a_finding_is_kept_with_its_input(tmp_path):
    """The driver tells a crash: a worker that cannot even start."""
    broken = tmp_path / "packages" / "nuxemu"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise SystemExit(3)\n")
    outcome = fuzz("elf", tmp_path, seed=1, wanted=3, sanitized=broken.parent, max_findings=1)
    assert len(outcome.findings) == 1
    (case,) = outcome.findings
    assert (tmp_path / f"finding-1-{case}.txt").exists()
    assert (tmp_path / f"finding-1-{case}.bin").stat().st_size > 0
