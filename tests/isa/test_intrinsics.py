# SPDX-License-Identifier: BSD-3-Clause
"""C intrinsics: one call, one instruction, in the order of the program."""

import random
import re
import subprocess

import numpy as np
import pytest

from isa.ppc_tools import compile_c
from nuxemu import reference
from nuxemu.isa import vector as isa
from nuxemu.isa.intrinsics import intrinsics
from nuxemu.isa.vector import BY_MNEMONIC, VECTOR, Kind, decode

LEVELS = ["-O1", "-O2", "-O3", "-Os"]
BLR = 0x4E80_0020
CONSTANT_VALUES = {"cond": 2, "shift": -3, "size": 1}
HEADER = "#include <nux/fxv.h>\n"


def _wrapper(function) -> str:
    """Return a C function that calls one intrinsic."""
    variables = [text for text in function.parameters if not text.startswith("int ")]
    arguments = [text.rpartition(" ")[2].lstrip("*") for text in function.parameters]
    call = ", ".join(str(CONSTANT_VALUES.get(name, name)) for name in arguments)
    head = f"{function.result} t_{function.name}({', '.join(variables)})"
    value = "return " if function.result != "void" else ""
    return f"{head}; {head} {{ {value}{function.name}({call}); }}\n"


@pytest.mark.parametrize("level", LEVELS)
def test_each_intrinsic_is_its_instruction(level, tmp_path):
    source = HEADER + "".join(_wrapper(function) for function in intrinsics())
    compiled = compile_c(source, tmp_path, level).functions()
    assert len(compiled) == len(intrinsics()) >= 53
    for function in intrinsics():
        mnemonic, _, _ = function.name.partition("_")
        *words, last = compiled[f"t_{function.name}"]
        assert last == BLR
        # Beside it, only the register moves that the calling convention asks for.
        vectors = [decode(word) for word in words]
        assert None not in vectors, function.name
        used = [word for word in words if decode(word).mnemonic == mnemonic]
        if mnemonic == "fxvsel":
            used = [word for word in used if word & 3]
        assert len(used) == 1, function.name
        moves = [word for word in words if word not in used]
        assert all(decode(word).mnemonic == "fxvsel" and not word & 3 for word in moves)
        expected = {operand.name: CONSTANT_VALUES[operand.name] for operand in function.constants}
        for operand in decode(used[0]).operands:
            if operand.name in CONSTANT_VALUES:
                assert operand.decode(used[0]) == expected.get(operand.name, 0), function.name


def test_every_instruction_has_an_intrinsic_and_every_conditional_one_a_masked_form():
    names = {function.name for function in intrinsics()}
    assert {insn.mnemonic for insn in VECTOR} <= names
    assert {
        f"{insn.mnemonic}_if" for insn in VECTOR if insn.conditional and insn.mnemonic != "fxvsel"
    } <= names


def test_a_zero_base_or_offset_needs_no_register(tmp_path):
    source = (
        HEADER
        + """
        nux_vector row(uint32_t index); nux_vector row(uint32_t index) { return fxvinx(0, index); }
        nux_vector load(const void *p); nux_vector load(const void *p) { return fxvlax(p, 0); }"""
    )
    functions = compile_c(source, tmp_path, "-O2").functions()
    assert functions["row"] == [BY_MNEMONIC["fxvinx"].encode(2, 0, 3), BLR]
    assert functions["load"] == [BY_MNEMONIC["fxvlax"].encode(2, 0, 3), BLR]


# --- Order --------------------------------------------------------------------------------

VARIABLES = 5
SOURCES = 2
INDICES = 8
BUS_VECTORS = 16


def _random_program(rng: random.Random, length: int) -> list[tuple[str, tuple[int, ...]]]:
    """Return a straight-line program: (name of intrinsic, variable numbers and constants).

    Operands are in assembler order, as for VectorInsn.encode, with variable numbers for
    vector registers. To tempt the compiler, a program has few different instructions, and
    results go to other variables than sources: the same call comes again and again, and
    only hidden state makes it another one.
    """
    pool = [insn for insn in VECTOR if insn.kind is Kind.ARITH]
    writers = [insn for insn in pool if insn.form.writes_vcr or insn.form.writes_acc]
    readers = [
        insn
        for insn in pool
        if isa.VRT in insn.operands and (insn.form.reads_acc or insn.conditional)
    ]
    chosen = [
        *rng.sample(writers, 3),
        *rng.sample(readers, 3),
        rng.choice(pool),
        BY_MNEMONIC["fxvcmpb"],
        BY_MNEMONIC["fxvinx"],
        BY_MNEMONIC["fxvoutx"],
    ]
    cond = rng.randint(0, 3)
    program = []
    for _ in range(length):
        insn = rng.choice(chosen)
        operands = []
        for operand in insn.operands:
            if operand is isa.VRT and insn.kind is not Kind.INX:
                operands.append(rng.randrange(SOURCES, VARIABLES))
            elif operand in (isa.VRT, isa.VRA, isa.VRB):
                operands.append(rng.randrange(SOURCES))
            elif operand is isa.VRS:
                operands.append(rng.randrange(VARIABLES))
            elif operand is isa.RA0:
                operands.append(0)
            elif operand is isa.RB:
                operands.append(rng.randrange(INDICES))
            elif operand is isa.COND:
                operands.append(0 if insn.kind is Kind.INX else cond)
            else:
                operands.append(rng.randint(operand.lowest, operand.highest))
        program.append((insn.mnemonic, tuple(operands)))
    return program


def _c_text(program) -> str:
    """Return a C function that is the program; bus indices are its arguments."""
    lines = [f"nux_vector v{i} = fxvinx(0, i{i});" for i in range(VARIABLES)]
    for mnemonic, operands in program:
        insn = BY_MNEMONIC[mnemonic]
        fields = dict(zip(insn.operands, operands, strict=True))
        cond = fields.pop(isa.COND, 0)
        target = fields.pop(isa.VRT, None)
        arguments = []
        for operand, value in fields.items():
            if operand in (isa.VRA, isa.VRB, isa.VRS):
                arguments.append(f"v{value}")
            elif operand is isa.RB:
                arguments.append(f"i{value}")
            else:
                arguments.append(str(value))
        name = mnemonic
        if mnemonic == "fxvsel":
            arguments.append(str(cond))
        elif cond:
            name += "_if"
            arguments[:0] = [str(cond)] + ([f"v{target}"] if target is not None else [])
        assignment = f"v{target} = " if target is not None else ""
        lines.append(f"{assignment}{name}({', '.join(arguments)});")
    lines += [f"fxvoutx(v{i}, 0, i{i});" for i in range(VARIABLES)]
    parameters = ", ".join(f"uint32_t i{i}" for i in range(INDICES))
    body = "\n    ".join(lines)
    return f"{HEADER}void f({parameters});\nvoid f({parameters}) {{\n    {body}\n}}\n"


def _direct_words(program) -> list[int]:
    """Return the program with variable i in vector register i, index i in register 3 + i."""
    inx, outx = BY_MNEMONIC["fxvinx"], BY_MNEMONIC["fxvoutx"]
    words = [inx.encode(i, 0, 3 + i) for i in range(VARIABLES)]
    for mnemonic, operands in program:
        insn = BY_MNEMONIC[mnemonic]
        words.append(
            insn.encode(
                *(
                    value + 3 if operand is isa.RB else value
                    for operand, value in zip(insn.operands, operands, strict=True)
                )
            )
        )
    return words + [outx.encode(i, 0, 3 + i) for i in range(VARIABLES)]


def _bus_writes(words: list[int], seed: int) -> list[tuple[int, bytes, bytes]]:
    """Run words on the reference; return every write: index, data, byte enables."""
    rng = np.random.default_rng(seed)
    state = reference.VectorState.zeros()
    bus = rng.integers(0, 256, (BUS_VECTORS, 128), np.uint8)
    gpr = [0, 0, 0, *range(INDICES), *[0] * (29 - INDICES)]
    writes = []
    for word in words:
        insn = decode(word)
        if insn.kind not in (Kind.INX, Kind.OUTX):
            reference.execute(state, word, gpr)
            continue
        index = reference.effective_address(word, gpr)
        register = state.vr[isa.VRT.decode(word)]
        if insn.kind is Kind.INX:
            register[:] = bus[index]
        else:
            enables = reference.byte_enables(state, word & 3)
            bus[index] = np.where(enables, register, bus[index])
            writes.append((index, np.where(enables, register, 0).tobytes(), enables.tobytes()))
    return writes


@pytest.mark.parametrize("level", LEVELS)
def test_compiled_programs_do_what_the_source_says(level, tmp_path):
    """Neither compares, conditional uses, accumulator nor bus accesses may be reordered."""
    for seed in range(10):
        print(f"seed {seed}")
        program = _random_program(random.Random(seed), 120)
        *words, last = compile_c(
            _c_text(program), tmp_path, level, "-Wno-unused-parameter"
        ).functions()["f"]
        assert last == BLR
        assert _bus_writes(words, seed) == _bus_writes(_direct_words(program), seed)


def test_the_order_test_notices_a_swapped_compare():
    program = [
        ("fxvcmph", (0,)),
        ("fxvsel", (1, 2, 3, 1)),
        ("fxvcmph", (4,)),
        ("fxvsel", (0, 2, 3, 1)),
    ]
    swapped = [program[2], program[1], program[0], program[3]]
    assert _bus_writes(_direct_words(program), 1) != _bus_writes(_direct_words(swapped), 1)


@pytest.mark.parametrize("level", LEVELS)
def test_conditional_use_of_unchanging_vectors_stays_in_its_loop(level, tmp_path):
    source = (
        HEADER
        + """
        void f(nux_vector a, nux_vector b);
        void f(nux_vector a, nux_vector b) {
            for (uint32_t i = 0; i < 4; i++) {
                fxvcmpb(fxvinx(0, i));
                fxvoutx(fxvsel(a, b, NUX_GT), 0, i);
            }
        }"""
    )
    words = compile_c(source, tmp_path, level).functions()["f"]
    order = [decode(word).mnemonic for word in words if decode(word)]
    iteration = ["fxvinx", "fxvcmpb", "fxvsel", "fxvoutx"]
    assert order and order == iteration * (len(order) // 4)


# --- Refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("a = fxvshb(a, 16)", "shift must be a constant, -16 to 15"),
        ("a = fxvshh(a, -17)", "shift must be a constant, -16 to 15"),
        ("a = fxvshh(a, n)", "shift must be a constant, -16 to 15"),
        ("a = fxvpckbu(a, a, 4)", "size must be a constant, 0 to 3"),
        ("a = fxvsel(a, a, -1)", "cond must be a constant, 0 to 3"),
        ("a = fxvaddhm_if(n, a, a, a)", "cond must be a constant, 0 to 3"),
        ("fxvoutx_if(4, a, 0, 1)", "cond must be a constant, 0 to 3"),
    ],
)
@pytest.mark.parametrize("level", ["-O1", "-O2"])
def test_bad_constants_are_compile_errors_at_the_users_line(call, message, level, tmp_path):
    source = (
        f"{HEADER}nux_vector f(nux_vector a, int n);\nnux_vector f(nux_vector a, int n) {{\n"
        f"    {call};\n    return n ? a : fxvaddhm(a, a);\n}}\n"
    )
    result = compile_c(source, tmp_path, level)
    assert not result.ok
    assert message in result.messages
    assert re.search(r"inlined from .f. at test\.c:4:", result.messages)
    assert "impossible constraint" not in result.messages


def test_without_optimisation_the_header_says_why_not(tmp_path):
    assert "use -O1 or higher" in compile_c(HEADER, tmp_path, "-O0").messages


MANY = "\n".join(f"nux_vector v{i} = fxvinx(0, i + {i});" for i in range(40))
USE = "\n".join(f"fxvoutx(v{i}, 0, i + {i});" for i in range(40))


@pytest.mark.parametrize(
    ("body", "tag"),
    [
        (f"{MANY}\n{USE}", "nux-spill"),
        ("nux_vector v = fxvinx(0, i); g(); fxvoutx(v, 0, i);", "nux-spill"),
        ("nux_vector v = fxvinx(0, i); keep = v; fxvoutx(v, 0, i);", "nux-spill"),
        ("nux_vector v = {0}; fxvoutx(v, 0, i);", "nux-vector-constant"),
        ("nux_vector v = fxvinx(0, i); v += v; fxvoutx(v, 0, i);", "nux-altivec"),
        (
            "nux_vector v = fxvinx(0, i), w = fxvinx(0, i + 1); v |= w; fxvoutx(v, 0, i);",
            "nux-altivec",
        ),
    ],
    ids=["40 alive", "across a call", "global", "constant", "plus", "or"],
)
def test_what_the_processor_cannot_do_with_vectors_is_refused(body, tag, tmp_path):
    source = (
        f"{HEADER}void g(void);\nextern nux_vector keep;\nvoid f(uint32_t i);\n"
        f"void f(uint32_t i) {{ {body} }}\n"
    )
    result = compile_c(source, tmp_path, "-O2")
    assert not result.ok
    assert f"Error: {tag}: " in result.messages


def test_vector_values_in_branches_and_loops_compile(tmp_path):
    source = (
        HEADER
        + """
        nux_vector f(nux_vector a, nux_vector b, int n);
        nux_vector f(nux_vector a, nux_vector b, int n) {
            nux_vector best = n > 3 ? a : b;
            for (int i = 0; i < n; i++) {
                nux_vector next = fxvaddhm(best, a);
                a = best;
                best = n & 1 ? next : b;
            }
            return best;
        }"""
    )
    for level in LEVELS:
        assert compile_c(source, tmp_path, level).ok


# --- Line numbers -------------------------------------------------------------------------------


def test_every_vector_instruction_has_the_line_of_its_call(tmp_path):
    lines = [
        "nux_vector v = fxvinx(0, i);",
        "fxvcmpb(v);",
        "v = fxvaddbm_if(1, v, v, v);",
        "v = fxvshb(v, 2);",
        "fxvoutx(v, 0, i);",
    ]
    source = (
        f"{HEADER}void f(uint32_t i);\nvoid f(uint32_t i) {{\n"
        + "".join(f"    {line}\n" for line in lines)
        + "}\n"
    )
    compiled = compile_c(source, tmp_path, "-O2", "-g")
    words = compiled.functions()["f"]
    addresses = [hex(4 * i) for i, word in enumerate(words) if decode(word)]
    frames = subprocess.run(
        ["powerpc-linux-gnu-addr2line", "-i", "-a", "-e", compiled.path, *addresses],
        text=True,
        capture_output=True,
        check=True,
    ).stdout
    outermost = [
        block.splitlines()[-1].rpartition("/")[2]
        for block in re.split(r"^0x", frames, flags=re.M)[1:]
    ]
    assert outermost == [f"test.c:{4 + i}" for i in range(len(lines))]
