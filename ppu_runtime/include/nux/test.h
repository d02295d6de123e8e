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

#include <stdint.h>

#include <nux/exit.h>
#include <nux/vector.h>

/// What failed; the host reads it.
typedef struct {
    uint32_t line; // 0: nothing failed
    const char *file;
    const char *text;
    int32_t lane; // of a vector; -1: of no vector
    uint32_t compared;
    int32_t left;
    int32_t right;
} nux_test_record;

__attribute__((weak)) volatile nux_test_record nux_test_failure;

__attribute__((weak, noinline, noreturn)) void nux_test_fail(const nux_test_record *failure) {
    nux_test_failure = *failure;
    exit(1);
    __builtin_unreachable();
}

/// Defines a test: NUX_TEST(name) { ... }
#define NUX_TEST(name)                                                                             \
    void nux_test_##name(void);                                                                    \
    void nux_test_##name(void)

#define NUX_TEST_FAIL(words, at_lane, was_compared, is_left, is_right)                             \
    nux_test_fail(&(const nux_test_record){.line = __LINE__,                                       \
                                           .file = __FILE__,                                       \
                                           .text = (words),                                        \
                                           .lane = (at_lane),                                      \
                                           .compared = (was_compared),                             \
                                           .left = (is_left),                                      \
                                           .right = (is_right)})

/// Fail unless the condition holds.
#define NUX_ASSERT(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            NUX_TEST_FAIL(#condition, -1, 0, 0, 0);                                                \
        }                                                                                          \
    } while (0)

/// Fail unless two numbers of at most 32 bits are equal.
#define NUX_ASSERT_EQ(left_value, right_value)                                                     \
    do {                                                                                           \
        int32_t nux_left = (int32_t)(left_value), nux_right = (int32_t)(right_value);              \
        if (nux_left != nux_right) {                                                               \
            NUX_TEST_FAIL(#left_value " == " #right_value, -1, 1, nux_left, nux_right);            \
        }                                                                                          \
    } while (0)

#define NUX_ASSERT_LANES_EQ(left_vector, right_vector, member, lanes)                              \
    do {                                                                                           \
        static nux_vector_memory nux_left, nux_right;                                              \
        nux_store((left_vector), &nux_left);                                                       \
        nux_store((right_vector), &nux_right);                                                     \
        for (int32_t nux_lane = 0; nux_lane < (lanes); nux_lane++) {                               \
            if (nux_left.member[nux_lane] != nux_right.member[nux_lane]) {                         \
                NUX_TEST_FAIL(#left_vector " == " #right_vector, nux_lane, 1,                      \
                              nux_left.member[nux_lane], nux_right.member[nux_lane]);              \
            }                                                                                      \
        }                                                                                          \
    } while (0)

/// Fail unless all lanes of two vectors are equal, as 128 bytes or 64 halfwords.
#define NUX_ASSERT_VECTOR_EQ8(left_vector, right_vector)                                           \
    NUX_ASSERT_LANES_EQ(left_vector, right_vector, s8, 128)
#define NUX_ASSERT_VECTOR_EQ16(left_vector, right_vector)                                          \
    NUX_ASSERT_LANES_EQ(left_vector, right_vector, s16, 64)

#endif
