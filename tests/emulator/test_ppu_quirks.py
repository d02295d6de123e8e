# SPDX-License-Identifier: BSD-3-Clause
"""Where the processor differs from the Power ISA, one instruction at a time.

Values are those of the RTL's sources or recordings; every case runs on the scalar engine
where that may execute it, and natively.
"""

import pytest
from ppu_machine import Machine

from nuxemu import SiteKind, StopReason
from nuxemu._native import lib

SO, OV, CA = 1 << 31, 1 << 30, 1 << 29
R0, R2, R3 = 0x9125_85EF, 0x0000_3200, 0xFFFF_FFFF
MINIMUM = 0x8000_0000


@pytest.fixture(params=[False, True], ids=["engine", "native"])
def native(request):
    return request.param


def execute(source: str, gpr: dict[int, int], native: bool, *, hardware: bool = True, **registers):
    """Run a program to its end; return the machine."""
    machine = Machine(f"{source}; wait", hardware=hardware)
    lib.nux_processor_set_engine_branches_only(machine.cpu._native, native)
    machine.set_gpr(gpr)
    machine.cpu.set_registers(**registers)
    stop = machine.run()
    assert stop.reason is StopReason.FINISHED, stop
    return machine


@pytest.mark.parametrize("amount", [0, 1, 31, 32, 33, 63, 64, 0xFFFF_FFE3])
@pytest.mark.parametrize("value", [0x8765_4321, 0x7000_0001, 0])
def test_shifts_are_modulo_32(native, amount, value):
    n = amount & 31
    machine = execute("slw 4,3,5; srw 6,3,5; sraw. 7,3,5", {3: value, 5: amount}, native)
    signed = value - (value >> 31 << 32)
    assert machine.gpr(4) == value << n & 0xFFFF_FFFF
    assert machine.gpr(6) == value >> n
    assert machine.gpr(7) == signed >> n & 0xFFFF_FFFF
    carry = signed < 0 and value & ((1 << n) - 1) != 0
    assert machine.cpu.registers()["xer"] == (CA if carry else 0)
    assert len(machine.sites()) == (3 if amount & 32 else 0)


@pytest.mark.parametrize(
    ("a", "b", "signed", "unsigned", "overflow"),
    [
        (7, 0, 0xFFFF_FFFF, 0xFFFF_FFFF, (1, 1)),
        (0, 0, 0xFFFF_FFFF, 0xFFFF_FFFF, (1, 1)),
        (0xFFFF_FFF9, 0, 0, 0xFFFF_FFFF, (1, 1)),
        (MINIMUM, 0, 0, 0xFFFF_FFFF, (1, 1)),
        (MINIMUM, 0xFFFF_FFFF, MINIMUM, 0, (1, 0)),
        (0xFFFF_FFF9, 2, 0xFFFF_FFFD, 0x7FFF_FFFC, (0, 0)),
        (7, 0xFFFF_FFFE, 0xFFFF_FFFD, 0, (0, 0)),
        (MINIMUM, 1, MINIMUM, MINIMUM, (0, 0)),
    ],
)
def test_divisions(native, a, b, signed, unsigned, overflow):
    machine = execute("divwo. 6,3,4; mfxer 8; mfcr 10; li 5,0; mtxer 5; divwuo. 7,3,4; mfxer 9; "
                      "mfcr 11", {3: a, 4: b}, native)  # fmt: skip
    assert (machine.gpr(6), machine.gpr(7)) == (signed, unsigned)
    for quotient, xer, cr, expected in ((signed, 8, 10, overflow[0]),
                                        (unsigned, 9, 11, overflow[1])):  # fmt: skip
        assert machine.gpr(xer) == (SO | OV) * expected
        field = 8 if quotient >> 31 else 4 if quotient else 2
        assert machine.gpr(cr) >> 28 == field | expected


@pytest.mark.parametrize("instruction", ["lha 4,-2(3)", "lhau 4,-2(3)", "lha 4,-0x8000(3)"])
def test_a_negative_displacement_of_lha_is_taken_as_positive(native, instruction):
    displacement = int(instruction.split(",")[1].split("(")[0], 0) & 0xFFFF
    base = 0x900 - displacement
    machine = Machine(f"here: {instruction}; wait")
    lib.nux_processor_set_engine_branches_only(machine.cpu._native, native)
    machine.cpu.write(0x900, b"\x87\x65")
    machine.set_gpr({3: base})
    assert machine.run().reason is StopReason.FINISHED
    assert machine.gpr(4) == 0xFFFF_8765
    assert machine.gpr(3) == (0x900 if "lhau" in instruction else base & 0xFFFF_FFFF)
    assert machine.sites() == {(machine.at("here"), SiteKind.LHA): 1}


def test_moves_of_single_condition_fields(native):
    machine = execute("mfcr 4; mfocrf 5,0x40; mtocrf 0x02,6; mtcrf 0x81,7", {
        5: 0xFFFF_FFFF, 6: 0x0000_00A0, 7: 0xE000_000D}, native, cr=0x1234_5678)  # fmt: skip
    assert machine.gpr(4) == 0x1234_5678
    assert machine.gpr(5) == 0xF2FF_FFFF
    assert machine.cpu.registers()["cr"] == 0xE234_56AD


def test_population_count_and_parity_are_by_byte(native):
    machine = execute(".long 0x7c6400f4; .long 0x7c650134; .long 0x7c660135", {3: 0x00FF_0107},
                      native, cr=0x1111_1111)  # fmt: skip
    assert machine.gpr(4) == 0x0008_0103
    assert machine.gpr(5) == machine.gpr(6) == (0 + 1 + 1 + 1) % 2
    assert machine.cpu.registers()["cr"] == 0x1111_1111  # the record bit does nothing


# --- Invalid forms -----------------------------------------------------------------------------


def long(word: int) -> str:
    return f".long {word:#x}"


@pytest.mark.parametrize(("size", "opcode", "value"), [(4, 33, None), (1, 35, None), (2, 41, None),
                                                       (2, 43, None)])  # fmt: skip
def test_a_load_with_update_into_its_base_keeps_the_address(native, size, opcode, value):
    machine = execute(long(opcode << 26 | 3 << 21 | 3 << 16 | 8), {3: 0x900}, native)
    assert machine.gpr(3) == 0x908


@pytest.mark.parametrize("opcode", [33, 35, 37, 39, 41, 43, 45])
def test_an_update_form_with_ra_0_counts_from_zero_and_writes_r0(native, opcode):
    machine = Machine(f"{long(opcode << 26 | 4 << 21 | 0x0900)}; wait")
    lib.nux_processor_set_engine_branches_only(machine.cpu._native, native)
    machine.put(0x900, 0x1122_3344)
    machine.set_gpr({0: 0x2000, 4: 0x5566_7788})
    assert machine.run().reason is StopReason.FINISHED
    assert machine.gpr(0) == 0x900
    loads = {33: 0x1122_3344, 35: 0x11, 41: 0x1122, 43: 0x1122}
    stores = {37: 0x5566_7788, 39: 0x8822_3344, 45: 0x7788_3344}
    assert machine.gpr(4) == loads.get(opcode, 0x5566_7788)
    assert machine.word(0x900) == stores.get(opcode, 0x1122_3344)


def test_load_multiple_follows_a_base_that_it_loads(native):
    """lmw 28,0(29): r28 and r29 come from the old base, the rest from the new one."""
    machine = Machine(f"{long(46 << 26 | 28 << 21 | 29 << 16)}; wait")
    lib.nux_processor_set_engine_branches_only(machine.cpu._native, native)
    machine.put(0x900, 1, 0xA00, 2, 3)
    machine.put(0xA00, 11, 12, 13, 14)
    machine.set_gpr({29: 0x900})
    assert machine.run().reason is StopReason.FINISHED
    assert [machine.gpr(r) for r in range(28, 32)] == [1, 0xA00, 13, 14]


@pytest.mark.parametrize("ctr", [0, 1, 2, 0x1003])
@pytest.mark.parametrize(("bo", "condition", "when_one"), [
    (16, None, False), (18, None, True), (0, 0, False), (2, 0, True), (8, 1, False),
    (10, 1, True)])  # fmt: skip
@pytest.mark.parametrize("link", [0, 1])
def test_a_counting_branch_to_the_count_register_does_not_count(ctr, bo, condition, when_one, link):
    """RTL: taken if (CTR != 1) xor BO[3] and the condition; CTR stays; LR is written."""
    word = 19 << 26 | bo << 21 | 2 << 16 | 528 << 1 | link
    for cr in (0, 0x2000_0000):
        machine = Machine(f"here: {long(word)}; wait", hardware=True, origin=0x2000)
        for target in (0, 0x1000):
            machine.put(target, 0x3860_0001, 0x7C00_007C)  # li 3,1; wait
        machine.cpu.set_registers(ctr=ctr, cr=cr)
        stop = machine.run()
        taken = ((ctr == 1) == when_one) and condition in (None, cr >> 29)
        assert stop.reason is StopReason.FINISHED
        assert machine.gpr(3) == int(taken)
        assert machine.cpu.registers()["ctr"] == ctr
        assert machine.cpu.registers()["lr"] == (machine.at("here") + 4) * link
        assert machine.sites() == {(machine.at("here"), SiteKind.UNDEFINED): 1}


def test_multiply_high_ignores_the_overflow_bit(native):
    machine = execute(f"{long(0x7C83_2C96)}; {long(0x7CC3_2C17)}", {3: MINIMUM, 5: MINIMUM}, native)
    assert (machine.gpr(4), machine.gpr(6)) == (0x4000_0000, 0x4000_0000)
    assert machine.cpu.registers()["xer"] == 0
    assert machine.sites() == {}


# --- Undefined words ------------------------------------------------------------------------

#: Word, flags that it leaves with r0 = R0, r2 = R2, r3 = R3: (XER, CR0), None: unchanged.
UNDEFINED = {
    "word 0": (0, None, None),
    "sc": (0x4400_0002, None, None),
    "isync": (0x4C00_012C, None, None),
    "eieio: r0 + r0 overflows": (0x7C00_06AC, SO | OV, None),
    "eieio.": (0x7C00_06AD, SO | OV, 0b0101),
    "dcbz: r0 + r2 does not": (0x7C00_17EC, 0, None),
    "stwcx.: r2 + r2 is positive": (0x7CE2_112D, None, 0b0100),
    "lwarx": (0x7CE0_1028, None, None),
    "xo 20 with Rc: r0 + r2 is negative": (0x7CE0_1029, None, 0b1000),
    "r3 + r4 is zero": (0x7CE3_2029, None, 0b0010),
    "wait 1": (0x7C20_007C, None, None),
    "wait 1 with Rc": (0x7C20_007D, None, None),
    "op 5": (0x1400_0000, None, None),
    "op 6": (0x1800_0001, None, None),
    "op 9": (0x2400_0000, None, None),
    "vector xo without instruction": (0x1000_0001, None, None),
    "lfs": (0xC0E2_0000, None, None),
    "op 63": (0xFCE0_102A, None, None),
    "rldicl.": (0x7883_2941, None, None),
}


@pytest.mark.parametrize(("word", "xer", "cr0"), UNDEFINED.values(), ids=UNDEFINED)
def test_an_undefined_word_writes_no_register_and_at_most_flags(word, xer, cr0):
    gpr = {0: R0, 2: R2, 3: R3, 4: 1, 7: 0x7777_7777}
    machine = execute(f"here: {long(word)}", gpr, False, cr=0x9876_5432)
    registers = machine.cpu.registers()
    assert registers["gpr"] == [gpr.get(i, 0) for i in range(32)]
    assert registers["xer"] == (xer or 0)
    expected = 0x9876_5432 if cr0 is None else cr0 << 28 | 0x0876_5432
    assert registers["cr"] == expected
    assert machine.sites() == {(machine.at("here"), SiteKind.UNDEFINED): 1}
    assert machine.cpu.read(0x3200, 64) == bytes(64)


def test_an_undefined_word_stops_the_run_outside_hardware_mode():
    for word, *_ in UNDEFINED.values():
        stop = Machine(f"here: {long(word)}; wait").run()
        assert stop.reason is StopReason.UNDEFINED_INSTRUCTION
        assert stop.word == word


@pytest.mark.parametrize("number", [0, 2, 256, 268, 269, 272, 287, 1023])
def test_an_spr_that_does_not_exist_reads_zero_and_ignores_writes(number):
    machine = execute(f"mtspr {number},3; mfspr 4,{number}", {3: 0x1234_5678, 4: 99}, False)
    assert machine.gpr(4) == 0
    assert len(machine.sites()) == 2


def test_the_interrupt_control_register_can_only_be_written():
    machine = execute("mtspr 68,3; mfspr 4,68", {3: 0x1234_5678, 4: 99}, False)
    assert machine.gpr(4) == 0
    assert len(machine.sites()) == 1
    assert Machine("mtspr 68,3; mfspr 4,68; wait").run().reason is StopReason.UNDEFINED_INSTRUCTION


@pytest.mark.parametrize(
    ("number", "mask"),
    [(1, SO | OV | CA), (8, ~0), (9, ~0), (26, ~0), (27, ~0), (54, ~0), (58, ~0), (59, ~0),
     (61, ~0), (62, 0x0F8F_07E2), (65, 0), (66, ~0), (67, ~0), (336, 0), (340, ~0),
     (570, ~0), (571, ~0)],
)  # fmt: skip
def test_the_bits_that_special_registers_keep(native, number, mask):
    machine = execute(f"mtspr {number},3; mfspr 5,{number}; mtspr {number},4; mfspr 6,{number}; "
                      f"li 7,0; mtspr {number},7",
                      {3: 0xFFFF_FFFF, 4: 0xA5A5_A5A5}, native)  # fmt: skip
    assert machine.gpr(5) == mask & 0xFFFF_FFFF
    assert machine.gpr(6) == 0xA5A5_A5A5 & mask
    assert machine.sites() == {}


def test_branch_targets_ignore_the_low_bits_that_the_registers_keep(native):
    machine = Machine("mtlr 3; mtctr 4; blr; trap; a: bctr; trap; b: mflr 5; mfctr 6; wait")
    lib.nux_processor_set_engine_branches_only(machine.cpu._native, native)
    machine.set_gpr({3: machine.at("a") + 3, 4: machine.at("b") + 2})
    assert machine.run().reason is StopReason.FINISHED
    assert (machine.gpr(5), machine.gpr(6)) == (machine.at("a") + 3, machine.at("b") + 2)


@pytest.mark.parametrize("to", range(32))
@pytest.mark.parametrize(("a", "b"), [(1, 2), (2, 1), (5, 5), (0xFFFF_FFFF, 1), (1, 0xFFFF_FFFF)])
def test_traps_compare_signed_and_unsigned(to, a, b):
    sa, sb = (value - (value >> 31 << 32) for value in (a, b))
    expected = any(to & bit and holds for bit, holds in (
        (16, sa < sb), (8, sa > sb), (4, a == b), (2, a < b), (1, a > b)))  # fmt: skip
    machine = Machine(f"tw {to},3,4; twi {to},3,{sb}; wait")
    machine.set_gpr({3: a, 4: b})
    stop = machine.run()
    assert stop.reason is (StopReason.TRAP_INSTRUCTION if expected else StopReason.FINISHED)
