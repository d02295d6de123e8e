# SPDX-License-Identifier: BSD-3-Clause
"""Source lines and functions of addresses, and addresses of lines."""

from __future__ import annotations

import subprocess

import pytest

from nuxkit.program import Program

from .conftest import PREFIX, MakeElf, MakeProgram

RULE = """volatile int sink;
int start(void)
{
    sink = 1;
    sink = 2;
    return 0;
}
"""


def stores(program: Program, name: str) -> list[int]:
    """Addresses of the ``stw`` in a function."""
    function = program.function_at(program.symbols[name].address)
    assert function is not None
    ((low, high),) = function.ranges
    text = next(s for s in program.segments if s.address <= low < s.end)
    code = text.data[low - text.address : high - text.address]
    return [low + i for i in range(0, len(code), 4) if code[i] >> 2 == 36]


def addr2line(elf: str, pc: int) -> tuple[str, str, int]:
    command = [PREFIX + "addr2line", "-f", "-e", elf, hex(pc)]
    function, place = subprocess.run(
        command, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    file, line = place.split(" ")[0].split(":")
    return function, file, int(line) if line.isdigit() else 0


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_every_instruction_has_its_line(make_elf: MakeElf, version: int, level: str) -> None:
    path = make_elf(level, f"-gdwarf-{version}", a_dot_c=RULE)
    program = Program.load(path)
    first, second = stores(program, "start")[-2:] if level == "-O2" else (None, None)
    if first is not None and second is not None:
        lines = [program.source_location(pc) for pc in (first, second)]
        assert [(at.line, at.function) for at in lines if at] == [(4, "start"), (5, "start")]
    function = program.function_at(program.symbols["start"].address)
    assert function is not None and function.name == "start"
    ((low, high),) = function.ranges
    for pc in range(low, high, 4):
        at = program.source_location(pc)
        assert at is not None
        assert (at.function, at.file, at.line) == addr2line(str(path), pc)
        assert at.file == str(path.parent / "a.c") and at.column >= 1


@pytest.mark.parametrize("version", [4, 5])
def test_assembler_code_has_lines_and_labels(make_program: MakeProgram, version: int) -> None:
    program = make_program("-O2", f"-gdwarf-{version}", a_dot_c=RULE)
    at = program.source_location(0x38)
    assert at is not None and at.file.endswith("/crt.S") and at.function == "init"
    assert at.line == 9
    first = program.function_at(0)
    assert first is not None and first.name == "_reset"


def test_places_without_code_have_no_line(make_program: MakeProgram) -> None:
    program = make_program("-O2", "-g", a_dot_c=RULE)
    end = program.segments[-1].end
    for pc in (end, 0x3FFC, 0x8000_0000, 0xFFFF_FFFC, -4):
        assert program.source_location(pc) is None
        assert program.function_at(pc) is None
    assert program.source_location(program.symbols["sink"].address) is None


def test_the_last_instruction_of_a_function_is_its_own(make_program: MakeProgram) -> None:
    program = make_program(
        "-O2", "-g",
        a_dot_c="int other(void) { return 5; }\nint start(void) { return 1; }\n",
    )  # fmt: skip
    for name, line in (("other", 1), ("start", 2)):
        function = program.function_at(program.symbols[name].address)
        assert function is not None
        at = program.source_location(function.ranges[0][1] - 4)
        assert at is not None and (at.function, at.line) == (name, line)


def test_what_a_function_returns_is_of_its_statement(make_program: MakeProgram) -> None:
    program = make_program(
        "-O2", "-g",
        a_dot_c="""
__attribute__((noinline)) int divide(int a, int b) {
    return a / b;
}
int start(void) {
    return divide(7, 2);
}
""",
    )  # fmt: skip
    divw = program.symbols["divide"].address
    at, compiler = program.statement(divw), program.source_location(divw)
    assert at is not None and (at.line, at.function) == (3, "divide")
    assert compiler is not None and compiler.line == 4


def test_a_function_is_where_it_is_defined_not_where_it_is_declared(
    make_program: MakeProgram,
) -> None:
    program = make_program(
        "-O2", "-g",
        header_dot_h="int start(void);\nint twice(int);\n",
        a_dot_c='#include "header.h"\n'
        "__attribute__((noinline)) int twice(int x) { return 2 * x; }\n"
        "int start(void) {\n    return twice(3);\n}\n",
    )  # fmt: skip
    for name, line in (("twice", 2), ("start", 3)):
        function = program.function_at(program.symbols[name].address)
        assert function is not None
        at = program.declaration(function)
        assert at is not None and (at.file[-4:], at.line, at.function) == ("/a.c", line, name)


def test_code_the_linker_dropped_leaves_no_trace(make_program: MakeProgram) -> None:
    program = make_program(
        "-O2", "-g", "-ffunction-sections", "-Wl,--gc-sections", "-Wl,-u,_reset",
        a_dot_c="int dead(int x) {\n  return x * x * x + 5;\n}\n" + "int start(void) { return 1; }",
        b_dot_c="int gone(int x) { return x / 3 + 7 / x; }\n",
    )  # fmt: skip
    assert "dead" not in program.symbols
    for pc in range(0, program.segments[0].end, 4):
        function = program.function_at(pc)
        assert function is not None and function.name in ("_reset", "init", "done", "start")
        at = program.source_location(pc)
        if at is not None:
            assert at.file.endswith("/a.c" if function.name == "start" else "/crt.S")
    assert program.address_of_line("b.c", 1) is None
    assert program.address_of_line("a.c", 2) is None
    assert program.address_of_line("a.c", 4) == program.symbols["start"].address


def test_c_code_at_address_zero_keeps_its_lines(make_elf: MakeElf) -> None:
    path = make_elf(
        "-O2", "-g", "-ffunction-sections", "-Wl,--gc-sections",
        link=("-Wl,-Ttext=0x0", "-Wl,-e,boot", "-Wl,-u,boot"),
        crt_dot_S='.section .note.GNU-stack,"",@progbits\n',
        a_dot_c="int dead(int x) {\n  return x * 3;\n}\nint boot(int x) {\n  return x + 5;\n}\n",
    )  # fmt: skip
    program = Program.load(path)
    assert program.symbols["boot"].address == 0
    at = program.source_location(0)
    assert at is not None and at.line in (5, 6) and at.function == "boot"


def test_a_line_is_found_by_the_end_of_its_path(make_program: MakeProgram) -> None:
    program = make_program("-O2", "-g", a_dot_c=RULE)
    at = program.address_of_line("a.c", 4)
    assert at is not None
    place = program.source_location(at)
    assert place is not None and place.line == 4
    folder = place.file.split("/")[-2]
    assert program.address_of_line(f"{folder}/a.c", 4) == at
    assert program.address_of_line(place.file, 4) == at
    assert program.address_of_line("/a.c", 4) is None
    assert program.address_of_line("b/a.c", 4) is None
    assert program.address_of_line("a.c", 99) is None


def test_functions_split_by_the_compiler_keep_their_name(make_program: MakeProgram) -> None:
    rule = """
        __attribute__((cold, noinline)) void rare(int x) { *(volatile int *)0x3000 = x; }
        int start(void) {
            volatile int *p = (int *)0x3100;
            for (int i = 0; i < p[0]; i++)
                if (__builtin_expect(p[i] == 3, 0)) { rare(p[i]); rare(p[1]); rare(5); }
            return 0;
        }
    """
    program = make_program("-O2", "-g", "-freorder-blocks-and-partition", a_dot_c=rule)
    cold = [s for name, s in program.symbols.items() if name.startswith("start.cold")]
    for symbol in cold:
        function = program.function_at(symbol.address)
        assert function is not None and function.name == "start" and len(function.ranges) == 2
    assert cold, "the compiler no longer splits this function"


def test_an_artificial_inline_function_belongs_to_the_line_that_calls_it(
    make_program: MakeProgram,
) -> None:
    program = make_program(
        "-O2", "-g",
        intrinsic_dot_h="""
            static inline __attribute__((always_inline, artificial)) void put(int x) {
                __asm__ volatile("stw %0, 0(%1)" : : "r"(x), "b"(0x3000));
            }
        """,
        a_dot_c="""#include "intrinsic.h"
static inline __attribute__((always_inline)) void twice(int x) {
    put(x);
    put(x);
}
int start(void) {
    twice(3);
    put(4);
    return 0;
}
""",
    )  # fmt: skip
    places = [program.source_locations(pc) for pc in stores(program, "start")]
    assert [[(at.line, at.function) for at in each] for each in places] == [
        [(3, "twice"), (7, "start")],
        [(4, "twice"), (7, "start")],
        [(8, "start")],
    ]
