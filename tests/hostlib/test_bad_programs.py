# SPDX-License-Identifier: BSD-3-Clause
"""Programs that go wrong: each mistake its own error, and the chip runs the next program."""

import re
import time

import pytest

from nuxkit import (
    BuildError,
    Chip,
    InputError,
    KernelTrap,
    ProgramFileError,
    RunLimitError,
    StopReason,
    build,
)

MAX_CYCLES = 1_000_000

TRAPS = {
    "misaligned store": ("STORE_WORD", 0x1002, StopReason.MISALIGNED, "misaligned 4-byte store"),
    "misaligned load": ("LOAD_HALF", 0x1003, StopReason.MISALIGNED, "misaligned 2-byte load"),
    "store outside": ("STORE_WORD", 0x2000_0000, StopReason.OUT_OF_RANGE, "outside of all memo"),
    "store behind the SRAM": ("STORE_WORD", 0x4000, StopReason.OUT_OF_RANGE, "0x00003fff"),
    "load outside": ("LOAD_WORD", 0x7FFF_FFFC, StopReason.OUT_OF_RANGE, "load from 0x7ffffffc"),
    "unknown bus unit": ("STORE_WORD", 0x9000_0000, StopReason.UNKNOWN_BUS_ADDRESS, "0x04000000"),
    "beside the spike counters": (
        "LOAD_WORD",
        0x8048_D158,
        StopReason.UNKNOWN_BUS_ADDRESS,
        "no unit at bus word 0x00123456 (address 0x8048d158); nearest known block: spike counter "
        "resets, left, 0x00122c00 to 0x00122fff",
    ),
    "parameters that are not modelled": (
        "STORE_WORD",
        0x8050_0040,
        StopReason.UNKNOWN_BUS_ADDRESS,
        "belongs to CapMem (analog parameters), north-west, 0x00140000 to 0x00147fff, which the "
        "model does not have",
    ),
    "counter written": (
        "STORE_WORD",
        0x8048_A000,
        StopReason.UNKNOWN_BUS_ADDRESS,
        "spike counters, left, 0x00122800 to 0x00122bff, which can only be read",
    ),
    "bus of the FPGA": ("LOAD_WORD", 0x6000_000C, StopReason.OUT_OF_RANGE, "bus of the FPGA, wh"),
    "wild jump": ("JUMP", 0x2000_0000, StopReason.FETCH, "jump to 0x20000000"),
    "jump behind the SRAM": ("JUMP", 0x4000, StopReason.FETCH, "SRAM, 0x00000000 to 0x00003fff"),
    "jump behind the external memory": ("JUMP", 0x8002_0000, StopReason.FETCH, "0x8001ffff"),
    "endless recursion": ("RECURSION", 0, StopReason.STACK_OVERFLOW, "not belong to the stack"),
    "lost stack pointer": ("LOST_STACK", 0, StopReason.STACK_OVERFLOW, "0x00007fec"),
    "trap instruction": ("TRAP", 0, StopReason.TRAP_INSTRUCTION, "trap instruction"),
    "unknown vector address": (
        "VECTOR_READ",
        0x07FF_FFFF,
        StopReason.UNKNOWN_VECTOR_ADDRESS,
        "vector read from 0x07ffffff: no unit at vector address 0x07ffffff; nearest known block: ",
    ),
    "disabled CADC": ("CADC_DISABLED", 0, StopReason.CADC_DISABLED, "while the CADC is disabled"),
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_names_reason_line_calls_and_registers(faults, good, line_of, name):
    fault, address, reason, words = TRAPS[name]
    chip = Chip()
    with pytest.raises(KernelTrap) as caught:
        chip.run(faults, symbols={"fault": fault, "address": address}, max_cycles=MAX_CYCLES)
    result, message = caught.value.result, str(caught.value)
    assert result.stop.reason is reason
    first, *rest = message.splitlines()
    assert re.match(rf"/.*/faults\.c:{line_of(fault)}: ", first)
    assert words in first
    assert f"in {fault.lower()}" in first.replace("recurse", "recursion")
    assert result.call_stack[0].location.line == line_of(fault)
    assert "start" in [frame.function for frame in result.call_stack] or reason in (
        StopReason.STACK_OVERFLOW,
    )
    assert "call stack, innermost first:" in rest
    for number, value in enumerate(result.registers["gpr"]):
        assert re.search(rf"\br{number} +{value:08x}\b", message)
    assert chip.run(good).return_code == 42


def test_a_trap_in_what_a_function_returns_is_at_the_return(tmp_path):
    source = tmp_path / "kernel.c"
    source.write_text(
        "int *volatile bad = (int *)0x20000000;\n"
        "static __attribute__((noinline)) int get(void) {\n"
        "    int *at = bad;\n"
        "    return *at;\n"
        "}\n"
        "int start(void) {\n"
        "    return get() + 1;\n"
        "}\n"
    )
    with pytest.raises(KernelTrap, match=r"kernel\.c:4: 4-byte load from 0x20000000") as trap:
        Chip().run(build(source).program)
    frames = trap.value.result.call_stack
    assert [frame.location.line for frame in frames[:2]] == [4, 7]


def test_a_trap_in_an_access_of_the_library_is_at_the_line_that_calls(kernel):
    program = kernel("int start(void) {\nnux_bus_write(0x00ffffff, 1);\nreturn 0; }")
    with pytest.raises(KernelTrap, match=r"kernel\d+\.c:2: 4-byte store to 0x83fffffc") as trap:
        Chip().run(program)
    assert trap.value.result.call_stack[0].function == "start"


def test_a_recursion_is_one_line_of_the_message(faults):
    with pytest.raises(KernelTrap) as caught:
        Chip().run(faults, symbols={"fault": "RECURSION"})
    calls = re.findall(r"^  recurse at .*$", str(caught.value), re.MULTILINE)
    assert len(calls) == 2
    assert calls[1].endswith(" times)")
    assert len(caught.value.result.call_stack) == 64


def test_an_overwritten_instruction_traps_as_undefined_until_the_next_load(faults, line_of):
    chip = Chip()
    with pytest.raises(KernelTrap) as caught:
        chip.run(faults, symbols={"fault": "OVERWRITE_CODE"})
    stop = caught.value.result.stop
    assert stop.reason is StopReason.UNDEFINED_INSTRUCTION
    assert stop.pc == faults.symbols["store_word"].address
    assert "0x00000000" in str(caught.value)
    assert caught.value.result.call_stack[0].function == "store_word"
    symbols = {"fault": "STORE_WORD", "address": 0x2000}
    assert chip.run(faults, symbols=symbols).return_code == 42


def test_endless_loop_ends_at_the_cycle_limit(faults, good, line_of, nux_chip, nux_cycles):
    chip = nux_chip
    with pytest.raises(RunLimitError, match=r"faults\.c:\d+: cycle limit reached") as caught:
        chip.run(faults, symbols={"fault": "ENDLESS_LOOP"}, max_cycles=100_000)
    result = caught.value.result
    assert result.stop.reason is StopReason.CYCLE_LIMIT
    nux_cycles(result, at_least=100_000, at_most=100_100)
    assert result.call_stack[0].function == "endless_loop"
    assert result.call_stack[0].location.line == line_of("ENDLESS_LOOP")
    assert chip.run(good).return_code == 42


@pytest.mark.nux_cores("native", "reference")
def test_endless_loop_ends_at_the_wall_time_limit(kernel, good, nux_chip):
    program = kernel(
        "int start(void) { nux_vector a = fxvsplatb(1); for (;;) {\n"
        " for (int i = 0; i < 9; i++) { a = fxvaddbm(a, a); fxvmtacb(a); } } }"
    )
    chip, begin = nux_chip, time.perf_counter()
    with pytest.raises(RunLimitError, match="wall-time limit") as caught:
        chip.run(program, max_cycles=2**62, max_wall_s=0.2)
    assert time.perf_counter() - begin < 3
    assert caught.value.result.stop.reason is StopReason.WALL_LIMIT
    assert chip.run(good).return_code == 42


def test_division_by_zero_is_a_remark_with_its_line(faults, line_of):
    result = Chip().run(faults, symbols={"fault": "DIVIDE", "value": 0})
    (remark,) = result.remarks
    assert (remark.kind.name, remark.location.line) == ("DIVIDE", line_of("DIVIDE"))
    assert result.symbols["result"] == -1  # what the divider gives for 7 / 0
    assert f"faults.c:{line_of('DIVIDE')}: division by zero" in str(remark)


@pytest.mark.parametrize(("amount", "shifted", "remarked"), [(31, -(2**31), 0), (40, 7 << 8, 1)])
def test_shift_by_32_or_more_is_a_remark_with_its_line(faults, line_of, amount, shifted, remarked):
    result = Chip().run(faults, symbols={"fault": "SHIFT", "value": amount})
    assert result.symbols["result"] == shifted
    assert [(r.kind.name, r.location.line) for r in result.remarks] == [
        ("SHIFT", line_of("SHIFT"))
    ] * remarked


def test_a_clean_program_has_no_remarks(faults):
    result = Chip().run(faults, symbols={"fault": "DIVIDE", "value": 2})
    assert (result.remarks, result.symbols["result"]) == ((), 3)


def test_hardware_mode_goes_on_where_the_chip_does(faults):
    chip = Chip(hardware=True)
    result = chip.run(faults, symbols={"fault": "OVERWRITE_CODE"}, max_cycles=MAX_CYCLES)
    assert result.return_code == 42
    pc = faults.symbols["store_word"].address
    assert {(r.kind.name, r.pc) for r in result.remarks} == {
        ("UNDEFINED", pc),
        ("UNDEFINED", pc + 4),
    }
    result = chip.run(faults, symbols={"fault": "STORE_WORD", "address": 0x1002})
    assert result.return_code & 0xFFFF_FFFF == 0xDEAD_0018  # no handler of alignment interrupts
    assert [r.kind.name for r in result.remarks] == ["MISALIGNED"]


def test_an_undefined_instruction_is_refused_by_the_build(tmp_path):
    source = tmp_path / "k.c"
    source.write_text('int start(void) {\n    __asm__ volatile(".long 0");\n    return 0;\n}\n')
    with pytest.raises(BuildError, match=r"k\.c:2:5: error: the processor does not have"):
        build(source)


def test_a_c_error_is_refused_by_the_build_at_its_line_and_column(tmp_path):
    source = tmp_path / "k.c"
    source.write_text("int start(void) {\n    return nothing;\n}\n")
    with pytest.raises(BuildError, match=r"k\.c:2:12: error: 'nothing' undeclared"):
        build(source)


def test_a_program_of_17_kib_is_refused_by_the_build(tmp_path):
    source = tmp_path / "k.c"
    source.write_text(
        "volatile char table[17 * 1024] = {1};\nint start(void) { return table[5]; }\n"
    )
    with pytest.raises(BuildError, match=r"section \.data is too large.*table 17408 bytes"):
        build(source)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("absent.elf", None, "no such file"),
        ("empty.elf", b"", "empty"),
        ("text.elf", b"int start(void) { return 0; }\n", "not an ELF file"),
        ("host.elf", b"\x7fELF\x02\x01\x01" + bytes(57), "64-bit"),
        ("folder.elf", "folder", "directory"),
    ],
)
def test_a_file_that_is_no_program_is_refused_with_its_name(tmp_path, good, name, content, words):
    path = tmp_path / name
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    chip = Chip()
    with pytest.raises(ProgramFileError) as caught:
        chip.run(path)
    assert str(caught.value).startswith(str(path))
    assert words in str(caught.value)
    assert chip.run(good).return_code == 42


def test_every_truncated_program_is_refused(tmp_path, good):
    content = good.path.read_bytes()
    path, chip = tmp_path / "short.elf", Chip()
    refused = 0
    for size in range(0, len(content), 97):
        path.write_bytes(content[:size])
        with pytest.raises(ProgramFileError):
            chip.run(path)
        refused += 1
    assert refused > 50


def test_running_without_a_program_is_refused():
    with pytest.raises(InputError, match="no program is loaded in hemisphere 1"):
        Chip().run(hemisphere=1)
