// SPDX-License-Identifier: BSD-3-Clause
// The time base: 64 bits, one step a processor cycle, 0 at reset.

#ifndef NUX_TIME_H
#define NUX_TIME_H

#include <stdint.h>

#include <nux/memory_map.h>

#define NUX_CYCLES_PER_US (NUX_PPU_CLOCK_HZ / 1000000)

/// Lower word of the time base; wraps every 17 s.
static inline uint32_t nux_time_base_low(void) {
    uint32_t low;
    __asm__ volatile("mfspr %0,284" : "=r"(low));
    return low;
}

/// Upper word of the time base.
static inline uint32_t nux_time_base_high(void) {
    uint32_t high;
    __asm__ volatile("mfspr %0,285" : "=r"(high));
    return high;
}

/// Cycles since reset. Read again if the lower word wrapped between the two reads.
static inline uint64_t nux_time_base(void) {
    uint32_t high, low, again;
    do {
        high = nux_time_base_high();
        low = nux_time_base_low();
        again = nux_time_base_high();
    } while (high != again);
    return (uint64_t)high << 32 | low;
}

/// Wait until at least `cycles` have passed since the call, at most 17 s.
static inline void nux_sleep_cycles(uint32_t cycles) {
    uint32_t begin = nux_time_base_low();
    while (nux_time_base_low() - begin < cycles) {
    }
}

#endif
