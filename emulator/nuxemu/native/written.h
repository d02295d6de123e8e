/* SPDX-License-Identifier: BSD-3-Clause */
/* Which bytes of a memory anyone has written: a bit each. */
#ifndef NUX_WRITTEN_H
#define NUX_WRITTEN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NUX_WRITTEN_SPAN = 57 }; /* bytes that are looked at at a time, from any one on */

/* Size of the bits of a memory, with room to look at a span from its last byte on. */
#define NUX_WRITTEN_BYTES(size) ((size) / 8 + 8)

/* Bits of the bytes from `at` on that are not written; those beyond the span have no meaning. */
static inline uint64_t nux_unwritten(const uint8_t *bits, uint32_t at) {
    uint64_t word;
    __builtin_memcpy(&word, bits + at / 8, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return ~word >> at % 8;
}

/* The lowest n bits, n at most 63. */
static inline uint64_t nux_low_bits(uint32_t n) { return (UINT64_C(1) << n) - 1; }

/* written.c */
void nux_forget_written(uint8_t *bits, uint32_t at, uint32_t n);
void nux_mark_written(uint8_t *bits, uint32_t at, uint32_t n);
bool nux_all_written(const uint8_t *bits, uint32_t at, uint32_t n);
#endif
