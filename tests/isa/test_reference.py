# SPDX-License-Identifier: BSD-3-Clause
"""The reference: what the recorded vectors do not reach."""

import numpy as np
import pytest

from nuxemu import reference
from nuxemu.isa.vector import BY_MNEMONIC
from nuxemu.reference import VectorState, byte_enables, effective_address, execute, word_addresses

GPR = [0] * 32


@pytest.mark.parametrize(
    "word",
    [
        0x6000_0000,
        0x1000_0000,
        *(BY_MNEMONIC[name].encode(1, 2, 3) for name in ("fxvlax", "fxvstax", "fxvinx", "fxvoutx")),
    ],
)
def test_words_that_it_does_not_execute_are_refused(word):
    with pytest.raises(ValueError, match=f"{word:#010x}"):
        execute(VectorState.zeros(), word, GPR)


def test_word_addresses_ignore_the_low_bits_and_count_beyond_the_byte_space():
    assert word_addresses(0x1003).tolist() == list(range(0x400, 0x420))
    assert word_addresses(0xFFFF_FFF8).tolist() == list(range(0x3FFF_FFFE, 0x4000_001E))


def test_address_of_ra_0_is_rb_alone():
    gpr = [7, 0x10, *[0] * 30]
    assert effective_address(BY_MNEMONIC["fxvinx"].encode(0, 0, 1), gpr) == 0x10
    assert effective_address(BY_MNEMONIC["fxvinx"].encode(0, 1, 0), gpr) == 0x17


def test_before_any_compare_no_condition_holds():
    state = VectorState.zeros()
    assert byte_enables(state, 0).all()
    for cond in (1, 2, 3):
        assert not byte_enables(state, cond).any()


def test_a_halfword_instruction_after_a_byte_compare_writes_single_bytes():
    state = VectorState.zeros()
    state.vr[0, 0::2] = 1
    state.vr[1] = 0x11
    execute(state, BY_MNEMONIC["fxvcmpb"].encode(0), GPR)
    execute(state, BY_MNEMONIC["fxvaddhm"].encode(2, 1, 1, 1), GPR)
    assert (state.vr[2, 0::2] == 0x22).all() and not state.vr[2, 1::2].any()
    execute(state, BY_MNEMONIC["fxvmtach"].encode(1, 1), GPR)
    state.vr[1] = 0xFF
    execute(state, BY_MNEMONIC["fxvmtach"].encode(1, 1), GPR)
    assert (state.acc == 0xFFFF_0000).all()


def test_it_works_in_place_on_memory_of_others():
    raw = bytearray(32 * 128)
    state = VectorState(
        np.frombuffer(raw, np.uint8).reshape(32, 128),
        np.zeros(64, np.uint32),
        np.zeros(128, np.uint8),
    )
    gpr = [0] * 31 + [0xFFFF_FF80]
    execute(state, BY_MNEMONIC["fxvsplath"].encode(3, 31), gpr)
    assert raw[3 * 128 : 4 * 128] == bytes([0xFF, 0x80]) * 64
    assert not any(raw[: 3 * 128])


def test_lane_functions_take_the_widest_intermediate_values():
    lowest = np.array([-32768])
    accumulator = np.array([-(2**31)])
    multiply_add = reference.LANE_FUNCTIONS["fxvmatachfs"]
    assert multiply_add(lowest, lowest, np.array([2**31 - 1]), 16) == 2**31 - 1
    assert multiply_add(lowest, -lowest - 1, accumulator, 16) == -(2**31)
