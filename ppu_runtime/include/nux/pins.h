// SPDX-License-Identifier: BSD-3-Clause
// General-purpose pins, one bit each. Pins 0 to 3 can request interrupts (nux/interrupt.h).

#ifndef NUX_PINS_H
#define NUX_PINS_H

#include <stdint.h>

/// Levels at the input pins.
static inline uint32_t nux_read_pins(void) {
    uint32_t pins;
    __asm__ volatile("mfspr %0,65" : "=r"(pins)::"memory");
    return pins;
}

/// Set the levels of the output pins.
static inline void nux_write_pins(uint32_t pins) {
    __asm__ volatile("mtspr 66,%0" ::"r"(pins) : "memory");
}

/// Drive the pins whose bit is set, and only those. After reset all are driven, to 0.
static inline void nux_drive_pins(uint32_t pins) {
    __asm__ volatile("mtspr 67,%0" ::"r"(~pins) : "memory"); // 0 is output
}

#endif
