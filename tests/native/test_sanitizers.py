# SPDX-License-Identifier: BSD-3-Clause
"""The whole native core under the address and undefined-behaviour sanitizers.

The extension is built a second time with both, and tests that exercise all of its C files run
on it in another process. Either sanitizer ends that process at the first finding.
"""

import subprocess
import sys

import pytest

from sanitizers import ROOT, are_available, environment

#: Tests to repeat: path and selection.
SELECTIONS = {
    "programs": ("tests/conformance/test_programs.py", "as_on_the_rtl and not reference"),
    "processor": ("tests/emulator", "not table and not quirks and not wall_limit"),
    "array": ("tests/array", ""),
    "bus": (
        "tests/bus",
        "not uniform and not independent and not all_states and not random_source",
    ),
    "network": ("tests/network", "not poisson and not runaway and not at_once"),
    "neurons": ("tests/neurons", "not machines"),
    "profile": ("tests/profile", "not experiments and not ship"),
    "debug": ("tests/debug/test_stub.py", "sizes or interrupted or time_stands or weight"),
    "trace": ("tests/tracing/test_traced_runs.py", ""),
    "vectors": ("tests/conformance/test_vector_sequences.py", ""),
}


pytestmark = pytest.mark.skipif(not are_available(), reason="no gcc, or not with its sanitizers")


def _run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment(), capture_output=True, text=True,
        timeout=600,
    )  # fmt: skip


#: Runs pytest with the arguments behind the first, which is the folder of the package to test.
#: The tools that the tests call are not preloaded into.
PYTEST = """
import os, sys, pytest
del os.environ["LD_PRELOAD"]
code = pytest.main(sys.argv[2:])
from nuxemu import _native
assert _native.__file__.startswith(sys.argv[1]), _native.__file__
sys.exit(code)
"""


@pytest.mark.parametrize("selection", SELECTIONS)
def test_no_sanitizer_objects(sanitized, selection):
    path, expression = SELECTIONS[selection]
    options = ["-q", "-x", "-s", "-p", "no:cacheprovider", "-p", "no:xdist"]
    paths = f"pythonpath={sanitized} hostlib tests"
    result = _run(["-c", PYTEST, str(sanitized), *options, "-o", paths, path, "-k", expression])
    report = result.stdout[-3000:] + result.stderr[-6000:]
    assert result.returncode == 0, report
    assert " passed" in result.stdout, report


def test_the_sanitizers_are_at_work(sanitized):
    """A buffer that is too small for a read is found: the runs above can fail."""
    code = "b = ffi.new('uint8_t[4]'); lib.nux_processor_read(p._native, 0, b, 64)"
    program = (
        f"import sys; sys.path.insert(0, {str(sanitized)!r}); "
        "from nuxemu import Processor, SynapseArray; from nuxemu._native import ffi, lib; "
        f"p = Processor(SynapseArray()); {code}"
    )
    result = _run(["-c", program])
    assert result.returncode != 0
    assert "AddressSanitizer" in result.stderr, result.stderr[-2000:]
