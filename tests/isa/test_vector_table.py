# SPDX-License-Identifier: BSD-3-Clause
"""The instruction table: consistent, complete, and the same in Python and C."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.golden_data import load_golden
from nuxemu import _native, reference
from nuxemu.isa import disassemble
from nuxemu.isa import vector as isa
from nuxemu.isa.vector import BY_MNEMONIC, VECTOR, Kind, decode

WORDS = st.integers(0, 2**32 - 1)
VECTOR_WORDS = st.builds(
    lambda insn, bits: insn.base | bits & ~isa.OPCODE_MASK, st.sampled_from(VECTOR), WORDS
)


@st.composite
def instructions(draw):
    """An instruction with legal operands."""
    insn = draw(st.sampled_from(VECTOR))
    return insn, tuple(
        draw(st.integers(operand.lowest, operand.highest)) for operand in insn.operands
    )


def test_encodings_equal_the_recorded_ones():
    recorded = {row["mnemonic"]: row for row in load_golden("encodings.json")["instructions"]}
    assert len(VECTOR) == 53
    assert {insn.mnemonic for insn in VECTOR} == set(recorded)
    for insn in VECTOR:
        row = recorded[insn.mnemonic]
        assert insn.base == int(row["base"], 16)
        assert int(row["mask"], 16) == isa.OPCODE_MASK
        assert len(insn.operands) == len(row["asm_operands"])
        assert {row["asm_mnemonic"], row["doc_mnemonic"]} <= {insn.mnemonic, *insn.aliases}


def test_no_two_rows_share_an_encoding_or_a_name():
    assert len({insn.base for insn in VECTOR}) == len(VECTOR)
    names = [name for insn in VECTOR for name in (insn.mnemonic, *insn.aliases)]
    assert len(set(names)) == len(names)


def test_operand_fields_of_a_row_do_not_overlap():
    for insn in VECTOR:
        used = isa.OPCODE_MASK
        for operand in insn.operands:
            field = operand.mask << operand.position
            assert not used & field, (insn.mnemonic, operand.name)
            used |= field


def test_every_row_has_a_meaning_in_the_reference():
    special = {"fxvsel", "fxvsplath", "fxvsplatb", "fxvshh", "fxvshb", "fxvcmph", "fxvcmpb"}
    memory = {insn.mnemonic for insn in VECTOR if insn.kind not in (Kind.ARITH, Kind.SPLAT)}
    functions = [set(reference.LANE_FUNCTIONS), set(reference.SLICE_FUNCTIONS), special, memory]
    assert sorted(name for group in functions for name in group) == sorted(
        insn.mnemonic for insn in VECTOR
    )


@pytest.mark.parametrize("row", range(len(VECTOR)), ids=lambda row: VECTOR[row].mnemonic)
def test_native_decoder_has_the_row(row):
    insn, native = VECTOR[row], _native.ffi.new("nux_vinsn *")
    assert _native.lib.nux_vdecode(insn.base | 5 << 21 | 6 << 16 | 0x1D << 11 | 2, native)
    assert native.index == row
    assert (native.rt, native.ra, native.rb, native.cond, native.size) == (5, 6, 0x1D, 2, 2)
    assert native.shift == -3
    assert native.kind == getattr(_native.lib, f"NUX_V{insn.kind.name}")
    assert bool(native.op) == (insn.kind in (Kind.ARITH, Kind.SPLAT))
    assert native.unit == getattr(_native.lib, f"NUX_UNIT_{insn.unit.upper()}")
    assert (native.reads, native.writes) == (insn.reads, insn.writes)
    assert native.reads_condition == insn.conditional


def test_native_decoder_refuses_what_the_table_does_not_have():
    native = _native.ffi.new("nux_vinsn *")
    for primary in range(64):
        for rest in range(2048):
            word = primary << 26 | rest
            assert bool(_native.lib.nux_vdecode(word, native)) == (decode(word) is not None)


@given(instructions())
def test_encode_then_decode_gives_the_operands(case):
    insn, operands = case
    word = insn.encode(*operands)
    assert decode(word) is insn
    assert insn.operand_values(word) == operands


@given(instructions(), st.data())
def test_encode_refuses_values_out_of_range(case, data):
    insn, operands = case
    place = data.draw(st.integers(0, len(operands) - 1))
    operand = insn.operands[place]
    bad = data.draw(
        st.one_of(
            st.integers(max_value=operand.lowest - 1), st.integers(min_value=operand.highest + 1)
        )
    )
    with pytest.raises(ValueError, match=f"{insn.mnemonic}: operand {operand.name} is {bad}"):
        insn.encode(*operands[:place], bad, *operands[place + 1 :])


@pytest.mark.parametrize("operands", [(1, 2), (1, 2, 3, 0, 0)])
def test_encode_refuses_a_wrong_number_of_operands(operands):
    with pytest.raises(ValueError, match="fxvaddhm takes 3 to 4 operands"):
        BY_MNEMONIC["fxvaddhm"].encode(*operands)


@given(VECTOR_WORDS)
def test_disassembly_names_the_same_word(word):
    """Parsed by hand here; tests/isa/test_assembler.py asks the real assembler."""
    text = disassemble(word)
    if text.startswith(".long"):
        assert int(text.split()[1], 16) == word
        text = text.partition("# ")[2]
        canonical = False
    else:
        canonical = True
    mnemonic, _, operands = text.partition(" ")
    insn = BY_MNEMONIC[mnemonic]
    assert insn is decode(word)
    values = [int(value) for value in operands.split(",")]
    try:
        encoded = insn.encode(*values)
    except ValueError:
        assert not canonical
    else:
        assert (encoded == word) == canonical


@given(WORDS.filter(lambda word: word >> 26 != 4))
def test_other_opcodes_are_not_vector_instructions(word):
    assert decode(word) is None
    assert disassemble(word) is None
