# SPDX-License-Identifier: BSD-3-Clause
"""Interrupt service routines in C: every register kept, timers, nesting, sleep, doorbell, pins."""

import numpy as np
import pytest

from nuxemu import StopReason
from nuxkit import Chip, RunLimitError, build
from nuxkit.errors import BuildError

NUX = "#include <nux/nux.h>\n"
LEVELS = ["-O1", "-O2", "-O3", "-Os"]
TICK = "NUX_ISR(decrementer) { ticks++; nux_clear_timer_status(NUX_TSR_DECREMENTER); }\n"


def started(result):
    """A processor at the start of a program, to be run in pieces."""
    chip = Chip()
    chip.load(result)
    chip.start()
    return chip, chip.ppu[0]


def run_for(cpu, cycles):
    return cpu.run(max_cycles=cpu.cycles + cycles, max_wall_s=20).reason


# --- Timers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimize", LEVELS)
def test_a_periodic_decrementer_interrupts_in_its_period(run_kernel, optimize):
    result = run_kernel(
        NUX + "volatile uint32_t ticks, begin, at[20];\n"
        "NUX_ISR(decrementer) { at[ticks++] = nux_time_base_low();\n"
        "  nux_clear_timer_status(NUX_TSR_DECREMENTER); }\n"
        "int start(void) { begin = nux_time_base_low(); nux_start_periodic_decrementer(1000);\n"
        "  nux_enable_interrupts(); while (ticks < 20) { } nux_disable_interrupts(); return 3; }",
        optimize,
    )
    assert result.return_code == 3
    at, begin = result.symbols["at"].astype(int), result.symbols["begin"]
    due = begin + 1000 * np.arange(1, 21)
    assert np.all(at - due > 0)
    assert np.all(at - due < 90)  # entry, registers, one block of the loop


def test_one_decrementer_interrupt_at_its_time(run_kernel):
    result = run_kernel(
        NUX + "volatile uint32_t ticks, begin, at;\n"
        "NUX_ISR(decrementer) { ticks++; at = nux_time_base_low();\n"
        "  nux_clear_timer_status(NUX_TSR_DECREMENTER); }\n"
        "int start(void) { nux_enable_interrupts(); begin = nux_time_base_low();\n"
        "  nux_start_decrementer(5000); nux_sleep_cycles(20000);\n"
        "  return (int)(ticks << 16 | nux_decrementer()); }"
    )
    assert result.return_code == 1 << 16
    assert 5000 < result.symbols["at"] - result.symbols["begin"] < 5100


def test_a_stopped_decrementer_is_silent(run_kernel):
    result = run_kernel(
        NUX + "volatile uint32_t ticks;\n" + TICK
        + "int start(void) { nux_enable_interrupts(); nux_start_periodic_decrementer(500);\n"
        "  while (ticks < 3) { } nux_stop_decrementer(); uint32_t before = ticks;\n"
        "  nux_sleep_cycles(5000); return (int)(ticks - before); }"
    )  # fmt: skip
    assert result.return_code == 0


@pytest.mark.parametrize(("interval", "period"), [("NUX_EVERY_512", 512), ("NUX_EVERY_8192", 8192)])
def test_the_fixed_interval_timer_follows_the_time_base(run_kernel, interval, period):
    result = run_kernel(
        NUX + "volatile uint32_t ticks, at[10];\n"
        "NUX_ISR(fit) { at[ticks++] = nux_time_base_low();\n"
        "  nux_clear_timer_status(NUX_TSR_FIXED_INTERVAL); }\n"
        f"int start(void) {{ nux_start_fixed_interval({interval}); nux_enable_interrupts();\n"
        "  while (ticks < 10) { } nux_stop_fixed_interval(); nux_sleep_cycles(2000);\n"
        "  return (int)ticks; }"
    )
    assert result.return_code == 10
    phase = result.symbols["at"].astype(int) % period - period // 2
    assert np.all((phase > 0) & (phase < 90))
    assert np.all(np.diff(result.symbols["at"].astype(int) // period) == 1)


def test_both_timers_each_have_their_routine(run_kernel):
    result = run_kernel(
        NUX + "volatile uint32_t ticks, beats;\n" + TICK
        + "NUX_ISR(fit) { beats++; nux_clear_timer_status(NUX_TSR_FIXED_INTERVAL); }\n"
        "int start(void) { nux_start_fixed_interval(NUX_EVERY_512);\n"
        "  nux_start_periodic_decrementer(700); nux_enable_interrupts();\n"
        "  nux_sleep_cycles(70000); nux_disable_interrupts();\n"
        "  return (int)(ticks << 16 | beats); }"
    )  # fmt: skip
    assert abs((result.return_code >> 16) - 100) <= 2
    assert abs((result.return_code & 0xFFFF) - 70000 / 512) <= 3


# --- What a routine must not change ------------------------------------------------------------

# Work that has every scalar register, CR, CTR, XER and LR in use.
SCALAR_WORK = (
    "static __attribute__((noinline)) uint32_t mix(uint32_t x, uint32_t n) {\n"
    "  uint64_t sum = x; uint32_t s[8];\n"
    "  for (uint32_t i = 0; i < 8; i++) s[i] = x * (2 * i + 1);\n"
    "  while (n--) { for (uint32_t i = 0; i < 8; i++) { s[i] = s[i] * 69069 + s[(i + 3) & 7];\n"
    "    sum += s[i]; sum = sum << 1 | sum >> 63; if (s[i] < x) x ^= s[i] >> 3; } }\n"
    "  return (uint32_t)sum ^ (uint32_t)(sum >> 32) ^ x; }\n"
)
# A routine that changes all it may.
BUSY_ROUTINE = (
    "volatile uint32_t ticks; volatile int64_t wide = 12345678901;\n"
    "NUX_ISR(decrementer) { ticks++; wide = wide / 7 + ticks * 1000000007LL;\n"
    '  __asm__ volatile("li 0,-1; li 3,1; li 4,2; li 5,3; li 6,4; li 7,5; li 8,6; li 9,7;"\n'
    '    "li 10,8; li 11,9; li 12,10; mtctr 0; mtxer 0; mtcrf 255,0; mtlr 0"\n'
    '    ::: "r0", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "ctr", "xer",\n'
    '    "lr", "cr0", "cr1", "cr2", "cr3", "cr4", "cr5", "cr6", "cr7");\n'
    "  nux_clear_timer_status(NUX_TSR_DECREMENTER); }\n"
)


@pytest.mark.parametrize("optimize", LEVELS)
def test_scalar_work_does_not_notice_interrupts(run_kernel, optimize):
    text = (
        NUX + BUSY_ROUTINE + SCALAR_WORK + "uint32_t sums[60];\n"
        "int start(void) { uint32_t period = PERIOD;\n"
        "  if (period) { nux_start_periodic_decrementer(period); nux_enable_interrupts(); }\n"
        "  for (uint32_t i = 0; i < 60; i++) sums[i] = mix(i, 20 + i);\n"
        "  nux_disable_interrupts(); return 0; }"
    )
    quiet = run_kernel(text.replace("PERIOD", "0"), optimize)
    for period in (331, 487):
        busy = run_kernel(text.replace("PERIOD", str(period)), optimize)
        np.testing.assert_array_equal(busy.symbols["sums"], quiet.symbols["sums"])
        assert busy.symbols["ticks"] > 100


# Work whose accumulator and conditions are live for long, of bytes and halfwords.
VECTOR_WORK = (
    "nux_vector_memory data[4], out[8];\n"
    "static void work(void) { for (int i = 0; i < 512; i++) data[i / 128].u8[i % 128] = 37 * i;\n"
    "  nux_vector a = nux_load(&data[0]), b = nux_load(&data[1]), c = nux_load(&data[2]);\n"
    "  nux_vector d = nux_load(&data[3]); fxvmtach(a);\n"
    "  for (int i = 0; i < 40; i++) { fxvmatachm(a, b); fxvcmpb(c);\n"
    "    a = fxvaddbm_if(NUX_GT, a, a, d);\n"
    "    b = fxvsel(b, a, NUX_LT); fxvmatachfs(c, d); c = fxvaddachm(c); fxvcmph(b);\n"
    "    d = fxvaddhm_if(NUX_EQ, d, c, a); fxvaddactachm_if(NUX_LT, a); d = fxvaddachfs(d);\n"
    "    fxvmatacbm(a, d); c = fxvaddacbfs(b); b = fxvsel(b, c, NUX_GT); }\n"
    "  nux_store(a, &out[0]); nux_store(b, &out[1]);\n"
    "  nux_store(c, &out[2]); nux_store(d, &out[3]);\n"
    "  nux_store(fxvaddachm(fxvsplath(0)), &out[4]);\n"
    "  nux_store(fxvaddachfs(fxvsplath(0)), &out[5]);\n"
    "  nux_store(fxvsel(a, b, NUX_GT), &out[6]); nux_store(fxvsel(c, d, NUX_LT), &out[7]); }\n"
)
# A routine that uses all registers, the accumulator and the condition register.
VECTOR_ROUTINE = (
    "volatile uint32_t ticks; nux_vector_memory own;\n"
    "NUX_ISR_VECTOR(decrementer) { ticks++; nux_vector v = nux_load(&own);\n"
    "  fxvcmpb(v); fxvmtachf(v); v = fxvaddbm(v, fxvsplatb(ticks)); nux_store(v, &own);\n"
    + "".join(f'  __asm__ volatile("fxvsplatb {n},%0" :: "b"(ticks));\n' for n in range(32))
    + "  nux_clear_timer_status(NUX_TSR_DECREMENTER); }\n"
)


def vectors(result, name):
    return np.array([np.asarray(value) for value in result.symbols[name]])


@pytest.mark.parametrize("optimize", ["-O2", "-Os"])
def test_vector_work_does_not_notice_a_vector_routine(run_kernel, optimize):
    text = (
        NUX + VECTOR_ROUTINE + VECTOR_WORK
        + "int start(void) { uint32_t period = PERIOD;\n"
        "  if (period) { nux_start_periodic_decrementer(period); nux_enable_interrupts(); }\n"
        "  work(); nux_disable_interrupts(); return (int)ticks; }"
    )  # fmt: skip
    quiet = vectors(run_kernel(text.replace("PERIOD", "0"), optimize), "out")
    assert len({row.tobytes() for row in quiet}) > 4
    for period in (4001, 4127, 4513):
        busy = run_kernel(text.replace("PERIOD", str(period)), optimize)
        assert busy.return_code >= 3
        np.testing.assert_array_equal(vectors(busy, "out"), quiet)


def test_a_scalar_routine_leaves_the_vector_unit_alone(run_kernel):
    text = (
        NUX + BUSY_ROUTINE + VECTOR_WORK
        + "int start(void) { uint32_t period = PERIOD;\n"
        "  if (period) { nux_start_periodic_decrementer(period); nux_enable_interrupts(); }\n"
        "  work(); nux_disable_interrupts(); return (int)ticks; }"
    )  # fmt: skip
    quiet = vectors(run_kernel(text.replace("PERIOD", "0")), "out")
    busy = run_kernel(text.replace("PERIOD", "211"))
    assert busy.return_code > 20
    np.testing.assert_array_equal(vectors(busy, "out"), quiet)


@pytest.mark.parametrize("seed", range(4))
def test_the_vector_state_survives_saving_and_restoring(compiled, seed):
    """Random registers, accumulator and conditions before an interrupt are there after it."""
    result = compiled(
        VECTOR_ROUTINE + "int start(void) { nux_enable_interrupts(); nux_start_decrementer(400);\n"
        "  nux_wait(); nux_disable_interrupts(); return 0; }"
    )
    _, cpu = started(result)
    assert run_for(cpu, 200) is StopReason.CYCLE_LIMIT
    random = np.random.default_rng(seed)
    cpu.vector_registers[:] = random.integers(0, 256, (32, 128), np.uint8)
    cpu.accumulator[:] = random.choice(
        [0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF], 64
    ) ^ random.integers(0, 4, 64)
    cpu.condition[:] = random.integers(1, 4, 128)
    state = cpu.vector_registers, cpu.accumulator, cpu.condition
    before = [part.copy() for part in state]
    assert run_for(cpu, 20_000) is StopReason.FINISHED
    assert int.from_bytes(cpu.read(result.program.symbols["ticks"].address, 4), "big") == 1
    for part, old in zip(state, before, strict=True):
        np.testing.assert_array_equal(part, old)


@pytest.mark.parametrize("call", ["", "helper();"])
def test_vector_instructions_in_a_scalar_routine_stop_the_build(compiled, call):
    use = "nux_store(nux_splat8(1), &m);"
    text = (
        "nux_vector_memory m; volatile uint32_t n;\n"
        f"static __attribute__((noinline)) void helper(void) {{ n++; {use if call else ''} }}\n"
        f"NUX_ISR(doorbell) {{ {call or use}\n helper(); }}\nint start(void) {{ return 0; }}"
    )
    with pytest.raises(BuildError, match=r"NUX_ISR_VECTOR\(doorbell\)") as caught:
        compiled(text)
    place = "kernel.c:3" if call else "kernel.c:4"
    assert place in str(caught.value)


def test_an_unknown_interrupt_stops_the_build(compiled):
    with pytest.raises(BuildError, match="nux_isr_slot_decrement'"):
        compiled("NUX_ISR(decrement) { }\nint start(void) { return 0; }")


# --- Cost --------------------------------------------------------------------------------------


def test_the_cost_of_a_routine(run_kernel):
    """Cycles that an empty routine takes from the program, as nux/interrupt.h states them."""

    def cost(macro):
        text = (
            NUX + macro + "(doorbell) { }\n" + macro + "(decrementer) "
            "{ nux_clear_timer_status(NUX_TSR_DECREMENTER); }\n volatile uint32_t n;\n"
            "uint32_t elapsed;\n"
            "int start(void) { nux_enable_interrupts(); nux_start_decrementer(W);\n"
            "  uint32_t begin = nux_time_base_low(); while (n < 1000) n++;\n"
            "  elapsed = nux_time_base_low() - begin; return 0; }"
        )
        with_it, without = (run_kernel(text.replace("W", str(w))) for w in (1000, 1_000_000))
        return with_it.symbols["elapsed"] - without.symbols["elapsed"]

    assert 80 <= cost("NUX_ISR") <= 125
    assert 3000 <= cost("NUX_ISR_VECTOR") <= 4200


# --- Enabling, nesting, storms -----------------------------------------------------------------


def test_interrupts_are_off_at_the_start_and_in_routines(run_kernel):
    result = run_kernel(
        NUX + "volatile uint32_t inside = 1;\n"
        "NUX_ISR(decrementer) { inside = nux_machine_state();\n"
        "  nux_clear_timer_status(NUX_TSR_DECREMENTER); }\n"
        "int start(void) { uint32_t first = nux_machine_state(); nux_start_decrementer(100);\n"
        "  nux_enable_interrupts(); nux_sleep_cycles(500); uint32_t on = nux_machine_state();\n"
        "  uint32_t old = nux_disable_interrupts(); uint32_t off = nux_machine_state();\n"
        "  nux_set_machine_state(old); uint32_t again = nux_machine_state();\n"
        "  return first == 0 && inside == 0 && on == 0x8000 && old == on && off == 0\n"
        "         && again == on ? 0 : 1; }"
    )
    assert result.return_code == 0


def test_a_routine_that_enables_interrupts_is_interrupted(compiled, run_kernel):
    text = (
        "volatile uint32_t ticks, depth, deepest;\n"
        "NUX_ISR(fit) { if (++depth > deepest) deepest = depth; ticks++;\n"
        "  nux_clear_timer_status(NUX_TSR_FIXED_INTERVAL); depth--; }\n"
        "volatile uint32_t slow;\n"
        "NUX_ISR(decrementer) { depth++; nux_clear_timer_status(NUX_TSR_DECREMENTER);\n"
        "  nux_enable_interrupts(); nux_sleep_cycles(3000); slow++; depth--; }\n"
        + SCALAR_WORK + "uint32_t sum;\n"
        "int start(void) { nux_start_fixed_interval(NUX_EVERY_512); nux_start_decrementer(1000);\n"
        "  nux_enable_interrupts(); sum = mix(5, 300); nux_disable_interrupts();\n"
        "  return (int)(slow << 8 | deepest); }"
    )  # fmt: skip
    result = run_kernel(NUX + text)
    assert result.return_code == 1 << 8 | 2
    quiet = run_kernel(NUX + SCALAR_WORK + "int start(void) { return (int)mix(5, 300); }")
    assert result.symbols["sum"] == quiet.return_code & 0xFFFF_FFFF
    stack = compiled(text).report.stack
    assert stack.size is None
    assert stack.reason == "unknown (interrupts may nest: isr_decrementer sets MSR)"


def test_a_request_that_is_never_acknowledged_ends_at_the_limit(compiled):
    result = compiled(
        "volatile uint32_t ticks; NUX_ISR(decrementer) { ticks++; }\n"
        "int start(void) { nux_start_decrementer(100); nux_enable_interrupts();\n"
        "  while (1) { } return 0; }"
    )
    with pytest.raises(RunLimitError) as caught:
        Chip().run(result, max_cycles=100_000)
    assert caught.value.result.symbols["ticks"] > 500


def test_an_interrupt_without_routine_names_its_slot(run_kernel):
    result = run_kernel(
        NUX + "int start(void) { nux_start_decrementer(100); nux_enable_interrupts();\n"
        "  while (1) { } return 0; }"
    )
    assert result.return_code & 0xFFFF_FFFF == 0xDEAD_0030


def test_a_program_can_end_in_a_routine(compiled):
    result = compiled(
        "NUX_ISR(decrementer) { exit(9); }\n"
        "int start(void) { nux_start_decrementer(100); nux_enable_interrupts();\n"
        "  while (1) { } return 0; }"
    )
    assert Chip().run(result).return_code == 9
    assert result.report.stack.size is not None


def test_the_bound_of_the_stack_has_the_deepest_routine_on_top(compiled):
    main = (
        "volatile int n; __attribute__((noinline)) int f(int x) { volatile char a[100];\n"
        "  a[x] = 1; return a[n]; }\nint start(void) { return f(n) + 1; }\n"
    )
    small = "NUX_ISR(fit) { n++; }\n"
    large = "NUX_ISR(doorbell) { volatile char a[300]; a[n] = 1; n = a[n + 1]; }\n"
    vector = "NUX_ISR_VECTOR(external_input) { n++; }\n"
    bounds = [compiled(main + more).report.stack for more in ("", small, small + large, vector)]
    assert all(bound.reason == "" for bound in bounds)
    assert bounds[1].size == bounds[0].size + 80
    assert bounds[2].size >= bounds[0].size + 80 + 300
    assert bounds[2].deepest[-2:] == ("isr_doorbell", "nux_isr_doorbell")
    assert bounds[3].size >= bounds[0].size + 80 + 35 * 128


def test_the_vendors_names_of_handlers_serve_too(tmp_path):
    kernel, handler = tmp_path / "k.c", tmp_path / "h.S"
    kernel.write_text(
        NUX + "volatile int ticks; int start(void) { nux_start_decrementer(100);\n"
        "  nux_enable_interrupts(); while (!ticks) { } return ticks; }"
    )
    handler.write_text(
        "    .text\n    .globl isr_dec\n    .type isr_dec, @function\nisr_dec:\n"
        "    lis r30, ticks@ha\n    li r31, 7\n    stw r31, ticks@l(r30)\n"
        "    lis r30, 0x800\n    mtspr 336, r30\n    rfi\n"
    )
    assert Chip().run(build(kernel, handler)).return_code == 7


# --- Sleep, doorbell, pins ---------------------------------------------------------------------


def test_wait_sleeps_until_the_timer(run_kernel):
    result = run_kernel(
        NUX + "volatile uint32_t ticks;\n" + TICK
        + "int start(void) { nux_start_periodic_decrementer(100000); nux_enable_interrupts();\n"
        "  while (ticks < 50) nux_wait();\n"
        "  return (int)ticks; }"
    )  # fmt: skip
    assert result.return_code == 50
    assert 5_000_000 <= result.cycles < 5_001_000
    assert result.instructions < 50 * 80


def test_a_timer_that_fires_before_the_wait_is_not_missed(run_kernel):
    """Interrupts off around the check: a request that is there already ends the wait at once."""
    result = run_kernel(
        NUX + "volatile uint32_t ticks, woken;\n" + TICK
        + "int start(void) { nux_start_decrementer(100);\n"
        "  nux_sleep_cycles(1000); while (ticks == 0) { nux_wait(); woken++;\n"
        "    nux_enable_interrupts(); nux_disable_interrupts(); }\n"
        "  return (int)woken; }"
    )  # fmt: skip
    assert result.return_code == 1


LISTENER = (
    "volatile uint32_t rings, edges, seen;\n"
    "NUX_ISR(doorbell) { rings++; nux_write_pins(rings); }\n"
    "NUX_ISR(external_input) { edges++; seen = nux_read_pins(); }\n"
    "int start(void) { nux_drive_pins(0xff); nux_set_interrupt_inputs(NUX_INPUT_DOORBELL\n"
    "    | NUX_INPUT_PINS(3) | NUX_INPUT_INVERTED(2)); nux_enable_interrupts();\n"
    "  while (rings + edges < 4) nux_wait(); return (int)(rings << 8 | edges); }"
)


def test_the_host_rings_and_moves_pins(compiled):
    result = compiled(LISTENER)
    chip, cpu = started(result)
    cpu.set_inputs(0xF002)
    assert run_for(cpu, 100_000) is StopReason.FINISHED
    for number in (1, 2):
        cpu.ring_doorbell()
        assert run_for(cpu, 100_000) is StopReason.FINISHED
        assert cpu.outputs == number
    cpu.set_inputs(0xF003)  # pin 0 rises
    assert run_for(cpu, 100_000) is StopReason.FINISHED
    assert (chip.read("edges"), chip.read("seen")) == (1, 0xF003)
    cpu.set_inputs(0xF001)  # pin 1 falls
    assert run_for(cpu, 100_000) is StopReason.FINISHED
    assert chip.read("rings") == 2
    assert chip.read("edges") == 2
    assert int.from_bytes(cpu.read(0x2FFC, 4), "big") == 2 << 8 | 2
    cpu.ring_doorbell()  # the program has ended
    assert run_for(cpu, 100_000) is StopReason.FINISHED
    assert chip.read("rings") == 2


def test_pins_that_are_not_driven_read_zero(compiled):
    _, cpu = started(compiled(
        "int start(void) { nux_write_pins(0xffffffff); nux_drive_pins(0x0f); return 0; }"
    ))  # fmt: skip
    assert run_for(cpu, 10_000) is StopReason.FINISHED
    assert cpu.outputs == 0x0F


def test_a_trap_in_a_routine_shows_where_the_program_was_interrupted(compiled):
    from nuxkit import KernelTrap

    result = compiled(
        "volatile int n;\nNUX_ISR(decrementer) {\n *(volatile int *)0x20000000 = 1;\n}\n"
        "int start(void) {\n nux_start_decrementer(100); nux_enable_interrupts();\n"
        " while (1)\n  n++;\n}"
    )
    with pytest.raises(KernelTrap) as trap:
        Chip().run(result)
    stack = trap.value.result.call_stack
    names = ["nux_isr_decrementer", "isr_decrementer", "start"]
    assert [frame.function for frame in stack][:3] == names
    assert stack[2].location.line in (8, 9)
