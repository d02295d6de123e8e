// SPDX-License-Identifier: BSD-3-Clause
// Single-precision comparisons, with the results that GCC expects: less than zero, zero or
// greater than zero like the relation asked for, and a false relation when one is a NaN.

#include "float_bits.h"

// -1, 0 or 1; `unordered` when one of them is a NaN.
__attribute__((noinline)) static int compare(float x, float y, int unordered) {
    uint32_t a = float_bits(x), b = float_bits(y);
    if (float_is_nan(a) || float_is_nan(b)) {
        return unordered;
    }
    if (a == b || (float_magnitude(a) | float_magnitude(b)) == 0) {
        return 0;
    }
    if ((a ^ b) & FLOAT_SIGN) {
        return a & FLOAT_SIGN ? -1 : 1;
    }
    bool less = a & FLOAT_SIGN ? a > b : a < b;
    return less ? -1 : 1;
}

int __eqsf2(float x, float y) { return compare(x, y, 1); }
int __nesf2(float x, float y) { return compare(x, y, 1); }
int __ltsf2(float x, float y) { return compare(x, y, 1); }
int __lesf2(float x, float y) { return compare(x, y, 1); }
int __gtsf2(float x, float y) { return compare(x, y, -1); }
int __gesf2(float x, float y) { return compare(x, y, -1); }
int __cmpsf2(float x, float y) { return compare(x, y, 1); }

int __unordsf2(float x, float y) {
    return float_is_nan(float_bits(x)) || float_is_nan(float_bits(y));
}
