# SPDX-License-Identifier: BSD-3-Clause
"""Symbols of compiled programs: names, C types from DWARF, paths into them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nuxkit import c_types as c
from nuxkit.errors import InputError
from nuxkit.program import Location, Program

from .conftest import MakeProgram, memory_of

RULE = """
#include <stdbool.h>
#include <stdint.h>
typedef union {
    uint8_t u8[128]; int8_t s8[128]; uint16_t u16[64]; int16_t s16[64];
} __attribute__((aligned(8))) nux_vector_memory;
enum mode { OFF, ON = 5, LAST = 300 };
enum sign { MINUS = -1, PLUS = 1 };
struct node { struct node *next; int8_t value; };
typedef struct {
    int16_t rate;
    uint8_t low, high;
    float gain;
    struct { unsigned a : 3; int b : 5; _Bool c : 1; unsigned d : 20; enum mode e : 9; } bits;
    union { uint32_t word; uint8_t bytes[4]; };
    const struct node *const list;
    enum mode mode;
} params_t;
volatile params_t params = {
    .rate = -300, .low = 1, .high = 63, .gain = 1.5f,
    .bits = {5, -3, 1, 70000, LAST}, .word = 0x01020304, .list = (void *)0x1234, .mode = ON};
typedef uint16_t row_t[4];
row_t table[3] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}};
int8_t cube[2][3][2] = {{{1, 2}, {3, 4}, {5, 6}}, {{-1, -2}, {-3, -4}, {-5, -6}}};
struct node nodes[2] = {{0, 1}, {nodes, -2}};
nux_vector_memory vector = {.u8 = {1, 2, 3}}, rows[2][2] = {{{{9}}}};
bool flag = true, flags[3] = {1, 0, 1};
char letter = 'A';
const char text[] = "hi";
signed char negative = -4;
uint8_t byte = 200; int16_t half = -2; uint32_t word = 4000000000u;
int64_t wide = -7000000000; uint64_t wider = 18446744073709551615u;
float real = -0.25f; double precise = 0.1;
float reals[2] = {0.5f, 2};
enum sign sign = MINUS; enum mode modes[2] = {ON, LAST};
uint8_t *pointer = &byte; void *nothing; int (*handler)(void); const char *names[2] = {text, 0};
struct { int16_t count; uint16_t items[]; } open = {3, {7, 8, 9}};
extern uint32_t mailbox[];
uint32_t linked[] = {1, 2};
static int hidden = 11;
volatile int bss;
__attribute__((noinline)) int count(void) { static short calls = 40; return ++calls; }
int start(void) {
    static const int32_t step = 3;
    static volatile int32_t last;
    last = step;
    return count() + hidden++ + bss + params.rate;
}
"""

EXPECTED: dict[str, Any] = {
    "flag": True,
    "letter": 65,
    "negative": -4,
    "byte": 200,
    "half": -2,
    "word": 4_000_000_000,
    "wide": -7_000_000_000,
    "wider": 2**64 - 1,
    "real": -0.25,
    "precise": 0.1,
    "sign": -1,
    "nothing": 0,
    "hidden": 11,
    "bss": 0,
    "params.rate": -300,
    "params.high": 63,
    "params.gain": 1.5,
    "params.mode": 5,
    "params.list": 0x1234,
    "params.bits.a": 5,
    "params.bits.b": -3,
    "params.bits.c": True,
    "params.bits.d": 70000,
    "params.bits.e": 300,
    "params.word": 0x01020304,
    "params.bytes[2]": 3,
    "table[2][1]": 10,
    "cube[1][2][0]": -5,
    "nodes[1].value": -2,
    "vector[2]": 3,
    "vector.u16[0]": 0x0102,
    "rows[0][0].u8[0]": 9,
    "open.items[2]": 9,
    "flags[2]": True,
    "text[0x1]": ord("i"),
}
ARRAYS: dict[str, tuple[str, Any]] = {
    "table": ("uint16", [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]),
    "table[1]": ("uint16", [5, 6, 7, 8]),
    "cube": ("int8", [[[1, 2], [3, 4], [5, 6]], [[-1, -2], [-3, -4], [-5, -6]]]),
    "cube[0][1]": ("int8", [3, 4]),
    "flags": ("bool", [True, False, True]),
    "text": ("uint8", [104, 105, 0]),
    "reals": ("float32", [0.5, 2]),
    "modes": ("uint32", [5, 300]),
    "vector": ("uint8", [1, 2, 3] + [0] * 125),
    "rows[0]": ("uint8", [[9] + [0] * 127, [0] * 128]),
    "open.items": ("uint16", [7, 8, 9]),
    "linked": ("uint32", [1, 2]),
}


@pytest.fixture(scope="module", params=["-gdwarf-4", "-gdwarf-5", "-gstrict-dwarf"])
def program(make_program: MakeProgram, request: pytest.FixtureRequest) -> Program:
    flags = ("-gdwarf-4", request.param) if request.param == "-gstrict-dwarf" else (request.param,)
    return make_program("-O2", *flags, a_dot_c=RULE)


def read(program: Program, location: Location) -> bytes:
    return memory_of(program, location.address, location.size)


@pytest.mark.parametrize("path", EXPECTED)
def test_values_decode_and_encode(program: Program, path: str) -> None:
    location = program.resolve(path)
    now = read(program, location)
    value = location.decode(now)
    assert value == EXPECTED[path] and type(value) is type(EXPECTED[path])
    assert location.encode(value, now) == now


@pytest.mark.parametrize("path", ARRAYS)
def test_arrays_decode_and_encode(program: Program, path: str) -> None:
    dtype, expected = ARRAYS[path]
    location = program.resolve(path)
    now = read(program, location)
    value = location.decode(now)
    assert isinstance(value, np.ndarray)
    assert value.dtype == np.dtype(dtype) and value.dtype.isnative
    assert value.tolist() == expected
    assert location.encode(value, now) == now


def test_whole_structs_round_trip(program: Program) -> None:
    for name in ("params", "nodes", "open"):
        location = program.resolve(name)
        now = read(program, location)
        assert location.encode(location.decode(now), now) == now
        assert location.encode(location.decode(now), bytes(location.size)) == now
    value = program.resolve("params").decode(read(program, program.resolve("params")))
    assert list(value) == ["rate", "low", "high", "gain", "bits", "word", "bytes", "list", "mode"]
    assert value["bits"] == {"a": 5, "b": -3, "c": True, "d": 70000, "e": 300}


def test_writing_a_bit_field_leaves_the_others(program: Program) -> None:
    location = program.resolve("params.bits.d")
    whole = program.resolve("params.bits")
    memory = bytearray(read(program, whole))
    part = slice(location.address - whole.address, location.address - whole.address + location.size)
    memory[part] = location.encode(99, bytes(memory[part]))
    assert whole.decode(bytes(memory)) == {"a": 5, "b": -3, "c": True, "d": 99, "e": 300}
    with pytest.raises(InputError, match=r"\.bits\.d: 1048576 is outside .* \(0 to 1048575\)"):
        location.encode(1 << 20, bytes(memory[part]))


def test_an_anonymous_union_can_be_written_through_either_member(program: Program) -> None:
    location = program.resolve("params")
    now = read(program, location)
    value = location.decode(now)
    del value["bytes"]
    value["word"] = 0x0A0B0C0D
    assert location.decode(location.encode(value, now))["bytes"].tolist() == [10, 11, 12, 13]
    del value["word"]
    value["bytes"] = [1, 1, 1, 1]
    assert location.decode(location.encode(value, now))["word"] == 0x01010101


def test_types_are_named_as_in_the_source(program: Program) -> None:
    names = {
        "params": "params_t",
        "params.rate": "int16_t",
        "params.list": "const struct node *",
        "table": "uint16_t[3][4]",
        "nodes[0]": "struct node",
        "nodes[0].next": "struct node *",
        "sign": "enum sign",
        "vector": "nux_vector_memory",
        "pointer": "uint8_t *",
        "nothing": "void *",
        "handler": "int (*)()",
        "text": "char[3]",
        "names": "const char *[2]",
    }
    for path, name in names.items():
        assert program.resolve(path).ctype.name == name, path


def test_errors_name_the_place_the_value_and_the_limits(program: Program) -> None:
    for path, value, message in [
        ("params.rate", 70000, "params.rate: 70000 is outside int16_t (-32768 to 32767)"),
        ("table", [[1, 2, 3, 4], [1, 2, 3, -1], [0] * 4], "table[1][3]: -1 is outside uint16_t"),
        ("sign", "ZERO", "sign: 'ZERO' is not one of enum sign: MINUS, PLUS"),
        ("byte", float("nan"), "byte: nan is not an integer; uint8_t needs one"),
        ("pointer", -1, "pointer: -1 is outside uint8_t * (0 to 4294967295)"),
    ]:
        location = program.resolve(path)
        with pytest.raises(InputError) as caught:
            location.encode(value, bytes(location.size))
        assert message in str(caught.value)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("parms", "no symbol 'parms'; close matches: params"),
        ("zzz", "its variables are: bss, byte, "),
        ("parms.rate", "close matches: params"),
        ("params.rat", "params_t has no member 'rat'; it has: rate, low, high"),
        ("params.rate.x", "params.rate is int16_t, which has no members"),
        ("params[0]", "params is params_t, which is no array"),
        ("table[3]", "index 3 is outside uint16_t[3][4] (0 to 2)"),
        ("table[0][4]", "index 4 is outside uint16_t[4] (0 to 3)"),
        ("vector[128]", "index 128 is outside uint8_t[128] (0 to 127)"),
        ("table[-1]", "cannot read '[-1]'"),
        ("table[i]", "cannot read '[i]'"),
        ("params->rate", "no symbol 'params->rate'"),
        ("other.c:rate", "no symbol 'other.c:rate'"),
        ("params.", "cannot read '.'"),
        ("table[1", "cannot read '[1'"),
        ("pointer[0]", "pointer is uint8_t *, which is no array"),
        ("", "no symbol ''"),
        ("[1]", "no symbol ''"),
        ("start.x", "the C type of start is not known"),
    ],
)
def test_wrong_paths_say_what_is_wrong(program: Program, path: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        program.resolve(path)
    assert message in str(caught.value)


def test_an_unknown_symbol_is_a_key_error(program: Program) -> None:
    with pytest.raises(KeyError) as caught:
        program.symbols["startt"]
    assert isinstance(caught.value, InputError) and caught.value.exit_code == 105
    assert str(caught.value).endswith("no symbol 'startt'; close matches: start")
    assert "startt" not in program.symbols and program.symbols.get("startt") is None


def test_symbols_have_kinds_and_sizes(program: Program) -> None:
    symbols = program.symbols
    assert {name: symbols[name].kind for name in ("start", "table", "_reset")} == {
        "start": "function", "table": "object", "_reset": "label",
    }  # fmt: skip
    assert symbols["table"].size == 24 and symbols["start"].size % 4 == 0
    assert symbols["start"].ctype is None and symbols["_reset"].ctype is None
    assert symbols["hidden"].file == "a.c" and symbols["table"].file is None
    assert set(symbols) >= {"start", "params", "hidden"} and len(symbols) == len(list(symbols))


def test_variables_inside_functions_have_types(program: Program) -> None:
    (name,) = [name for name in program.symbols if name.startswith("calls.")]
    location = program.resolve(name)
    assert location.ctype.name == "short int" or location.ctype.name == "short"
    assert location.decode(read(program, location)) == 40
    (name,) = [name for name in program.symbols if name.startswith("last.")]
    assert program.symbols[name].ctype == c.IntType("int32_t", 4, True)


def test_local_symbols_of_two_files_are_told_apart(make_program: MakeProgram) -> None:
    program = make_program(
        "-O0", "-g",
        a_dot_c="static short state = 1; int start(void) { return state++; }",
        b_dot_c="static char state[3] = {7}; char get(void) { return state[0]++; }",
    )  # fmt: skip
    with pytest.raises(KeyError, match=r"several files have .*'state'; ask for one of a\.c:state"):
        program.symbols["state"]
    first, second = program.resolve("a.c:state"), program.resolve("b.c:state[0]")
    assert first.decode(read(program, first)) == 1
    assert second.decode(read(program, second)) == 7
    assert "state" not in program.symbols


def test_a_global_symbol_goes_before_local_ones(make_program: MakeProgram) -> None:
    program = make_program(
        "-O0", "-g",
        a_dot_c="static int state = 1; int start(void) { return state++; }",
        b_dot_c="static int state = 2; int get(void) { return state++; }",
        c_dot_c="int state = 3;",
    )  # fmt: skip
    location = program.resolve("state")
    assert location.decode(read(program, location)) == 3
    location = program.resolve("b.c:state")
    assert location.decode(read(program, location)) == 2


def test_labels_do_not_take_the_type_of_what_stands_there(make_program: MakeProgram) -> None:
    program = make_program("-O2", "-g", a_dot_c=RULE)
    assert program.symbols["__bss_start"].ctype is None
    assert program.resolve("__bss_start").size == 4


def test_assembler_data_is_words_or_bytes(make_program: MakeProgram) -> None:
    program = make_program(
        "-O2", "-g",
        a_dot_c="extern int plain; int start(void) { return plain; }",
        data_dot_S="""
            .data
            .globl plain, sized, block
        plain: .long 0x12345678
        sized: .short 0x8001
            .type sized, @object
            .size sized, 2
        block: .byte 1, 2, 3
            .type block, @object
            .size block, 3
            .section .note.GNU-stack,"",@progbits
        """,
    )  # fmt: skip
    values = {
        name: program.resolve(name).decode(read(program, program.resolve(name)))
        for name in ("plain", "sized", "block")
    }
    assert values["plain"] == 0x12345678 and values["sized"] == 0x8001
    assert values["block"].tolist() == [1, 2, 3]
    with pytest.raises(InputError, match="the C type of block is not known"):
        program.resolve("block[0]")


def test_an_alias_has_the_type_of_its_target(make_program: MakeProgram) -> None:
    program = make_program(
        "-O2", "-g",
        a_dot_c="short list[2] = {1, 2}; extern short other[2] __attribute__((alias(\"list\")));"
        "int start(void) { return list[0]; }",
    )  # fmt: skip
    assert program.symbols["other"].ctype == program.symbols["list"].ctype is not None
