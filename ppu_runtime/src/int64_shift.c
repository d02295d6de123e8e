// SPDX-License-Identifier: BSD-3-Clause
// 64-bit shifts by 0 to 63.

#include "int64.h"

uint64_t __ashldi3(uint64_t value, int amount) {
    union words v = {.whole = value};
    if (amount >= 32) {
        v.high = v.low << (amount - 32);
        v.low = 0;
    } else if (amount > 0) {
        v.high = v.high << amount | v.low >> (32 - amount);
        v.low <<= amount;
    }
    return v.whole;
}

uint64_t __lshrdi3(uint64_t value, int amount) {
    union words v = {.whole = value};
    if (amount >= 32) {
        v.low = v.high >> (amount - 32);
        v.high = 0;
    } else if (amount > 0) {
        v.low = v.low >> amount | v.high << (32 - amount);
        v.high >>= amount;
    }
    return v.whole;
}

int64_t __ashrdi3(int64_t value, int amount) {
    union words v = {.whole = (uint64_t)value};
    int32_t high = (int32_t)v.high;
    if (amount >= 32) {
        v.low = (uint32_t)(high >> (amount - 32));
        v.high = (uint32_t)(high >> 31);
    } else if (amount > 0) {
        v.low = v.low >> amount | v.high << (32 - amount);
        v.high = (uint32_t)(high >> amount);
    }
    return (int64_t)v.whole;
}
