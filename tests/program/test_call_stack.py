# SPDX-License-Identifier: BSD-3-Clause
"""Call stacks, checked at every instruction against the calls and returns that ran."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import unicorn
from unicorn import ppc_const as ppc

from nuxkit.program import Frame, Program

from .conftest import PREFIX, MakeElf, MakeProgram

RULE = """
typedef int (*step)(int);
__attribute__((noipa)) int leaf(int x) { return x * 3 + 1; }
__attribute__((noipa)) int leaf_with_frame(int x) {
    volatile int room[20];
    room[x & 7] = x;
    return room[x & 7] + 1;
}
__attribute__((noipa)) int early(int x) {
    if (x & 1) return x;
    int y = leaf(x);
    if (y & 4) return y + leaf_with_frame(y);
    return y - leaf(y + 1);
}
__attribute__((noipa)) int down(int n) { return n ? down(n - 1) + early(n) : leaf(n); }
__attribute__((noipa)) int jump(step f, int x) { return f(x) + 1; }
__attribute__((noipa)) int tail(int x) { return down(x & 3); }
__attribute__((noipa)) int many(int a, int b, int c, int d, int e, int f, int g, int h) {
    int s = leaf(a) + leaf(b) + leaf(c) + leaf(d);
    for (int i = 0; i < 3; i++)
        s += leaf(e + i) * f + leaf(g * i) * h + a * b + c * d;
    return s + a + b + c + d + e + f + g + h;
}
__attribute__((noipa)) int room(int n) {
    volatile char *space = __builtin_alloca(n);
    space[n - 1] = leaf(n);
    return space[n - 1] + early(n);
}
int start(void) {
    int s = down(3) + jump(early, 6) + jump(tail, 7) + room(33) + room(50);
    return s + many(s, 2, 3, 4, s, 6, 7, 8) + early(5);
}
"""

#: What GCC expects of its library when it optimises for size.
SAVE_RESTORE = "\n".join(
    [".text"]
    + [f".globl _savegpr_{n}\n_savegpr_{n}: stw {n}, {4 * (n - 32)}(11)" for n in range(14, 32)]
    + ["blr"]
    + [f".globl _restgpr_{n}_x\n_restgpr_{n}_x: lwz {n}, {4 * (n - 32)}(11)" for n in range(14, 32)]
    + ["lwz 0, 4(11)", "mtlr 0", "mr 1, 11", "blr"]
    + [f".globl _restgpr_{n}\n_restgpr_{n}: lwz {n}, {4 * (n - 32)}(11)" for n in range(14, 32)]
    + ["blr", '.section .note.GNU-stack,"",@progbits\n']
)

Visit = Callable[[int, int, int, list[int], Callable[[int], int]], None]


def run(program: Program, visit: Visit) -> int:
    """Run to the end; show each instruction with the calls that are open."""
    binding: Any = unicorn  # it has no types
    machine = binding.Uc(unicorn.UC_ARCH_PPC, unicorn.UC_MODE_PPC32 | unicorn.UC_MODE_BIG_ENDIAN)
    machine.mem_map(0, 0x4000)
    for segment in program.segments:
        machine.mem_write(segment.address, segment.data)
    open_calls: list[int] = []
    executed = 0

    def word(address: int) -> int:
        return int.from_bytes(machine.mem_read(address, 4), "big")

    previous = 0

    def step(_machine: object, pc: int, _size: int, _data: object) -> None:
        nonlocal executed, previous
        executed += 1
        if word(previous) & 0xFC0007FF == 0x4C000020 and pc != previous + 4:  # a bclr, taken
            open_calls.pop()
        lr, sp = machine.reg_read(ppc.UC_PPC_REG_LR), machine.reg_read(ppc.UC_PPC_REG_1)
        visit(pc, lr, sp, open_calls, word)
        if word(pc) >> 26 in (18, 19) and word(pc) & 1:
            open_calls.append(pc)
        previous = pc

    machine.hook_add(unicorn.UC_HOOK_CODE, step)
    machine.emu_start(0, program.symbols["done"].address, count=100_000)
    assert len(open_calls) == 1  # the return to the start-up code ends the run
    return executed


FLAGS = {
    "O0": ("-O0",),
    "O1": ("-O1",),
    "O2": ("-O2",),
    "O3": ("-O3",),
    "Os": ("-Os",),
    "O2 eh_frame": ("-O2", "-fasynchronous-unwind-tables"),
    "O0 eh_frame": ("-O0", "-fasynchronous-unwind-tables"),
    "O2 frame pointer": ("-O2", "-fno-omit-frame-pointer"),
    "O2 sections": ("-O2", "-ffunction-sections", "-Wl,--gc-sections", "-Wl,-u,_reset"),
}


@pytest.mark.parametrize("flags", FLAGS.values(), ids=FLAGS.keys())
def test_the_stack_is_right_at_every_instruction(
    make_program: MakeProgram, flags: tuple[str, ...]
) -> None:
    program = make_program("-g", *flags, a_dot_c=RULE, regs_dot_S=SAVE_RESTORE)
    deepest = 0

    def check(pc: int, lr: int, sp: int, calls: list[int], word: Callable[[int], int]) -> None:
        nonlocal deepest
        frames = program.call_stack(pc, lr, sp, word)
        found = [frame.pc for frame in frames if not frame.inlined]
        assert [hex(a) for a in found] == [hex(a) for a in [pc, *reversed(calls)]]
        deepest = max(deepest, len(found))

    assert run(program, check) > 500
    assert deepest >= 7


@pytest.mark.parametrize("level", ["-O0", "-O1", "-O2", "-Os"])
def test_without_debug_information_the_code_is_read(
    make_elf: MakeElf, tmp_path: Path, level: str
) -> None:
    path = tmp_path / "stripped.elf"
    full = make_elf(level, "-g", a_dot_c=RULE, regs_dot_S=SAVE_RESTORE)
    subprocess.run([PREFIX + "objcopy", "--strip-debug", full, path], check=True)
    program = Program.load(path)
    wrong: list[str] = []

    def check(pc: int, lr: int, sp: int, calls: list[int], word: Callable[[int], int]) -> None:
        found = [frame.pc for frame in program.call_stack(pc, lr, sp, word)]
        if found != [pc, *reversed(calls)]:
            wrong.append(hex(pc))

    executed = run(program, check)
    assert not wrong, f"{len(wrong)} of {executed}: {sorted(set(wrong))}"


def test_frames_have_functions_and_lines(make_program: MakeProgram) -> None:
    program = make_program("-O2", "-g", a_dot_c=RULE)
    lines = RULE.splitlines()
    seen: set[tuple[str | None, ...]] = set()

    def check(pc: int, lr: int, sp: int, calls: list[int], word: Callable[[int], int]) -> None:
        frames = program.call_stack(pc, lr, sp, word)
        seen.add(tuple(frame.function for frame in frames))
        for frame in frames[1:-1]:
            assert frame.location is not None and frame.location.file.endswith("/a.c")
            assert "(" in lines[frame.location.line - 1]  # the line of a call

    run(program, check)
    assert ("leaf", "early", "jump", "start", "init") in seen


def test_inlined_functions_are_frames_of_their_own(make_program: MakeProgram) -> None:
    rule = """
        volatile int *where;
        static inline __attribute__((always_inline)) void inner(int x) {
            *where = x;
        }
        static inline __attribute__((always_inline)) void outer(int x) {
            inner(x + 1);
        }
        int start(void) {
            outer(41);
            return 0;
        }
    """
    for version in (4, 5):
        program = make_program("-O2", f"-gdwarf-{version}", a_dot_c=rule)
        stores: list[list[Frame]] = []

        def find(
            pc: int, lr: int, sp: int, calls: list[int], word: Callable[[int], int],
            stores: list[list[Frame]] = stores, program: Program = program,
        ) -> None:  # fmt: skip
            if program.source_locations(pc)[0].line == 4:
                stores.append(program.call_stack(pc, lr, sp, word))

        run(program, find)
        for frames in stores:
            assert [
                (frame.function, frame.location and frame.location.line, frame.inlined)
                for frame in frames
            ][:3] == [("inner", 4, True), ("outer", 7, True), ("start", 10, False)]
        assert stores


def test_a_jump_out_of_the_code_shows_its_caller(make_program: MakeProgram) -> None:
    program = make_program("-O2", "-g", a_dot_c=RULE)
    back = program.symbols["jump"].address + 16
    frames = program.call_stack(0x3F00, back, 0x2FE0, lambda address: 0)
    assert [frame.function for frame in frames[:2]] == [None, "jump"]
    assert frames[0].location is None


def test_a_lost_stack_pointer_still_shows_the_last_caller(make_program: MakeProgram) -> None:
    program = make_program("-O2", "-g", a_dot_c=RULE)
    back = program.symbols["jump"].address + 16
    for sp in (0, 3, 0x4000, 0xFFFF_FFF0):
        frames = program.call_stack(program.symbols["leaf"].address, back, sp, lambda address: 0)
        assert [frame.function for frame in frames][:2] == ["leaf", "jump"], hex(sp)


def test_endless_recursion_shows_64_frames(make_program: MakeProgram) -> None:
    rule = (
        "__attribute__((noipa)) int f(int x) { return f(x + 1) + f(x + 2); }"
        "int start(void) { return f(0); }"
    )
    program = make_program("-O2", "-g", a_dot_c=rule)
    caught: list[list[Frame]] = []

    def check(pc: int, lr: int, sp: int, calls: list[int], word: Callable[[int], int]) -> None:
        if len(calls) == 100 and not caught:
            caught.append(program.call_stack(pc, lr, sp, word))
            raise StopIteration

    with pytest.raises(StopIteration):
        run(program, check)
    assert len(caught[0]) == 64
    assert {frame.function for frame in caught[0]} == {"f"}


@pytest.mark.parametrize("strip", [False, True])
def test_nonsense_ends_the_walk_without_an_error(
    make_elf: MakeElf, tmp_path: Path, strip: bool
) -> None:
    path = tmp_path / "rule.elf"
    full = make_elf("-O1", "-g", a_dot_c=RULE)
    subprocess.run(
        [PREFIX + "objcopy", *(["--strip-debug"] if strip else []), full, path], check=True
    )
    program = Program.load(path)
    for seed in range(300):
        dice = random.Random(seed)

        def value(dice: random.Random = dice) -> int:
            return dice.choice(
                [dice.randrange(1 << 32), dice.randrange(0x4000), 4 * dice.randrange(0x1000)]
            )

        def word(address: int, dice: random.Random = dice) -> int:
            assert 0 <= address <= 0x3FFC and address % 4 == 0
            if dice.random() < 0.05:
                raise RuntimeError("the memory is gone")
            return dice.choice([address, address + 16, value(dice), value(dice)])

        pc = value()
        frames = program.call_stack(pc, value(), value(), word)
        assert 1 <= len(frames) <= 64 and frames[0].pc == pc, f"seed {seed}"
