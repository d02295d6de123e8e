// SPDX-License-Identifier: BSD-3-Clause
// Parts of kernels/homeostasis.c, tested on the processor.
#include <nux/test.h>

#include "homeostasis.c"

NUX_TEST(weights_go_towards_the_target) {
    NUX_ASSERT_VECTOR_EQ8(direction(nux_splat8(parameters.target - 1)), nux_splat8(1));
    NUX_ASSERT_VECTOR_EQ8(direction(nux_splat8(parameters.target)), nux_splat8(0));
    NUX_ASSERT_VECTOR_EQ8(direction(nux_splat8(parameters.target + 1)), nux_splat8(-1));
}

NUX_TEST(weights_stay_in_their_range) {
    NUX_ASSERT_VECTOR_EQ8(moved(nux_splat8(NUX_WEIGHT_MAX), nux_splat8(1)),
                          nux_splat8(NUX_WEIGHT_MAX));
    NUX_ASSERT_VECTOR_EQ8(moved(nux_splat8(0), nux_splat8(-1)), nux_splat8(0));
    NUX_ASSERT_VECTOR_EQ8(moved(nux_splat8(7), nux_splat8(1)), nux_splat8(8));
}

NUX_TEST(spikes_of_no_neuron_are_none) {
    static nux_vector_memory counts[2];
    count_spikes(NUX_TOP, counts);
    NUX_ASSERT_VECTOR_EQ8(nux_load(&counts[NUX_EVEN]), nux_splat8(0));
    NUX_ASSERT_VECTOR_EQ8(nux_load(&counts[NUX_ODD]), nux_splat8(0));
}
