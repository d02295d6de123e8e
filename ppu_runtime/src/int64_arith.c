// SPDX-License-Identifier: BSD-3-Clause
// 64-bit multiplication and comparison.

#include "int64.h"

uint64_t __muldi3(uint64_t a, uint64_t b) {
    union words x = {.whole = a}, y = {.whole = b};
    union words product = {.whole = (uint64_t)x.low * y.low};
    product.high += x.high * y.low + x.low * y.high;
    return product.whole;
}

// 0, 1, 2 for less, equal, greater.
int __ucmpdi2(uint64_t a, uint64_t b) { return a < b ? 0 : a == b ? 1 : 2; }
int __cmpdi2(int64_t a, int64_t b) { return a < b ? 0 : a == b ? 1 : 2; }

uint64_t __negdi2(uint64_t value) { return ~value + 1; }
