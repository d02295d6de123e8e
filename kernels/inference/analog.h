// SPDX-License-Identifier: BSD-3-Clause
// The analog multiplication, as the sequencer uses it.

#ifndef NUX_INFERENCE_ANALOG_H
#define NUX_INFERENCE_ANALOG_H

#include <stdint.h>

#include <nux/nux.h>

enum { SIGNED_INPUTS = 128 };

/// Once after each start, before the first multiplication.
void analog_prepare(void);

/// Result of the inputs, 0 to 31, with the weights of the first `count` signed rows: int8 against
/// each column's baseline, result[0] the even columns, result[1] the odd ones. The inputs are sent
/// `sends` times, an event every `wait` cycles of the event clock.
void analog_multiply(const uint8_t *inputs, uint32_t count, uint32_t sends, uint32_t wait,
                     nux_vector_memory result[2]);

/// Weights of a signed row, -63 to 63: the positive ones in row 2n, the negative ones in 2n + 1.
NUX_INTRINSIC void analog_set_weights(uint32_t row, nux_row weights) {
    nux_vector zero = nux_splat8(0);
    nux_set_weights(2 * row, (nux_row){nux_max8(weights.even, zero), nux_max8(weights.odd, zero)});
    nux_set_weights(2 * row + 1, (nux_row){nux_max8(nux_sub8(zero, weights.even), zero),
                                           nux_max8(nux_sub8(zero, weights.odd), zero)});
}

#endif
