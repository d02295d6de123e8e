# SPDX-License-Identifier: BSD-3-Clause
"""Assembler macros against the real assembler: every form, every refusal."""

import itertools
import random
import re
import struct
import subprocess
from pathlib import Path

import pytest

from isa.ppc_tools import assemble
from nuxemu.isa import disassemble
from nuxemu.isa.vector import BY_MNEMONIC, VECTOR

HERE = Path(__file__).resolve().parent
#: What the assembler accepts with -maltivec and not without (binutils 2.40).
ALTIVEC = (HERE / "altivec_mnemonics.txt").read_text().split()
SEED = 7


def _forms():
    """Yield (name, operands) for every name, every value of every operand, the others random,
    and with each optional operand left out.
    """
    rng = random.Random(SEED)
    for name, insn in BY_MNEMONIC.items():
        for place, operand in enumerate(insn.operands):
            for value in range(operand.lowest, operand.highest + 1):
                operands = [rng.randint(other.lowest, other.highest) for other in insn.operands]
                operands[place] = value
                yield name, operands
        if insn.operands[-1].optional:
            yield name, operands[:-1]


def test_every_form_round_trips(tmp_path):
    print(f"seed {SEED}")
    forms = list(_forms())
    source = "".join(f"{name} {','.join(map(str, operands))}\n" for name, operands in forms)
    words = assemble(source, tmp_path).words()
    assert words == [BY_MNEMONIC[name].encode(*operands) for name, operands in forms]
    texts = [disassemble(word) for word in words]
    for (name, operands), text in zip(forms, texts, strict=True):
        insn = BY_MNEMONIC[name]
        if insn.operands[-1].optional and len(operands) == len(insn.operands) and not operands[-1]:
            operands = operands[:-1]
        assert text == f"{insn.mnemonic} {','.join(map(str, operands))}"
    again = assemble("\n".join(texts) + "\n", tmp_path).words()
    assert again == words


def test_words_with_ignored_bits_round_trip(tmp_path):
    rng = random.Random(SEED)
    words = [insn.base | rng.getrandbits(32) & 0x03FF_F803 for insn in VECTOR for _ in range(20)]
    texts = [disassemble(word) for word in words]
    assert any(text.startswith(".long") for text in texts)
    assert assemble("\n".join(texts) + "\n", tmp_path).words() == words


def test_operands_may_be_expressions_and_spaced(tmp_path):
    assert assemble("size = 3\nfxvpckbu 1, 2 , 1+2, size\n", tmp_path).words() == [
        BY_MNEMONIC["fxvpckbu"].encode(1, 2, 3, 3)
    ]


@pytest.mark.parametrize("insn", VECTOR, ids=lambda insn: insn.mnemonic)
def test_operands_out_of_range_are_refused(insn, tmp_path):
    good = [operand.highest for operand in insn.operands]
    cases = []
    for place, operand in enumerate(insn.operands):
        for bad in (operand.lowest - 1, operand.highest + 1, 1000):
            cases.append([*good[:place], bad, *good[place + 1 :]])
    source = "".join(f"{insn.mnemonic} {','.join(map(str, case))}\n" for case in cases)
    result = assemble(source, tmp_path)
    assert not result.ok
    errors = re.findall(rf"Error: nux-operand: {insn.mnemonic}: (.*)", result.messages)
    assert len(errors) == len(cases)


def test_an_operand_error_says_value_and_limits(tmp_path):
    messages = assemble("fxvshb 1,2,16\n", tmp_path).messages
    assert "fxvshb: operand shift is 16, must be -16 to 15" in messages


def test_splat_from_r0_is_refused_with_the_reason(tmp_path):
    result = assemble("fxvsplatb 3,0\n", tmp_path)
    assert not result.ok
    assert "fxvsplatb: r0 cannot be splatted" in result.messages


@pytest.mark.parametrize("operands", ["1,2", "1,2,3,0,4", ""])
def test_a_wrong_number_of_operands_is_refused(operands, tmp_path):
    assert not assemble(f"fxvaddhm {operands}\n", tmp_path).ok


def test_every_altivec_mnemonic_is_refused_or_replaced(tmp_path):
    source = "".join(f"{name} 1,2,3\n" for name in ALTIVEC if name != "vmr")
    messages = assemble(source, tmp_path, guards=True).messages
    refused = re.findall(
        r"Error: (nux-[a-z-]+): .*\((\S+) 1,2,3\)|Error: (nux-altivec): .* (vor)", messages
    )
    tags = {name or other: tag or other_tag for tag, name, other_tag, other in refused}
    assert set(tags) == set(ALTIVEC) - {"vmr"}
    assert {name for name, tag in tags.items() if tag == "nux-spill"} == {
        load + size
        for load, size in itertools.product(("lv", "stv"), ("x", "xl", "ebx", "ehx", "ewx"))
    }
    assert {"vxor", "vspltisw", "lvsl"} <= {
        name for name, tag in tags.items() if tag == "nux-vector-constant"
    }


def test_vector_register_moves_become_select(tmp_path):
    words = assemble("vor 1,2,2\nvmr 3,4\n", tmp_path, guards=True).words()
    assert [disassemble(word) for word in words] == ["fxvsel 1,2,2", "fxvsel 3,4,4"]


def test_lha_becomes_unsigned_load_and_extension(tmp_path):
    source = "lha 9,-2(3)\nlhau 9,-2(3)\nlha 9,sym@l(9)\nlhau 4,sym@l+2(9)\nlha 9 , 4 ( 3 )\n"
    plain = source.replace("lhau", "lhzu").replace("lha ", "lhz ")
    expected = "".join(
        f"{line}\nextsh {line.split()[1].split(',')[0]},{line.split()[1].split(',')[0]}\n"
        for line in plain.splitlines()
    )
    assert assemble(source, tmp_path, guards=True).words() == assemble(expected, tmp_path).words()


def test_macros_leave_no_symbols_behind(tmp_path):
    result = assemble("fxvaddhm 1,2,3\nlha 1,2(3)\n", tmp_path, guards=True)
    assert result.ok
    names = subprocess.run(
        ["powerpc-linux-gnu-nm", result.path], text=True, capture_output=True, check=True
    ).stdout
    assert names == ""


def test_words_are_big_endian_in_the_object(tmp_path):
    result = assemble("fxvaddhm 3,4,5,1\n", tmp_path)
    data = result.path.read_bytes()
    assert struct.pack(">I", BY_MNEMONIC["fxvaddhm"].encode(3, 4, 5, 1)) in data
