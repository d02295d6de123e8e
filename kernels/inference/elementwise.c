// SPDX-License-Identifier: BSD-3-Clause
// Elementwise functions, 128 values at a time.

#include <nux/nux.h>

#include "kernels.h"

enum { INPUT_MAX = 31 };

// `value` is the vector at `source`; what `expression` makes of it goes to `target`.
#define FOR_EACH_VECTOR(expression)                                                                \
    nux_sync();                                                                                    \
    for (uint32_t at = 0; at < count; at += sizeof(nux_vector_memory)) {                           \
        nux_vector value = fxvlax(source, at);                                                     \
        fxvstax(expression, target, at);                                                           \
    }                                                                                              \
    nux_sync()

NUX_INTRINSIC nux_vector rectified(nux_vector value, nux_vector zero) {
    fxvcmpb(value);
    return fxvsel(value, zero, NUX_LT);
}

void relu(int8_t *target, const int8_t *source, uint32_t count) {
    nux_vector zero = nux_splat8(0);
    FOR_EACH_VECTOR(rectified(value, zero));
}

void converting_relu(uint8_t *target, const int8_t *source, uint32_t count, uint32_t shift) {
    nux_vector zero = nux_splat8(0), highest = nux_splat8(INPUT_MAX);
    if (shift == 0) {
        FOR_EACH_VECTOR(nux_min8(rectified(value, zero), highest));
        return;
    }
    // Shifts by a variable do not exist; the truncated product by 2^-shift is the same.
    nux_vector share = nux_splat8((int8_t)(128 >> shift));
    FOR_EACH_VECTOR(nux_min8(nux_mul8_frac(rectified(value, zero), share), highest));
}

void requantise(int8_t *target, const int8_t *source, uint32_t count, int8_t scale) {
    nux_vector factor = nux_splat8(scale);
    FOR_EACH_VECTOR(nux_mul8_frac_round(value, factor));
}

void add(int8_t *target, const int8_t *source, const int8_t *other, uint32_t count) {
    FOR_EACH_VECTOR(nux_add8_sat(value, fxvlax(other, at)));
}
