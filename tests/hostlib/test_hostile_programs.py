# SPDX-License-Identifier: BSD-3-Clause
"""Whatever a program does, the process survives and the chip runs the next program."""

import random
import time

import numpy as np
import pytest

from nuxemu import Stop
from nuxemu import memory_map as mm
from nuxemu.isa.scalar import SCALAR
from nuxemu.isa.vector import VECTOR
from nuxkit import Chip, KernelTrap, RunLimitError, StopReason

HOST = """
uint32_t code[512];
volatile uint32_t entry;
int start(void) { ((void (*)(void))(entry ? entry : (uint32_t)code))(); return 42; }
"""
BLR, NOP, UNDEFINED, TRAP, RFI = 0x4E80_0020, 0x6000_0000, 0, 0x7FE0_0008, 0x4C00_0064


def addi(rt: int, ra: int, value: int) -> int:
    return 14 << 26 | rt << 21 | ra << 16 | value & 0xFFFF


def store(word_op: int, rs: int, ra: int, displacement: int) -> int:
    return word_op << 26 | rs << 21 | ra << 16 | displacement & 0xFFFF


def words(*values: int) -> bytes:
    return np.array(values, ">u4").tobytes()


@pytest.fixture(scope="module")
def host(kernel):
    return kernel(HOST)


@pytest.fixture
def run_words(host):
    """Run words as a function, placed in data or at an address of the SRAM."""

    def run(*values: int, at: int | None = None, chip: Chip | None = None, **limits: float):
        chip = chip or Chip()
        chip.load(host)
        place = host.symbols["code"].address if at is None else at
        chip.ppu[0].write(place, words(*values))
        return chip.run(symbols={"entry": place}, **{"max_cycles": 100_000, **limits})

    return run


def trap_of(call) -> Stop:
    with pytest.raises(KernelTrap) as caught:
        call()
    return caught.value.result.stop


def test_code_in_data_runs(run_words):
    result = run_words(addi(3, 0, 7), BLR)
    assert result.return_code == 42


def test_a_program_that_writes_code_and_jumps_there(kernel, good):
    program = kernel(
        "int start(void) { int sum = 0; volatile uint32_t *code = (uint32_t *)0x2000;\n"
        "for (uint32_t n = 0; n < 200; n++) {\n"
        "  code[0] = 0x38600000 | n; code[1] = 0x4e800020; nux_sync();\n"
        "  sum += ((int (*)(void))0x2000)(); } return sum; }"
    )
    chip = Chip()
    assert chip.run(program).return_code == sum(range(200))
    assert chip.run(good).return_code == 42


def test_a_program_that_changes_the_instruction_after_next(run_words, host):
    # r4 = the word at `patch`, stored over the instruction after next.
    place = host.symbols["code"].address
    code = [
        addi(9, 0, place),
        0x8089_0018,  # lwz r4, 24(r9)
        store(36, 4, 9, 16),  # stw r4, 16(r9)
        NOP,
        addi(31, 0, 1),
        BLR,
        addi(31, 0, 2),
    ]
    result = run_words(*code)
    assert result.return_code == 42
    stored = result.memory[mm.SRAM_BASE][place + 16 : place + 20]
    assert stored == words(code[6])


def test_a_program_that_overwrites_itself_with_vectors(kernel, good):
    program = kernel(
        "nux_vector_memory zero; int start(void) {\n"
        "nux_vector x = fxvsplatb(0); for (uint32_t at = 0; at < 0x2000; at += 128)\n"
        "  fxvstax(x, (void *)at, 0); return 0; }"
    )
    chip = Chip()
    stop = trap_of(lambda: chip.run(program))
    assert stop.reason is StopReason.UNDEFINED_INSTRUCTION
    assert stop.word == 0
    assert not chip.ppu[0].sram[: stop.pc].any()
    assert chip.run(good).return_code == 42


def test_a_jump_into_the_middle_of_a_vector_run(run_words):
    vector = next(insn for insn in VECTOR if insn.mnemonic == "fxvaddhm")
    run = [vector.encode(1, 1, 2, 0)] * 8
    for skipped in range(1, 8):
        branch = 18 << 26 | 4 * (skipped + 1)
        chip = Chip()
        chip.ppu[0].vector_registers[:] = 0
        chip.ppu[0].vector_registers[2, 1::2] = 1
        result = run_words(branch, *run, BLR, chip=chip)
        assert result.return_code == 42
        assert (result.vector_registers[1].view(">u2") == 8 - skipped).all()


def test_code_that_runs_off_the_end_of_the_sram(run_words):
    stop = trap_of(lambda: run_words(NOP, NOP, at=0x3FF8))
    assert (stop.reason, stop.pc, stop.from_pc) == (StopReason.FETCH, 0x4000, 0x3FFC)


def test_a_vector_instruction_at_the_very_end_of_the_sram(run_words):
    vector = next(insn for insn in VECTOR if insn.mnemonic == "fxvaddhm").encode(1, 1, 1, 0)
    stop = trap_of(lambda: run_words(vector, vector, at=0x3FF8))
    assert (stop.reason, stop.pc) == (StopReason.FETCH, 0x4000)


def test_a_loop_at_the_very_end_of_the_sram_ends_at_its_limit(run_words):
    with pytest.raises(RunLimitError):
        run_words(NOP, 18 << 26 | (-4 & 0x3FFFFFC), at=0x3FF8)


def test_a_branch_below_address_0(run_words):
    stop = trap_of(lambda: run_words(18 << 26 | (-0x2000000 & 0x3FFFFFC)))
    assert stop.reason is StopReason.FETCH


def test_a_very_large_number_of_undefined_instructions_in_hardware_mode(run_words, good):
    chip = Chip(hardware=True)
    with pytest.raises(RunLimitError) as caught:
        run_words(UNDEFINED, 18 << 26 | (-4 & 0x3FFFFFC), chip=chip, max_cycles=2_000_000)
    (remark,) = caught.value.result.remarks
    assert remark.count > 100_000
    assert chip.run(good).return_code == 42


def test_more_remarks_than_fit_are_counted_and_the_wall_limit_holds(host, good):
    chip, begin = Chip(hardware=True), time.perf_counter()
    with pytest.raises(RunLimitError) as caught:  # 256 MiB of undefined instructions
        chip.run(host, symbols={"entry": mm.DRAM_FETCH_BASE}, max_wall_s=0.3)
    assert time.perf_counter() - begin < 5
    result = caught.value.result
    assert result.stop.reason is StopReason.WALL_LIMIT
    assert [r.pc for r in result.remarks] == [mm.DRAM_FETCH_BASE + 4 * i for i in range(4096)]
    assert result.unlisted_remarks > 4096
    result = chip.run(good)
    assert (result.return_code, result.remarks, result.unlisted_remarks) == (42, (), 0)


@pytest.mark.parametrize("slot", [mm.EXCEPTION_PROGRAM, mm.EXCEPTION_ALIGNMENT])
def test_an_interrupt_that_returns_to_its_cause_for_ever(host, good, slot):
    chip = Chip(hardware=True)
    chip.load(host)
    chip.ppu[0].write(slot, words(RFI))
    cause = {
        mm.EXCEPTION_PROGRAM: [TRAP],
        mm.EXCEPTION_ALIGNMENT: [addi(9, 0, 1), store(36, 9, 9, 0)],
    }
    chip.ppu[0].write(host.symbols["code"].address, words(*cause[slot], BLR))
    with pytest.raises(RunLimitError) as caught:
        chip.run(max_cycles=2_000_000)
    assert caught.value.result.instructions > 100_000
    assert chip.run(good).return_code == 42


def test_a_mailbox_full_of_ff(kernel):
    result = Chip().run(
        kernel(
            "int start(void) { volatile uint8_t *box = (uint8_t *)NUX_MAILBOX_BASE;\n"
            "for (int i = 0; i < NUX_MAILBOX_SIZE; i++) box[i] = 0xff; return 1; }"
        )
    )
    assert result.mailbox_bytes == b"\xff" * 4096
    assert result.mailbox == "\\xff" * 4096
    assert result.return_code == 1


@pytest.mark.parametrize("pointer", [0, 4, 0x2FFF, 0x3FFC, 0x7FFC, 0x8000_0000, 0xFFFF_FFF0])
def test_a_corrupted_stack_pointer_does_not_end_the_process(kernel, good, pointer):
    program = kernel(
        "volatile uint32_t pointer; int start(void) {\n"
        '__asm__ volatile("mr 1, %0" :: "r"(pointer)); nux_mailbox_write_unsigned(5); return 0; }'
    )
    chip = Chip()
    try:
        result = chip.run(program, symbols={"pointer": pointer}, max_cycles=100_000)
        assert result.stop.reason is StopReason.FINISHED
    except (KernelTrap, RunLimitError) as error:
        assert error.result.call_stack
        assert str(error)
    assert chip.run(good).return_code == 42


@pytest.mark.parametrize(("op", "name"), [(46, "lmw"), (47, "stmw")])
@pytest.mark.parametrize("address", [0x3FF0, 0x3FFC, 0x4000, -4, 0x1002])
def test_multiple_words_across_the_edges_of_the_memory(run_words, good, op, name, address):
    chip = Chip()
    first = 28
    code = [addi(9, 0, address), store(op, first, 9, 0), BLR]

    def run():
        return run_words(*code, chip=chip)

    if address == 0x3FF0:
        assert run().return_code == 42
    else:
        stop = trap_of(run)
        expected = StopReason.OUT_OF_RANGE
        if address == 0x1002:
            expected = StopReason.MISALIGNED
        elif address == -4:
            expected = StopReason.UNKNOWN_BUS_ADDRESS  # the top of the on-chip bus
        assert stop.reason is expected
        assert stop.is_store is (name == "stmw")
    assert chip.run(good).return_code == 42


def test_a_vector_store_over_the_code_that_follows_it(run_words, host):
    store_vector = next(insn for insn in VECTOR if insn.mnemonic == "fxvstax")
    place = host.symbols["code"].address
    chip = Chip()
    chip.ppu[0].vector_registers[3] = 0
    code = [addi(9, 0, place), addi(10, 0, 0), store_vector.encode(3, 9, 10), BLR]
    stop = trap_of(lambda: run_words(*code, chip=chip))
    assert (stop.reason, stop.pc) == (StopReason.UNDEFINED_INSTRUCTION, place + 12)


def test_changed_code_of_the_other_hemisphere(kernel, good):
    # Word address of the bottom SRAM on the bus, from the top processor.
    program = kernel(
        "int start(void) { volatile uint32_t *other = (volatile uint32_t *)\n"
        "  (NUX_OMNIBUS_DATA_BASE +\n"
        "   4 * (NUX_OMNIBUS_SRAM_WORD + NUX_OMNIBUS_HEMISPHERE_WORD_STRIDE));\n"
        "  for (uint32_t i = 0; i < NUX_SRAM_SIZE / 4; i++) other[i] = 0; return 3; }"
    )
    chip = Chip()
    assert chip.run(good, hemisphere=1).return_code == 42
    assert chip.run(program).return_code == 3
    assert trap_of(lambda: chip.run(hemisphere=1)).pc == 0
    assert chip.run(good, hemisphere=1).return_code == 42


# --- Random programs --------------------------------------------------------------------

LENGTH = 64


def random_word(rng: random.Random) -> int:
    """Some word: mostly a real instruction with random operands."""
    choice = rng.random()
    if choice < 0.08:
        return rng.getrandbits(32)
    if choice < 0.38:
        return rng.choice(VECTOR).base | rng.getrandbits(32) & 0x03FF_F803
    if choice < 0.48:  # a short jump
        return 18 << 26 | 4 * rng.randint(-8, 20) & 0x3FFFFFC
    if choice < 0.68:  # a value, mostly an address
        value = rng.choice([rng.getrandbits(16), 4 * rng.getrandbits(12), rng.getrandbits(6)])
        return addi(rng.randrange(32), 0, value)
    insn = rng.choice(SCALAR)
    return insn.match | rng.getrandbits(32) & ~insn.mask


def outcome(chip: Chip, host, code: bytes, max_cycles: int) -> tuple:
    """All that a program leaves on a chip."""
    chip.load(host)
    chip.ppu[0].write(host.symbols["code"].address, code)
    try:
        result = chip.run(max_cycles=max_cycles, max_wall_s=10)
    except (KernelTrap, RunLimitError) as error:
        result = error.result
        assert str(error)
    assert result.stop.reason not in (StopReason.WALL_LIMIT, StopReason.ENGINE), result.stop
    return (
        result.stop,
        result.cycles,
        result.instructions,
        result.registers,
        result.remarks,
        result.vector_registers.tobytes(),
        result.memory,
        chip.synram[0].weights.tobytes(),
    )


@pytest.mark.parametrize("hardware", [False, True])
@pytest.mark.parametrize(
    ("other_core", "num_programs", "max_cycles"),
    [("native", 300, 20_000), ("reference", 100, 1_000)],
)
def test_random_programs_do_the_same_on_two_chips(
    host, good, other_core, num_programs, max_cycles, hardware
):
    seed = 1000
    rng = random.Random(seed)
    print(f"seed {seed}")
    one, other = Chip(hardware=hardware), Chip(hardware=hardware, core=other_core)
    reasons = set()
    for number in range(num_programs):
        code = words(*(random_word(rng) for _ in range(LENGTH)))
        outcomes = [outcome(chip, host, code, max_cycles) for chip in (one, other)]
        assert outcomes[0] == outcomes[1], f"program {number} of seed {seed}"
        reasons.add(outcomes[0][0].reason)
    assert len(reasons) >= 5
    assert one.run(good).return_code == 42


@pytest.mark.parametrize("hardware", [False, True])
def test_random_words_all_over_the_sram_end_in_some_way(good, hardware):
    seed = 77
    rng = random.Random(seed)
    print(f"seed {seed}")
    chip = Chip(hardware=hardware)
    for _ in range(30):
        chip.load(good)
        chip.ppu[0].write(0, words(*(random_word(rng) for _ in range(mm.SRAM_SIZE // 4))))
        try:
            chip.run(max_cycles=20_000, max_wall_s=10)
        except (KernelTrap, RunLimitError) as error:
            assert error.result.stop.reason not in (StopReason.WALL_LIMIT, StopReason.ENGINE)
    assert chip.run(good).return_code == 42
