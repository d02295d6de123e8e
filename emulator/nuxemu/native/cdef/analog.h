// SPDX-License-Identifier: BSD-3-Clause
// Membranes of one hemisphere in the non-spiking mode. Plain declarations only: cffi reads this
// file too.
#ifndef NUX_CDEF_ANALOG_H
#define NUX_CDEF_ANALOG_H

#include <stdint.h>

// Raw CADC readings of all columns, by what their membranes hold.
typedef void (*nux_analog_read_fn)(void *user, const double *steps, uint8_t *readings);

// What membranes hold is in steps of 1/32 of a pulse of length 1 through a weight of 1.
typedef struct nux_analog {
    const double *factors; // [row][column]: deviation of each synapse, 1 is ideal
    double leak_hz;
    double steps[256];
    double time_s; // of the last event
    nux_analog_read_fn read;
    void *user;
} nux_analog;

#endif
