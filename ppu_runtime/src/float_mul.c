// SPDX-License-Identifier: BSD-3-Clause
// Single-precision multiplication.

#include "float_bits.h"

float __mulsf3(float x, float y) {
    uint32_t a = float_bits(x), b = float_bits(y);
    if (float_is_nan(a) || float_is_nan(b)) {
        return float_first_nan(a, b);
    }
    uint32_t sign = (a ^ b) & FLOAT_SIGN;
    bool any_zero = float_magnitude(a) == 0 || float_magnitude(b) == 0;
    if (float_magnitude(a) == FLOAT_INFINITY || float_magnitude(b) == FLOAT_INFINITY) {
        return float_from_bits(any_zero ? FLOAT_DEFAULT_NAN : sign | FLOAT_INFINITY);
    }
    if (any_zero) {
        return float_from_bits(sign);
    }
    struct float_parts p = float_unpack(a), q = float_unpack(b);
    uint64_t product = (uint64_t)p.significand * q.significand;
    int32_t exponent = p.exponent + q.exponent - FLOAT_BIAS + 1;
    if (!(product >> 63)) {
        product <<= 1;
        exponent--;
    }
    uint32_t significand = (uint32_t)(product >> 32) | ((uint32_t)product != 0);
    return float_pack(sign, (struct float_parts){exponent, significand});
}
