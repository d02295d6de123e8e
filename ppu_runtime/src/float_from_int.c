// SPDX-License-Identifier: BSD-3-Clause
// Integers to single precision.

#include "float_bits.h"

static float from_unsigned(uint32_t sign, uint32_t magnitude) {
    if (magnitude == 0) {
        return float_from_bits(0);
    }
    int shift = __builtin_clz(magnitude);
    return float_pack(sign, (struct float_parts){FLOAT_BIAS + 31 - shift, magnitude << shift});
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
