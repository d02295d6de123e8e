// SPDX-License-Identifier: BSD-3-Clause
// A mistake for each check, and beside it how to do it right; `which` chooses.

#include <nux/nux.h>

volatile uint32_t which, right;

// Registers are named here, so that the compiler cannot choose one that was written.
static __attribute__((noinline)) void add_registers(void) {
    if (right) {
        asm volatile(".long 0x12010000 | (269 << 2)"); // fxvsplatb 16, 1
        asm volatile(".long 0x12210000 | (269 << 2)"); // fxvsplatb 17, 1
    }
    asm volatile(".long 0x12508800 | (461 << 2)"); // UNWRITTEN: fxvaddbm 18, 16, 17
}

static __attribute__((noinline)) void select_lanes(void) {
    nux_vector low = nux_splat8(1), high = nux_splat8(2);
    if (right) {
        fxvcmpb(low);
    }
    nux_set_weights_half(0, 0, fxvsel(low, high, NUX_GT)); // NO_CONDITION
}

static __attribute__((noinline)) void write_masked(void) {
    nux_vector mask = nux_splat8(right ? 1 : 0);
    fxvcmpb(mask);
    fxvoutx_if(NUX_GT, mask, NUX_VECTOR_WEIGHT, 4); // EMPTY_MASK
}

static __attribute__((noinline)) void write_weights(void) {
    nux_set_weights_half(1, 0, nux_splat8(right ? 63 : 64)); // WEIGHT
}

static __attribute__((noinline)) void read_latched(void) {
    if (right) {
        nux_set_labels_half(2, 0, nux_get_causal_half(3, 0));
    }
    nux_vector value = nux_get_acausal_half_buffered(3, 0); // NOT_LATCHED
    nux_set_labels_half(2, 0, value);
}

static __attribute__((noinline)) void read_correlation(void) {
    nux_switch_channel(NUX_VECTOR_WEIGHT, !right);
    nux_vector value = nux_get_causal_half(3, 0); // ON_NEURONS
    nux_set_labels_half(2, 0, value);
}

static __attribute__((noinline)) void add_bytes(void) {
    nux_vector sum = nux_add8_sat(nux_splat8(100), nux_splat8(right ? 27 : 28)); // SATURATED
    nux_set_labels_half(2, 0, sum);
}

static __attribute__((noinline)) void read_memory(void) {
    volatile uint32_t values[2];
    if (right) {
        values[1] = 1;
    }
    uint32_t value = values[1]; // UNINITIALISED
    nux_set_labels_half(2, 0, fxvsplatb(value));
}

static __attribute__((noinline)) void learn(void) {
    nux_reset_correlation(5, NUX_RESET_BOTH);
    nux_vector reading = nux_get_causal_half(5, 0); // NO_BASELINE
    if (right) {
        reading = nux_sub8(nux_get_acausal_half_buffered(5, 0), reading);
    }
    nux_set_weights_half(6, 0, nux_shift_right8(nux_add8(reading, nux_splat8(3)), 3));
}

static __attribute__((noinline)) void read_row(void) {
    if (right) {
        nux_reset_correlation(7, NUX_RESET_BOTH);
    }
    nux_vector value = nux_get_causal_half(7, 0); // NEVER_RESET
    nux_set_labels_half(2, 0, value);
}

int start(void) {
    static void (*const mistakes[])(void) = {
        add_registers,    select_lanes, write_masked, write_weights, read_latched,
        read_correlation, read_memory,  learn,        add_bytes,     read_row};
    nux_reset_correlation(3, NUX_RESET_BOTH);
    for (uint32_t i = 0; i < 3; i++) {
        mistakes[which]();
    }
    return 0;
}
