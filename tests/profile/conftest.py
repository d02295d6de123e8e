# SPDX-License-Identifier: BSD-3-Clause
"""Kernels that take their time at known places."""

import pytest

import nuxkit

SOURCE = """\
#include <nux/nux.h>
nux_vector_memory memory;
volatile uint32_t rounds = 10;
volatile uint32_t sink;
__attribute__((noinline)) void work(uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        sink += i; /* line 7 */
    }
}
__attribute__((noinline)) void few(void) { work(10); }
__attribute__((noinline)) void many(void) { work(30); }
static inline __attribute__((always_inline)) void inlined(void) {
    sink = 1; /* line 13 */
}
__attribute__((noinline)) uint32_t convert(void) {
    nux_vector reading = fxvinx(NUX_VECTOR_CAUSAL, 0); /* line 16 */
    nux_store(reading, &memory);
    nux_sync(); /* line 18 */
    return memory.u8[0];
}
int start(void) {
    for (uint32_t i = 0; i < rounds; i++) {
        few();
        many();
        inlined();
    }
    convert();
    return 0;
}
"""


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("profile") / "rule.c"
    path.write_text(SOURCE)
    return nuxkit.build(path).program


@pytest.fixture
def result(program):
    return nuxkit.Chip().run(program, profile=True)
