// SPDX-License-Identifier: BSD-3-Clause
// Accesses timed as the vendor's speed test does it: time base, access, sync, time base; the
// second of two calls counts.
#include <nux/nux.h>

/// The address is in a register before the clock starts.
#define MEASURE(name, address, access)                                                             \
    static __attribute__((noinline)) uint32_t name(void) {                                         \
        uint32_t base = (uint32_t)(address);                                                       \
        nux_vector vector = fxvsplatb(1);                                                          \
        __asm__ volatile("" : "+b"(base));                                                         \
        nux_sync();                                                                                \
        uint32_t before = nux_time_base_low();                                                     \
        access;                                                                                    \
        nux_sync();                                                                                \
        (void)vector;                                                                              \
        return nux_time_base_low() - before - 1;                                                   \
    }

static nux_vector_memory in_sram;

MEASURE(weight_load, NUX_VECTOR_WEIGHT, (void)fxvinx(base, 0))
MEASURE(weight_store, NUX_VECTOR_WEIGHT, fxvoutx(vector, base, 0))
MEASURE(neuron_reset, NUX_VECTOR_NEURON_RESET_OF_SPEED_TEST, fxvoutx(vector, base, 0))
MEASURE(sram_store, &in_sram, fxvstax(vector, (void *)base, 0))
MEASURE(sram_load, &in_sram, (void)fxvlax((void *)base, 0))
MEASURE(cadc_row, NUX_VECTOR_CAUSAL, (void)fxvinx(base, 0);
        (void)fxvinx(base | NUX_VECTOR_BUFFERED, 1))
MEASURE(external_store, NUX_VECTOR_EXTMEM, fxvoutx(vector, base, 0))
MEASURE(external_load, NUX_VECTOR_EXTMEM, (void)fxvinx(base, 0))

static uint32_t sleep_of(uint32_t cycles) {
    enum { TURNS = 100 };
    uint32_t before = nux_time_base_low();
    for (int i = 0; i <= TURNS; i++)
        nux_sleep_cycles(cycles);
    return (nux_time_base_low() - before) / TURNS;
}

uint32_t results[10];

int start(void) {
    uint32_t (*const measure[])(void) = {
        weight_load, weight_store, neuron_reset,   sram_store,
        sram_load,   cadc_row,     external_store, external_load,
    };
    for (unsigned i = 0; i < 8; i++) {
        measure[i]();
        results[i] = measure[i]();
    }
    results[8] = sleep_of(100);
    results[9] = sleep_of(1000);
    return 0;
}
