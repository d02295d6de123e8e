# SPDX-License-Identifier: BSD-3-Clause
"""Every recorded instruction sequence, on every core, in all eight slices."""

import numpy as np
import pytest

from conformance.vector_cores import (
    CORES,
    SLICES,
    Memories,
    slice_acc,
    slice_bytes,
    slice_vcr,
    step,
    with_operands,
)


@pytest.fixture(scope="module")
def sequences(golden):
    return golden("fxv_sequences.jsonl.gz")


@pytest.mark.parametrize("core_type", CORES, ids=lambda core: core.__name__)
def test_sequences(core_type, sequences):
    for sequence in sequences:
        core = core_type()
        state = core.state
        expected = np.tile([slice_bytes(value) for value in sequence["vrf0"]], SLICES)
        state.vr[:] = expected
        state.acc[:] = np.tile(slice_acc(sequence["acc0"]), SLICES)
        state.vcr[:] = np.tile(slice_vcr(sequence["vcr0"]), SLICES)
        memories = Memories(
            words=[
                {int(address, 16) >> 2: int(word, 16) for address, word in sequence["mem0"].items()}
                for _ in range(SLICES)
            ],
            vectors=[
                {
                    int(address, 16): bytes.fromhex(data)
                    for address, data in sequence["pmem0"].items()
                }
                for _ in range(SLICES)
            ],
        )
        for number, instruction in enumerate(sequence["steps"]):
            name = f"sequence {sequence['id']} step {number}: {instruction['mn']}"
            word, gpr = with_operands(instruction, int(instruction["ir"], 16))
            for transactions in memories.bus:
                transactions.clear()
            step(core, word, gpr, memories)
            expected[instruction["rt"]] = np.tile(slice_bytes(instruction["vrt1"]), SLICES)
            assert np.array_equal(state.vr, expected), name
            assert np.array_equal(state.acc, np.tile(slice_acc(instruction["acc1"]), SLICES)), name
            assert np.array_equal(state.vcr, np.tile(slice_vcr(instruction["vcr1"]), SLICES)), name
            assert memories.bus == [instruction.get("bus", [])] * SLICES, name
