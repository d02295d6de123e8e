# SPDX-License-Identifier: BSD-3-Clause
"""Random code on both executors: the scalar engine with its checks, and the native core.

Words, operands and addresses are random, so most programs end in a trap: both must stop at
the same instruction, for the same reason, with the same state. Stores hit code as well.
"""

import itertools
import os
import random
import struct
from typing import Any

import pytest
from ppu_machine import Machine

from nuxemu import Checks, Processor, SiteKind, StopReason, SynapseArray
from nuxemu import memory_map as mm
from nuxemu._native import ffi, lib
from nuxemu.isa import scalar, vector
from nuxemu.isa.scalar import SCALAR
from nuxemu.isa.vector import VECTOR, Kind

SEED = int(os.environ.get("NUXKIT_TEST_SEED", "20240229"))
CODE = 0x1000
LENGTH = 120
WAIT = 0x7C00_007C
RANDOM_SPRS = [1, 8, 9, 26, 27, 54, 58, 61, 66]  # those without effect on the run
NOT_RANDOM = {"rfi", "rfci", "rfmci", "wait", "mtmsr", "bclr", "bcctr", "b", "bc", "tw", "twi"}
POINTERS = range(24, 32)  # registers that hold addresses at the start
INDICES = range(8)  # registers that hold small multiples of four
BUS = mm.OMNIBUS_DATA_BASE
SRAM_OVER_BUS = BUS | 4 * mm.OMNIBUS_SRAM_WORD
CONVERSION = BUS | 4 * (mm.OMNIBUS_SYNRAM_WORD + mm.VECTOR_CAUSAL)
TIMES, DATA = 0x3800, 0x3F00
LOADS = ["lbz", "lwz", "lbzu", "lhau", "lwzu"]
STORES = ["stw", "sthu", "stwu"]
STOP, SITES, WRITTEN = 0, 4, -1  # parts of a final state
#: Handler of alignment and program interrupts: skips the instruction.
HANDLER = bytes.fromhex("7efa02a6 3af70004 7efa03a6 4c000064")
SCALAR_ROWS = [insn for insn in SCALAR if insn.mnemonic not in NOT_RANDOM]
MEMORY_ROWS = [insn for insn in SCALAR_ROWS if insn.kind in ("load", "store")]
VECTOR_ROWS = [insn for insn in VECTOR if insn.kind not in (Kind.INX, Kind.OUTX)]


def pointer(rng: random.Random) -> int:
    """An address, most often a good one in the SRAM."""
    return rng.choices(
        [rng.randrange(0x2000, 0x3F00) & ~3, rng.randrange(0, mm.SRAM_SIZE),
         mm.EXTMEM_DATA_BASE + (rng.randrange(0, mm.EXTMEM_SIZE) & ~3),
         CODE + 4 * rng.randrange(LENGTH),
         rng.choice([SRAM_OVER_BUS + 0x2000, CONVERSION]) + 4 * rng.randrange(64),
         rng.getrandbits(32)],
        [200, 1, 10, 10, 4, 1],
    )[0]  # fmt: skip


def _with_destination(rng: random.Random, insn: scalar.ScalarInsn, word: int) -> int:
    """The word with a destination that is rarely one of the address registers."""
    low = {"rt": 21, "ra": 16}.get(insn.dest)
    if low is None or rng.random() < 0.01:
        return word
    return word & ~(31 << low) | rng.randrange(8, 24) << low


def scalar_word(rng: random.Random) -> int:
    insn = rng.choice(MEMORY_ROWS if rng.random() < 0.3 else SCALAR_ROWS)
    word = insn.match | rng.getrandbits(32) & ~insn.mask
    if insn.mnemonic in ("mfspr", "mtspr"):
        number = rng.choice(RANDOM_SPRS)
        word = word & 0xFFE0_07FE | (number & 31) << 16 | number >> 5 << 11
    if insn.kind in ("load", "store"):
        word = word & ~(31 << 16) | rng.choice(POINTERS) << 16
        if insn.match >> 26 == 31:
            word = word & ~(31 << 11) | rng.choice(INDICES) << 11
        else:
            rough = 0 if insn.size == 1 or rng.random() < 0.01 else 3
            word = word & ~0xFFFF | rng.randrange(-64, 64) & 0xFFFF & ~rough
        if insn.size < 0:
            return word | 16 << 21
    return _with_destination(rng, insn, word)


def vector_word(rng: random.Random) -> int:
    insn = rng.choice(VECTOR_ROWS)
    word = vector.PRIMARY_OPCODE << 26 | insn.xo << 2
    operands = rng.getrandbits(15) << 11 | rng.getrandbits(2)
    if insn.kind in (Kind.LAX, Kind.STAX):
        operands = (
            operands & ~(0x3FF << 11) | rng.choice(POINTERS) << 16 | rng.choice(INDICES) << 11
        )
    return word | operands


def random_program(rng: random.Random) -> list[int]:
    words = []
    while len(words) < LENGTH:
        choice = rng.random()
        if choice < 0.08:  # forward branches only, so that the program ends
            condition = rng.choice([20, 12, 4, 16, 18]) << 21 | rng.randrange(32) << 16
            words.append(16 << 26 | condition | 4 * rng.randrange(1, 9) | rng.randrange(2))
        elif choice < 0.2:
            words.append(vector_word(rng))
        elif choice < 0.202:
            words.append(rng.getrandbits(32))
        else:
            words.append(scalar_word(rng))
    return [*words, *[WAIT] * 10]


def written_words(cpu: Processor) -> bytes:
    """What the checks know of the SRAM: the end of a saved state."""
    size = lib.nux_processor_save(cpu._native, ffi.NULL, 0)
    state = ffi.new("uint8_t[]", size)
    lib.nux_processor_save(cpu._native, state, size)
    return bytes(ffi.buffer(state))[-mm.SRAM_SIZE // 4 :]


class Pair:
    """Two processors that should do the same."""

    def __init__(self, checks: Checks = Checks.OFF, **options: Any) -> None:
        self.processors = [Processor(SynapseArray(), **options) for _ in range(2)]
        for cpu in self.processors:
            cpu.checks = checks
        lib.nux_processor_set_engine_branches_only(self.processors[1]._native, 1)

    def run(self, seed: str) -> list[tuple]:
        """Run one random program on both; return their final states."""
        return [self._run(cpu, random.Random(seed)) for cpu in self.processors]

    @staticmethod
    def _run(cpu: Processor, rng: random.Random) -> tuple:
        cpu.reset()
        data = struct.pack(">2048I", *[pointer(rng) for _ in range(2048)])
        cpu.write(0, bytes(mm.SRAM_SIZE - len(data)) + data)
        cpu.write(mm.EXTMEM_DATA_BASE, data * (mm.EXTMEM_SIZE // len(data)))
        cpu.forget_written()
        for start in range(0x2000, mm.SRAM_SIZE, 0x80):  # half of the data counts as written
            cpu.write(start, cpu.read(start, start * 7 // 0x80 % 0x80))
        for vector_address in (mm.EXCEPTION_ALIGNMENT, mm.EXCEPTION_PROGRAM):
            cpu.write(vector_address, (0x4800_0100 - vector_address).to_bytes(4, "big"))
        cpu.write(0x100, HANDLER)
        cpu.write(CODE, struct.pack(f">{LENGTH + 10}I", *random_program(rng)))
        cpu.vector_registers[:] = 0x5A
        gpr = [rng.choice([rng.randrange(32), rng.getrandbits(32)]) for _ in range(32)]
        for register in INDICES:
            gpr[register] = 4 * rng.randrange(32)
        for register in POINTERS:
            gpr[register] = pointer(rng)
        cpu.set_registers(gpr=gpr, cr=rng.getrandbits(32), xer=rng.getrandbits(3) << 29,
                          ctr=rng.randrange(4), lr=0, pc=CODE)  # fmt: skip
        stop = cpu.run(max_cycles=100_000)
        return (
            stop, cpu.registers(), cpu.instructions, cpu.cycles,
            sorted((site.pc, site.kind.name, site.count) for site in cpu.sites()),
            cpu.vector_registers.tobytes(), cpu.accumulator.tobytes(), cpu.condition.tobytes(),
            cpu.read(0, mm.SRAM_SIZE), cpu.read(mm.EXTMEM_DATA_BASE, mm.EXTMEM_SIZE),
            written_words(cpu),
        )  # fmt: skip


@pytest.mark.parametrize("options", [{}, {"hardware": True}], ids=["checked", "hardware"])
@pytest.mark.parametrize("part", range(4))
def test_random_code_ends_alike_on_both_executors(options, part):
    print("seed", SEED)
    pair = Pair(**options)
    if not options and part % 2:
        for cpu in pair.processors:
            cpu.set_stack_limit(0x1800)  # r1 is an index: a store through it stops the run
    reasons: dict[StopReason, int] = {}
    executed = 0
    for number in range(120):
        engine, native = pair.run(f"{SEED} {part} {number}")
        assert engine == native, f"program {SEED} {part} {number}"
        reasons[engine[0].reason] = reasons.get(engine[0].reason, 0) + 1
        executed += engine[2]
    print(reasons, executed)
    assert reasons.keys() >= {StopReason.FINISHED, StopReason.OUT_OF_RANGE}
    assert executed >= 3000


def test_strict_checks_find_the_same_on_both_executors():
    print("seed", SEED)
    pair = Pair(Checks.STRICT, hardware=True)
    found = 0
    for number in range(120):
        engine, native = pair.run(f"{SEED} checks {number}")
        for part in (STOP, SITES, WRITTEN):
            assert engine[part] == native[part], f"program {SEED} checks {number}"
        found += sum(n for _, kind, n in engine[SITES] if kind == SiteKind.UNINITIALISED.name)
    assert found > 100


def test_random_words_cover_all_plain_instructions():
    rng = random.Random(SEED)
    words = [word for _ in range(100) for word in random_program(rng)]
    seen = {insn.mnemonic for word in words if (insn := scalar.decode(word))}
    assert {insn.mnemonic for insn in SCALAR_ROWS} <= seen


def on_both(source: str, gpr: dict[int, int]) -> list[Machine]:
    """Two machines that have run a program, one on each executor."""
    machines = [Machine(source, array=SynapseArray()) for _ in range(2)]
    lib.nux_processor_set_engine_branches_only(machines[1].cpu._native, 1)
    for machine in machines:
        machine.set_gpr(gpr)
        assert machine.run().reason is StopReason.FINISHED
    return machines


def differing(stretches: list[list[str]], bases: dict[int, int]) -> list[list[str]]:
    """Those stretches of code that take other cycles on the other executor, up to a sync."""
    source = "; ".join(f"{'; '.join(s)}; sync; mfspr 3,284; stwu 3,4(8)\n" for s in stretches)
    machines = on_both(f"sync; {source}; wait", {8: TIMES, **bases})
    times = [[m.word(TIMES + 4 * i) for i in range(len(stretches) + 1)] for m in machines]
    engine, native = ([b - a for a, b in itertools.pairwise(t)] for t in times)
    return [s for s, a, b in zip(stretches, engine, native, strict=True) if a != b]


def test_a_load_meets_the_update_of_a_base_alike_on_both_executors():
    """Both write a register, and there is one write port; the engine's block ends in between."""
    names = ("lwz {},0({})", "lwzu {},0({})", "stwu {},0({})", "nop")
    stretches = [
        [name.format(21 + i, 9 + i) for i, name in enumerate(four)]
        for four in itertools.product(names, repeat=4)
    ]
    assert not differing(stretches, dict.fromkeys(range(9, 13), DATA))


def test_random_accesses_to_all_memories_take_the_same_cycles_on_both_executors():
    print("seed", SEED)
    rng = random.Random(SEED)
    places = [DATA] * 8 + [mm.EXTMEM_DATA_BASE] * 2 + [SRAM_OVER_BUS, CONVERSION]
    bases = dict(enumerate(places, 9))
    stretches = [
        [
            f"{rng.choice(LOADS if bases[base] == CONVERSION else LOADS + STORES)} {rt},0({base})"
            for rt, base in enumerate(rng.choices([*bases], k=rng.randrange(2, 9)), 21)
        ]
        for _ in range(200)
    ]
    assert not differing(stretches, bases)


@pytest.mark.parametrize("before", range(10, 400, 30))
def test_a_conversion_may_be_under_way_for_long(before):
    """The engine's block ends meanwhile, at an instruction that it does not execute."""
    source = f"lwz 3,0(9); {'nop; ' * before} mfspr 4,284; add 5,3,3; wait"
    engine, native = on_both(source, {9: CONVERSION})
    assert engine.cpu.registers() == native.cpu.registers()
