# SPDX-License-Identifier: BSD-3-Clause
"""Start, end, exceptions, time base, external memory and C library functions."""

from itertools import pairwise

import pytest

from nuxkit import Chip, KernelTrap, build

NUX = "#include <nux/nux.h>\n"


@pytest.mark.parametrize("code", [0, 1, -1, 2**31 - 1, -(2**31)])
def test_return_value_is_the_return_code(run_kernel, code):
    value = "(-2147483647 - 1)" if code == -(2**31) else str(code)
    assert run_kernel(f"int start(void) {{ return {value}; }}").return_code == code


def test_exit_ends_the_program_from_anywhere(run_kernel):
    result = run_kernel(
        NUX + "static void __attribute__((noinline)) leave(int x) { exit(x); }\n"
        "int start(void) { leave(7); return 1; }"
    )
    assert result.return_code == 7


def test_zeroed_and_initialised_data_are_set(run_kernel):
    result = run_kernel(
        "int zero[50]; int value = 42; const int constant = 9;\n"
        "int start(void) { int sum = 0; for (int i = 0; i < 50; i++) sum |= zero[i];\n"
        "  return sum == 0 ? value + constant : -1; }"
    )
    assert result.return_code == 51


def test_a_variable_set_by_the_host_survives_the_start(tmp_path):
    source = tmp_path / "k.c"
    source.write_text("volatile int from_host; int start(void) { return from_host++; }")
    chip = Chip()
    assert chip.run(build(source), symbols={"from_host": 5}).return_code == 5
    assert chip.run().return_code == 6


def test_stack_starts_at_its_top_with_a_back_chain_of_zero(run_kernel):
    result = run_kernel(
        "int start(void) { unsigned *frame = __builtin_frame_address(0);\n"
        "  unsigned *caller = (unsigned *)*frame;\n"
        "  return caller == (unsigned *)0x2ff0 && *caller == 0 ? 0 : (int)caller; }"
    )
    assert result.return_code == 0


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ('__asm__ volatile("twi 31,0,0");', 0xDEAD001C),
        ("volatile unsigned at = 0x1002; *(volatile unsigned *)at = 1;", 0xDEAD0018),
    ],
)
def test_exception_without_handler_leaves_its_address_as_return_code(tmp_path, statement, code):
    source = tmp_path / "k.c"
    source.write_text(f"int start(void) {{ {statement} return 0; }}")
    result = Chip(hardware=True).run(build(source))
    assert result.return_code & 0xFFFFFFFF == code


def test_a_handler_of_the_program_is_called(tmp_path):
    kernel, handler = tmp_path / "k.c", tmp_path / "handler.S"
    kernel.write_text(
        "volatile int seen;\n"
        'int start(void) { __asm__ volatile("twi 31,0,0\\n nop\\n nop\\n nop\\n nop" ::: "r30");\n'
        "  return seen; }"
    )
    handler.write_text(
        "    .text\n    .globl isr_program\n    .type isr_program, @function\nisr_program:\n"
        "    lis r30, seen@ha\n    li r0, 5\n    stw r0, seen@l(r30)\n"
        "    mfspr r30, 26\n    addi r30, r30, 4\n    mtspr 26, r30\n    sync\n    rfi\n"
    )
    assert Chip(hardware=True).run(build(kernel, handler)).return_code == 5


def test_time_base_counts_cycles(run_kernel):
    result = run_kernel(
        NUX + "uint64_t begin, end; int start(void) { begin = nux_time_base();\n"
        "  nux_sleep_cycles(5000); end = nux_time_base(); return 0; }"
    )
    elapsed = result.symbols["end"] - result.symbols["begin"]
    assert 5000 <= elapsed < 5200
    assert result.symbols["end"] < result.cycles


def test_time_base_is_whole_when_its_lower_word_wraps(run_kernel):
    result = run_kernel(
        NUX + "uint64_t times[200]; int start(void) {\n"
        '  __asm__ volatile("mtspr 285,%0\\n mtspr 284,%1" :: "r"(3), "r"(0xfffffc00));\n'
        "  for (int i = 0; i < 200; i++) times[i] = nux_time_base(); return 0; }"
    )
    times = result.symbols["times"].tolist()
    assert times[0] >> 32 == 3
    assert times[-1] >> 32 == 4
    assert all(0 < later - now < 100 for now, later in pairwise(times))


def test_code_and_data_in_external_memory(run_kernel):
    result = run_kernel(
        NUX + "__attribute__((noinline)) int in_sram(int x) { return x + x; }\n"
        "NUX_EXTERNAL_CODE int twice(int x) { return in_sram(x - 1) + 2; }\n"
        "NUX_EXTERNAL_DATA int table[3] = {5, 6, 7};\n"
        "NUX_EXTERNAL_BUFFER int buffer[1000];\n"
        "NUX_DRAM_CODE int thrice(int x) { return 3 * x; }\n"
        "NUX_DRAM_DATA int far_table[2] = {11, 12};\n"
        "NUX_DRAM_BUFFER int far_buffer[100000];\n"
        "int start(void) { buffer[999] = twice(table[2]);\n"
        "  far_buffer[99999] = thrice(far_table[1]);\n"
        "  return buffer[999] * 100 + far_buffer[99999]; }"
    )
    assert result.return_code == 1436


@pytest.mark.parametrize("optimize", ["-O1", "-O2", "-O3", "-Os"])
def test_saved_registers_survive_calls(run_kernel, optimize):
    names = [f"v{n}" for n in range(18)]
    result = run_kernel(
        "volatile int n = 1;\n"
        "__attribute__((noinline)) int f(int x) {\n"
        + "".join(f"  int {name} = n + {index};\n" for index, name in enumerate(names))
        + "  if (x > 0) n = f(x - 1) & 1 ? 1 : 1;\n"
        + f"  return {' + '.join(f'{name} * {3**i % 101}' for i, name in enumerate(names))}; }}\n"
        "int start(void) { return f(3); }",
        optimize,
    )
    assert result.return_code == sum((1 + i) * (3**i % 101) for i in range(18))


@pytest.mark.parametrize("optimize", ["-O2", "-Os"])
def test_memory_functions(run_kernel, optimize):
    result = run_kernel(
        NUX + "char a[64], b[64]; volatile size_t zero, n = 40; \n"
        "static int check(void) {\n"
        "  for (size_t from = 0; from < 5; from++) for (size_t to = 0; to < 5; to++) {\n"
        "    for (int i = 0; i < 64; i++) { a[i] = (char)(i * 7); b[i] = 99; }\n"
        "    memcpy(b + to, a + from, n);\n"
        "    for (size_t i = 0; i < 64; i++)\n"
        "      if (b[i] != (i < to || i >= to + n ? 99 : (char)((i - to + from) * 7))) return 1;\n"
        "    memmove(a + to, a + from, n);\n"
        "    for (size_t i = 0; i < n; i++) if (a[i + to] != (char)((i + from) * 7)) return 2;\n"
        "    if (memcmp(a + to, b + to, n) != 0) return 3;\n"
        "    b[to + 3] = (char)(b[to + 3] ^ 0x80);\n"
        "    int sign = (unsigned char)b[to + 3] & 0x80 ? -1 : 1;\n"
        "    if (memcmp(a + to, b + to, n) * sign <= 0) return 4;\n"
        "    memset(b + to, 0x1a5, n);\n"
        "    for (size_t i = 0; i < n; i++) if (b[to + i] != (char)0xa5) return 5;\n"
        "  }\n"
        "  memset(b, 0, zero); if (b[0] == 0) return 6;\n"
        '  return strlen("") == 0 && strlen("four") == 4 ? 0 : 7; }\n'
        "int start(void) { return check(); }",
        optimize,
    )
    assert result.return_code == 0


def test_struct_copies_and_variable_shifts(run_kernel):
    result = run_kernel(
        "struct big { int x[40]; }; struct big p, q; volatile int amount = 37;\n"
        "volatile unsigned long long word = 1;\n"
        "int start(void) { for (int i = 0; i < 40; i++) p.x[i] = i; q = p;\n"
        "  return q.x[39] + (int)((word << amount) >> 32); }"
    )
    assert result.return_code == 39 + 32


def test_a_trap_names_function_and_line(tmp_path):
    source = tmp_path / "k.c"
    source.write_text(
        "__attribute__((noinline)) int f(volatile int *p) { return *p; }\n"
        "int start(void) {\n    return f((volatile int *)0x20000000);\n}\n"
    )
    with pytest.raises(KernelTrap) as trap:
        Chip().run(build(source))
    places = [frame.location for frame in trap.value.result.call_stack]
    assert [(place.function, place.line) for place in places[:2]] == [("f", 1), ("start", 3)]
    assert len(places) == 3  # and __init, where the stack ends
