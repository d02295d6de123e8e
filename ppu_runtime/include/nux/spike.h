// SPDX-License-Identifier: BSD-3-Clause
// Spikes from the processor into the synapse array.

#ifndef NUX_SPIKE_H
#define NUX_SPIKE_H

#include <stdint.h>

#include <nux/bus.h>

enum {
    NUX_NUM_DRIVER_BUSES = 4,
    NUX_DRIVERS_PER_BUS = 32,
};

/// Event on the buses of `bus_mask` (4 bits) of a hemisphere. On each bus the driver whose
/// number is `row_select` (0 to 31; drivers may be set to ignore bits of it) hands the event to
/// its two rows; synapses whose label is `label` (0 to 63) take part.
NUX_INTRINSIC void nux_inject_event(uint32_t hemisphere, uint32_t bus_mask, uint32_t row_select,
                                    uint32_t label) {
    nux_bus_write(NUX_OMNIBUS_PADI_EVENT_WORD + hemisphere * NUX_OMNIBUS_PAIR_WORD_STRIDE,
                  (bus_mask & 15) | (label & 63) << 16 | (row_select & 31) << 22);
}

/// Spike with a label for the driver of a row (0 to 255), that is for the rows 2n and 2n + 1
/// of which it is one. Driver n is number n / 4 on bus n % 4.
NUX_INTRINSIC void nux_inject_spike(uint32_t hemisphere, uint32_t row, uint32_t label) {
    uint32_t driver = row / 2;
    nux_inject_event(hemisphere, 1u << driver % NUX_NUM_DRIVER_BUSES, driver / NUX_NUM_DRIVER_BUSES,
                     label);
}

#endif
