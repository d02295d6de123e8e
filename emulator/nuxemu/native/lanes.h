// SPDX-License-Identifier: BSD-3-Clause
// Four doubles at once, in GNU C vector types: AVX2, SSE2 pairs or plain code with the same bits.
#ifndef NUX_LANES_H
#define NUX_LANES_H

#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "lane 0 is the lowest byte");

#define NUX_INLINE static inline __attribute__((always_inline))

enum { NUX_LANES = 4 };
typedef double nux_f64x4 __attribute__((vector_size(32), aligned(16)));
typedef int64_t nux_i64x4
    __attribute__((vector_size(32), aligned(16))); // masks: all bits of a lane, or none
typedef uint64_t nux_u64x4 __attribute__((vector_size(32)));
typedef int32_t nux_i32x4 __attribute__((vector_size(16)));
typedef float nux_f32x4 __attribute__((vector_size(16)));
typedef float nux_f32x8 __attribute__((vector_size(32), aligned(16)));
typedef int32_t nux_i32x8 __attribute__((vector_size(32), aligned(16)));

// Nothing here is called across an ABI boundary, everything is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"

NUX_INLINE nux_f64x4 nux_load(const double *from) {
    nux_f64x4 value;
    memcpy(&value, from, sizeof value);
    return value;
}

NUX_INLINE void nux_store(double *to, nux_f64x4 value) { memcpy(to, &value, sizeof value); }

NUX_INLINE nux_i32x4 nux_load_u32(const uint32_t *from) {
    nux_i32x4 value;
    memcpy(&value, from, sizeof value);
    return value;
}

NUX_INLINE nux_f64x4 nux_splat(double value) { return (nux_f64x4){value, value, value, value}; }

NUX_INLINE nux_f64x4 nux_where(nux_i64x4 mask, nux_f64x4 yes, nux_f64x4 no) {
    return (nux_f64x4)((mask & (nux_i64x4)yes) | (~mask & (nux_i64x4)no));
}

NUX_INLINE nux_f64x4 nux_min(nux_f64x4 a, nux_f64x4 b) { return nux_where(a < b, a, b); }

NUX_INLINE int nux_any(nux_i32x4 mask) {
    uint64_t pairs[2];
    memcpy(pairs, &mask, sizeof pairs);
    return (pairs[0] | pairs[1]) != 0;
}

// 2^x for x <= 0 to about 1e-13 relative, exact at 0, exactly 0 from -1000 down and for NaN.
// x = k + f with |f| <= 1/2; 2^f = 1 + f * q(f), q interpolated at the Chebyshev nodes.
NUX_INLINE nux_f64x4 nux_exp2(nux_f64x4 x) {
    const double magic = 0x1.8p52; // adding it leaves the integer in the low bits
    nux_f64x4 shifted = x + magic;
    nux_f64x4 f = x - (shifted - magic);
    nux_f64x4 f2 = f * f, f4 = f2 * f2;
    nux_f64x4 c01 = 1.0 + f * 0x1.62e42fefa39efp-1;
    nux_f64x4 c23 = 0x1.ebfbdff823cedp-3 + f * 0x1.c6b08d7047e52p-5;
    nux_f64x4 c45 = 0x1.3b2ab7181b755p-7 + f * 0x1.5d87fe86fe88ep-10;
    nux_f64x4 c67 = 0x1.4308ac85aa947p-13 + f * 0x1.ffcb9515a8016p-17;
    nux_f64x4 c89 = 0x1.63d136366db24p-20 + f * 0x1.b63880a30e9ffp-24;
    nux_f64x4 power = (c01 + f2 * c23) + f4 * ((c45 + f2 * c67) + f4 * c89);
    nux_u64x4 scale = ((nux_u64x4)shifted + 1023) << 52;
    return (nux_f64x4)((x > -1000.0) & (nux_i64x4)(power * (nux_f64x4)scale));
}

NUX_INLINE nux_f32x8 nux_load_f32(const float *from) {
    nux_f32x8 value;
    memcpy(&value, from, sizeof value);
    return value;
}

NUX_INLINE nux_f32x8 nux_narrow(nux_f64x4 low, nux_f64x4 high) {
    return __builtin_shufflevector(__builtin_convertvector(low, nux_f32x4),
                                   __builtin_convertvector(high, nux_f32x4), 0, 1, 2, 3, 4, 5, 6,
                                   7);
}

// Spelled out: GCC makes one instruction of it, and several of __builtin_convertvector.
NUX_INLINE nux_f64x4 nux_low(nux_f32x8 value) {
    return (nux_f64x4){value[0], value[1], value[2], value[3]};
}

NUX_INLINE nux_f64x4 nux_high(nux_f32x8 value) {
    return (nux_f64x4){value[4], value[5], value[6], value[7]};
}

// The same as nux_exp2 in single precision: for x <= 0 to 2e-7 relative, exactly 0 from -100 down.
NUX_INLINE nux_f32x8 nux_exp2_f32(nux_f32x8 x) {
    const float magic = 0x1.8p23f;
    nux_f32x8 shifted = x + magic;
    nux_f32x8 f = x - (shifted - magic);
    nux_f32x8 f2 = f * f;
    nux_f32x8 c01 = 1.0f + f * 0x1.62e43p-1f;
    nux_f32x8 c23 = 0x1.ebfbep-3f + f * 0x1.c6af6cp-5f;
    nux_f32x8 c45 = 0x1.3b2a54p-7f + f * 0x1.5f089p-10f;
    nux_f32x8 power = (c01 + f2 * c23) + (f2 * f2) * (c45 + f2 * 0x1.44138ap-13f);
    nux_i32x8 scale = ((nux_i32x8)shifted + 127) << 23;
    return (nux_f32x8)((x > -100.0f) & (nux_i32x8)(power * (nux_f32x8)scale));
}

#endif
