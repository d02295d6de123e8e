// SPDX-License-Identifier: BSD-3-Clause
// Bit counting and byte order, 32 and 64 bits.

#include "int64.h"

int __clzsi2(uint32_t value) { return value != 0 ? __builtin_clz(value) : 32; }

int __clzdi2(uint64_t value) {
    union words v = {.whole = value};
    return v.high != 0 ? __clzsi2(v.high) : 32 + __clzsi2(v.low);
}

int __ctzsi2(uint32_t value) { return 31 - __clzsi2(value & -value); }

int __ctzdi2(uint64_t value) {
    union words v = {.whole = value};
    return v.low != 0 ? __ctzsi2(v.low) : 32 + __ctzsi2(v.high);
}

int __ffssi2(uint32_t value) { return value != 0 ? __ctzsi2(value) + 1 : 0; }
int __ffsdi2(uint64_t value) { return value != 0 ? __ctzdi2(value) + 1 : 0; }

int __popcountsi2(uint32_t value) {
    value -= value >> 1 & 0x55555555u;
    value = (value & 0x33333333u) + (value >> 2 & 0x33333333u);
    value = (value + (value >> 4)) & 0x0f0f0f0fu;
    return (int)(value * 0x01010101u >> 24);
}

int __popcountdi2(uint64_t value) {
    union words v = {.whole = value};
    return __popcountsi2(v.high) + __popcountsi2(v.low);
}

int __paritysi2(uint32_t value) { return __popcountsi2(value) & 1; }
int __paritydi2(uint64_t value) { return __popcountdi2(value) & 1; }

uint32_t __bswapsi2(uint32_t value) {
    return value >> 24 | (value >> 8 & 0xff00u) | (value << 8 & 0xff0000u) | value << 24;
}

uint64_t __bswapdi2(uint64_t value) {
    union words v = {.whole = value};
    return (union words){.high = __bswapsi2(v.low), .low = __bswapsi2(v.high)}.whole;
}
