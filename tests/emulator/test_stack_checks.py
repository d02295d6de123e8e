# SPDX-License-Identifier: BSD-3-Clause
"""Depth of the stack and stores below it: the engine's shortcuts find what one by one finds."""

import os
import random
import struct

import pytest

from nuxemu import Checks, Processor, SiteKind, StopReason, SynapseArray
from nuxemu import memory_map as mm
from nuxemu._native import lib

SEED = int(os.environ.get("NUXKIT_TEST_SEED", "20240229"))
CODE, LIMIT = 0x400, 0x2000
POINTERS, INDICES = range(24, 32), range(3, 8)
WAIT = 0x7C00_007C
STW, STWU, STH, STB, LWZ, ADDI = 36, 37, 44, 38, 32, 14


def d_form(opcode: int, rt: int, ra: int, offset: int) -> int:
    return opcode << 26 | rt << 21 | ra << 16 | offset & 0xFFFF


def x_form(extended: int, rt: int, ra: int, rb: int) -> int:
    return 31 << 26 | rt << 21 | ra << 16 | rb << 11 | extended << 1


def access(rng: random.Random) -> int:
    pointer, index = rng.choice(POINTERS), rng.choice(INDICES)
    offset = 4 * rng.randrange(-8, 24)
    return rng.choice([
        d_form(STWU, 1, 1, -16 * rng.randrange(1, 8)),
        d_form(ADDI, 1, 1, 16 * rng.randrange(1, 6)),
        d_form(rng.choice([STW, STH, STB, LWZ]), 8, 1, max(offset, 0)),
        d_form(STW, 8, 1, offset),
        d_form(rng.choice([STW, STH, STB, LWZ]), 8, pointer, offset),
        d_form(STWU, 8, pointer, offset),
        d_form(ADDI, pointer, 1, offset),
        x_form(151, 8, pointer, index),  # stwx
        x_form(183, 1, 1, 9),  # stwux r1, r1, r9: r9 is negative
        5 << 26 | rng.randrange(32) << 21 | pointer << 16 | index << 11 | 319 << 2
        if rng.random() < 0.3 else d_form(STW, 8, 1, 8),
    ])  # fmt: skip


def program(rng: random.Random) -> list[int]:
    words = []
    for _ in range(rng.randrange(3, 8)):
        loop = [access(rng) for _ in range(rng.randrange(1, 12))]
        words += [d_form(ADDI, 10, 0, rng.randrange(1, 5)), 0x7D49_03A6]  # li r10; mtctr r10
        words += [*loop, 16 << 26 | 16 << 21 | -4 * len(loop) & 0xFFFC]  # bdnz
    return [*words, WAIT]


def run(cpu: Processor, rng: random.Random, checks: Checks) -> tuple:
    cpu.reset()
    cpu.checks = checks
    cpu.set_stack_limit(LIMIT)
    cpu.write(0, bytes(mm.SRAM_SIZE))
    words = program(rng)
    cpu.write(CODE, struct.pack(f">{len(words)}I", *words))
    gpr = [0] * 32
    gpr[1], gpr[9] = mm.STACK_TOP - 16 * rng.randrange(40, 60), -64 & 0xFFFFFFFF
    for register in POINTERS:
        gpr[register] = rng.choice([
            rng.randrange(LIMIT, mm.STACK_TOP) & ~3, gpr[1] + 4 * rng.randrange(-100, 100), 0x1000
        ])  # fmt: skip
    for register in INDICES:
        gpr[register] = 4 * rng.randrange(-8, 8) & 0xFFFFFFFF
    cpu.set_registers(gpr=gpr, pc=CODE)
    stop = cpu.run(max_cycles=20_000)
    sites = sorted((site.pc, site.kind.name, site.count) for site in cpu.sites())
    return stop, cpu.stack_lowest, sites, cpu.registers()["gpr"], cpu.cycles


@pytest.mark.parametrize("checks", [Checks.DEFAULT, Checks.STRICT])
@pytest.mark.parametrize("part", range(3))
def test_random_code_with_a_stack_is_checked_alike_on_both_executors(part, checks):
    print("seed", SEED)
    engine, native = (Processor(SynapseArray()) for _ in range(2))
    lib.nux_processor_set_engine_branches_only(native._native, 1)
    below = finished = depths = 0
    for number in range(60):
        seed = f"{SEED} {part} {number}"
        one, other = (run(cpu, random.Random(seed), checks) for cpu in (engine, native))
        assert one == other, f"program {seed}"
        below += sum(count for _, kind, count in one[2] if kind == SiteKind.RED_ZONE.name)
        finished += one[0].reason is StopReason.FINISHED
        depths += one[1][0] < mm.STACK_TOP
    assert min(finished, depths) > 20
    assert checks is Checks.DEFAULT or below > 20
