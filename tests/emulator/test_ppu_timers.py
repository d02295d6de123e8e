# SPDX-License-Identifier: BSD-3-Clause
"""Time base, decrementer, fixed-interval timer, interrupts, and wait."""

import pytest
from ppu_machine import Machine

from nuxemu import StopReason
from nuxemu import memory_map as mm

EE = 0x8000
DIE, FIE, ARE = 0x0400_0000, 0x0080_0000, 0x0040_0000
DIS, FIS = 0x0800_0000, 0x0400_0000
TBL, TBU, DEC, DECAR, TSR, TCR = 284, 285, 22, 54, 336, 340
HANDLER = 0x2000
#: Counts in r20, clears the request, keeps SRR0, SRR1 and the time of entry.
COUNTING = (
    f"mfspr 24,{TBL}; addi 20,20,1; mfspr 21,{TSR}; mtspr {TSR},21; mfsrr0 22; mfsrr1 23; rfi"
)


def set_spr(number: int, value: int) -> str:
    return f"lis 9,{value >> 16}; ori 9,9,{value & 0xFFFF}; mtspr {number},9; "


def enable_interrupts() -> str:
    return "li 9,0; ori 9,9,0x8000; mtmsr 9; "


def install(machine: Machine, vector: int, handler: str = COUNTING) -> None:
    """Put a handler behind an exception vector."""
    machine.put(vector, 0x4800_0000 | (HANDLER - vector))
    machine.cpu.write(HANDLER, Machine(handler).code.data)


def finished(machine: Machine) -> Machine:
    stop = machine.run()
    assert stop.reason is StopReason.FINISHED, stop
    return machine


# --- Time base -------------------------------------------------------------------------------


def test_the_time_base_counts_cycles():
    machine = finished(Machine(f"mfspr 3,{TBL}; nop; nop; nop; mfspr 4,{TBL}; mfspr 5,{TBU}; wait"))
    assert machine.gpr(4) - machine.gpr(3) == 4
    assert machine.gpr(5) == 0
    assert machine.cpu.registers()["time_base"] == machine.cpu.cycles


def test_the_time_base_carries_into_its_upper_half_and_can_be_written():
    machine = finished(Machine(
        f"li 3,-2; mtspr {TBL},3; li 3,6; mtspr {TBU},3; nop; nop; mfspr 4,{TBL}; mfspr 5,{TBU}; "
        f"li 3,0; mtspr {TBL},3; mfspr 6,{TBL}; mfspr 7,{TBU}; wait"))  # fmt: skip
    # -2 in the lower half carried before the write of the upper half
    assert (machine.gpr(4), machine.gpr(5)) == (3, 6)
    assert 1 <= machine.gpr(6) <= 3
    assert machine.gpr(7) == 6


def test_the_time_base_of_the_power_isa_is_not_there():
    machine = finished(Machine("li 3,1; mfspr 3,268; li 4,1; mfspr 4,269; wait", hardware=True))
    assert (machine.gpr(3), machine.gpr(4)) == (0, 0)


# --- Decrementer -----------------------------------------------------------------------------


@pytest.mark.parametrize("start", [1, 2, 5, 40])
def test_the_decrementer_counts_down_and_stops_at_zero(start):
    nops = "nop; " * 50
    machine = Machine(f"li 3,{start}; mtspr {DEC},3; mfspr 4,{DEC}; {nops} mfspr 5,{DEC}; "
                      f"mfspr 6,{TSR}; wait")  # fmt: skip
    finished(machine)
    assert max(start - 3, 0) <= machine.gpr(4) <= start - 1
    assert machine.gpr(5) == 0
    assert machine.gpr(6) == DIS


def test_writing_zero_to_the_decrementer_gives_no_event():
    machine = Machine(f"li 3,50; mtspr {DEC},3; li 3,0; mtspr {DEC},3; {'nop; ' * 100}"
                      f"mfspr 4,{TSR}; mfspr 5,{DEC}; wait")  # fmt: skip
    finished(machine)
    assert (machine.gpr(4), machine.gpr(5)) == (0, 0)


def test_the_decrementer_reloads_itself_if_asked():
    machine = Machine(set_spr(TCR, ARE) + f"li 3,30; mtspr {DECAR},3; li 3,10; mtspr {DEC},3; "
                      f"{'nop; ' * 24} mfspr 4,{DEC}; mfspr 5,{TSR}; wait")  # fmt: skip
    finished(machine)
    # 25 cycles after the write: 10 down to 0, then 15 of 30
    assert machine.gpr(4) == 15
    assert machine.gpr(5) == DIS


@pytest.mark.parametrize("look", ["", f"mfspr 5,{DEC}; "])
def test_a_new_reload_value_counts_from_the_next_event(look):
    machine = Machine(set_spr(TCR, ARE) + f"li 3,1000; mtspr {DECAR},3; li 3,50; mtspr {DEC},3; "
                      f"{'nop; ' * 100} {look} li 3,200; mtspr {DECAR},3; mfspr 4,{DEC}; "
                      f"{'nop; ' * 1000} mfspr 6,{DEC}; wait")  # fmt: skip
    finished(machine)
    assert 940 <= machine.gpr(4) <= 950  # 1000 since an event that nobody has looked at
    assert machine.gpr(6) == (machine.gpr(4) - 1001) % 200


def test_the_timer_status_is_cleared_by_ones():
    machine = Machine(f"li 3,5; mtspr {DEC},3; {'nop; ' * 300} mfspr 4,{TSR}; "
                      + set_spr(TSR, FIS) + f"mfspr 5,{TSR}; "
                      + set_spr(TSR, DIS) + f"mfspr 6,{TSR}; wait")  # fmt: skip
    finished(machine)
    assert machine.gpr(4) == DIS | FIS
    assert machine.gpr(5) == DIS
    assert machine.gpr(6) == 0


def test_the_decrementer_interrupts_at_its_cycle():
    machine = Machine(
        set_spr(TCR, DIE) + enable_interrupts() + f"li 3,100; mfspr 10,{TBL}; mtspr {DEC},3; "
        f"{'nop; ' * 20} loop: addi 4,4,1; b loop"
    )
    install(machine, mm.EXCEPTION_DECREMENTER, COUNTING.replace("rfi", "wait"))
    finished(machine)
    assert machine.gpr(20) == 1
    assert machine.gpr(21) == DIS
    assert machine.at("loop") <= machine.gpr(22) <= machine.at("loop") + 4
    assert machine.gpr(23) == EE
    assert machine.cpu.registers()["msr"] == 0
    # within one short block, plus the entry
    assert 101 <= machine.gpr(24) - machine.gpr(10) <= 101 + 16


def test_the_host_sees_the_timers_of_the_present_cycle():
    machine = finished(Machine(f"li 3,20; mtspr {DEC},3; {'nop; ' * 30} wait"))
    assert machine.cpu.registers()["dec"] == 0
    assert machine.cpu.registers()["tsr"] == DIS


@pytest.mark.parametrize("condition", ["DIE off", "EE off"])
def test_a_disabled_decrementer_does_not_interrupt(condition):
    source = "" if condition == "DIE off" else set_spr(TCR, DIE)
    source += "" if condition == "EE off" else enable_interrupts()
    machine = Machine(f"{source} li 3,20; mtspr {DEC},3; li 5,200; mtctr 5; loop: addi 4,4,1; "
                      f"bdnz loop; mfspr 6,{TSR}; li 9,0; mtspr {TCR},9; wait")  # fmt: skip
    install(machine, mm.EXCEPTION_DECREMENTER)
    finished(machine)
    assert (machine.gpr(20), machine.gpr(4)) == (0, 200)
    assert machine.gpr(6) & DIS


def test_periodic_interrupts_do_not_disturb_the_program():
    loop = "li 5,2000; mtctr 5; loop: add 6,6,5; addi 5,5,-1; mulli 7,6,3; bdnz loop; "
    quiet = finished(Machine(loop + "wait"))
    machine = Machine(set_spr(TCR, DIE | ARE) + "li 3,500; "
                      f"mtspr {DECAR},3; mtspr {DEC},3; " + enable_interrupts() + loop
                      + f"li 9,0; mtmsr 9; mtspr {TCR},9; wait")  # fmt: skip
    install(machine, mm.EXCEPTION_DECREMENTER)
    finished(machine)
    assert [machine.gpr(r) for r in (5, 6, 7)] == [quiet.gpr(r) for r in (5, 6, 7)]
    assert machine.gpr(20) == pytest.approx(quiet.cpu.cycles / 500, rel=0.15)


# --- Fixed-interval timer ----------------------------------------------------------------------


@pytest.mark.parametrize(("fp", "bit"), [(0, 8), (1, 12), (2, 16), (3, 20)])
def test_the_fixed_interval_timer_follows_the_rising_bit_of_the_time_base(fp, bit):
    before = (1 << bit) - 40
    machine = Machine(
        set_spr(TCR, fp << 24) + set_spr(TBL, before) + set_spr(TSR, FIS)
        + f"mfspr 4,{TSR}; {'nop; ' * 60} mfspr 5,{TSR}; mfspr 6,{TBL}; " + set_spr(TSR, FIS)
        + set_spr(TBL, 2 * (1 << bit) - 20) + f"{'nop; ' * 60} mfspr 7,{TSR}; wait"
    )  # fmt: skip
    finished(machine)
    assert machine.gpr(4) == 0
    assert machine.gpr(5) == FIS
    assert machine.gpr(6) > 1 << bit
    assert machine.gpr(7) == 0  # the falling bit is no event


@pytest.mark.parametrize(("fp", "bit"), [(0, 8), (1, 12), (2, 16), (3, 20)])
def test_a_write_that_raises_the_bit_of_the_time_base_is_an_event_too(fp, bit):
    clear = set_spr(TSR, FIS)
    machine = finished(Machine(
        set_spr(TCR, fp << 24) + clear + set_spr(TBL, 1 << bit) + f"mfspr 4,{TSR}; "
        + clear + set_spr(TBL, (1 << bit) + 9) + f"mfspr 5,{TSR}; "  # it was set before
        + set_spr(TBL, 9) + f"mfspr 6,{TSR}; li 9,-1; mtspr {TBU},9; mfspr 7,{TSR}; wait"
    ))  # fmt: skip
    assert [machine.gpr(r) for r in (4, 5, 6, 7)] == [FIS, 0, 0, 0]


def test_the_fixed_interval_timer_interrupts_and_comes_before_the_decrementer():
    machine = Machine(
        set_spr(TCR, FIE | DIE) + f"li 3,3; mtspr {DEC},3; {'nop; ' * 300} li 26,1; "
        + enable_interrupts() + f"li 27,1; nop; nop; li 9,0; mtmsr 9; mtspr {TCR},9; wait"
    )  # fmt: skip
    fit = "addi 20,20,1; mr 28,21; mfspr 25,336; lis 29,0x400; mtspr 336,29; rfi"
    dec = "mr 21,20; addi 20,20,16; lis 29,0x800; mtspr 336,29; rfi"
    for vector, handler, place in ((mm.EXCEPTION_FIT, fit, 0x2000),
                                   (mm.EXCEPTION_DECREMENTER, dec, 0x2100)):  # fmt: skip
        machine.put(vector, 0x4800_0000 | (place - vector))
        machine.cpu.write(place, Machine(handler).code.data)
    finished(machine)
    assert machine.gpr(25) == DIS | FIS
    assert machine.gpr(20) == 17
    assert machine.gpr(21) == 1  # the decrementer's handler ran after the other


# --- Wait ------------------------------------------------------------------------------------


def test_wait_without_a_timer_ends_the_program():
    machine = Machine("nop; wait; li 3,1")
    stop = machine.run()
    assert (stop.reason, stop.pc) == (StopReason.FINISHED, machine.base + 4)
    assert machine.gpr(3) == 0


def test_wait_sleeps_until_the_decrementer_and_goes_on_without_interrupts_enabled():
    machine = Machine(
        set_spr(TCR, DIE) + f"lis 3,1; mfspr 10,{TBL}; mtspr {DEC},3; wait; mfspr 11,{TBL}; "
        f"li 4,7; li 9,0; mtspr {TCR},9; wait"
    )
    install(machine, mm.EXCEPTION_DECREMENTER)
    finished(machine)
    assert machine.gpr(4) == 7
    assert machine.gpr(20) == 0
    assert 0x1_0000 <= machine.gpr(11) - machine.gpr(10) <= 0x1_0000 + 5
    assert machine.cpu.instructions < 30


def test_wait_takes_the_interrupt_and_returns_behind_the_wait():
    machine = Machine(
        set_spr(TCR, DIE) + enable_interrupts() + f"li 3,1000; mtspr {DEC},3; here: wait; "
        f"after: li 9,0; mtmsr 9; mtspr {TCR},9; wait"
    )
    install(machine, mm.EXCEPTION_DECREMENTER)
    finished(machine)
    assert machine.gpr(20) == 1
    assert machine.gpr(22) == machine.at("after")


def test_wait_beyond_the_cycle_limit_stops_at_the_limit():
    machine = Machine(set_spr(TCR, DIE) + f"lis 3,0x1000; mtspr {DEC},3; here: wait; wait")
    stop = machine.run(max_cycles=5000)
    assert (stop.reason, stop.pc) == (StopReason.CYCLE_LIMIT, machine.at("here"))
    assert machine.cpu.cycles == 5000


# --- Machine state -----------------------------------------------------------------------------


def test_the_machine_state_has_seven_writable_bits():
    machine = finished(Machine("li 3,-1; mtmsr 3; mfmsr 4; li 3,0; mtmsr 3; mfmsr 5; wait"))
    assert machine.gpr(4) == 0x0002_9230
    assert machine.gpr(5) == 0


@pytest.mark.parametrize(("instruction", "srr0", "srr1"), [("rfi", 26, 27), ("rfci", 58, 59),
                                                           ("rfmci", 570, 571)])  # fmt: skip
def test_return_from_interrupt_restores_address_and_state(instruction, srr0, srr1):
    words = {"rfi": 0x4C00_0064, "rfci": 0x4C00_0066, "rfmci": 0x4C00_004C}
    machine = Machine(
        f"li 3,0x802; mtspr {srr0},3; li 3,-1; mtspr {srr1},3; .long {words[instruction]}; trap"
    )
    machine.cpu.write(0x800, Machine("mfmsr 4; li 3,0; mtmsr 3; wait").code.data)
    finished(machine)
    assert machine.gpr(4) == 0x0002_9230


def test_interrupt_entry_keeps_the_enables_of_other_classes():
    machine = Machine("lis 3,2; ori 3,3,0x9230; mtmsr 3; here: trap; wait", hardware=True)
    install(machine, mm.EXCEPTION_PROGRAM, "mfmsr 4; mfsrr0 5; mfsrr1 6; mfspr 7,62; wait")
    finished(machine)
    assert machine.gpr(4) == 0x0002_1200
    assert machine.gpr(5) == machine.at("here")
    assert machine.gpr(6) == 0x0002_9230
    assert machine.gpr(7) == 0x0200_0000


def test_an_alignment_interrupt_names_the_instruction_and_leaves_the_registers_alone():
    machine = Machine(
        "lis 9,0x200; mtspr 62,9; li 3,0x801; li 4,5; here: lwzu 4,0(3); wait", hardware=True
    )
    install(machine, mm.EXCEPTION_ALIGNMENT, "mfsrr0 5; mfspr 7,62; addi 5,5,4; mtsrr0 5; rfi")
    finished(machine)
    assert machine.gpr(5) == machine.at("here") + 4
    assert (machine.gpr(3), machine.gpr(4), machine.gpr(7)) == (0x801, 5, 0)


def test_timers_run_by_hardware_time_while_the_processor_executes_vectors():
    """Vector instructions count towards the decrementer as all others do."""
    machine = Machine(
        set_spr(TCR, DIE) + enable_interrupts() + f"li 3,2000; mfspr 10,{TBL}; mtspr {DEC},3; "
        "li 5,0x800; loop: fxvlax 1,0,5; fxvaddhm 1,1,1; fxvstax 1,0,5; b loop"
    )
    install(machine, mm.EXCEPTION_DECREMENTER, COUNTING.replace("rfi", "wait"))
    finished(machine)
    assert 2000 <= machine.gpr(24) - machine.gpr(10) <= 2000 + 150
