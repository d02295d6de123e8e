// SPDX-License-Identifier: BSD-3-Clause
// Exponentials for four neurons at once, the same bits on every machine (no library functions).
#ifndef NUX_NEURON_MATH_H
#define NUX_NEURON_MATH_H

#include "lanes.h"

#include <math.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

// Functions worth an AVX2 version, chosen when the library is loaded. The sanitizers' run time is
// not up yet at that moment. (AVX-512 versions of them were slower.)
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) &&       \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(NUX_NO_CLONES)
#define NUX_NEURON_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define NUX_NEURON_CLONES
#endif

// |x| up to which the short series below hold.
#define NUX_SHORT 0.0625

NUX_INLINE nux_f64x4 nux_max(nux_f64x4 a, nux_f64x4 b) { return nux_where(a > b, a, b); }

NUX_INLINE double nux_least(nux_f64x4 x) {
    double low = x[0] < x[1] ? x[0] : x[1], high = x[2] < x[3] ? x[2] : x[3];
    return low < high ? low : high;
}

// Lanes of a mask as bits.
NUX_INLINE unsigned nux_bits(nux_i64x4 mask) {
#ifdef __SSE2__
    __m128d half[2];
    memcpy(half, &mask, sizeof half);
    return (unsigned)_mm_movemask_pd(half[0]) | (unsigned)_mm_movemask_pd(half[1]) << 2;
#else
    return (unsigned)((mask[0] & 1) | (mask[1] & 2) | (mask[2] & 4) | (mask[3] & 8));
#endif
}

NUX_INLINE int nux_any_lane(nux_i64x4 mask) { return nux_bits(mask) != 0; }

NUX_INLINE nux_f64x4 nux_sqrt(nux_f64x4 x) {
    double lanes[NUX_LANES];
    nux_store(lanes, x);
    for (unsigned i = 0; i < NUX_LANES; i++)
        lanes[i] = __builtin_sqrt(lanes[i]);
    return nux_load(lanes);
}

// e^x for |x| <= NUX_SHORT, relative error below 1e-14; exact at 0.
NUX_INLINE nux_f64x4 nux_exp_short(nux_f64x4 x) {
    nux_f64x4 x2 = x * x, x4 = x2 * x2;
    nux_f64x4 c01 = 1.0 + x;
    nux_f64x4 c23 = 1.0 / 2 + x * (1.0 / 6);
    nux_f64x4 c45 = 1.0 / 24 + x * (1.0 / 120);
    nux_f64x4 c67 = 1.0 / 720 + x * (1.0 / 5040);
    return (c01 + x2 * c23) + x4 * (c45 + x2 * c67);
}

// (e^x - 1) / x for |x| <= NUX_SHORT, relative error below 1e-15; exact at 0.
NUX_INLINE nux_f64x4 nux_phi_short(nux_f64x4 x) {
    nux_f64x4 x2 = x * x, x4 = x2 * x2;
    nux_f64x4 c01 = 1.0 + x * (1.0 / 2);
    nux_f64x4 c23 = 1.0 / 6 + x * (1.0 / 24);
    nux_f64x4 c45 = 1.0 / 120 + x * (1.0 / 720);
    nux_f64x4 c67 = 1.0 / 5040 + x * (1.0 / 40320);
    return (c01 + x2 * c23) + x4 * (c45 + x2 * c67);
}

// e^x for x <= 700, relative error below 1e-15; exact at 0, exactly 0 below -700 and for NaN.
NUX_INLINE nux_f64x4 nux_exp(nux_f64x4 x) {
    const double magic = 0x1.8p52; // adding it leaves the integer in the low bits
    nux_f64x4 shifted = x * 0x1.71547652b82fep+0 + magic;
    nux_f64x4 k = shifted - magic;
    // x - k ln 2, with ln 2 in two parts: the product with the first one is exact.
    nux_f64x4 f = (x - k * 0x1.62e42feep-1) - k * 0x1.a39ef35793c76p-33;
    nux_f64x4 f2 = f * f, f4 = f2 * f2;
    nux_f64x4 c23 = 1.0 / 2 + f * (1.0 / 6);
    nux_f64x4 c45 = 1.0 / 24 + f * (1.0 / 120);
    nux_f64x4 c67 = 1.0 / 720 + f * (1.0 / 5040);
    nux_f64x4 c89 = 1.0 / 40320 + f * (1.0 / 362880);
    nux_f64x4 c1011 = 1.0 / 3628800 + f * (1.0 / 39916800);
    nux_f64x4 c1213 = 1.0 / 479001600 + f * (1.0 / 6227020800.0);
    nux_f64x4 low = f2 * (c23 + f2 * c45);
    nux_f64x4 high = (f4 * f2) * ((c67 + f2 * c89) + f4 * (c1011 + f2 * c1213));
    nux_f64x4 power = 1.0 + (f + (low + high));
    nux_u64x4 scale = ((nux_u64x4)shifted + 1023) << 52;
    return (nux_f64x4)((x >= -700.0) & (nux_i64x4)(power * (nux_f64x4)scale));
}

// Natural logarithm of a normal positive number, to about 1e-15, by Halley's method.
static inline double nux_log(double x) {
    int exponent;
    double y = (2 * frexp(x, &exponent) - 1.5) / 1.5; // of the mantissa, 0.5 to 1
    y += 0.40546510810816438 + (exponent - 1) * 0.69314718055994531;
    for (int i = 0; i < 4; i++) {
        double power = nux_exp(nux_splat(y))[0];
        y += 2 * (x - power) / (x + power);
    }
    return y;
}

#endif
