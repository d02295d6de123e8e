/* SPDX-License-Identifier: BSD-3-Clause */
#include "written.h"
#include <string.h>

static void set_bits(uint8_t *bits, uint32_t at, uint32_t n, uint8_t all) {
    uint32_t end = at + n;
    for (; at != end && at % 8; at++)
        bits[at / 8] ^= (uint8_t)((bits[at / 8] ^ all) & 1u << at % 8);
    memset(bits + at / 8, all, (end - at) / 8);
    for (at += (end - at) / 8 * 8; at != end; at++)
        bits[at / 8] ^= (uint8_t)((bits[at / 8] ^ all) & 1u << at % 8);
}

void nux_mark_written(uint8_t *bits, uint32_t at, uint32_t n) { set_bits(bits, at, n, 0xff); }

void nux_forget_written(uint8_t *bits, uint32_t at, uint32_t n) { set_bits(bits, at, n, 0); }

bool nux_all_written(const uint8_t *bits, uint32_t at, uint32_t n) {
    while (n > NUX_WRITTEN_SPAN) {
        if (nux_unwritten(bits, at) & nux_low_bits(NUX_WRITTEN_SPAN))
            return false;
        at += NUX_WRITTEN_SPAN;
        n -= NUX_WRITTEN_SPAN;
    }
    return !(nux_unwritten(bits, at) & nux_low_bits(n));
}
