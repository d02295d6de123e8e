// SPDX-License-Identifier: BSD-3-Clause
// Single-precision division.

#include "float_bits.h"

// Quotient of two significands as a significand; the exponent is corrected.
static uint32_t divide(uint32_t dividend, uint32_t divisor, int32_t *exponent) {
    const int quotient_bits = 27; // 24, one to round, and room for a sticky bit
    dividend >>= 8;
    divisor >>= 8;
    if (dividend < divisor) {
        dividend <<= 1;
        (*exponent)--;
    }
    uint32_t quotient = 0;
    for (int bit = 0; bit < quotient_bits; bit++) {
        quotient <<= 1;
        if (dividend >= divisor) {
            dividend -= divisor;
            quotient |= 1;
        }
        dividend <<= 1;
    }
    return quotient << (32 - quotient_bits) | (dividend != 0);
}

float __divsf3(float x, float y) {
    uint32_t a = float_bits(x), b = float_bits(y);
    if (float_is_nan(a) || float_is_nan(b)) {
        return float_first_nan(a, b);
    }
    uint32_t sign = (a ^ b) & FLOAT_SIGN;
    a = float_magnitude(a);
    b = float_magnitude(b);
    if (a == b && (a == 0 || a == FLOAT_INFINITY)) {
        return float_from_bits(FLOAT_DEFAULT_NAN);
    }
    if (a == FLOAT_INFINITY || b == 0) {
        return float_from_bits(sign | FLOAT_INFINITY);
    }
    if (a == 0 || b == FLOAT_INFINITY) {
        return float_from_bits(sign);
    }
    struct float_parts p = float_unpack(a), q = float_unpack(b);
    int32_t exponent = p.exponent - q.exponent + FLOAT_BIAS;
    uint32_t significand = divide(p.significand, q.significand, &exponent);
    return float_pack(sign, (struct float_parts){exponent, significand});
}
