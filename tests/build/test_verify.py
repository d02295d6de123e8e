# SPDX-License-Identifier: BSD-3-Clause
"""A program with anything that the processor does not have is refused, at its line."""

import pytest

from nuxkit.builder.image import Function, Image, Section, Variable
from nuxkit.builder.verify import MAX_SHOWN, verify


def kernel(statement):
    return f"volatile unsigned x, y;\nint start(void) {{\n  {statement}\n  return 0;\n}}\n"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("y = __builtin_bswap32(*(unsigned *)0x200);", "use nux_byte_swap32"),
        ('__asm__ volatile("lwbrx 3,0,4");', "no byte-reversed loads"),
        ('__asm__ volatile("isync");', "isync"),
        ('__asm__ volatile("lwarx 3,0,4");', "lwarx"),
        ('__asm__ volatile("mftb 3");', "does not have this instruction"),
        ('__asm__ volatile("isel 3,4,5,6");', "isel"),
        ('__asm__ volatile("lswi 3,4,4");', "lswi"),
        ('__asm__ volatile("sc");', "sc"),
        ('__asm__ volatile("mfspr 3,256");', "does not have this instruction"),
        ('__asm__ volatile("fadd 1,2,3");', "fadd"),
        ('__asm__ volatile(".long 0xa923fffe");', "wrong address for lha and lhau"),
        ('__asm__ volatile(".long 0xad23fffe");', "wrong address for lha and lhau"),
        ('__asm__ volatile(".long 0x10000434");', "splat from r0"),
        ('__asm__ volatile(".long 0x10000430");', "splat from r0"),
        ('__asm__ volatile(".long 0x100004c4");', "no such vector instruction"),  # vxor
        ('__asm__ volatile(".long 0");', "not an instruction"),
        ('__asm__ volatile(".long 0x7c00003c");', "does not have"),  # wait of Power ISA 3
        ('__asm__ volatile(".long 0x2c230000");', "ignores some of its bits"),  # cmpdi
    ],
)
def test_instructions_that_the_chip_lacks_are_refused_at_their_line(errors_of, statement, words):
    (found,) = errors_of(kernel(statement))
    assert words in found.text
    assert (found.file, found.line) == ("kernel.c", 3)


@pytest.mark.parametrize(
    "statement",
    [
        "__sync_synchronize();",
        '__asm__ volatile(".long 0x7c00007c");',  # wait
        '__asm__ volatile("mfspr 3,284");',
        '__asm__ volatile("lha 3,-2(4)");',  # becomes lhz and extsh
        '__asm__ volatile("fxvsplatb 3,4");',
        "x = (unsigned)__builtin_clz(y) + (unsigned)__builtin_popcount(y);",
        "__builtin_trap();",
        "switch (x) { case 1: y = 5; break; case 2: y = 7; break; case 3: y = 1; break;"
        "case 4: y = x; break; case 5: y = 2 * x; break; case 6: y = 11; break; }",
    ],
)
def test_instructions_of_the_chip_are_accepted(compile_text, statement):
    compile_text(kernel(statement))


@pytest.mark.parametrize("optimize", ["-O2", "-O3", "-Os"])
def test_negative_halfword_displacements_of_gcc_are_mended(compile_text, optimize):
    compile_text(
        "short tap[16], line[64]; volatile int n;\n"
        "int start(void) { int sum = 0; const short *p = line + n;\n"
        "  for (int i = 0; i < 16; i++) sum += tap[i] * *--p; return sum; }",
        optimize=optimize,
    )


def test_byte_swaps_have_a_function(compile_text):
    compile_text(
        "#include <nux/nux.h>\nvolatile uint32_t x; volatile uint16_t h;\n"
        "int start(void) { x = nux_byte_swap32(x); h = nux_byte_swap16(h); return 0; }"
    )


def test_instruction_in_assembler_source_is_refused_at_its_line(errors_of):
    (found,) = errors_of(
        "    .text\n    .globl start\n    .type start, @function\nstart:\n    isync\n    blr\n",
        names=("kernel.S",),
    )
    assert (found.file, found.line) == ("kernel.S", 5)


def test_data_among_the_code_is_refused(errors_of):
    (found,) = errors_of(
        "    .text\n    .globl start\n    .type start, @function\nstart:\n    blr\n"
        "    .type table, @object\n    .size table, 8\ntable: .long 1, 2\n",
        names=("kernel.S",),
    )
    assert "table is data in the executable section .text" in found.text


def test_long_lists_are_cut_and_counted(errors_of):
    found = errors_of(kernel('__asm__ volatile(".fill 50, 4, 0");'))
    assert len(found) == MAX_SHOWN + 1
    assert f"{50 - MAX_SHOWN} more words" in found[-1].text


def image(*, sections=None, symbols=None, functions=("start", "__init", "exit"), variables=()):
    """A minimal good program, changed by the arguments."""
    nop = bytes.fromhex("60000000")
    good = Section(".text", 0, 0x100, nop * 64, executable=True)
    addresses = {"start": 0x80, "__init": 0x34, "exit": 0x60}
    known = {**addresses, "__stack_limit": 0x100, "__stack_top": 0x2FF0, "__mailbox_start": 0x3000}
    return Image(
        (good,) if sections is None else sections,
        known if symbols is None else {**known, **symbols},
        tuple(variables),
        tuple(Function(name, addresses[name], addresses[name] + 4) for name in functions),
    )


def problems(program):
    return [entry.text for entry in verify(program, lambda _: (None, None), lambda _: "")]


def test_a_good_program_has_no_problems():
    assert problems(image()) == []


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (image(functions=("__init", "exit")), "start is not a function"),
        (image(symbols={"__stack_top": 0x4000}), "must end at 0x2ff0"),
        (image(symbols={"__stack_limit": 0x3000}), "the stack reaches from 0x3000"),
        (image(symbols={"__init": 0x38}), "__init is at 0x38, must be at 0x34"),
        (image(sections=(Section(".text", 0x2FE0, 0x40, b"\x60\0\0\0" * 16, True),)),
         "outside its memory (0x0 to 0x2ff0)"),
        (image(sections=(Section("ext.text", 0x40000000, 4, b"\x60\0\0\0", True),)),
         "outside its memory (0x80000000"),
        (image(sections=(Section(".data", 0, 4, b"\x60\0\0\0", True),)), "section .data contains"),
        (image(sections=(Section(".odd", 0, 4, b"\0\0\0\0", False),)), "no place on the chip"),
        (image(sections=(Section(".text", 0, 6, b"\x60\0\0\0\x60\0", True),)),
         "ends within an instruction"),
        (image(variables=(Variable("v", 0x10, 4),)), "v is data in the executable section .text"),
    ],
)  # fmt: skip
def test_structural_problems_are_named(program, words):
    assert any(words in text for text in problems(program))


@pytest.mark.parametrize("name", ["start", "exit", "__stack_top", "__stack_limit"])
def test_missing_symbols_are_named(name):
    program = image()
    del program.symbols[name]
    assert any(name in text for text in problems(program))
