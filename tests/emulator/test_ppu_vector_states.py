# SPDX-License-Identifier: BSD-3-Clause
"""The vector unit's timing, from states that are kept and with each instruction followed.

Random loops on two processors, one of each kind: every cycle count and every saved state must be
the same.
"""

import os
import random

import pytest
from ppu_machine import Machine

from nuxemu import StopReason, SynapseArray
from nuxemu import memory_map as mm
from nuxemu._native import ffi, lib
from nuxemu.isa.vector import PRIMARY_OPCODE, VECTOR, Kind

SEED = int(os.environ.get("NUXKIT_TEST_SEED", "20240229"))
#: Address registers of the loops; r8 is the unit of an array or of external memory.
UNITS = {10: mm.VECTOR_WEIGHT, 11: mm.VECTOR_CAUSAL, 12: mm.VECTOR_EXTMEM}
BASES = "; ".join(f"lis {r},{a >> 16}; ori {r},{r},{a & 0xFFFF}" for r, a in UNITS.items())
START = f"{BASES}; li 9,0x2000; li 8,5; lis 21,0x41c6; ori 21,21,0x4e6d; li 22,0x3039; li 20,7"
#: Waits for a number of cycles that is different each time.
DELAY = (
    "mullw 20,20,21; add 20,20,22; rlwinm 3,20,4,28,31; addi 3,3,1; mtctr 3; delay#: bdnz delay#"
)
SCALAR = ["sync", "mullw 5,20,8", "lwz 6,64(9)", "nop", "addi 8,8,1; andi. 8,8,63", "addic 7,7,1"]


def vector_instruction(rng: random.Random, registers: int) -> str:
    insn = rng.choice(VECTOR)
    rt, ra, rb = (rng.randrange(registers) for _ in range(3))
    if insn.kind in (Kind.INX, Kind.OUTX):
        ra, rb = rng.choice([10, 10, 11, 12]), 8
    elif insn.kind in (Kind.LAX, Kind.STAX):
        ra, rb = 0, 9
    elif insn.kind is Kind.SPLAT:
        ra = 7
    word = PRIMARY_OPCODE << 26 | rt << 21 | ra << 16 | rb << 11 | insn.xo << 2
    return f".long {word | rng.randrange(4)}"


def loop(turns: int, body: list[str]) -> str:
    return f"{START}; li 19,{turns}; top: {'; '.join(body)}; addic. 19,19,-1; bne top; wait"


def random_body(rng: random.Random, length: int, delays: int) -> list[str]:
    body = [
        vector_instruction(rng, rng.choice([3, 32])) if rng.random() < 0.8 else rng.choice(SCALAR)
        for _ in range(length)
    ]
    for number in range(delays):
        body.insert(rng.randrange(len(body)), DELAY.replace("#", str(number)))
    return body


def saved(machine: Machine) -> bytes:
    native = machine.cpu._native
    size = lib.nux_processor_save(native, ffi.NULL, 0)
    data = ffi.new("uint8_t[]", size)
    lib.nux_processor_save(native, data, size)
    return bytes(data)


@ffi.callback("nux_parallel_bus")
def bus(_user, _write, _address, _data, _enable):
    return 0


def pair(source: str, **options) -> tuple[Machine, Machine]:
    kept, followed = (Machine(source, array=SynapseArray(seed=1), **options) for _ in range(2))
    lib.nux_processor_set_plain_vector_timing(followed.cpu._native, 1)
    for machine in (kept, followed):
        if "bus_latency" in options:  # the RTL's test bench: a bus that takes anything
            lib.nux_processor_set_parallel_bus(machine.cpu._native, bus, ffi.NULL)
    return kept, followed


@pytest.mark.parametrize("options", [{}, {"slices": 1, "bus_latency": 3}], ids=["chip", "bench"])
@pytest.mark.parametrize("part", range(3))
def test_random_loops_take_the_same_cycles(options, part):
    print("seed", SEED, part)
    if options:
        options = options | {"test_bench_memory": mm.SRAM_SIZE}
    for number in range(30):
        rng = random.Random(f"{SEED} {part} {number}")
        source = loop(
            rng.choice([20, 300]), random_body(rng, rng.randrange(3, 30), rng.randrange(2))
        )
        machines = pair(source, **options)
        for limit in (rng.randrange(200, 3000), 10**8):
            stops = [machine.run(max_cycles=limit) for machine in machines]
            assert stops[0] == stops[1], f"loop {SEED} {part} {number}"
            assert machines[0].cpu.cycles == machines[1].cpu.cycles
            assert saved(machines[0]) == saved(machines[1])
        assert stops[0].reason is StopReason.FINISHED


def test_loops_with_more_states_than_are_kept_take_the_same_cycles():
    """Instructions that are left out at random bring new states all the time."""
    print("seed", SEED)
    rng = random.Random(f"{SEED} states")
    body = [DELAY.replace("#", "")]
    for bit in range(31):
        body += [f"rlwinm. 3,20,{bit},31,31; beq .+8", vector_instruction(rng, 8)]
    source = loop(20_000, body)
    machines = pair(source)
    for machine in machines:
        assert machine.run(max_cycles=10**8).reason is StopReason.FINISHED
    assert machines[0].cpu.cycles == machines[1].cpu.cycles
    assert saved(machines[0]) == saved(machines[1])


def test_the_processor_may_change_over_at_any_time():
    source = loop(200, random_body(random.Random(f"{SEED} change"), 20, 1))
    machines = pair(source)
    for turn in range(20):
        lib.nux_processor_set_plain_vector_timing(machines[0].cpu._native, turn % 2)
        stops = [machine.run(max_cycles=731 * (turn + 1)) for machine in machines]
        assert stops[0] == stops[1]
        assert machines[0].cpu.cycles == machines[1].cpu.cycles
    assert stops[0].reason is StopReason.CYCLE_LIMIT


# In parts of 1 and 4, dropping what the port knew of the past showed.
@pytest.mark.parametrize(("seed", "part"), [(1, 2), (4, 1), (SEED, 0)])
def test_saving_a_state_changes_no_later_cycle(seed, part):
    print("seed", seed, part)
    for number in range(20):
        rng = random.Random(f"{seed} saving {part} {number}")
        body = random_body(rng, rng.randrange(5, 40), 1)
        # Conversions take hundreds of cycles: results come far out of order.
        body[::6] = [vector_instruction(rng, 4) for _ in body[::6]]
        machines = pair(loop(100, body), **rng.choice([{}, {"bus_latency": 30}]))
        lib.nux_processor_set_plain_vector_timing(machines[0].cpu._native, number % 2)
        for _ in range(30):
            limit = rng.randrange(1, 200)
            stops = [machine.run(max_cycles=limit) for machine in machines]
            saved(machines[0])
            assert stops[0] == stops[1]
            assert machines[0].cpu.cycles == machines[1].cpu.cycles, f"{seed} {part} {number}"
        assert saved(machines[0]) == saved(machines[1])
