# SPDX-License-Identifier: BSD-3-Clause
"""The benchmarks compute the right thing, wherever they run."""

from pathlib import Path

import numpy as np
import pytest

import nuxkit
from bench.programs import (
    SCALAR_MIX,
    STDP_PASS,
    VECTOR_LOOP,
    build_for_host,
    build_for_qemu,
    find_qemu,
    run_scalar_mix,
)

ROUNDS = 5


@pytest.fixture
def expected_checksum(tmp_path: Path) -> int:
    return run_scalar_mix([str(build_for_host(tmp_path))], ROUNDS)


@pytest.mark.skipif(find_qemu() is None, reason="qemu-ppc is not installed")
def test_scalar_mix_is_the_same_under_qemu(tmp_path: Path, expected_checksum: int) -> None:
    command = [str(find_qemu()), str(build_for_qemu(tmp_path))]
    assert run_scalar_mix(command, ROUNDS) == expected_checksum


def test_scalar_mix_is_the_same_on_the_emulated_processor(expected_checksum: int) -> None:
    program = nuxkit.build(SCALAR_MIX).program
    result = nuxkit.Chip(seed=1).run(program, symbols={"bench_iterations": ROUNDS})
    assert result.return_code == 0
    assert result.symbols["bench_result"] == expected_checksum


@pytest.mark.parametrize("rounds", [0, 1, 63, 200])
@pytest.mark.parametrize("kind", [0, 1])
def test_vector_loop_is_right_and_the_same_on_both_cores(kind: int, rounds: int) -> None:
    program = nuxkit.build(VECTOR_LOOP).program
    checksums = set()
    for core in ("native", "reference"):
        symbols = {"bench_kind": kind, "bench_iterations": rounds}
        result = nuxkit.Chip(seed=1).run(program, symbols=symbols, core=core)
        assert result.return_code == 0
        checksums.add(result.symbols["bench_result"])
    assert len(checksums) == 1


def test_stdp_pass_leaves_weights_in_range_and_moves_them() -> None:
    chip = nuxkit.Chip(seed=1)
    chip.synram[0].weights = np.full((256, 256), 32, dtype=np.uint8)
    program = nuxkit.build(STDP_PASS).program
    chip.run(program, symbols={"bench_iterations": 3, "bench_learning_rate": 127})
    weights = chip.synram[0].weights
    assert weights.max() <= 63
    assert (weights != 32).any()
