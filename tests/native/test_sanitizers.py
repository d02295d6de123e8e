# SPDX-License-Identifier: BSD-3-Clause
"""The whole native core under the address and undefined-behaviour sanitizers.

The extension is built a second time with both, and tests that exercise all of its C files run
on it in another process. Either sanitizer ends that process at the first finding.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLAGS = "-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all"
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


def _runtime(name: str) -> str:
    found = subprocess.run(
        ["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()
    return found if os.path.isabs(found) else ""


pytestmark = pytest.mark.skipif(
    not shutil.which("gcc") or not _runtime("libasan.so") or not _runtime("libubsan.so"),
    reason="no gcc, or not with its sanitizers",
)


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory):
    """Folder with a copy of the package that has a sanitized extension."""
    folder = tmp_path_factory.mktemp("sanitized")
    unwanted = shutil.ignore_patterns("*.so", "*.o", "__pycache__", "_native.c")
    shutil.copytree(ROOT / "emulator" / "nuxemu", folder / "nuxemu", ignore=unwanted)
    build = "import runpy; runpy.run_path('nuxemu/build_native.py', run_name='__main__')"
    environment = os.environ | {"NUXEMU_CFLAGS": FLAGS, "NUXEMU_LDFLAGS": FLAGS}
    result = subprocess.run([sys.executable, "-c", build], cwd=folder, env=environment,
                            capture_output=True, text=True, timeout=300)  # fmt: skip
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    assert list((folder / "nuxemu").glob("_native*.so")), result.stdout[-2000:]
    return folder


def _environment() -> dict[str, str]:
    return os.environ | {
        "LD_PRELOAD": f"{_runtime('libasan.so')} {_runtime('libubsan.so')}",
        "ASAN_OPTIONS": "detect_leaks=0:exitcode=99",  # Python never frees all
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99",
        "PYTHONPATH": "",
    }


def _run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=_environment(), capture_output=True, text=True,
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
