# SPDX-License-Identifier: BSD-3-Clause
"""Pins, doorbell, their interrupts, priorities, and what wakes a sleeping processor."""

import pytest
from ppu_machine import Machine

from nuxemu import ChipModel, StopReason
from nuxemu import memory_map as mm

EE = 0x8000
DIE, FIE, DIS, FIS = 0x0400_0000, 0x0080_0000, 0x0800_0000, 0x0400_0000
TBL, DEC, TSR, TCR, GIN, GOUT, GOE, ICCR = 284, 22, 336, 340, 65, 66, 67, 68
HANDLERS = {
    mm.EXCEPTION_EXTERNAL_INPUT: 0x2000,
    mm.EXCEPTION_FIT: 0x2100,
    mm.EXCEPTION_DECREMENTER: 0x2200,
    mm.EXCEPTION_DOORBELL: 0x2300,
}
ENABLE = "li 9,0; ori 9,9,0x8000; mtmsr 9; "
DISABLE = "li 9,0; mtmsr 9; "


def set_spr(number: int, value: int, register: int = 9) -> str:
    return (f"lis {register},{value >> 16}; ori {register},{register},{value & 0xFFFF}; "
            f"mtspr {number},{register}; ")  # fmt: skip


def clear_in_handler(number: int, value: int = 0) -> str:
    """`set_spr` with a register that the main program does not use."""
    return set_spr(number, value, register=29)


def iccr(mask: int, *, falling: int = 0, level: int = 0, doorbell: int = 0) -> str:
    return set_spr(ICCR, level << 16 | falling << 12 | mask << 8 | doorbell)


def install(machine: Machine, vector: int, body: str = "") -> None:
    """Handler that counts in r20, r21, r22 or r23 and appends its digit to r24."""
    number = list(HANDLERS).index(vector)
    code = (f"addi {20 + number},{20 + number},1; slwi 24,24,4; ori 24,24,{number + 1}; "
            f"mfsrr0 25; mfsrr1 26; {body} rfi")  # fmt: skip
    place = HANDLERS[vector]
    machine.put(vector, 0x4800_0000 | (place - vector))
    machine.cpu.write(place, Machine(code).code.data)


def machine_with(source: str, **bodies: str) -> Machine:
    machine = Machine(source)
    names = {"pins": mm.EXCEPTION_EXTERNAL_INPUT, "fit": mm.EXCEPTION_FIT,
             "dec": mm.EXCEPTION_DECREMENTER, "doorbell": mm.EXCEPTION_DOORBELL}  # fmt: skip
    for name, vector in names.items():
        install(machine, vector, bodies.get(name, ""))
    return machine


def expect(machine: Machine, reason: StopReason, *, cycles: int = 0) -> None:
    stop = machine.run(max_cycles=machine.cpu.cycles + (cycles or 100_000))
    assert stop.reason is reason, stop


def ack_timers() -> str:
    return f"mfspr 27,{TSR}; mtspr {TSR},27;"


# --- Pins as registers -------------------------------------------------------------------------


def test_the_program_reads_the_pins_that_the_host_applies():
    machine = Machine(f"mfspr 3,{GIN}; wait; mfspr 4,{GIN}; wait")
    machine.cpu.set_inputs(0x8000_0005)
    expect(machine, StopReason.FINISHED)
    assert machine.gpr(3) == 0x8000_0005
    machine.cpu.set_inputs(0xFFFF_FFFF)
    machine.cpu.set_registers(pc=machine.base + 8)
    expect(machine, StopReason.FINISHED)
    assert machine.gpr(4) == 0xFFFF_FFFF


def test_the_program_cannot_write_its_input_pins():
    machine = Machine(f"li 3,-1; mtspr {GIN},3; mfspr 4,{GIN}; wait")
    machine.cpu.set_inputs(6)
    expect(machine, StopReason.FINISHED)
    assert machine.gpr(4) == 6


@pytest.mark.parametrize("pins", [-1, 1 << 32])
def test_pins_beyond_32_are_refused(pins):
    with pytest.raises(ValueError, match="32 pins"):
        Machine("wait").cpu.set_inputs(pins)


def test_the_host_reads_what_is_driven_where_output_enable_is_zero():
    machine = Machine(set_spr(GOUT, 0xA5A5_A5A5) + set_spr(GOE, 0x0000_FFFF) + "wait")
    assert machine.cpu.outputs == 0
    expect(machine, StopReason.FINISHED)
    assert machine.cpu.outputs == 0xA5A5_0000


def test_the_pins_keep_their_levels_over_a_reset():
    machine = Machine(f"mfspr 3,{GIN}; wait")
    machine.cpu.set_inputs(9)
    machine.cpu.reset()
    machine.cpu.set_registers(pc=machine.base)
    expect(machine, StopReason.FINISHED)
    assert machine.gpr(3) == 9
    assert machine.cpu.outputs == 0


def test_nothing_is_driven_in_reset():
    chip = ChipModel()
    chip.processors[0].write(0, Machine(f"li 3,5; mtspr {GOUT},3; here: b here").code.data)
    chip.start(0)
    chip.run(1_000)
    assert chip.processors[0].outputs == 5
    chip.hold(0)
    assert chip.processors[0].outputs == 0


# --- External input ----------------------------------------------------------------------------


@pytest.mark.parametrize("pin", range(4))
@pytest.mark.parametrize("falling", [0, 1])
def test_an_edge_interrupts_once_and_wakes(pin, falling):
    bit = 1 << pin
    machine = machine_with(iccr(bit, falling=bit * falling) + ENABLE + "here: wait; li 5,1; wait")
    machine.cpu.set_inputs(bit * falling)
    expect(machine, StopReason.FINISHED)
    assert machine.gpr(20) == 0
    machine.cpu.set_inputs(bit * (1 - falling))
    expect(machine, StopReason.FINISHED)
    assert (machine.gpr(20), machine.gpr(5)) == (1, 1)
    assert machine.gpr(25) == machine.at("here") + 4
    assert machine.gpr(26) == EE
    machine.cpu.set_inputs(bit * falling)  # the other edge
    expect(machine, StopReason.FINISHED)
    assert machine.gpr(20) == 1


@pytest.mark.parametrize(("enabled", "pins"), [(0b0001, 0b1110), (0b0000, 0b1111),
                                               (0b1111, 0xFFFF_FFF0)])  # fmt: skip
def test_pins_that_are_not_enabled_do_nothing(enabled, pins):
    machine = machine_with(iccr(enabled) + ENABLE + "wait; li 5,1; wait")
    expect(machine, StopReason.FINISHED)
    machine.cpu.set_inputs(pins)
    expect(machine, StopReason.FINISHED)
    assert (machine.gpr(20), machine.gpr(5)) == (0, 0)


@pytest.mark.parametrize("low", [0, 1])
def test_a_level_interrupts_until_it_goes_away(low):
    """The handler returns into the level that is still there."""
    machine = machine_with(iccr(2, falling=2 * low, level=2) + ENABLE + "loop: addi 5,5,1; b loop")
    machine.cpu.set_inputs(2 * low)
    expect(machine, StopReason.CYCLE_LIMIT, cycles=500)
    assert machine.gpr(20) == 0
    machine.cpu.set_inputs(2 * (1 - low))
    expect(machine, StopReason.CYCLE_LIMIT, cycles=500)
    entered = machine.gpr(20)
    assert entered > 10
    machine.cpu.set_inputs(2 * low)
    expect(machine, StopReason.CYCLE_LIMIT, cycles=500)
    assert machine.gpr(20) <= entered + 1


def test_two_calls_in_a_row_make_a_pulse():
    machine = machine_with(iccr(1) + ENABLE + "wait; li 5,1; wait")
    expect(machine, StopReason.FINISHED)
    machine.cpu.set_inputs(1)
    machine.cpu.set_inputs(0)
    expect(machine, StopReason.FINISHED)
    assert (machine.gpr(20), machine.gpr(5)) == (1, 1)


def test_an_edge_while_interrupts_are_disabled_is_lost_and_a_level_is_not():
    source = "{iccr} loop1: addi 5,5,1; cmpwi 5,50; blt loop1; " + ENABLE + "li 6,1; wait"
    for level, expected in ((0, 0), (1, 1)):
        body = clear_in_handler(ICCR)
        machine = machine_with(source.format(iccr=iccr(1, level=level)), pins=body)
        expect(machine, StopReason.CYCLE_LIMIT, cycles=60)
        assert 0 < machine.gpr(5) < 50
        machine.cpu.set_inputs(1)
        expect(machine, StopReason.FINISHED)
        assert (machine.gpr(20), machine.gpr(6)) == (expected, 1)


def test_an_edge_during_a_handler_is_lost():
    machine = machine_with(
        iccr(3) + ENABLE + "loop: addi 5,5,1; b loop",
        pins="li 30,500; mtctr 30; 1: bdnz 1b; ",
    )
    machine.cpu.set_inputs(1)  # before EE is set: lost
    expect(machine, StopReason.CYCLE_LIMIT, cycles=100)
    machine.cpu.set_inputs(0)
    machine.cpu.set_inputs(1)
    expect(machine, StopReason.CYCLE_LIMIT, cycles=200)
    assert machine.gpr(20) == 1
    machine.cpu.set_inputs(2)
    expect(machine, StopReason.CYCLE_LIMIT, cycles=10_000)
    assert machine.gpr(20) == 1


# --- Doorbell ----------------------------------------------------------------------------------


def test_the_doorbell_interrupts_once():
    machine = machine_with(iccr(0, doorbell=1) + ENABLE + "loop: addi 5,5,1; b loop")
    expect(machine, StopReason.CYCLE_LIMIT, cycles=500)
    machine.cpu.ring_doorbell()
    assert machine.cpu.registers()["requests"] == 2
    expect(machine, StopReason.CYCLE_LIMIT, cycles=500)
    assert machine.gpr(23) == 1
    assert machine.gpr(25) in range(machine.at("loop"), machine.at("loop") + 8, 4)
    machine.cpu.ring_doorbell()
    machine.cpu.ring_doorbell()
    expect(machine, StopReason.CYCLE_LIMIT, cycles=500)
    assert machine.gpr(23) == 2


def test_the_doorbell_wakes_a_sleeping_processor():
    machine = machine_with(ENABLE + "here: wait; li 5,1; wait; li 6,1; wait")
    expect(machine, StopReason.FINISHED)
    before = machine.cpu.cycles
    expect(machine, StopReason.FINISHED)  # nothing woke it
    assert machine.gpr(5) == 0
    machine.cpu.ring_doorbell()
    expect(machine, StopReason.FINISHED)
    assert (machine.gpr(23), machine.gpr(5), machine.gpr(6)) == (1, 1, 0)
    assert machine.gpr(25) == machine.at("here") + 4
    assert machine.cpu.cycles - before < 60
    machine.cpu.ring_doorbell()
    expect(machine, StopReason.FINISHED)
    assert (machine.gpr(23), machine.gpr(6)) == (2, 1)


def test_a_ring_while_interrupts_are_disabled_is_lost():
    machine = machine_with("wait; " + ENABLE + "li 5,1; wait")
    expect(machine, StopReason.FINISHED)
    machine.cpu.ring_doorbell()
    expect(machine, StopReason.FINISHED)
    assert machine.gpr(5) == 0
    machine.cpu.set_registers(pc=machine.base + 4)
    expect(machine, StopReason.FINISHED)
    assert (machine.gpr(23), machine.gpr(5)) == (0, 1)


def test_clearing_ee_drops_what_is_latched():
    machine = machine_with(ENABLE + "wait")
    expect(machine, StopReason.FINISHED)
    machine.cpu.ring_doorbell()
    machine.cpu.write(machine.base, Machine(DISABLE + ENABLE + "li 5,1; wait").code.data)
    machine.cpu.set_registers(pc=machine.base, msr=0)
    machine.cpu.set_registers(msr=EE, requests=2)
    # The request is taken before the first instruction runs.
    expect(machine, StopReason.FINISHED)
    assert (machine.gpr(23), machine.gpr(5), machine.gpr(25)) == (1, 1, machine.base)


# --- Several at once ---------------------------------------------------------------------------


def test_requests_are_taken_in_order_of_priority():
    """Level and timers outlive each other's handlers."""
    machine = machine_with(
        f"li 3,5; mtspr {DEC},3; li 3,600; mtctr 3; 1: bdnz 1b; mfspr 10,{TSR}; "
        + set_spr(TCR, FIE | DIE) + iccr(1, level=1) + ENABLE + "li 5,1; " + DISABLE
        + set_spr(TCR, 0) + "wait",
        pins=clear_in_handler(ICCR), fit=clear_in_handler(TSR, FIS),
        dec=clear_in_handler(TSR, DIS),
    )  # fmt: skip
    machine.cpu.set_inputs(1)
    expect(machine, StopReason.FINISHED)
    assert machine.gpr(10) == DIS | FIS
    assert machine.gpr(24) == 0x123
    assert machine.gpr(5) == 1


def test_a_doorbell_is_lost_to_an_interrupt_of_higher_priority():
    machine = machine_with(iccr(1) + ENABLE + "wait; li 5,1; wait")
    expect(machine, StopReason.FINISHED)
    machine.cpu.ring_doorbell()
    machine.cpu.set_inputs(1)
    expect(machine, StopReason.FINISHED)
    assert (machine.gpr(20), machine.gpr(23), machine.gpr(5)) == (1, 0, 1)


def test_a_handler_that_enables_interrupts_is_interrupted():
    """The doorbell's handler keeps SRR0 and SRR1, enables interrupts and waits for the pin."""
    nested = (
        "mfsrr0 10; mfsrr1 11; " + ENABLE + "1: cmpwi 20,0; beq 1b; " + DISABLE
        + "mtsrr0 10; mtsrr1 11;"
    )  # fmt: skip
    machine = machine_with(iccr(1) + ENABLE + "here: wait; li 5,1; mfmsr 6; wait", doorbell=nested)
    expect(machine, StopReason.FINISHED)
    machine.cpu.ring_doorbell()
    expect(machine, StopReason.CYCLE_LIMIT, cycles=1000)
    assert (machine.gpr(20), machine.gpr(23)) == (0, 1)
    machine.cpu.set_inputs(1)
    expect(machine, StopReason.FINISHED)
    assert (machine.gpr(20), machine.gpr(23), machine.gpr(24)) == (1, 1, 0x41)
    assert (machine.gpr(5), machine.gpr(6)) == (1, EE)


def test_a_handler_that_never_acknowledges_is_entered_again_until_the_limit():
    machine = machine_with(set_spr(TCR, DIE) + f"li 3,100; mtspr {DEC},3; " + ENABLE
                           + "loop: addi 5,5,1; b loop")  # fmt: skip
    expect(machine, StopReason.CYCLE_LIMIT, cycles=20_000)
    assert machine.gpr(22) > 500
    assert machine.gpr(5) < 200


def test_a_doorbell_ends_a_wait_for_a_timer():
    """A sleeping processor that a timer will wake is woken earlier by the doorbell."""
    machine = machine_with(set_spr(TCR, DIE) + f"lis 3,1; mtspr {DEC},3; " + ENABLE
                           + "wait; mfspr 5,284; " + DISABLE + set_spr(TCR, 0) + "wait",
                           dec=ack_timers())  # fmt: skip
    expect(machine, StopReason.CYCLE_LIMIT, cycles=1000)
    assert machine.cpu.cycles == 1000
    machine.cpu.ring_doorbell()
    expect(machine, StopReason.FINISHED)
    assert (machine.gpr(22), machine.gpr(23)) == (0, 1)
    assert 1000 < machine.gpr(5) < 1050


@pytest.mark.parametrize("cycles", [7, 50, 51, 52, 53, 200])
def test_runs_in_pieces_take_the_same_interrupts(cycles):
    def run(piece):
        machine = machine_with(
            set_spr(TCR, DIE | 0x0040_0000) + f"li 3,300; mtspr 54,3; mtspr {DEC},3; " + ENABLE
            + "loop: addi 5,5,1; mullw 6,5,5; add 7,7,6; b loop", dec=ack_timers(),
        )  # fmt: skip
        while machine.cpu.cycles < 5000:
            stop = machine.run(max_cycles=min(5000, machine.cpu.cycles + piece))
            assert stop.reason is StopReason.CYCLE_LIMIT
        return machine

    whole, pieces = run(5000), run(cycles)
    assert whole.gpr(22) == pieces.gpr(22) == 16
    assert abs(whole.gpr(5) - pieces.gpr(5)) <= 2


# --- When --------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [3, 10, 57, 100, 101, 250])
def test_an_interrupt_comes_between_the_instructions_of_its_cycle(start):
    """In straight code, where an instruction takes a cycle, the address tells the time."""
    machine = machine_with(
        set_spr(TCR, DIE) + ENABLE + f"li 3,{start}; nop; here: mtspr {DEC},3; "
        + "addi 4,4,1; " * 300 + "mr 5,4; " + DISABLE + set_spr(TCR, 0) + "wait",
        dec="mr 28,4; mfspr 30,284; " + ack_timers(),
    )  # fmt: skip
    expect(machine, StopReason.FINISHED)
    assert machine.gpr(22) == 1
    behind = (machine.gpr(25) - machine.at("here")) // 4 - 1  # instructions behind mtspr
    assert machine.gpr(28) == behind
    assert abs(behind - start) <= 1
    assert machine.gpr(5) == 300


@pytest.mark.parametrize(
    ("work", "longest"),
    [("lwz 5,0x800(0); stw 5,0x804(0); addi 6,5,1; mullw 7,6,6; cmpw 6,7; ", 8),
     ("divw 7,4,5; ", 33), ("fxvlax 1,0,8; fxvaddhm 1,1,1; addi 6,6,1; fxvstax 1,0,8; ", 80),
     ("fxvinx 1,0,9; addi 6,6,1; fxvoutx 1,0,9; ", 30)],
    ids=["scalar", "division", "vector", "rows"],
)  # fmt: skip
def test_an_interrupt_waits_for_one_instruction_at_most(work, longest):
    late = []
    for start in range(200, 260, 7):
        machine = machine_with(
            set_spr(TCR, DIE) + ENABLE + f"li 8,0x800; li 9,0; li 5,3; li 3,{start}; "
            f"mfspr 10,{TBL}; mtspr {DEC},3; " + work * 40 + "trap",
            dec=f"mfspr 30,{TBL}; " + clear_in_handler(TCR) + "wait; ",
        )
        machine.cpu.write(0x800, bytes(128))
        expect(machine, StopReason.FINISHED)
        late.append(machine.gpr(30) - machine.gpr(10) - start)
    # the write of DEC is a cycle after the reading; entry and the first part of the handler 10
    assert min(late) >= 10
    assert max(late) <= 14 + longest


def test_a_sleeping_processor_wakes_at_the_chips_time():
    """Time of the chip passes while it sleeps with nothing to wake it."""
    chip = ChipModel()
    cpu = chip.processors[0]
    code = Machine(ENABLE + "wait; mfspr 5,284; wait").code.data
    cpu.write(0, (0x4800_0040).to_bytes(4, "big"))
    cpu.write(0x40, code)
    cpu.write(mm.EXCEPTION_DOORBELL, Machine("rfi").code.data)
    chip.start(0)
    chip.run(200_000)
    assert not chip.is_at_work(0)
    cpu.ring_doorbell()
    assert chip.is_at_work(0)
    chip.run(300_000)
    assert not chip.is_at_work(0)
    assert 200_000 <= cpu.registers()["gpr"][5] < 200_050


@pytest.mark.parametrize("partner", [False, True])
def test_a_ring_does_not_move_a_wake_up_that_comes_before_it(partner):
    """With a partner at work, the step in which the host rings is not over."""
    chip = ChipModel()
    cpu = chip.processors[1]
    cpu.write(0, (0x4800_0040).to_bytes(4, "big"))
    source = set_spr(TCR, DIE) + f"li 9,600; mtspr {DEC},9; wait; mfspr 5,{TBL}; "
    cpu.write(0x40, Machine(source + f"li 9,0; mtspr {TCR},9; wait").code.data)
    chip.processors[0].write(0, Machine("here: b here").code.data)
    if partner:
        chip.start(0)
    chip.start(1)
    chip.run(590)
    cpu.ring_doorbell()
    chip.run(750)
    cpu.ring_doorbell()
    chip.run(2_000)
    assert 600 <= cpu.registers()["gpr"][5] < 620
