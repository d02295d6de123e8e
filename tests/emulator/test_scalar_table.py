# SPDX-License-Identifier: BSD-3-Clause
"""The table of scalar instructions: no two rows match one word, and all names are right."""

import random
import re
import subprocess

import pytest

from isa.ppc_tools import assemble
from nuxemu import Processor, StopReason, SynapseArray
from nuxemu._native import ffi, lib
from nuxemu.isa import scalar, vector
from nuxemu.isa.scalar import SCALAR, ScalarInsn

SEED = 20150407


def variants(insn: ScalarInsn) -> list[int]:
    """Words of an instruction with every combination of its optional bits."""
    words = [insn.match]
    for bit in {bit for bit in (scalar.RC, scalar.OE, scalar.LK, scalar.AA) if insn.optional & bit}:
        words += [word | bit for word in words]
    return words


FORMS = [(insn, word) for insn in SCALAR for word in variants(insn)]


def test_the_processor_has_179_forms():
    assert len(SCALAR) == 109
    assert len({insn.name(word) for insn, word in FORMS}) == len(FORMS) == 179


def test_no_word_is_two_instructions():
    for i, a in enumerate(SCALAR):
        assert a.match & ~a.mask == 0
        assert (a.optional | a.reserved) & a.mask == 0
        assert a.optional & a.reserved == 0
        for b in SCALAR[i + 1 :]:
            assert (a.match ^ b.match) & a.mask & b.mask, (a.mnemonic, b.mnemonic)


def test_no_scalar_instruction_is_a_vector_instruction():
    assert all(insn.match >> 26 != vector.PRIMARY_OPCODE for insn in SCALAR)


@pytest.mark.parametrize(("insn", "word"), FORMS, ids=[i.name(w) for i, w in FORMS])
def test_every_form_decodes_to_itself_whatever_its_operands(insn, word):
    print("seed", SEED)
    rng = random.Random(f"{SEED} {word}")
    for _ in range(50):
        operands = rng.getrandbits(32) & ~insn.mask & ~insn.optional
        if insn.mnemonic in ("mfspr", "mtspr"):
            number = rng.choice(list(scalar.SPR_NAMES))
            number -= insn.mnemonic == "mfspr" and number == scalar.WRITE_ONLY_SPR
            operands = operands & 0x03E0_0001 | (number & 31) << 16 | number >> 5 << 11
        if insn.mnemonic == "bcctr":
            operands |= scalar.BO_KEEPS_CTR
        assert scalar.decode(word | operands) is insn


#: Operands for the assembler, by the fields of a form: none of them is special.
OPERANDS = {
    "plain": "3,4,5",
    "immediate": "3,4,6",
    "memory": "3,8(4)",
}
ONE_SOURCE = {"addme", "addze", "subfme", "subfze", "neg", "extsb", "extsh", "cntlzw", "popcntb",
              "prtyw"}  # fmt: skip
OTHER = {
    "rlwimi": "3,4,5,6,7", "rlwinm": "3,4,5,6,7", "rlwnm": "3,4,5,6,7", "cmpwi": "3,4,5",
    "cmplwi": "3,4,5", "cmpw": "3,4,5", "cmplw": "3,4,5", "twi": "3,4,5", "tw": "3,4,5",
    "mcrf": "3,4", "mtcrf": "0x81,3", "mfcr": "3", "mfocrf": "3,0x10", "b": "0x100",
    "bc": "4,2,0x100", "bclr": "4,2", "bcctr": "4,2", "mfspr": "3,22", "mtspr": "22,3",
    "lmw": "30,8(4)", "stmw": "30,8(4)", "mfmsr": "3", "mtmsr": "3", "rfi": "", "rfci": "",
    "sync": "",
}  # fmt: skip
NOT_ASSEMBLED = {"rfmci", "wait"}  # unknown to the assembler, or known under another code


def _operands(insn: ScalarInsn) -> str:
    if insn.mnemonic in OTHER:
        return OTHER[insn.mnemonic]
    if insn.mnemonic in ONE_SOURCE:
        return "3,4"
    if insn.kind in ("load", "store") and not insn.mnemonic.endswith("x"):
        return OPERANDS["memory"]
    return OPERANDS["plain" if insn.match >> 26 in (19, 31) else "immediate"]


def test_the_assembler_gives_the_same_words_the_same_names(tmp_path):
    forms = [(insn, word) for insn, word in FORMS if insn.mnemonic not in NOT_ASSEMBLED]
    lines = [f"{insn.name(word)} {_operands(insn)}" for insn, word in forms]
    words = assemble("\n".join(lines) + "\n", tmp_path).words()
    assert len(words) == len(forms)
    for (insn, word), line, assembled in zip(forms, lines, words, strict=True):
        assert scalar.decode(assembled) is insn, line
        assert insn.name(assembled) == insn.name(word), line
        assert not assembled & insn.reserved & ~0x0060_0000, line


def test_what_the_table_does_not_have_is_decoded_to_nothing(tmp_path):
    source = """sc; isync; eieio; lwarx 3,0,4; stwcx. 3,0,4; mftb 3; wrteei 1; lwbrx 3,4,5
        stwbrx 3,4,5; lhbrx 3,4,5; sthbrx 3,4,5; lswi 3,20,6; stswi 3,20,6
        isel 3,4,5,6; mcrxr 3; cmpb 3,4,5; popcntw 3,4; extsw 3,4; dcbf 3,4; dcbst 3,4; dcbz 3,4
        dcbt 3,4; icbi 3,4; lfs 1,0(3); stfd 1,0(3); fadd 1,2,3; mfspr 3,272; mtspr 256,3
        mfspr 3,268; cntlzd 3,4; ld 3,8(4); std 3,8(4); mulhd 3,4,5; rldicl 3,4,5,6; mfsr 3,4
        tlbie 3; .long 0; .long 0x4e000420; .long 0x7c20007c; .long 0xffffffff"""
    words = assemble(source + "\n", tmp_path).words()
    assert len(words) == len(re.findall(r";|\n", source)) + 1
    assert [scalar.decode(word) for word in words] == [None] * len(words)


def test_python_and_the_native_core_decode_alike():
    """Random words with the primary opcodes that have extended ones, on both decoders."""
    print("seed", SEED)
    rng = random.Random(SEED)
    cpu = Processor(SynapseArray())
    stop = ffi.new("nux_stop *")
    words = [rng.choice((4, 19, 31)) << 26 | rng.getrandbits(26) for _ in range(3000)]
    words += [rng.getrandbits(32) for _ in range(3000)]
    undefined = 0
    for word in words:
        known = scalar.decode(word) is not None or vector.decode(word) is not None
        cpu.reset()
        cpu.write(0, word.to_bytes(4, "big"))
        lib.nux_processor_run(cpu._native, 1, 0.0, stop)
        refused = stop.reason == StopReason.UNDEFINED_INSTRUCTION.value and stop.pc == 0
        assert refused != known, f"{word:08x}"
        undefined += refused
    assert 500 < undefined < len(words) - 500


def test_disassembly_by_the_public_tool_has_the_same_mnemonics(tmp_path):
    """Spot check in the other direction: objdump names the table's words as the table does."""
    spot = {"add": 0x7C64_2A14, "addo.": 0x7C64_2E15, "subfze.": 0x7C64_0191, "divwu": 0x7C64_2B96,
            "lhaux": 0x7C64_2AEE, "stbux": 0x7C64_29EE, "stmw": 0xBC64_0008, "crorc": 0x4C64_2B42,
            "mulhwu.": 0x7C64_2817, "rlwnm.": 0x5C83_298F, "cntlzw.": 0x7C83_0035}  # fmt: skip
    image = tmp_path / "words.bin"
    image.write_bytes(b"".join(word.to_bytes(4, "big") for word in spot.values()))
    listing = subprocess.run(
        ["powerpc-linux-gnu-objdump", "-D", "-b", "binary", "-m", "powerpc", "-EB", str(image)],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    names = re.findall(r"^\s+[0-9a-f]+:\t(?:[0-9a-f]{2} ){4}\t(\S+)", listing, re.M)
    assert names == list(spot)
    assert [scalar.decode(word).name(word) for word in spot.values()] == list(spot)
