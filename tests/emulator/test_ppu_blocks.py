# SPDX-License-Identifier: BSD-3-Clause
"""Code in awkward places: page and memory ends, jumps into runs, code that changes itself."""

import pytest
from ppu_machine import Machine

from nuxemu import Bus, Processor, StopReason, SynapseArray
from nuxemu import memory_map as mm
from nuxemu.isa.vector import BY_MNEMONIC

PAGE = 4096
FETCHED_FROM = [
    (0x800, None),
    (mm.EXTMEM_DATA_BASE + 0x400, mm.EXTMEM_FETCH_BASE + 0x400),
    (mm.DRAM_DATA_BASE + 0x0ABC_D000, mm.DRAM_FETCH_BASE + 0x0ABC_D000),
]
SPLAT = "fxvsplath 1,3"


def lanes(machine: Machine, register: int) -> set[int]:
    """Different halfwords of a vector register."""
    return set(machine.cpu.vector_registers[register].view(">u2").tolist())


def finished(machine: Machine) -> Machine:
    stop = machine.run()
    assert stop.reason is StopReason.FINISHED, stop
    return machine


@pytest.mark.parametrize(("origin", "fetch"), FETCHED_FROM)
def test_code_runs_from_every_memory(origin, fetch):
    machine = Machine(
        f"""li 3,7; bl twice; {SPLAT}; li 4,0x700; fxvstax 1,0,4; sync; lhz 5,6(4)
            li 6,5; mtctr 6; loop: add 7,7,3; bdnz loop; wait
            twice: add 3,3,3; blr""",
        origin=origin, fetch=fetch,
    )  # fmt: skip
    finished(machine)
    assert (machine.gpr(5), machine.gpr(7)) == (14, 70)
    assert machine.cpu.registers()["lr"] == machine.base + 8


def test_code_calls_between_the_memories():
    machine = Machine("lis 9,0x8000; mtctr 9; bctrl; addi 3,3,1; wait")
    machine.cpu.write(mm.EXTMEM_DATA_BASE, Machine("addi 3,3,16; lis 9,0x9000; mtctr 9; mflr 30; "
                                                   "bctrl; mtlr 30; blr").code.data)  # fmt: skip
    machine.cpu.write(mm.DRAM_DATA_BASE, Machine(f"addi 3,3,256; {SPLAT}; blr").code.data)
    finished(machine)
    assert machine.gpr(3) == 273
    assert lanes(machine, 1) == {272}


def test_data_at_the_fetch_address_of_external_memory_is_the_on_chip_bus():
    """One number, two meanings: fetches there come from external memory, loads from the bus."""
    machine = Machine("li 5,1; lis 3,0x8000; here: lwz 4,8(3); wait",
                      origin=mm.EXTMEM_DATA_BASE, fetch=mm.EXTMEM_FETCH_BASE)  # fmt: skip
    stop = machine.run()
    assert (stop.reason, stop.pc) == (StopReason.UNKNOWN_BUS_ADDRESS, machine.at("here"))
    assert machine.gpr(5) == 1


@pytest.mark.parametrize("instruction", [SPLAT, "divw 4,3,3", "lwz 4,0(3)", "addi 4,3,0"])
@pytest.mark.parametrize("region", FETCHED_FROM)
@pytest.mark.parametrize("words_before", [0, 1, 2])
def test_a_run_crosses_a_page_boundary(instruction, region, words_before):
    origin, fetch = region
    boundary = origin // PAGE * PAGE + PAGE
    start = boundary - 4 * words_before
    source = f"li 3,0x700; {instruction}; {SPLAT}; {instruction}; addi 5,5,1; wait"
    machine = Machine(source, origin=start, fetch=fetch and fetch + start - origin)
    finished(machine)
    assert machine.gpr(5) == 1
    assert lanes(machine, 1) == {0x700}


@pytest.mark.parametrize("words_before", range(1, 6))
def test_a_loop_across_a_page_boundary(words_before):
    machine = Machine(
        f"loop: addi 3,3,1; {SPLAT}; lwz 4,0x700(0); addi 5,5,2; bdnz loop; wait",
        origin=PAGE - 4 * words_before,
    )
    machine.cpu.set_registers(ctr=300)
    finished(machine)
    assert (machine.gpr(3), machine.gpr(5)) == (300, 600)
    assert lanes(machine, 1) == {300}


@pytest.mark.parametrize("instruction", [SPLAT, "mfspr 4,284", "nop"])
def test_the_last_word_of_the_sram_is_executed_before_the_fetch_fails(instruction):
    machine = Machine(f"li 3,9; {instruction}", origin=mm.SRAM_SIZE - 8)
    stop = machine.run()
    assert (stop.reason, stop.pc) == (StopReason.FETCH, mm.SRAM_SIZE)
    assert stop.from_pc == mm.SRAM_SIZE - 4
    assert machine.cpu.instructions == 2
    assert lanes(machine, 1) == ({9} if instruction == SPLAT else {0})


def test_the_last_word_of_the_sram_may_be_a_branch():
    machine = Machine(f"wait; {'nop; ' * 10} li 3,9; b .-48", origin=mm.SRAM_SIZE - 52)
    machine.cpu.set_registers(pc=mm.SRAM_SIZE - 8)
    finished(machine)
    assert machine.gpr(3) == 9


def test_a_branch_into_the_middle_of_a_vector_run():
    machine = Machine(
        """li 3,1; b middle
            run: fxvsplath 2,3; fxvsplath 3,3; middle: fxvsplath 4,3; fxvsplath 5,3
            addi 3,3,1; cmpwi 3,3; blt run; wait"""
    )
    finished(machine)
    assert [lanes(machine, r) for r in (2, 3, 4, 5)] == [{2}, {2}, {2}, {2}]
    assert machine.cpu.instructions == 15


@pytest.mark.parametrize(("origin", "fetch"), FETCHED_FROM)
@pytest.mark.parametrize("distance", ["same block", "later block"])
def test_code_that_changes_itself(origin, fetch, distance):
    """The new word (li 5,2) replaces `target` (li 5,1), which has run before."""
    gap = "nop" if distance == "same block" else "b next; next: nop"
    machine = Machine(
        f"""li 6,2; mtctr 6; lis 4,0x38a0; ori 4,4,2
            loop: target: li 5,1; add 7,7,5; stw 4,0(3); {gap}; bdnz loop; wait""",
        origin=origin, fetch=fetch,
    )  # fmt: skip
    machine.set_gpr({3: origin + machine.code.labels["target"]})
    finished(machine)
    assert (machine.gpr(5), machine.gpr(7)) == (2, 3)


@pytest.mark.parametrize("store", ["stw 4,0(3)", "stwx 4,0,3", "stwu 4,0(3)", "fxvstax 1,0,3"])
def test_a_store_changes_the_very_next_instruction(store):
    """The processor's first pass over `target` must see the new word, as if it had no cache."""
    machine = Machine(f"bl over; {store}; sync; target: li 5,1; {'nop; ' * 40} wait; over: blr")
    machine.set_gpr({3: machine.at("target"), 4: 0x38A0_0002})
    machine.cpu.vector_registers[1] = 0
    machine.cpu.vector_registers[1].view(">u4")[:] = 0x6000_0000
    machine.cpu.vector_registers[1].view(">u4")[0] = 0x38A0_0002
    finished(machine)
    assert machine.gpr(5) == 2


@pytest.mark.parametrize("store", ["stw 4,0(3)", "stwx 4,0,3", "fxvstax 2,0,3"])
@pytest.mark.parametrize("passes", [1, 2])
def test_a_store_changes_a_vector_instruction_of_the_same_run(store, passes):
    """Behind a native instruction, where the engine is not asked again."""
    machine = Machine(
        f"""mtctr 6; b start
            start: fxvsplath 1,5; {store}; fxvsplath 1,5; target: fxvsplath 1,5; {"nop; " * 31}
            bdnz start; wait"""
    )
    new = BY_MNEMONIC["fxvsplath"].encode(7, 5)
    machine.set_gpr({3: machine.at("target"), 4: new, 5: 77, 6: passes})
    machine.cpu.vector_registers[2].view(">u4")[:] = [new, *[0x6000_0000] * 31]
    finished(machine)
    assert lanes(machine, 7) == {77}


def test_a_vector_instruction_may_become_scalar_and_back():
    splat = BY_MNEMONIC["fxvsplath"].encode(1, 3)
    machine = Machine(
        """li 6,4; mtctr 6
           loop: target: li 5,1; lwz 7,0(3); stw 8,0(3); mr 8,7; addi 9,9,1; bdnz loop; wait"""
    )
    machine.set_gpr({3: machine.at("target"), 8: splat})
    finished(machine)
    assert machine.word(machine.at("target")) == 0x38A0_0001
    assert machine.gpr(5) == 1
    assert lanes(machine, 1) == {machine.at("target")}
    assert machine.cpu.instructions == 3 + 4 * 6


def test_the_host_may_change_code_between_runs():
    machine = Machine("li 3,1; wait")
    assert finished(machine).gpr(3) == 1
    machine.cpu.write(machine.base, Machine("li 3,2; wait").code.data)
    machine.cpu.set_registers(pc=machine.base)
    assert finished(machine).gpr(3) == 2


def test_a_processor_may_change_the_other_ones_code():
    array = SynapseArray()
    bus = Bus()
    top, bottom = (Processor(array, bus=bus, hemisphere=h) for h in range(2))
    bottom.write(0x100, Machine("li 3,1; wait").code.data)
    bottom.set_registers(pc=0x100)
    assert bottom.run(max_cycles=1000).reason is StopReason.FINISHED
    address = mm.OMNIBUS_DATA_BASE | 4 * (
        mm.OMNIBUS_SRAM_WORD + mm.OMNIBUS_HEMISPHERE_WORD_STRIDE) + 0x100  # fmt: skip
    source = (
        f"lis 3,{address >> 16}; ori 3,3,{address & 0xFFFF}; lis 4,0x3860; ori 4,4,2; stw 4,0(3)"
    )
    top.write(0x100, Machine(source + "; wait").code.data)
    top.set_registers(pc=0x100)
    assert top.run(max_cycles=1000).reason is StopReason.FINISHED
    bottom.set_registers(pc=0x100)
    assert bottom.run(max_cycles=10_000).reason is StopReason.FINISHED
    assert bottom.registers()["gpr"][3] == 2


def test_data_beside_code_may_be_written_often():
    """Stores into the page that runs, but not over code, leave the code alone."""
    machine = Machine("li 6,1000; mtctr 6; loop: stw 6,0x100(3); addi 6,6,-1; bdnz loop; wait")
    machine.set_gpr({3: machine.base})
    finished(machine)
    assert machine.word(machine.base + 0x100) == 1


def test_a_check_that_fails_once_does_not_change_results():
    """A loop whose loads go to the SRAM, then to external memory, then back."""
    machine = Machine(
        """li 6,64; mtctr 6
           loop: lwzx 7,3,4; add 8,8,7; lbzx 9,3,4; add 8,8,9; add 3,3,5; bdnz loop; wait"""
    )
    for i in range(64):
        address = 0x800 + i * 4 if i < 32 else mm.EXTMEM_DATA_BASE + 4 * (i - 32)
        machine.put(address, 0x0100_0000 + i)
    machine.set_gpr({3: 0x800, 4: 0, 5: 4})
    machine.cpu.set_registers(ctr=32)
    finished(machine)
    half = sum(0x0100_0001 + i for i in range(32))
    assert machine.gpr(8) == half
    machine.set_gpr({3: mm.EXTMEM_DATA_BASE})
    machine.cpu.set_registers(pc=machine.at("loop"), ctr=32)
    finished(machine)
    assert machine.gpr(8) == half + sum(0x0100_0001 + i for i in range(32, 64))
    machine.set_gpr({3: 0x800})
    machine.cpu.set_registers(pc=machine.at("loop"), ctr=32)
    finished(machine)
    assert machine.gpr(8) == 2 * half + sum(0x0100_0001 + i for i in range(32, 64))
