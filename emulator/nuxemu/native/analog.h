// SPDX-License-Identifier: BSD-3-Clause
// Membranes that sum up pulses between a reset and a conversion (analog.c).
#ifndef NUX_ANALOG_H
#define NUX_ANALOG_H

#include "array.h"
#include "cdef/analog.h"

enum { NUX_ANALOG_LENGTH_BITS = 0x1f }; // of an event's label: the length of its pulse

// A pulse on a row; mode: bit 0 excitatory, bit 1 inhibitory.
void nux_analog_pulse(nux_array *array, unsigned row, unsigned label, unsigned mode, double time_s);
// Forget what the chosen columns hold.
void nux_analog_reset(nux_array *array, const uint8_t *mask);
// Readings of all columns.
void nux_analog_convert(nux_array *array, double *readings);

#endif
