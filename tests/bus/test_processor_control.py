# SPDX-License-Identifier: BSD-3-Clause
"""One processor starts, watches and stops the other by its control and status registers."""

import pytest

from bus.bus_machine import hemisphere_word, load, pointer
from emulator.ppu_machine import code
from nuxemu import ChipEnd, ChipModel, StopReason
from nuxemu import memory_map as mm

INHIBIT_RESET = 1
COUNTER = 0x2000


def write(chip: ChipModel, hemisphere: int, source: str) -> None:
    chip.processors[hemisphere].write(0, code(source).data)


def word(chip: ChipModel, hemisphere: int, address: int) -> int:
    return int.from_bytes(chip.processors[hemisphere].read(address, 4), "big")


def registers_of(hemisphere: int) -> str:
    """Assembler text: r20 points to control, r21 to status of a processor."""
    control = pointer(hemisphere_word(mm.OMNIBUS_PPU_CONTROL_WORD, hemisphere))
    status = pointer(hemisphere_word(mm.OMNIBUS_PPU_STATUS_WORD, hemisphere))
    return load(20, control) + load(21, status)


def test_a_processor_starts_the_other_one_and_sees_it_sleep(nux_hemisphere):
    chip = ChipModel()
    other = 1 - nux_hemisphere
    write(chip, other, "li 5,100; mtctr 5; loop: bdnz loop; li 5,77; stw 5,0x2000(0); wait")
    write(chip, nux_hemisphere, registers_of(other)
          + "lwz 10,0(20); lwz 11,0(21); li 5,1; stw 5,0(20); lwz 12,0(20); lwz 13,0(21); "
            "li 7,0; poll: addi 7,7,1; lwz 6,0(21); cmpwi 6,0; beq poll; "
            "lwz 14,0(20); wait")  # fmt: skip
    chip.start(nux_hemisphere)
    end = chip.run(1_000_000, awaited=(nux_hemisphere,))
    assert end is ChipEnd.IDLE
    gpr = chip.processors[nux_hemisphere].registers()["gpr"]
    assert gpr[10:15] == [0, 0, INHIBIT_RESET, 0, INHIBIT_RESET]
    assert gpr[7] > 1
    assert word(chip, other, COUNTER) == 77


def test_a_processor_stops_the_other_one_which_starts_anew():
    """In reset it stands still, does not sleep, and keeps its memory; then it begins at 0."""
    chip = ChipModel()
    count = "lwz 5,0x2000(0); addi 5,5,1; stw 5,0x2000(0); "
    write(chip, 1, count + "endless: b endless")
    wait = "li 9,2000; mtctr 9; {0}: bdnz {0}; "
    write(chip, 0, registers_of(1)
          + "li 5,1; li 6,0; stw 5,0(20); " + wait.format("a") + "stw 6,0(20); lwz 10,0(21); "
          + wait.format("b") + "stw 5,0(20); " + wait.format("c")
          + "lwz 11,0(21); wait")  # fmt: skip
    chip.start(0)
    assert chip.run(1_000_000, awaited=(0,)) is ChipEnd.IDLE
    gpr = chip.processors[0].registers()["gpr"]
    assert gpr[10:12] == [0, 0]
    assert word(chip, 1, COUNTER) == 2
    assert chip.is_at_work(1)


def test_a_start_is_at_the_cycle_of_the_write(nux_hemisphere):
    chip = ChipModel()
    other = 1 - nux_hemisphere
    write(chip, other, "endless: b endless")
    write(chip, nux_hemisphere, registers_of(other)
          + f"{'nop; ' * 333} li 5,1; sync; mfspr 10,284; stw 5,0(20); sync; mfspr 11,284; "
            "endless: b endless")  # fmt: skip
    chip.start(nux_hemisphere)
    chip.run(10_000)
    before, behind = chip.processors[nux_hemisphere].registers()["gpr"][10:12]
    started = chip.processors[nux_hemisphere].cycles - chip.processors[other].cycles
    assert before - 5 <= started <= behind + 5


@pytest.mark.parametrize("rounds", [100, 333, 777])
def test_a_reset_is_within_a_step_of_the_write(nux_hemisphere, rounds):
    chip = ChipModel()
    other = 1 - nux_hemisphere
    write(chip, other, "endless: mfspr 5,284; stw 5,0x2000(0); b endless")
    write(chip, nux_hemisphere, registers_of(other)
          + "li 5,1; li 6,0; sync; mfspr 10,284; stw 5,0(20); sync; mfspr 11,284; "
            f"li 9,{rounds}; mtctr 9; a: bdnz a; sync; mfspr 12,284; stw 6,0(20); sync; "
            "li 9,3000; mtctr 9; b: bdnz b; wait")  # fmt: skip
    chip.start(nux_hemisphere)
    assert chip.run(100_000, awaited=(nux_hemisphere,)) is ChipEnd.IDLE
    _, _, before, behind, reset = chip.processors[nux_hemisphere].registers()["gpr"][8:13]
    latest = word(chip, other, COUNTER)
    assert reset - behind - 20 <= latest <= reset - before + 520


def test_a_processor_can_put_itself_into_reset():
    chip = ChipModel()
    write(chip, 0, registers_of(0) + "li 5,0; stw 5,0(20); li 6,1; stw 6,0x2000(0); wait")
    chip.start(0)
    assert chip.run(100_000, awaited=(0,)) is ChipEnd.IDLE
    assert chip.processors[0].stop.reason is StopReason.HELD
    assert word(chip, 0, COUNTER) == 0
    assert chip.bus.read(mm.OMNIBUS_PPU_CONTROL_WORD) == 0
    assert chip.bus.read(mm.OMNIBUS_PPU_STATUS_WORD) == 0


def test_the_host_starts_and_stops_by_the_registers():
    chip = ChipModel()
    write(chip, 1, "li 5,5; stw 5,0x2000(0); wait")
    control = hemisphere_word(mm.OMNIBUS_PPU_CONTROL_WORD, 1)
    status = hemisphere_word(mm.OMNIBUS_PPU_STATUS_WORD, 1)
    assert chip.bus.read(control) == 0
    chip.bus.write(control, INHIBIT_RESET)
    assert chip.is_at_work(1)
    chip.run(1000)
    assert word(chip, 1, COUNTER) == 5
    assert chip.bus.read(status) == 1
    chip.bus.write(control, 0)
    assert chip.bus.read(status) == 0
    assert not chip.is_at_work(1)
