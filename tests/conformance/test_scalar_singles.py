# SPDX-License-Identifier: BSD-3-Clause
"""Scalar instructions recorded from the RTL, one at a time, on both executors of the model."""

import struct

import pytest

from isa.ppc_tools import assemble
from nuxemu import Processor, StopReason, SynapseArray
from nuxemu import memory_map as mm
from nuxemu._native import lib
from nuxemu.isa import scalar

RT, RA, RB = 6, 7, 8  # registers of the recorded instructions
WAIT = 0x7C00_007C


@pytest.fixture(scope="module")
def records(golden):
    return golden("scalar_vectors.jsonl.gz")


@pytest.fixture(scope="module")
def words(records, tmp_path_factory):
    """Instruction word of each record."""
    text = "\n".join(record["asm"] for record in records) + "\n"
    words = assemble(text, tmp_path_factory.mktemp("singles")).words()
    assert len(words) == len(records)
    return words


@pytest.mark.parametrize("engine_branches_only", [False, True], ids=["engine", "native"])
def test_every_record_gives_the_recorded_result(records, words, engine_branches_only):
    processor = Processor(SynapseArray())
    lib.nux_processor_set_engine_branches_only(processor._native, engine_branches_only)
    code = b"".join(struct.pack(">II", word, WAIT) for word in words)
    processor.write(mm.EXTMEM_DATA_BASE, code)
    wrong = []
    for i, record in enumerate(records):
        gpr = [0] * 32
        gpr[RT], gpr[RA], gpr[RB] = (int(record[name], 16) for name in ("rt0", "ra", "rb"))
        processor.set_registers(
            gpr=gpr,
            cr=int(record["cr0"], 16),
            xer=int(record["xer0"], 16),
            pc=mm.EXTMEM_FETCH_BASE + 8 * i,
        )
        stop = processor.run(max_cycles=processor.cycles + 100)
        after = processor.registers()
        gpr[RT] = int(record["rt1"], 16)
        expected = (StopReason.FINISHED, gpr, int(record["cr1"], 16), int(record["xer1"], 16))
        if (stop.reason, after["gpr"], after["cr"], after["xer"]) != expected:
            wrong.append((record["asm"], record, stop.reason, after))
    assert not wrong, f"{len(wrong)} of {len(records)} differ, the first: {wrong[0]}"


def test_every_record_is_decoded_under_its_name(records, words):
    for record, word in zip(records, words, strict=True):
        insn = scalar.decode(word)
        name = record["mn"] + ("." if word & insn.optional & scalar.RC else "")
        assert insn.name(word) == name, record["asm"]
