# SPDX-License-Identifier: BSD-3-Clause
"""Every way in which a run ends, and every place that it reports, with the exact address."""

import threading
import time

import numpy as np
import pytest
from ppu_machine import Machine

from nuxemu import Processor, SiteKind, StopReason, SynapseArray
from nuxemu import memory_map as mm

REASONS_TESTED_ELSEWHERE = {
    StopReason.ENGINE,  # a defect of the model
    StopReason.WALL_LIMIT, StopReason.INTERRUPTED, StopReason.CYCLE_LIMIT,
    StopReason.NO_NEURON, StopReason.STACK_OVERFLOW,
    StopReason.CADC_DISABLED, StopReason.TOO_MANY_EVENTS,
    StopReason.RUNNING,  # before the first run
    StopReason.HELD,  # of a whole chip
}  # fmt: skip

#: (reason, program that stops at `here`, address, is a store, bytes)
STOPS = [
    (StopReason.FINISHED, "nop; here: wait", 0, False, 0),
    (StopReason.UNDEFINED_INSTRUCTION, "nop; here: .long 0", 0, False, 0),
    (StopReason.UNDEFINED_INSTRUCTION, "nop; here: lwbrx 3,0,4", 0, False, 0),
    (StopReason.UNDEFINED_INSTRUCTION, "here: isync", 0, False, 0),
    (StopReason.UNDEFINED_INSTRUCTION, "here: vaddubm 1,2,3", 0, False, 0),
    (StopReason.UNDEFINED_INSTRUCTION, "here: .long 0x4e000420", 0, False, 0),  # bdnzctr
    (StopReason.UNDEFINED_INSTRUCTION, "here: mfspr 3,268", 0, False, 0),
    (StopReason.UNDEFINED_INSTRUCTION, "here: mtspr 256,3", 0, False, 0),
    (StopReason.UNDEFINED_INSTRUCTION, "here: .long 0x7c20007c", 0, False, 0),  # wait 1
    (StopReason.TRAP_INSTRUCTION, "li 3,5; here: twi 4,3,5", 0, False, 0),
    (StopReason.TRAP_INSTRUCTION, "here: trap", 0, False, 0),
    (StopReason.MISALIGNED, "li 3,0x101; here: lwz 4,0(3)", 0x101, False, 4),
    (StopReason.MISALIGNED, "li 3,0x102; here: stw 4,0(3)", 0x102, True, 4),
    (StopReason.MISALIGNED, "li 3,0x103; here: lhz 4,0(3)", 0x103, False, 2),
    (StopReason.MISALIGNED, "li 3,0x107; here: sth 4,0(3)", 0x107, True, 2),
    (StopReason.MISALIGNED, "li 3,0x102; here: stmw 30,0(3)", 0x102, True, 4),
    (StopReason.MISALIGNED, "li 3,1; li 5,0x2000; here: stwux 4,5,3", 0x2001, True, 4),
    (StopReason.OUT_OF_RANGE, "li 3,0x4000; here: lwz 4,0(3)", 0x4000, False, 4),
    (StopReason.OUT_OF_RANGE, "li 3,0x4000; here: stb 4,0(3)", 0x4000, True, 1),
    (StopReason.OUT_OF_RANGE, "li 3,0x4000; here: lbz 4,0(3)", 0x4000, False, 1),
    (StopReason.OUT_OF_RANGE, "lis 3,0x1000; here: lbzu 4,1(3)", 0x1000_0001, False, 1),
    (StopReason.OUT_OF_RANGE, "lis 3,0x3fff; here: lhax 4,3,3", 0x7FFE_0000, False, 2),
    (StopReason.OUT_OF_RANGE, "li 3,0x3ffc; here: lmw 30,0(3)", 0x4000, False, 4),
    (StopReason.OUT_OF_RANGE, "lis 3,0x4002; here: lwz 4,0(3)", 0x4002_0000, False, 4),
    (StopReason.OUT_OF_RANGE, "lis 3,0x6000; here: lwz 4,0(3)", 0x6000_0000, False, 4),
    (StopReason.OUT_OF_RANGE, "li 3,0x3f90; here: fxvlax 1,0,3", 0x3F90, False, 128),
    (StopReason.OUT_OF_RANGE, "li 3,0x3f90; here: fxvstax 1,0,3", 0x3F90, True, 128),
    (StopReason.UNKNOWN_BUS_ADDRESS, "lis 3,0x8000; here: lwz 4,8(3)", 0x8000_0008, False, 4),
    (StopReason.UNKNOWN_BUS_ADDRESS, "lis 3,0x8010; here: stb 4,3(3)", 0x8010_0003, True, 1),
    # of a vector access the word that was refused, behind those that were not
    (StopReason.UNKNOWN_BUS_ADDRESS, "lis 3,0x8000; here: fxvlax 1,0,3", 0x8000_0008, False, 4),
    (StopReason.UNKNOWN_BUS_ADDRESS, "lis 3,0x8a80; here: fxvstax 1,0,3", 0x8A80_0004, True, 4),
    (StopReason.UNKNOWN_VECTOR_ADDRESS, "lis 3,0x30; here: fxvinx 1,0,3", 0x30_0000, False, 128),
    (StopReason.UNKNOWN_VECTOR_ADDRESS, "lis 3,0x7fff; here: fxvoutx 1,0,3", 0x7FFF_0000, True,
     128),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "source", "address", "is_store", "size"), STOPS)
@pytest.mark.parametrize("prefix", ["", "li 9,3; mtctr 9; loop: bdnz loop; "], ids=["", "loop"])
def test_a_run_stops_with_reason_and_place(reason, source, address, is_store, size, prefix):
    machine = Machine(prefix + source)
    stop = machine.run()
    here = machine.at("here")
    assert (stop.reason, stop.pc, stop.from_pc) == (reason, here, here)
    assert (stop.address, stop.is_store, stop.size) == (address, is_store, size)
    assert stop.word == machine.word(here)
    assert machine.cpu.registers()["pc"] == here
    assert stop.reason.is_trap == (reason is not StopReason.FINISHED)


def test_every_reason_has_a_test():
    tested = {reason for reason, *_ in STOPS} | {StopReason.FETCH}
    assert tested | REASONS_TESTED_ELSEWHERE == set(StopReason)
    assert not tested & REASONS_TESTED_ELSEWHERE


@pytest.mark.parametrize("target", [0x4000, 0x1234_5678, 0x8002_0000, 0xA000_0000, 0x4000_0000])
@pytest.mark.parametrize("jump", ["mtctr 3; here: bctr", "mtlr 3; here: blr", "mtctr 3; here: "
                                  "bctrl"])  # fmt: skip
def test_a_jump_out_of_the_memories_names_target_and_origin(target, jump):
    machine = Machine(f"lis 3,{target >> 16}; ori 3,3,{target & 0xFFFF}; {jump}")
    stop = machine.run()
    assert stop.reason is StopReason.FETCH
    assert (stop.pc, stop.from_pc) == (target & ~3, machine.at("here"))


def test_running_off_the_end_of_the_sram_stops_there():
    machine = Machine("nop; nop; li 3,7", origin=mm.SRAM_SIZE - 12)
    stop = machine.run()
    assert (stop.reason, stop.pc) == (StopReason.FETCH, mm.SRAM_SIZE)
    assert machine.gpr(3) == 7


@pytest.mark.parametrize("store", ["stwu 1,-16(1)", "stw 0,-8(1)", "stb 0,-1(1)", "stmw 30,-8(1)"])
def test_a_store_through_the_stack_pointer_below_the_limit_is_a_stack_overflow(store):
    machine = Machine(f"li 1,0x1000; here: {store}; wait")
    machine.cpu.set_stack_limit(0x1000)
    stop = machine.run()
    assert (stop.reason, stop.pc) == (StopReason.STACK_OVERFLOW, machine.at("here"))
    assert 0xFF0 <= stop.address < 0x1000


@pytest.mark.parametrize("store", ["stwu 1,-16(1)", "stw 0,0(1)", "stb 0,-16(1)"])
def test_a_store_at_the_stack_limit_is_allowed(store):
    machine = Machine(f"li 1,0x1010; {store}; wait")
    machine.cpu.set_stack_limit(0x1000)
    assert machine.run().reason is StopReason.FINISHED


def test_columns_switched_to_neurons_end_the_run():
    array = SynapseArray()
    machine = Machine(
        f"""li 3,{2 * mm.SWITCH_ROW}
            li 4,0x20
            fxvsplatb 1,4
            fxvoutx 1,0,3          # weight of the switch row: neurons to the causal CADC
            lis 5,{mm.VECTOR_CAUSAL >> 16}
            here: fxvinx 2,0,5
            wait""",
        array=array,
    )
    stop = machine.run()
    assert (stop.reason, stop.pc) == (StopReason.NO_NEURON, machine.at("here"))


# --- Limits ----------------------------------------------------------------------------------

ENDLESS = "li 3,0; loop: addi 3,3,1; addi 4,4,1; b loop"


@pytest.mark.parametrize("limit", [1, 2, 10, 11, 12, 13, 1000, 1001, 1002, 99_999])
def test_the_cycle_limit_is_met_within_one_block(limit):
    machine = Machine(ENDLESS)
    stop = machine.run(max_cycles=limit)
    assert stop.reason is StopReason.CYCLE_LIMIT
    assert limit <= machine.cpu.cycles < limit + 10
    assert machine.run(max_cycles=limit).reason is StopReason.CYCLE_LIMIT
    assert machine.cpu.cycles < limit + 10


def test_a_run_in_parts_ends_as_a_run_in_one():
    whole = Machine("li 3,1000; mtctr 3; loop: add 4,4,3; mullw 5,4,4; stw 5,0x800(0); bdnz loop; "
                    "wait")  # fmt: skip
    assert whole.run().reason is StopReason.FINISHED
    parts = Machine("li 3,1000; mtctr 3; loop: add 4,4,3; mullw 5,4,4; stw 5,0x800(0); bdnz loop; "
                    "wait")  # fmt: skip
    limit, stop = 0, None
    while stop is None or stop.reason is StopReason.CYCLE_LIMIT:
        limit += 97
        stop = parts.run(max_cycles=limit)
    assert stop.reason is StopReason.FINISHED
    assert parts.cpu.registers()["gpr"] == whole.cpu.registers()["gpr"]
    assert parts.cpu.instructions == whole.cpu.instructions
    # each part begins with an empty pipeline
    assert whole.cpu.cycles <= parts.cpu.cycles + 4 * limit // 97
    assert abs(whole.cpu.cycles - parts.cpu.cycles) < 8 * limit // 97


def test_the_wall_limit_ends_an_endless_loop():
    machine = Machine(ENDLESS)
    begin = time.monotonic()
    stop = machine.cpu.run(max_cycles=10**15, max_wall_s=0.2)
    assert stop.reason is StopReason.WALL_LIMIT
    assert 0.2 <= time.monotonic() - begin < 5
    assert stop.pc in (machine.at("loop"), machine.base)


def test_another_thread_can_end_a_run():
    machine = Machine(ENDLESS)
    timer = threading.Timer(0.1, machine.cpu.interrupt)
    timer.start()
    stop = machine.cpu.run(max_cycles=10**15, max_wall_s=20)
    timer.join()
    assert stop.reason is StopReason.INTERRUPTED
    assert machine.run(max_cycles=machine.cpu.cycles + 100).reason is StopReason.CYCLE_LIMIT


# --- Places worth a remark -------------------------------------------------------------------

#: (kind, program that reports `here` once a pass, is in hardware mode only)
SITES = [
    (SiteKind.SHIFT, "li 3,32; here: slw 4,5,3", False),
    (SiteKind.SHIFT, "li 3,33; here: srw 4,5,3", False),
    (SiteKind.SHIFT, "li 3,63; here: sraw. 4,5,3", False),
    (SiteKind.LHA, "li 3,0x800; addis 3,3,-1; here: lha 4,-2(3)", False),
    (SiteKind.LHA, "li 3,0x800; addis 3,3,-1; here: lhau 4,-2(3)", False),
    (SiteKind.SPLAT_R0, "here: .long 0x10200000 | (XO_SPLATB << 2)", False),
    (SiteKind.DIVIDE, "li 3,0; here: divw 4,5,3", False),
    (SiteKind.DIVIDE, "li 3,0; here: divwu. 4,5,3", False),
    (SiteKind.DIVIDE, "lis 5,0x8000; li 3,-1; here: divwo 4,5,3", False),
    (SiteKind.NO_SYNC, "li 3,0x800; fxvstax 1,0,3; here: lwz 4,4(3); sync", False),
    (SiteKind.NO_SYNC, "li 3,0x800; fxvstax 1,0,3; here: stw 4,124(3); sync", False),
    (SiteKind.NO_SYNC, "li 3,0x800; fxvstax 1,0,3; here: lbz 4,127(3); sync", False),
    (SiteKind.NO_SYNC, "li 3,0x800; li 5,9; fxvstax 1,0,3; here: lbzx 4,5,3; sync", False),
    (SiteKind.NO_SYNC, "li 3,0x800; fxvstax 1,0,3; here: lmw 30,-4(3); sync", False),
    (SiteKind.UNDEFINED, "here: isync", True),
    (SiteKind.UNDEFINED, "here: .long 0", True),
    (SiteKind.MISALIGNED, "li 3,0x801; here: lwz 4,0(3)", True),
]


@pytest.mark.parametrize(("kind", "source", "hardware"), SITES)
def test_a_place_is_reported_with_its_count(kind, source, hardware):
    from nuxemu.isa.vector import BY_MNEMONIC

    source = source.replace("XO_SPLATB", str(BY_MNEMONIC["fxvsplatb"].xo))
    machine = Machine(f"li 9,3; mtctr 9; loop: {source}; bdnz loop; wait", hardware=hardware)
    # the alignment handler skips the instruction
    machine.cpu.write(mm.EXCEPTION_ALIGNMENT, bytes.fromhex("48003000"))  # b 0x3018
    handler = Machine("mfsrr0 10; addi 10,10,4; mtsrr0 10; rfi").code.data
    machine.cpu.write(mm.EXCEPTION_ALIGNMENT + 0x3000, handler)
    assert machine.run().reason is StopReason.FINISHED
    assert machine.sites() == {(machine.at("here"), kind): 3}


def test_every_kind_of_place_has_a_test():
    checked = {kind for kind in SiteKind if kind.value >= SiteKind.UNWRITTEN.value}  # tests/checks
    assert {kind for kind, *_ in SITES} == set(SiteKind) - checked


UNREMARKABLE = [
    "li 3,31; slw 4,5,3; srw 4,5,3; sraw 4,5,3",
    "li 3,0x800; lha 4,2(3); li 5,-2; lhax 4,3,5",
    "li 3,5; fxvsplatb 1,3",
    "li 3,-1; li 5,7; divw 4,5,3; divwu 4,5,3",
    "li 3,0x800; fxvstax 1,0,3; lwz 4,-4(3); lwz 4,128(3); lbz 4,-1(3)",
    "li 3,0x800; fxvstax 1,0,3; sync; lwz 4,0(3)",
    "li 3,0x800; fxvlax 1,0,3; lwz 4,0(3)",
]


@pytest.mark.parametrize("source", UNREMARKABLE)
def test_the_ordinary_is_not_reported(source):
    machine = Machine(f"{source}; wait")
    assert machine.run().reason is StopReason.FINISHED
    assert machine.sites() == {}


# --- Determinism -----------------------------------------------------------------------------

MIXED = """li 3,50; mtctr 3; li 3,0x1000; li 7,0x2400
loop: fxvlax 1,0,3; fxvsplath 2,4; fxvaddhm 1,1,2; fxvstax 1,0,3; sync
lwz 5,0(3); addi 4,4,77; mullw 4,4,5; divw 6,4,7; stwu 6,4(3); bdnz loop
mfspr 8,284; wait"""


def snapshot(cpu: Processor) -> tuple:
    return (cpu.registers(), cpu.cycles, cpu.instructions, cpu.sites(), cpu.read(0, 0x4000),
            cpu.vector_registers.tobytes(), cpu.accumulator.tobytes())  # fmt: skip


def test_two_processors_and_a_second_run_after_reset_do_the_same():
    first, second = Machine(MIXED), Machine(MIXED)
    image = first.cpu.read(0, 0x4000)
    for machine in (first, second):
        assert machine.run().reason is StopReason.FINISHED
    expected = snapshot(first.cpu)
    assert snapshot(second.cpu) == expected
    first.cpu.write(0, image)
    first.cpu.reset()
    first.cpu.vector_registers[:] = 0
    first.cpu.set_registers(pc=first.base)
    assert first.run().reason is StopReason.FINISHED
    assert snapshot(first.cpu) == expected


def test_reset_clears_registers_and_keeps_memory_and_vectors():
    machine = Machine(MIXED, hardware=True)
    machine.run()
    memory, vectors = machine.cpu.read(0, 0x4000), machine.cpu.vector_registers.copy()
    machine.cpu.set_registers(msr=0x8000, srr0=4, tcr=1 << 26, dec=77, esr=1 << 25, time_base=99)
    machine.cpu.reset()
    registers = machine.cpu.registers()
    assert registers.pop("gpr") == [0] * 32
    assert set(registers.values()) == {0}
    assert (machine.cpu.cycles, machine.cpu.instructions, machine.cpu.sites()) == (0, 0, [])
    assert machine.cpu.read(0, 0x4000) == memory
    np.testing.assert_array_equal(machine.cpu.vector_registers, vectors)
    assert not machine.cpu.accumulator.any()
    assert not machine.cpu.condition.any()


def test_registers_are_set_and_read_back():
    machine = Machine("wait")
    values = {
        "gpr": [0x1111_1111 * (i % 16) for i in range(32)],
        "cr": 0x1234_5678, "xer": 0xA000_0000, "lr": 0x1003, "ctr": 0xFFFF_FFFF, "pc": 0x100,
        "msr": 0x0002_9230, "srr0": 1, "srr1": 2, "csrr0": 3, "csrr1": 4, "mcsrr0": 5,
        "mcsrr1": 6, "dec": 7, "decar": 8, "tcr": 9, "tsr": 10, "esr": 11, "dear": 12, "gin": 13,
        "gout": 14, "goe": 15, "iccr": 16, "requests": 3, "asleep": 1,
        "time_base": 1 << 40,
    }  # fmt: skip
    machine.cpu.set_registers(**values)
    assert machine.cpu.registers() == values
