# SPDX-License-Identifier: BSD-3-Clause
"""A hundredth of the long run, and that a run finds what there is to find."""

import time

import pytest

from fuzz import run
from fuzz.targets import TARGETS
from sanitizers import are_available

SEED = 20260101
SHARE = 0.01
needs_sanitizers = pytest.mark.skipif(
    not are_available(), reason="no gcc, or not with its sanitizers"
)


@pytest.mark.parametrize("name", TARGETS)
@needs_sanitizers
def test_no_input_upsets_what_reads_it(tmp_path, sanitized, name):
    wanted = round(TARGETS[name].full_run * SHARE)
    print("seed", SEED)
    outcome = run.fuzz(name, tmp_path, seed=SEED, wanted=wanted, sanitized=sanitized)
    assert not outcome.findings, outcome.findings
    assert outcome.units >= wanted


FAULTY = """
import fuzz.elf, os, sys, time
def check(self, data, rng, case):
    if case == 2: raise LookupError("seen")
    if case == 4: os.abort()
    if case == 6: time.sleep(60)
    return 1
fuzz.elf.ElfFiles.check = check
from fuzz.worker import main
main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6]))
"""


def test_exceptions_crashes_and_hangs_are_found_and_their_input_kept(tmp_path, monkeypatch):
    worker = tmp_path / "faulty_worker.py"
    worker.write_text(FAULTY)
    monkeypatch.setattr(run, "WORKER", [str(worker)])
    begin = time.monotonic()
    outcome = run.fuzz("elf", tmp_path, seed=3, wanted=8, timeout_s=4)
    assert time.monotonic() - begin < 55  # the case that hangs does so for a minute
    assert sorted(outcome.findings) == [2, 4, 6]
    assert "LookupError: seen" in outcome.findings[2]
    assert "ended with code -6" in outcome.findings[4]
    assert "no end within 4 s" in outcome.findings[6]
    target = TARGETS["elf"](tmp_path)
    for case in outcome.findings:
        kept = (tmp_path / f"finding-3-{case}.bin").read_bytes()
        assert kept == target.make(run.sources("elf", 3, case)[0], case)
