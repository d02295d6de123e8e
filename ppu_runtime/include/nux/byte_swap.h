// SPDX-License-Identifier: BSD-3-Clause
// Swapping the bytes of a word.
//
// The chip has no byte-reversed loads and stores, but GCC makes them of byte swaps beside a
// memory access. These functions hide the swap from it.

#ifndef NUX_BYTE_SWAP_H
#define NUX_BYTE_SWAP_H

#include <stdint.h>

/// The same value, about which the compiler knows nothing.
static inline uint32_t nux_opaque(uint32_t value) {
    __asm__("" : "+r"(value));
    return value;
}

/// Bytes in reverse order.
static inline uint32_t nux_byte_swap32(uint32_t value) {
    return nux_opaque(__builtin_bswap32(nux_opaque(value)));
}

/// The two bytes exchanged.
static inline uint16_t nux_byte_swap16(uint16_t value) {
    return (uint16_t)nux_opaque(__builtin_bswap16((uint16_t)nux_opaque(value)));
}

#endif
