/* SPDX-License-Identifier: BSD-3-Clause */
/* Which words of a memory anyone has written: a byte for each word of four bytes, 1 once any of
 * them was written, so that padding beside data counts as written too. */
#ifndef NUX_WRITTEN_H
#define NUX_WRITTEN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NUX_WRITTEN_WORDS = 8 }; /* that are looked at at a time, from any one on */

/* Flags of a memory, with room to look at words beyond its last one. */
#define NUX_WRITTEN_SIZE(bytes) ((bytes) / 4 + NUX_WRITTEN_WORDS)

/* Where flags[0] is that of the lowest byte of a word. */
#define NUX_WRITTEN_FLAG(word) (UINT64_C(1) << 8 * (word))

/* Flags of the words from that of byte `at` on, of which a mask has NUX_WRITTEN_FLAG. */
static inline uint64_t nux_written_flags(const uint8_t *flags, uint32_t at) {
    uint64_t found;
    __builtin_memcpy(&found, flags + at / 4, sizeof found);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    found = __builtin_bswap64(found);
#endif
    return found;
}

static inline void nux_set_written(uint8_t *flags, uint32_t at, uint32_t n, bool written) {
    if (n)
        __builtin_memset(flags + at / 4, written, (at + n - 1) / 4 - at / 4 + 1);
}

static inline bool nux_all_written(const uint8_t *flags, uint32_t at, uint32_t n) {
    uint8_t all = 1;
    for (uint32_t word = at / 4; word <= (at + n - 1) / 4; word++)
        all &= flags[word];
    return all;
}
#endif
