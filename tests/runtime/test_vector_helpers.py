# SPDX-License-Identifier: BSD-3-Clause
"""Typed vector helpers against NumPy, at every optimisation level."""

import numpy as np
import pytest

from nuxkit import Chip, build

LEVELS = ["-O1", "-O2", "-O3", "-Os"]
OPERATIONS = (
    "add{w}(a, b)", "add{w}_sat(a, b)", "sub{w}(a, b)", "sub{w}_sat(a, b)", "mul{w}(a, b)",
    "mul{w}_frac(a, b)", "mul{w}_frac_round(a, b)", "mul_add{w}(a, b, c)",
    "mul_add{w}_frac(a, b, c)", "shift_left{w}(a, 3)", "shift_right{w}(a, 2)",
    "select{w}_positive(a, b, c)", "select{w}_negative(a, b, c)", "select{w}_zero(a, b, c)",
    "select{w}_greater(a, b, b, c)", "select{w}_equal(a, b, a, c)", "max{w}(a, b)",
    "min{w}(a, b)", "clamp{w}(a, nux_splat{w}(-20), nux_splat{w}(33))", "splat{w}(-7)",
)  # fmt: skip


def expected(width, a, b, c):
    """Results of OPERATIONS, computed exactly and then reduced to the lane."""
    low, high = -(2 ** (width - 1)), 2 ** (width - 1) - 1
    a, b, c = (x.astype(object) for x in (a, b, c))
    clip = lambda x, lowest=low, highest=high: np.clip(x, lowest, highest)  # noqa: E731
    wide = lambda x: clip(x, low * 2**width, -low * 2**width - 1)  # noqa: E731
    unsigned = np.array([x % 2**width for x in a], object)
    results = [
        a + b, clip(a + b), a - b, clip(a - b), a * b, wide(2 * a * b) // 2**width,
        clip((abs(2 * a * b) + 2 ** (width - 1)) // 2**width * np.sign(a * b)), a * b + c,
        wide(wide(2 * a * b) + c * 2**width) // 2**width, unsigned << 3, unsigned >> 2,
        np.where(a > 0, b, c), np.where(a < 0, b, c), np.where(a == 0, b, c),
        np.where(a > b, b, c), np.where(a == b, a, c), np.maximum(a, b), np.minimum(a, b),
        np.clip(a, -20, 33), np.full(len(a), -7, object),
    ]  # fmt: skip
    return [np.array([(int(v) - low) % 2**width + low for v in r]) for r in results]


@pytest.mark.parametrize("optimize", LEVELS)
@pytest.mark.parametrize("width", [8, 16])
def test_helpers_equal_exact_arithmetic(tmp_path, width, optimize):
    lanes, dtype = 1024 // width, np.dtype(f"int{width}")
    calls = "".join(
        f"nux_store(nux_{operation.format(w=width)}, &out[{index}]);\n"
        for index, operation in enumerate(OPERATIONS)
    )
    source = tmp_path / "k.c"
    source.write_text(
        f"#include <nux/nux.h>\nnux_vector_memory x, y, z, out[{len(OPERATIONS)}];\n"
        "int start(void) { nux_vector a = nux_load(&x), b = nux_load(&y), c = nux_load(&z);\n"
        f"{calls} return 0; }}"
    )
    rng = np.random.default_rng(3)
    a, b, c = rng.integers(-(2 ** (width - 1)), 2 ** (width - 1), (3, lanes)).astype(dtype)
    a[:9], b[:9] = np.iinfo(dtype).min, np.resize([np.iinfo(dtype).min, 0, 1], 9)
    a[9:20], b[9:20] = 0, np.resize([0, -1, np.iinfo(dtype).max], 11)
    b[20:30] = a[20:30]
    a[30:60], b[30:60] = rng.integers(-20, 20, 30), 2 ** (width - 3)  # halves and quarters
    chip = Chip()
    program = build(source, optimize=optimize).program
    chip.load(program)
    for name, value in {"x": a, "y": b, "z": c}.items():
        chip.ppu[0].write(program.symbols[name].address, value.astype(f">i{width // 8}").tobytes())
    result = chip.run()
    assert not result.remarks
    raw = chip.ppu[0].read(program.symbols["out"].address, 128 * len(OPERATIONS))
    got = np.frombuffer(raw, f">i{width // 8}").reshape(len(OPERATIONS), lanes)
    for operation, row, right in zip(OPERATIONS, got, expected(width, a, b, c), strict=True):
        np.testing.assert_array_equal(row, right, err_msg=operation)


def test_loads_and_stores_see_scalar_data_on_both_sides(run_kernel):
    result = run_kernel(
        "#include <nux/nux.h>\nnux_vector_memory x, y;\n"
        "int start(void) { int sum = 0; for (int i = 0; i < 10; i++) {\n"
        "  x.s8[5] = (int8_t)i; nux_store(nux_add8(nux_load(&x), nux_splat8(1)), &y);\n"
        "  sum += y.s8[5]; } return sum; }"
    )
    assert result.return_code == sum(range(1, 11))
    assert not result.remarks
