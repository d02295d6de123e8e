// SPDX-License-Identifier: BSD-3-Clause
// Decrementer and fixed-interval timer. Both request interrupts (nux/interrupt.h).

#ifndef NUX_TIMER_H
#define NUX_TIMER_H

#include <stdbool.h>
#include <stdint.h>

// Timer status: what has happened, until it is cleared.
#define NUX_TSR_DECREMENTER 0x08000000u
#define NUX_TSR_FIXED_INTERVAL 0x04000000u

// Timer control: what requests interrupts, and how.
#define NUX_TCR_DECREMENTER 0x04000000u
#define NUX_TCR_FIXED_INTERVAL 0x00800000u
#define NUX_TCR_AUTO_RELOAD 0x00400000u
#define NUX_TCR_PERIOD_MASK 0x03000000u

/// Cycles between two events of the fixed-interval timer.
enum nux_fixed_interval {
    NUX_EVERY_512 = 0,
    NUX_EVERY_8192 = 1,
    NUX_EVERY_131072 = 2,
    NUX_EVERY_2097152 = 3,
};

static inline uint32_t nux_timer_control(void) {
    uint32_t control;
    __asm__ volatile("mfspr %0,340" : "=r"(control));
    return control;
}

static inline void nux_set_timer_control(uint32_t control) {
    __asm__ volatile("mtspr 340,%0" ::"r"(control) : "memory");
}

/// Events since they were cleared, NUX_TSR_... bits.
static inline uint32_t nux_timer_status(void) {
    uint32_t status;
    __asm__ volatile("mfspr %0,336" : "=r"(status)::"memory");
    return status;
}

/// Clear (acknowledge) events.
static inline void nux_clear_timer_status(uint32_t events) {
    __asm__ volatile("mtspr 336,%0" ::"r"(events) : "memory");
}

/// Cycles until the decrementer's event, 0: it has stopped.
static inline uint32_t nux_decrementer(void) {
    uint32_t cycles;
    __asm__ volatile("mfspr %0,22" : "=r"(cycles));
    return cycles;
}

/// Set the decrementer going; its event is `cycles` (at least 1) from now. 0 stops it without
/// an event.
static inline void nux_set_decrementer(uint32_t cycles) {
    __asm__ volatile("mtspr 22,%0" ::"r"(cycles) : "memory");
}

/// One decrementer interrupt, `cycles` from now.
static inline void nux_start_decrementer(uint32_t cycles) {
    nux_set_timer_control((nux_timer_control() & ~NUX_TCR_AUTO_RELOAD) | NUX_TCR_DECREMENTER);
    nux_set_decrementer(cycles);
}

/// A decrementer interrupt every `cycles`, the first one that long from now.
static inline void nux_start_periodic_decrementer(uint32_t cycles) {
    __asm__ volatile("mtspr 54,%0" ::"r"(cycles) : "memory"); // reload value
    nux_set_timer_control(nux_timer_control() | NUX_TCR_AUTO_RELOAD | NUX_TCR_DECREMENTER);
    nux_set_decrementer(cycles);
}

/// Stop the decrementer, its interrupt, and drop its event.
static inline void nux_stop_decrementer(void) {
    nux_set_timer_control(nux_timer_control() & ~(NUX_TCR_AUTO_RELOAD | NUX_TCR_DECREMENTER));
    nux_set_decrementer(0);
    nux_clear_timer_status(NUX_TSR_DECREMENTER);
}

/// A fixed-interval interrupt whenever bit 8, 12, 16 or 20 of the time base rises.
static inline void nux_start_fixed_interval(enum nux_fixed_interval interval) {
    uint32_t other = nux_timer_control() & ~NUX_TCR_PERIOD_MASK;
    nux_set_timer_control(other | (uint32_t)interval << 24 | NUX_TCR_FIXED_INTERVAL);
    nux_clear_timer_status(NUX_TSR_FIXED_INTERVAL);
}

/// Stop the fixed-interval interrupt, and drop its event.
static inline void nux_stop_fixed_interval(void) {
    nux_set_timer_control(nux_timer_control() & ~NUX_TCR_FIXED_INTERVAL);
    nux_clear_timer_status(NUX_TSR_FIXED_INTERVAL);
}

#endif
