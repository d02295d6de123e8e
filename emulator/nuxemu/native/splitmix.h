// SPDX-License-Identifier: BSD-3-Clause
// Counter-based random numbers: a function of key and counter alone.
#ifndef NUX_SPLITMIX_H
#define NUX_SPLITMIX_H

#include <stdint.h>

static inline uint64_t nux_mix64(uint64_t x) { // finaliser of SplitMix64 (Steele, Lea, Flood 2014)
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

// 64 random bits: number `counter` of the generator with this key.
static inline uint64_t nux_random64(uint64_t key, uint64_t counter) {
    return nux_mix64(nux_mix64(key) + 0x9e3779b97f4a7c15u * (counter + 1));
}

#endif
