// SPDX-License-Identifier: BSD-3-Clause
//
// Homeostasis: every `period_us` each neuron of this hemisphere gets excitatory weights one step
// larger if it has sent fewer than `target` spikes since the last time, one step smaller if it has
// sent more. All its weights in the rows `row_begin` to `row_end - 1` change alike, within 0 to
// NUX_WEIGHT_MAX. Runs until the host stops it; both processors may run it.

#include <nux/nux.h>

// Written by the host before the start.
volatile uint32_t hemisphere = 0; // whose processor this is
volatile uint32_t period_us = 1000;
volatile int8_t target = 10; // spikes in a period, 0 to 126
volatile uint32_t row_begin = 0, row_end = NUX_NUM_ROWS;

// Read by the host.
volatile uint32_t rounds = 0;

static nux_vector_memory counts[2]; // even, odd columns

/// +1, 0 or -1 in each lane: in which direction the weights of its neuron go.
NUX_INTRINSIC nux_vector direction(nux_vector_memory *count) {
    nux_vector missing = nux_sub8_sat(nux_splat8(target), nux_load(count));
    return nux_clamp8(missing, nux_splat8(-1), nux_splat8(1));
}

NUX_INTRINSIC nux_vector moved(nux_vector weight, nux_vector step) {
    return nux_clamp8(nux_add8(weight, step), nux_splat8(0), nux_splat8(NUX_WEIGHT_MAX));
}

static void update(void) {
    nux_row step = {direction(&counts[NUX_EVEN]), direction(&counts[NUX_ODD])};
    for (uint32_t row = row_begin; row < row_end; row++) {
        nux_row weights = nux_get_weights(row);
        weights.even = moved(weights.even, step.even);
        weights.odd = moved(weights.odd, step.odd);
        nux_set_weights(row, weights);
    }
}

int start(void) {
    if (hemisphere > 1 || target < 0 || row_begin >= row_end || row_end > NUX_NUM_ROWS) {
        return 1;
    }
    nux_spike_counts(hemisphere, true, counts);
    uint32_t begin = nux_time_base_low();
    for (;;) {
        while (nux_time_base_low() - begin < period_us * NUX_CYCLES_PER_US) {
        }
        begin += period_us * NUX_CYCLES_PER_US;
        nux_spike_counts(hemisphere, true, counts);
        for (uint32_t half = NUX_EVEN; half <= NUX_ODD; half++) {
            for (uint32_t lane = 0; lane < sizeof counts[half].u8; lane++) {
                if (counts[half].u8[lane] > INT8_MAX) { // lanes are signed
                    counts[half].u8[lane] = INT8_MAX;
                }
            }
        }
        update();
        rounds++;
    }
}
