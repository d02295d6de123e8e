# SPDX-License-Identifier: BSD-3-Clause
"""What GCC may do to vectors and the chip cannot: each stops the build with advice."""

import pytest

HEAD = "#include <nux/nux.h>\nnux_vector_memory m[40];\n"
LEVELS = ["-O1", "-O2", "-O3", "-Os"]


def sum_of(count):
    """A kernel that keeps `count` vectors alive."""
    loads = "\n".join(f"  nux_vector v{i} = fxvlax(&m[{i}], 0);" for i in range(count))
    adds = "\n".join(f"  s = fxvaddbm(s, v{i});" for i in range(count - 1, 0, -1))
    body = f"{loads}\n  nux_vector s = v0;\n{adds}\n  fxvstax(s, m, 0);"
    return f"{HEAD}int start(void) {{\n{body}\n  return 0;\n}}\n"


@pytest.mark.parametrize("optimize", LEVELS)
def test_too_many_vectors(errors_of, compile_text, optimize):
    compile_text(sum_of(32), optimize=optimize)
    found = errors_of(sum_of(34), optimize=optimize)
    assert "more than 32 vector values are alive in start()" in found[0].text
    assert "nux_vector_memory" in found[0].text
    assert found[0].file == "kernel.c"
    assert 3 <= found[0].line <= 75


@pytest.mark.parametrize("optimize", LEVELS)
def test_vector_kept_across_a_call(errors_of, optimize):
    found = errors_of(
        HEAD + "__attribute__((noinline)) int helper(int x) { return x + m[1].u8[0]; }\n"
        "int start(void) {\n  nux_vector a = fxvlax(m, 0);\n  int y = helper(5);\n"
        "  fxvstax(a, m, 0);\n  return y;\n}\n",
        optimize=optimize,
    )
    assert "kept across the call of helper() in line 6" in found[0].text
    assert "always_inline" in found[0].text
    assert (found[0].file, found[0].line) == ("kernel.c", 6)


def test_vector_kept_across_a_call_in_a_loop(errors_of):
    found = errors_of(
        HEAD + "void tick(void);\nvoid (*volatile hook)(void);\n"
        "int start(void) {\n  nux_vector a = fxvlax(m, 0);\n"
        "  for (int i = 0; i < 10; i++) {\n    hook();\n    fxvstax(a, &m[i], 0);\n  }\n"
        "  return 0;\n}\n"
    )
    assert "kept across the call of a function pointer in line 8" in found[0].text


@pytest.mark.parametrize("optimize", LEVELS)
def test_a_constant_that_gcc_moves_in_front_of_a_loop_with_a_call(
    errors_of, compile_text, optimize
):
    step = "fxvstax(fxvaddbm(fxvlax(m, i), fxvsplatb(1)), m, i);"
    loop = (
        'for (int i = 0; i < 9; i++) {{ {} nux_mailbox_write_string("row"); }}\n  return 0;\n}}\n'
    )
    found = errors_of(HEAD + "int start(void) {\n  " + loop.format(step), optimize=optimize)
    assert "kept across the call of nux_mailbox_write_string() in line 4" in found[0].text
    assert "a function of its own, __attribute__((noinline))" in found[0].text
    own = f"static __attribute__((noinline)) void step(int i) {{ {step} }}\n"
    compile_text(HEAD + own + "int start(void) {\n  " + loop.format("step(i);"), optimize=optimize)


def test_vector_kept_across_a_hidden_call(errors_of):
    found = errors_of(
        HEAD + "volatile unsigned long long q = 7;\n"
        "int start(void) {\n  nux_vector a = fxvlax(m, 0);\n  q = q / (q + 1);\n"
        "  fxvstax(a, m, 0);\n  return 0;\n}\n"
    )
    assert "kept across the call of __udivdi3() in line 6" in found[0].text
    assert "GCC calls it for an operation of its own" in found[0].text
    assert "always_inline" not in found[0].text


def test_vector_argument_and_result_of_a_real_function_are_fine(compile_text):
    compile_text(
        HEAD
        + "__attribute__((noinline)) nux_vector twice(nux_vector a) { return fxvaddbm(a, a); }\n"
        "int start(void) { fxvstax(twice(fxvlax(m, 0)), m, 0); return 0; }"
    )


@pytest.mark.parametrize(
    ("statements", "line", "words"),
    [
        ("nux_vector zero = {0};\nfxvstax(zero, m, 0);", 5, "vector constant"),
        ("nux_vector a = fxvlax(m, 0);\na = a + a;\nfxvstax(a, m, 0);", 5,
         "no AltiVec instruction vaddubm"),
        ("extern nux_vector kept;\nkept = fxvlax(m, 0);", 5, "global or static variable"),
        ("nux_vector a[2] = {fxvlax(m, 0), fxvlax(m, 0)};\nfxvstax(a[m[0].u8[0]], m, 0);", 4,
         "lives"),
    ],
    ids=["constant", "operator", "static", "array"],
)  # fmt: skip
def test_other_uses_of_vectors(errors_of, statements, line, words):
    found = errors_of(f"{HEAD}int start(void) {{\n{statements}\nreturn 0;\n}}\n")
    assert words in found[0].text
    assert found[0].file == "kernel.c"
    assert found[0].line == line


def test_splat_of_any_value_never_uses_r0(compile_text):
    body = "\n".join(f"fxvstax(fxvsplatb(n[{i}] * n[{i + 1}]), &m[{i}], 0);" for i in range(30))
    for optimize in LEVELS:
        compile_text(
            f"{HEAD}volatile int n[40];\nint start(void) {{ {body} return 0; }}", optimize=optimize
        )
