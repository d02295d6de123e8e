// SPDX-License-Identifier: BSD-3-Clause
// The product in integers, calculated by the processor itself: what an ideal chip gives.

#include "analog.h"

static int32_t sums[NUX_NUM_COLUMNS];
static nux_vector_memory rows[2];

void analog_prepare(void) {}

void analog_multiply(const uint8_t *inputs, uint32_t count, uint32_t sends, uint32_t wait,
                     nux_vector_memory result[2]) {
    (void)wait;
    for (uint32_t column = 0; column < NUX_NUM_COLUMNS; column++) {
        sums[column] = 0;
    }
    for (uint32_t row = 0; row < count; row++) {
        if (!inputs[row]) {
            continue;
        }
        nux_row positive = nux_get_weights(2 * row), negative = nux_get_weights(2 * row + 1);
        nux_store(nux_sub8(positive.even, negative.even), &rows[0]);
        nux_store(nux_sub8(positive.odd, negative.odd), &rows[1]);
        for (uint32_t column = 0; column < NUX_NUM_COLUMNS; column++) {
            sums[column] += inputs[row] * rows[column % 2].s8[column / 2];
        }
    }
    for (uint32_t column = 0; column < NUX_NUM_COLUMNS; column++) {
        int32_t counts = (sums[column] * (int32_t)sends + 32) >> 6;
        counts = counts > INT8_MAX ? INT8_MAX : counts < INT8_MIN ? INT8_MIN : counts;
        result[column % 2].s8[column / 2] = (int8_t)counts;
    }
    nux_sync();
}
