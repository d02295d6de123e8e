// SPDX-License-Identifier: BSD-3-Clause
// Conversions between single precision and integers.
//
// To an integer: truncated. Out of range gives the nearest limit; a NaN gives the lowest
// value of the type, as the Power instructions fctiwz, fctiwuz, fctidz and fctiduz do.

#include "float_bits.h"

static float from_unsigned(uint32_t sign, uint32_t magnitude) {
    if (magnitude == 0) {
        return float_from_bits(0);
    }
    int shift = __builtin_clz(magnitude);
    return float_pack(sign,
                      (struct float_parts){FLOAT_BIAS + 31 - shift, magnitude << shift});
}

static float from_unsigned64(uint32_t sign, uint64_t magnitude) {
    uint32_t high = (uint32_t)(magnitude >> 32), low = (uint32_t)magnitude;
    if (high == 0) {
        return from_unsigned(sign, low);
    }
    int shift = __builtin_clz(high);
    if (shift != 0) {
        high = high << shift | low >> (32 - shift);
        low <<= shift;
    }
    return float_pack(sign, (struct float_parts){FLOAT_BIAS + 63 - shift, high | (low != 0)});
}

float __floatunsisf(uint32_t value) { return from_unsigned(0, value); }
float __floatundisf(uint64_t value) { return from_unsigned64(0, value); }

float __floatsisf(int32_t value) {
    return value < 0 ? from_unsigned(FLOAT_SIGN, -(uint32_t)value)
                     : from_unsigned(0, (uint32_t)value);
}

float __floatdisf(int64_t value) {
    return value < 0 ? from_unsigned64(FLOAT_SIGN, -(uint64_t)value)
                     : from_unsigned64(0, (uint64_t)value);
}

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
