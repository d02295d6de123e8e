// SPDX-License-Identifier: BSD-3-Clause
// Products of a batch of inputs, by the processor.

#include <nux/inference.h>
#include <nux/nux.h>

enum { BATCH = 8 };

volatile uint32_t hemisphere, count, sends, wait, send_cycles;
uint8_t inputs[BATCH][NUX_MAC_INPUTS];
nux_vector_memory results[BATCH][2];

// Weights: vectors in the DRAM, even and odd columns of each input.
static __attribute__((noinline)) void load_weights(void) {
    for (uint32_t input = 0; input < NUX_MAC_INPUTS; input++) {
        nux_row row = {fxvinx(NUX_VECTOR_DRAM, 16 * input),
                       fxvinx(NUX_VECTOR_DRAM, 16 * input + 8)};
        nux_mac_set_weights(input, row);
    }
}

static __attribute__((noinline)) void multiply(uint32_t i) {
    nux_mac_reset();
    uint32_t begin = nux_time_base_low();
    nux_mac_send(hemisphere, inputs[i], 0, count, sends, wait);
    send_cycles = nux_time_base_low() - begin;
    nux_row row = nux_mac_read();
    nux_store(row.even, &results[i][0]);
    nux_store(row.odd, &results[i][1]);
}

int start(void) {
    nux_mac_prepare(hemisphere);
    load_weights();
    for (uint32_t i = 0; i < BATCH; i++) {
        multiply(i);
    }
    return 0;
}
