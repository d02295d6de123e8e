# SPDX-License-Identifier: BSD-3-Clause
"""The native vector unit under the sanitizers, and its smaller functions."""

import shutil
import subprocess
from pathlib import Path

import pytest

from nuxemu import _native
from nuxemu.isa.vector import BY_MNEMONIC

ROOT = Path(__file__).resolve().parents[2]
NATIVE = ROOT / "emulator" / "nuxemu" / "native"


def _self_test(compiler: list[str], emulator: list[str], directory: Path) -> str:
    """Build the C self test, run it, return what it printed."""
    program = directory / "test_vector"
    subprocess.run(
        [
            *compiler,
            "-std=gnu11",
            "-g",
            "-Wall",
            "-Wextra",
            "-Werror",
            f"-I{NATIVE}",
            ROOT / "tests" / "native" / "test_vector.c",
            NATIVE / "vector.c",
            "-o",
            program,
        ],
        check=True,
        timeout=120,
    )
    result = subprocess.run([*emulator, program], text=True, capture_output=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "400000 instructions" in result.stdout
    return result.stdout


@pytest.mark.skipif(not shutil.which("cc"), reason="no host C compiler")
def test_random_words_under_the_sanitizers(tmp_path):
    _self_test(
        ["cc", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"], [], tmp_path
    )


def _has_big_endian_machine() -> bool:
    """Whether there are qemu-ppc and a C library to build a program for it."""
    probe = ["powerpc-linux-gnu-gcc", "-fsyntax-only", "-xc", "-"]
    return shutil.which("qemu-ppc") is not None and not (
        subprocess.run(probe, input=b"#include <stdio.h>\n", capture_output=True).returncode
    )


@pytest.mark.skipif(
    not shutil.which("cc") or not _has_big_endian_machine(),
    reason="needs the packages qemu-user and libc6-dev-powerpc-cross",
)
def test_a_big_endian_machine_computes_the_same(tmp_path):
    here = _self_test(["cc", "-O2"], [], tmp_path)
    there = _self_test(["powerpc-linux-gnu-gcc", "-O2", "-static"], ["qemu-ppc"], tmp_path)
    assert there == here


def _state():
    return _native.ffi.new("nux_vstate *")


def test_a_run_stops_at_what_the_vector_unit_does_not_execute_itself():
    add, load = BY_MNEMONIC["fxvaddhm"].encode(1, 2, 3), BY_MNEMONIC["fxvlax"].encode(1, 2, 3)
    nop = 0x6000_0000
    for words, executed in (([add, add, load, add], 2), ([nop], 0), ([add], 1), ([], 0)):
        assert _native.lib.nux_vrun(_state(), words, len(words), [0] * 32) == executed


@pytest.mark.parametrize("cond", range(4))
def test_enables_follow_the_condition_register(cond):
    state, enable = _state(), _native.ffi.new("uint8_t[128]")
    state.vcr = [i % 4 for i in range(128)]
    _native.lib.nux_venable(state, cond, enable)
    assert list(enable) == [255 * (cond in (0, i % 4)) for i in range(128)]


@pytest.mark.parametrize(
    ("ra", "rb", "address"),
    [(0, 5, 0x1000), (5, 5, 0x2000), (6, 5, 0x0FFF), (6, 0, 0xFFFF_FFFF + 7 - 2**32)],
)
def test_addresses_use_zero_for_ra_0_and_wrap(ra, rb, address):
    gpr = [7, *[0] * 31]
    gpr[5], gpr[6] = 0x1000, 0xFFFF_FFFF
    insn = _native.ffi.new("nux_vinsn *")
    assert _native.lib.nux_vdecode(BY_MNEMONIC["fxvlax"].encode(3, ra, rb), insn)
    assert _native.lib.nux_vaddress(insn, gpr) == address
