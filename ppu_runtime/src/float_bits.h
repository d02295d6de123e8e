// SPDX-License-Identifier: BSD-3-Clause
// IEEE 754 single precision in integer registers: taking apart, rounding, packing.
// Round to nearest, ties to even; no flags.

#ifndef NUX_FLOAT_BITS_H
#define NUX_FLOAT_BITS_H

#include <stdbool.h>
#include <stdint.h>

#define FLOAT_SIGN 0x80000000u
#define FLOAT_INFINITY 0x7f800000u
#define FLOAT_QUIET 0x00400000u
#define FLOAT_DEFAULT_NAN 0x7fc00000u // Power ISA
#define FLOAT_BIAS 127

// A finite number other than zero: (significand / 2^31) * 2^(exponent - bias), top bit set.
struct float_parts {
    int32_t exponent;
    uint32_t significand;
};

static inline uint32_t float_bits(float value) {
    return (union {
               float f;
               uint32_t u;
           }){.f = value}
        .u;
}

static inline float float_from_bits(uint32_t bits) {
    return (union {
               uint32_t u;
               float f;
           }){.u = bits}
        .f;
}

static inline uint32_t float_magnitude(uint32_t bits) { return bits & ~FLOAT_SIGN; }

static inline bool float_is_nan(uint32_t bits) { return float_magnitude(bits) > FLOAT_INFINITY; }

// The NaN that an operation with a NaN operand gives: the first one, made quiet.
static inline float float_first_nan(uint32_t a, uint32_t b) {
    return float_from_bits((float_is_nan(a) ? a : b) | FLOAT_QUIET);
}

static inline struct float_parts float_unpack(uint32_t bits) {
    uint32_t field = float_magnitude(bits) >> 23;
    uint32_t fraction = bits & 0x007fffffu;
    if (field != 0) {
        return (struct float_parts){(int32_t)field, (fraction | 0x00800000u) << 8};
    }
    int shift = __builtin_clz(fraction);
    return (struct float_parts){9 - shift, fraction << shift};
}

// Shift right by 0 or more; bits that fall out set the lowest bit.
static inline uint32_t shift_right_sticky(uint32_t value, uint32_t amount) {
    if (amount == 0) {
        return value;
    }
    if (amount > 31) {
        return value != 0;
    }
    return value >> amount | (value << (32 - amount) != 0);
}

// Round and pack; the top bit of the significand must be set, its lowest may be sticky.
static inline float float_pack(uint32_t sign, struct float_parts parts) {
    if (parts.exponent > 254) {
        return float_from_bits(sign | FLOAT_INFINITY);
    }
    uint32_t bits = 0;
    if (parts.exponent > 0) {
        // One less: the leading bit of the significand adds it again.
        bits = (uint32_t)(parts.exponent - 1) << 23;
    } else {
        parts.significand = shift_right_sticky(parts.significand, (uint32_t)(1 - parts.exponent));
    }
    uint32_t kept = parts.significand >> 8;
    uint32_t rest = parts.significand & 0xffu;
    bits += kept + (rest > 0x80u || (rest == 0x80u && (kept & 1u)));
    return float_from_bits(sign | bits);
}

#endif
