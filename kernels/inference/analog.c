// SPDX-License-Identifier: BSD-3-Clause
// The analog multiplication: membranes are reset, inputs sent as pulses, membranes digitised.

#include "analog.h"

enum {
    CYCLES_PER_EVENT_CYCLE = NUX_PPU_CLOCK_HZ / 125000000,
    EXCITATORY_ROW = 1u << 4, // even row of a driver; one bit further the odd one
    INHIBITORY_ROW = 1u << 7, // odd row
};

static uint32_t hemisphere;
static bool prepared; // also from one start to the next

void analog_prepare(void) {
    if (prepared) {
        return;
    }
    hemisphere = nux_find_hemisphere();
    uint32_t driver = NUX_OMNIBUS_DRIVER_WORD + hemisphere * NUX_OMNIBUS_PAIR_WORD_STRIDE;
    for (uint32_t i = 0; i < NUX_NUM_DRIVERS; i++) {
        volatile uint32_t *word = nux_bus_word(driver + i * NUX_OMNIBUS_DRIVER_STRIDE + 1);
        *word = (*word & ~0xf0u) | EXCITATORY_ROW | INHIBITORY_ROW;
    }
    nux_switch_channel(NUX_VECTOR_WEIGHT, true);
    prepared = true;
}

static void send(const uint8_t *inputs, uint32_t count, uint32_t wait_cycles) {
    uint32_t last = nux_time_base_low() - wait_cycles;
    for (uint32_t i = 0; i < count; i++) {
        if (inputs[i] == 0) {
            continue;
        }
        while (nux_time_base_low() - last < wait_cycles) {
        }
        last = nux_time_base_low();
        nux_inject_spike(hemisphere, 2 * i, inputs[i]);
    }
}

// Readings are 128 at rest.
static void read(nux_vector_memory result[2]) {
    nux_vector offset = nux_splat8(INT8_MIN);
    nux_row row = nux_read_neurons();
    fxvstax(nux_add8(row.even, offset), &result[NUX_EVEN], 0);
    fxvstax(nux_add8(row.odd, offset), &result[NUX_ODD], 0);
}

void analog_multiply(const uint8_t *inputs, uint32_t count, uint32_t sends, uint32_t wait,
                     nux_vector_memory result[2]) {
    nux_reset_all_neurons();
    nux_sync();
    for (uint32_t i = 0; i < sends; i++) {
        send(inputs, count, wait * CYCLES_PER_EVENT_CYCLE);
    }
    read(result);
}
