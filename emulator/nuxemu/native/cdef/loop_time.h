/* SPDX-License-Identifier: BSD-3-Clause */
/* How long a loop takes without branches in it, by the same rules as a processor's own time. */
#ifndef NUX_CDEF_LOOP_TIME_H
#define NUX_CDEF_LOOP_TIME_H
#include <stddef.h>
#include <stdint.h>

/* What a load, store, fxvlax, fxvstax, fxvinx or fxvoutx reaches. */
enum nux_place {
    NUX_PLACE_SRAM,
    NUX_PLACE_EXTERNAL,
    NUX_PLACE_BUS,       /* loads and stores */
    NUX_PLACE_ARRAY,     /* fxvinx and fxvoutx */
    NUX_PLACE_CONVERSION /* fxvinx: an unbuffered read of the CADC */
};

/* Issues n words, each with its enum nux_place, round after round, all branches as predicted.
 * Returns the cycles of the last half of an even number of rounds, or UINT64_MAX if there is no
 * memory. */
uint64_t nux_time_loop(const uint32_t *words, const uint8_t *places, size_t n, size_t rounds);
#endif
