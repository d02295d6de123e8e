// SPDX-License-Identifier: BSD-3-Clause
// Single precision to integers, truncated.
//
// Out of range gives the nearest limit; a NaN gives the lowest value of the type, as the
// Power instructions fctiwz, fctiwuz, fctidz and fctiduz do.

#include "float_bits.h"

// Whole part of |value|, or `limit` if it does not fit below 2^bits.
static uint64_t magnitude(uint32_t bits, int width, uint64_t limit) {
    int exponent = (int)(float_magnitude(bits) >> 23) - FLOAT_BIAS;
    if (exponent < 0) {
        return 0;
    }
    if (exponent >= width) {
        return limit;
    }
    uint64_t significand = (bits & 0x007fffffu) | 0x00800000u;
    return exponent >= 23 ? significand << (exponent - 23) : significand >> (23 - exponent);
}

uint32_t __fixunssfsi(float value) {
    uint32_t bits = float_bits(value);
    return float_is_nan(bits) || bits & FLOAT_SIGN ? 0 : (uint32_t)magnitude(bits, 32, UINT32_MAX);
}

uint64_t __fixunssfdi(float value) {
    uint32_t bits = float_bits(value);
    return float_is_nan(bits) || bits & FLOAT_SIGN ? 0 : magnitude(bits, 64, UINT64_MAX);
}

int32_t __fixsfsi(float value) {
    uint32_t bits = float_bits(value);
    if (float_is_nan(bits)) {
        return INT32_MIN;
    }
    return bits & FLOAT_SIGN ? (int32_t)-(uint32_t)magnitude(bits, 31, (uint64_t)INT32_MAX + 1)
                             : (int32_t)magnitude(bits, 31, INT32_MAX);
}

int64_t __fixsfdi(float value) {
    uint32_t bits = float_bits(value);
    if (float_is_nan(bits)) {
        return INT64_MIN;
    }
    return bits & FLOAT_SIGN ? (int64_t)-magnitude(bits, 63, (uint64_t)INT64_MAX + 1)
                             : (int64_t)magnitude(bits, 63, INT64_MAX);
}
