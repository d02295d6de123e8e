// SPDX-License-Identifier: BSD-3-Clause
// Random bytes, one generator a column.
//
// The generators are shift registers that take in one new bit a draw: a draw shares bits with
// those before it. For bytes that have nothing to do with each other use nux_random_fresh, which
// discards the draws between, or nux_discard_random.

#ifndef NUX_RANDOM_H
#define NUX_RANDOM_H

#include <stdint.h>

#include <nux/fxv.h>
#include <nux/memory_map.h>
#include <nux/synapse.h>

/// Draws after which no bit of an earlier one is left.
enum { NUX_RANDOM_FRESH_DRAWS = 13 };

/// Next draw of the even (NUX_EVEN) or odd (NUX_ODD) columns.
NUX_INTRINSIC nux_vector nux_random_half(uint32_t half) { return fxvinx(NUX_VECTOR_RANDOM, half); }

/// Next draw of all columns.
NUX_INTRINSIC nux_row nux_random(void) {
    return (nux_row){nux_random_half(NUX_EVEN), nux_random_half(NUX_ODD)};
}

/// Draw and forget, `count` times.
NUX_INTRINSIC void nux_discard_random(uint32_t count) {
    while (count-- > 0) {
        nux_random();
    }
}

/// A draw of all columns that is independent of earlier ones.
NUX_INTRINSIC nux_row nux_random_fresh(void) {
    nux_discard_random(NUX_RANDOM_FRESH_DRAWS - 1);
    return nux_random();
}

/// Seed the generators with a byte each; then the same draws follow.
NUX_INTRINSIC void nux_seed_random(nux_row seeds) {
    fxvoutx(seeds.even, NUX_VECTOR_RANDOM, NUX_EVEN);
    fxvoutx(seeds.odd, NUX_VECTOR_RANDOM, NUX_ODD);
}

#endif
