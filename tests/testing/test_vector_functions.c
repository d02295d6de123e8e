// SPDX-License-Identifier: BSD-3-Clause
// Vector functions of the runtime, tested on the processor.
#include <nux/nux.h>
#include <nux/test.h>

NUX_TEST(additions_saturate_or_wrap) {
    nux_vector large = nux_splat8(100);
    NUX_ASSERT_VECTOR_EQ8(nux_add8_sat(large, large), nux_splat8(127));
    NUX_ASSERT_VECTOR_EQ8(nux_add8(large, large), nux_splat8(-56));
    NUX_ASSERT_VECTOR_EQ16(nux_sub16_sat(nux_splat16(-30000), nux_splat16(30000)),
                           nux_splat16(-32768));
}

NUX_TEST(fractions_floor) {
    NUX_ASSERT_VECTOR_EQ8(nux_mul8_frac(nux_splat8(-1), nux_splat8(1)), nux_splat8(-1));
    NUX_ASSERT_VECTOR_EQ8(nux_mul8_frac(nux_splat8(-128), nux_splat8(-128)), nux_splat8(127));
}

NUX_TEST(clamp_keeps_what_is_inside) {
    nux_vector low = nux_splat8(-3), high = nux_splat8(5);
    NUX_ASSERT_VECTOR_EQ8(nux_clamp8(nux_splat8(4), low, high), nux_splat8(4));
    NUX_ASSERT_VECTOR_EQ8(nux_clamp8(nux_splat8(9), low, high), high);
    NUX_ASSERT_VECTOR_EQ8(nux_clamp8(nux_splat8(-9), low, high), low);
}
