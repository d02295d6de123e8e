# SPDX-License-Identifier: BSD-3-Clause
"""The plugin of pytest: what a user's project sees of it."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

KERNEL = """\
#include <nux/nux.h>
nux_vector_memory table[2];
volatile uint32_t factor = 3;
__attribute__((noinline)) int32_t scale(int8_t a, int16_t b) { return a * b * (int32_t)factor; }
__attribute__((noinline)) uint64_t wide(uint32_t a, uint64_t b) { return a * b; }
__attribute__((noinline)) float half(float x) { return 0.5f * x; }
__attribute__((noinline)) void add(const nux_vector_memory *a, nux_vector_memory *sum, int8_t c) {
    nux_store(nux_add8_sat(nux_load(a), nux_splat8(c)), sum);
}
__attribute__((noinline)) uint32_t total(const uint16_t *values, uint32_t n) {
    uint32_t sum = 0;
    while (n--) {
        sum += *values++;
    }
    return sum;
}
uint64_t mixed(int a, uint64_t b, int c, int d, int e, uint64_t f, int g, uint64_t h, int i) {
    return a + 2 * b + 3 * c + 5 * d + 7 * e + 11 * f + 13 * g + 17 * h + 19 * i;
}
__attribute__((noinline)) int crash(void) { return *(volatile int *)0x10000000; }
int start(void) {
    nux_vector_memory out;
    add(table, &out, (int8_t)scale(1, 2));
    return (int)(wide(1, 2) + (uint64_t)half(1.0f) + total((uint16_t *)table, 2)) + crash();
}
"""


@pytest.fixture
def project(pytester, monkeypatch):
    folders = [str(ROOT / "hostlib"), str(ROOT / "emulator")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folders))
    pytester.makefile(".c", kernel=KERNEL)
    return pytester


def run(pytester, *options):
    return pytester.runpytest_subprocess(
        "-p", "nuxkit.testing.plugin", "-p", "no:cacheprovider", *options
    )


def test_functions_are_called_and_compared_with_numpy(project):
    project.makepyfile("""
        import numpy as np, pytest, nuxkit
        @pytest.fixture
        def program(nux_build):
            return nux_build("kernel.c").program
        def test_numbers(nux_chip, program):
            assert nux_chip.call("scale", -5, 300, program=program).value == -4500
            assert nux_chip.call("scale", -5, 300, symbols={"factor": 1}).value == -1500
            assert nux_chip.call("wide", 3, 2**40).value == 3 * 2**40
            assert nux_chip.call("half", 5.0).value == 2.5
        def test_arguments_on_the_stack(nux_chip, program, nux_hemisphere):
            values = 1, 2**33, 3, 4, 5, 2**40 + 1, 7, 2**35 + 8, 9
            result = nux_chip.call("mixed", *values, program=program, hemisphere=nux_hemisphere)
            assert result.run.hemisphere == nux_hemisphere
            weights = 1, 2, 3, 5, 7, 11, 13, 17, 19
            assert result.value == sum(a * b for a, b in zip(values, weights))
        @pytest.mark.nux_cores("native", "reference")
        def test_vectors(nux_chip, program, nux_cycles):
            draw = np.random.default_rng(1)
            for _ in range(5):
                a = draw.integers(-128, 128, 128, dtype=np.int8)
                found = np.zeros(128, np.int8)
                result = nux_chip.call("add", a, found, 100, program=program)
                assert np.array_equal(found, np.clip(a.astype(int) + 100, -128, 127))
                nux_cycles(result, at_most=400, at_least=50)
        def test_halfwords(nux_chip, program):
            values = np.arange(100, dtype=np.uint16)
            assert nux_chip.call("total", values, 100, program=program).value == values.sum()
        def test_wrong_arguments(nux_chip, program):
            for arguments, text in (((1,), "takes 2 arguments"), ((1, 1 << 20), "b of scale"),
                                    ((np.zeros(3), 1), "a of scale is a int8_t")):
                with pytest.raises(nuxkit.InputError, match=text):
                    nux_chip.call("scale", *arguments, program=program)
            with pytest.raises(nuxkit.InputError, match="values of total points to uint16_t"):
                nux_chip.call("total", np.zeros(3, np.int8), 3, program=program)
            with pytest.raises(nuxkit.InputError, match="more than the stack has"):
                nux_chip.call("total", np.zeros(9000, np.uint16), 3, program=program)
            with pytest.raises(nuxkit.InputError, match="128 bytes"):
                nux_chip.call("add", np.zeros(5, np.int8), np.zeros(128, np.int8), 1,
                              program=program)
            with pytest.raises(nuxkit.NuxkitError, match="scael.*scale.*inlined everywhere"):
                nux_chip.call("scael", program=program)
        def test_trap(nux_chip, program):
            with pytest.raises(nuxkit.KernelTrap, match="0x10000000"):
                nux_chip.call("crash", program=program)
    """)
    run(project).assert_outcomes(passed=8)


def test_cycle_budgets_say_by_how_much(project):
    project.makepyfile("""
        def test_budget(nux_build, nux_chip, nux_cycles):
            result = nux_chip.call("scale", 1, 1, program=nux_build("kernel.c"))
            nux_cycles(result, at_most=3)
    """)
    done = run(project)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*scale (top) took * cycles, * above 3"])


def test_snapshots_are_written_compared_and_named_when_they_differ(project):
    project.makepyfile("""
        import os, numpy as np
        def test_weights(nux_snapshot):
            weights = np.arange(6).reshape(2, 3)
            weights[1, 2] += int(os.environ.get("CHANGE", 0))
            nux_snapshot(weights)
            nux_snapshot(weights[0], "first row")
        class TestSameName:
            def test_weights(self, nux_snapshot):
                nux_snapshot([7])
    """)
    done = run(project)
    done.assert_outcomes(failed=2)
    done.stdout.fnmatch_lines(["*no snapshot *weights.npy; pytest --nux-update writes it"])
    run(project, "--nux-update").assert_outcomes(passed=2)
    run(project, "-n", "2").assert_outcomes(passed=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHANGE", "4")
        done = run(project)
    done.assert_outcomes(failed=1, passed=1)
    done.stdout.fnmatch_lines(["*1 of 6 values of weights differ*at [[]1, 2[]]: 9 instead of 5"])


TESTS = """\
#include <nux/nux.h>
#include <nux/test.h>
#include "lib.h"

NUX_TEST(passes) { NUX_ASSERT(twice(4) == 8); }
/* NUX_TEST(commented) { } */
// NUX_TEST(commented_too) { }
NUX_TEST(compares) {
    NUX_ASSERT_EQ(twice(2), 5);
}
NUX_TEST(holds) { NUX_ASSERT(twice(0) > 0); }
NUX_TEST(traps) { *(volatile int *)0x10000000 = 1; }
NUX_TEST(compares_lanes) {
    static nux_vector_memory m;
    m.s8[77] = 9;
    NUX_ASSERT_VECTOR_EQ8(nux_load(&m), nux_splat8(0));
}
NUX_TEST(still_runs) { NUX_ASSERT_EQ(-1, twice(0) - 1); }
"""


def test_tests_in_c_are_items(project):
    project.makefile(".c", test_lib=TESTS, test_other="int not_ours;\n")
    project.makefile(".h", lib="static inline int twice(int x) { return 2 * x; }\n")
    done = run(project, "-v", "--junitxml=junit.xml")
    done.assert_outcomes(passed=2, failed=4)
    done.stdout.fnmatch_lines_random([
        "test_lib.c::passes PASSED*",
        "test_lib.c::still_runs PASSED*",
        "*test_lib.c:9: twice(2) == 5",
        "  4 != 5",
        "*test_lib.c:11: twice(0) > 0",
        "*4-byte store to 0x10000000*",
        "  lane 77: 9 != 0",
    ])  # fmt: skip
    junit = (project.path / "junit.xml").read_text()
    assert 'tests="6"' in junit and 'failures="4"' in junit
    both = run(project, "--nux-cores=native,reference", "-n", "2")
    both.assert_outcomes(passed=4, failed=8)
    both = run(project, "--nux-hemispheres=top,bottom", "-v")
    both.assert_outcomes(passed=4, failed=8)
    both.stdout.fnmatch_lines(["test_lib.c::passes[[]bottom[]] PASSED*"])


VALUES = """\
#include <nux/nux.h>
#include <nux/test.h>
#include "kernel.c"
volatile uint64_t big = 1ull << 40;
volatile float half_of = 0.5f;
NUX_TEST(wide) { NUX_ASSERT_EQ(big, 1ull << 40); NUX_ASSERT_EQ(big, 0); }
NUX_TEST(floats) { NUX_ASSERT_EQ(half(1), 0.5f); NUX_ASSERT_EQ(half_of, 0.25f); }
NUX_TEST(signs) { NUX_ASSERT_EQ(-1, 0xffffffffu); }
NUX_TEST(pointers) { NUX_ASSERT_EQ(&big, &big); NUX_ASSERT_EQ(true, half_of > 0); }
NUX_TEST(ends) { exit(3); }
#if 0
NUX_TEST(left_out) { NUX_ASSERT(false); }
#endif
#define CHECK NUX_ASSERT_VECTOR_EQ8(a, a); NUX_ASSERT_VECTOR_EQ16(b, b);
#define CHECKS CHECK CHECK CHECK CHECK CHECK CHECK CHECK CHECK CHECK CHECK
NUX_TEST(many_vectors) {
    nux_vector a = nux_splat8(3), b = nux_splat16(300);
    CHECKS CHECKS CHECKS
    NUX_ASSERT_VECTOR_EQ16(b, nux_splat16(301));
}
"""


def test_values_of_all_kinds_are_compared_beside_a_kernel_with_its_own_start(project):
    project.makefile(".c", test_values=VALUES)
    done = run(project)
    done.assert_outcomes(passed=1, failed=5, skipped=1)
    done.stdout.fnmatch_lines_random([
        "  1099511627776 != 0",
        "  0.5 != 0.25",
        "  -1 != 4294967295",
        "*ended with exit(3)*",
        "  lane 0: 300 != 301",
    ])  # fmt: skip


def test_no_test_is_lost_by_the_way_it_is_written(project):
    project.makefile(
        ".c",
        test_ways="""\
#include <nux/test.h>
  NUX_TEST (spaced)
{ NUX_ASSERT(true); } NUX_TEST(beside) { NUX_ASSERT(true); }
#define OTHER(x) \\
    NUX_TEST(x)
""",
    )
    run(project).assert_outcomes(passed=2)
    project.makefile(
        ".c",
        test_ways="""\
#include <nux/test.h>
#define OTHER(x) NUX_TEST(x)
NUX_TEST(plain) { }
OTHER(hidden) { NUX_ASSERT(false); }
""",
    )
    done = run(project)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*made by macros are not found: hidden; write NUX_TEST(hidden) in*"])


def test_snapshots_of_large_integers_are_exact(project):
    project.makepyfile("""
        import os, numpy as np
        def test_count(nux_snapshot):
            nux_snapshot(np.array([2**53 + int(os.environ.get("CHANGE", 0)), 1]))
            nux_snapshot(np.array([np.nan, 1.0]), "with NaN")
    """)
    run(project, "--nux-update").assert_outcomes(passed=1)
    run(project).assert_outcomes(passed=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHANGE", "1")
        run(project).assert_outcomes(failed=1)


def test_what_does_not_compile_fails_with_the_compilers_words(project):
    project.makefile(".c", test_bad="#include <nux/test.h>\nNUX_TEST(one) { undeclared(); }\n")
    done = run(project)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*test_bad.c:2:*undeclared*"])


def test_an_unknown_core_or_hemisphere_is_refused(project):
    done = run(project, "--nux-cores=fast")
    assert done.ret == 4
    done.stderr.fnmatch_lines(["*--nux-cores: no 'fast'; there are: native, reference"])
    done = run(project, "--nux-hemispheres=left")
    done.stderr.fnmatch_lines(["*--nux-hemispheres: no 'left'; there are: top, bottom"])
