// SPDX-License-Identifier: BSD-3-Clause
// Single-precision addition, subtraction and negation.

#include "float_bits.h"

// Sum of two finite numbers other than zero.
static float add_finite(uint32_t a, uint32_t b) {
    if (float_magnitude(a) < float_magnitude(b)) {
        uint32_t swap = a;
        a = b;
        b = swap;
    }
    uint32_t sign = a & FLOAT_SIGN;
    struct float_parts large = float_unpack(a), small = float_unpack(b);
    // One bit of room above for the carry; eight zero bits below guard the rounding.
    large.significand >>= 1;
    small.significand =
        shift_right_sticky(small.significand >> 1, (uint32_t)(large.exponent - small.exponent));
    uint32_t sum = (a ^ b) & FLOAT_SIGN ? large.significand - small.significand
                                        : large.significand + small.significand;
    if (sum == 0) {
        return float_from_bits(0);
    }
    int shift = __builtin_clz(sum);
    return float_pack(sign, (struct float_parts){large.exponent + 1 - shift, sum << shift});
}

static float add(uint32_t a, uint32_t b) {
    if (float_magnitude(a) == FLOAT_INFINITY) {
        return float_from_bits(b == (a ^ FLOAT_SIGN) ? FLOAT_DEFAULT_NAN : a);
    }
    if (float_magnitude(b) == FLOAT_INFINITY) {
        return float_from_bits(b);
    }
    if (float_magnitude(a) == 0) {
        return float_from_bits(float_magnitude(b) == 0 ? a & b : b);
    }
    if (float_magnitude(b) == 0) {
        return float_from_bits(a);
    }
    return add_finite(a, b);
}

float __addsf3(float x, float y) {
    uint32_t a = float_bits(x), b = float_bits(y);
    return float_is_nan(a) || float_is_nan(b) ? float_first_nan(a, b) : add(a, b);
}

float __subsf3(float x, float y) {
    uint32_t a = float_bits(x), b = float_bits(y);
    return float_is_nan(a) || float_is_nan(b) ? float_first_nan(a, b) : add(a, b ^ FLOAT_SIGN);
}

float __negsf2(float x) { return float_from_bits(float_bits(x) ^ FLOAT_SIGN); }
