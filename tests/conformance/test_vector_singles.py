# SPDX-License-Identifier: BSD-3-Clause
"""Every recorded single instruction, on every core, in all eight slices."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest

from conformance.vector_cores import (
    CORES,
    SLICES,
    Core,
    Memories,
    slice_acc,
    slice_bytes,
    slice_vcr,
    step,
    with_operands,
)
from nuxemu.isa import vector as isa

Record = dict[str, Any]
REGISTERS = (isa.VRT, isa.VRS, isa.VRA, isa.VRB)


@pytest.fixture(scope="module")
def singles(golden) -> list[Record]:
    return golden("fxv_vectors.jsonl.gz")


@pytest.fixture(params=CORES, ids=lambda core: core.__name__)
def core(request) -> Core:
    return request.param()


def _vector_operands(word: int) -> list[isa.Operand]:
    return [operand for operand in isa.decode(word).operands if operand in REGISTERS]


def _check(core: Core, word: int, records: list[Record]) -> None:
    """Run one word with one record's state in each slice; compare everything."""
    state, memories = core.state, Memories()
    first = records[0]
    word, gpr = with_operands(first, word)
    rt = isa.VRT.decode(word)
    values = {isa.VRA: "vra", isa.VRB: "vrb", isa.VRT: "vrt0", isa.VRS: "vrt0"}
    state.vr[:] = 0x5A
    for i, record in enumerate(records):
        place = slice(16 * i, 16 * i + 16)
        state.vr[rt, place] = slice_bytes(record["vrt0"])
        for operand in _vector_operands(word):
            state.vr[operand.decode(word), place] = slice_bytes(record[values[operand]])
        state.acc[8 * i : 8 * i + 8] = slice_acc(record["acc0"])
        state.vcr[place] = slice_vcr(record["vcr0"])
        if "mem0" in record:
            address = int(record["ga"], 16) + int(record["gb"], 16) & 0xFFFF_FFFF
            memories.words[i] = {
                (address >> 2) + j: int(data, 16) for j, data in enumerate(record["mem0"])
            }
        if "pmem0" in record:
            address = int(record["ga"], 16) + int(record["gb"], 16) & 0xFFFF_FFFF
            memories.vectors[i][address] = bytes.fromhex(record["pmem0"])
    untouched = state.vr.copy()
    step(core, word, gpr, memories)
    untouched[rt] = state.vr[rt]
    assert np.array_equal(state.vr, untouched), f"{first['mn']}: another register changed"
    for i, record in enumerate(records):
        place = slice(16 * i, 16 * i + 16)
        name = f"{record['mn']} id {record['id']} in slice {i}"
        assert state.vr[rt, place].tobytes().hex() == record["vrt1"], name
        assert np.array_equal(state.acc[8 * i : 8 * i + 8], slice_acc(record["acc1"])), name
        assert np.array_equal(state.vcr[place], slice_vcr(record["vcr1"])), name
        assert memories.bus[i] == record.get("bus", []), name


def test_every_mnemonic_is_recorded(singles):
    assert {record["mn"] for record in singles} == {insn.mnemonic for insn in isa.VECTOR}


def test_each_record_in_all_slices(core, singles):
    for record in singles:
        _check(core, int(record["ir"], 16), [record] * SLICES)


def _mixed_batches(singles: list[Record]) -> Iterator[tuple[int, list[Record]]]:
    """Yield words with eight different records: the same operation, registers renamed."""
    groups = defaultdict(list)
    for record in singles:
        word = int(record["ir"], 16)
        insn = isa.decode(word)
        if insn.kind is not isa.Kind.ARITH:
            continue
        registers = [operand.decode(word) for operand in _vector_operands(word)]
        pattern = tuple(registers.index(register) for register in registers)
        others = tuple(
            operand.decode(word) for operand in insn.operands if operand not in REGISTERS
        )
        groups[insn.mnemonic, pattern, others].append(record)
    for (mnemonic, pattern, others), records in groups.items():
        word = isa.BY_MNEMONIC[mnemonic].encode(*(7 + 9 * i for i in pattern), *others)
        if len(records) == 1:
            continue
        remaining = iter(records)
        while batch := list(islice(remaining, SLICES)):
            yield (
                word,
                (batch + records)[:SLICES] if len(records) >= SLICES else (batch * SLICES)[:SLICES],
            )


def test_different_records_side_by_side(core, singles):
    batches = list(_mixed_batches(singles))
    assert sum(len(records) for _, records in batches) > 0.8 * len(singles)
    for word, records in batches:
        _check(core, word, records)
