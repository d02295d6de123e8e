// SPDX-License-Identifier: BSD-3-Clause
// Tests that run on the processor, each an item of pytest:
//
//     #include <nux/nux.h>
//     #include <nux/test.h>
//
//     NUX_TEST(saturates) {
//         NUX_ASSERT_EQ(add(100, 100), 127);
//     }
//
// in a file test_*.c, which `pytest` finds by nuxkit's plugin. A test ends at its first assertion
// that fails. Each runs on a fresh chip.

#ifndef NUX_TEST_H
#define NUX_TEST_H

#include <stdbool.h>
#include <stdint.h>

#include <nux/exit.h>
#include <nux/memory_map.h>
#include <nux/vector.h>

/// An assertion in the source.
typedef struct {
    uint32_t line;
    const char *file;
    const char *text;
} nux_check_site;

enum { NUX_CHECK_CONDITION, NUX_CHECK_INTEGERS, NUX_CHECK_FLOATS, NUX_CHECK_LANES };

/// What failed; the host reads it.
typedef struct {
    nux_check_site site; // line 0: nothing failed
    uint32_t kind;
    uint32_t lane;
    int64_t left; // of floats their bits
    int64_t right;
} nux_check_record;

__attribute__((weak)) nux_check_record nux_check_failure;
__attribute__((weak)) nux_vector_memory nux_check_vectors[2];

__attribute__((weak, noinline, noreturn)) void nux_check_fail(const nux_check_site *site,
                                                              uint32_t kind, uint32_t lane,
                                                              int64_t left, int64_t right) {
    nux_check_failure = (nux_check_record){*site, kind, lane, left, right};
    exit(1);
    __builtin_unreachable();
}

__attribute__((weak, noinline)) void nux_check_integers(int64_t left, int64_t right,
                                                        const nux_check_site *site) {
    if (left != right) {
        nux_check_fail(site, NUX_CHECK_INTEGERS, 0, left, right);
    }
}

__attribute__((weak, noinline)) void nux_check_floats(float left, float right,
                                                      const nux_check_site *site) {
    union {
        float value;
        uint32_t bits;
    } from_left = {left}, from_right = {right};
    if (!(left == right)) {
        nux_check_fail(site, NUX_CHECK_FLOATS, 0, from_left.bits, from_right.bits);
    }
}

// Comparing vectors is no call, so that a test may keep others in registers.
NUX_INTRINSIC bool nux_check_vectors_differ(void) {
    const volatile uint16_t *left = nux_check_vectors[0].u16, *right = nux_check_vectors[1].u16;
    uint32_t i = 0;
    while (i < NUX_VECTOR_BYTES / 2 && left[i] == right[i]) {
        i++;
    }
    return i < NUX_VECTOR_BYTES / 2;
}

__attribute__((weak, noinline, noreturn)) void nux_check_fail_lanes(uint32_t lanes,
                                                                    const nux_check_site *site) {
    const nux_vector_memory *left = &nux_check_vectors[0], *right = &nux_check_vectors[1];
    uint32_t i = 0;
    if (lanes == NUX_VECTOR_BYTES) {
        while (left->s8[i] == right->s8[i]) {
            i++;
        }
        nux_check_fail(site, NUX_CHECK_LANES, i, left->s8[i], right->s8[i]);
    }
    while (left->s16[i] == right->s16[i]) {
        i++;
    }
    nux_check_fail(site, NUX_CHECK_LANES, i, left->s16[i], right->s16[i]);
}

/// Defines a test: NUX_TEST(name) { ... }
#define NUX_TEST(name)                                                                             \
    void nux_test_##name(void);                                                                    \
    void nux_test_##name(void)

#define NUX_CHECK_SITE(words) (&(const nux_check_site){__LINE__, __FILE__, (words)})
#define NUX_CHECK_IS_FLOAT(value) (__builtin_classify_type(value) == 8)
// Pointers, which are not converted to float, become 0 there.
#define NUX_CHECK_FLOAT(value)                                                                     \
    ((float)__builtin_choose_expr(NUX_CHECK_IS_POINTER(value), 0, (value)))
#define NUX_CHECK_IS_POINTER(value) (__builtin_classify_type(value) == 5)

/// Fail unless the condition holds.
#define NUX_ASSERT(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            nux_check_fail(NUX_CHECK_SITE(#condition), NUX_CHECK_CONDITION, 0, 0, 0);              \
        }                                                                                          \
    } while (0)

/// Fail unless two numbers have the same value. Integers are compared as int64_t, so that -1 is not
/// 0xffffffff; if one is a float, both are compared as floats.
#define NUX_ASSERT_EQ(left, right)                                                                 \
    __builtin_choose_expr(NUX_CHECK_IS_FLOAT(left) || NUX_CHECK_IS_FLOAT(right),                   \
                          nux_check_floats(NUX_CHECK_FLOAT(left), NUX_CHECK_FLOAT(right),          \
                                           NUX_CHECK_SITE(#left " == " #right)),                   \
                          nux_check_integers((int64_t)(left), (int64_t)(right),                    \
                                             NUX_CHECK_SITE(#left " == " #right)))

#define NUX_ASSERT_LANES_EQ(left, right, lanes)                                                    \
    do {                                                                                           \
        nux_store((left), &nux_check_vectors[0]);                                                  \
        nux_store((right), &nux_check_vectors[1]);                                                 \
        if (nux_check_vectors_differ()) {                                                          \
            nux_check_fail_lanes((lanes), NUX_CHECK_SITE(#left " == " #right));                    \
        }                                                                                          \
    } while (0)

/// Fail unless all lanes of two vectors are equal, as 128 bytes or 64 halfwords.
#define NUX_ASSERT_VECTOR_EQ8(left, right) NUX_ASSERT_LANES_EQ(left, right, 128)
#define NUX_ASSERT_VECTOR_EQ16(left, right) NUX_ASSERT_LANES_EQ(left, right, 64)

#endif
