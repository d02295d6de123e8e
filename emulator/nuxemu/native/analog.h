// SPDX-License-Identifier: BSD-3-Clause
// The non-spiking mode as a chip's rows, neuron resets and CADC reach it.
#ifndef NUX_ANALOG_H
#define NUX_ANALOG_H

#include "cdef/analog.h"

// An event on a row: `sign` +1 or -1, `length` of the pulse (with the driver's strength), weights
// of 0 to 63, to columns where match is not 0.
void nux_analog_pulse(nux_analog *, double now_s, unsigned row, double length, double sign,
                      const uint8_t *weights, const uint8_t *match);
// Empty the membranes of columns where mask is not 0.
void nux_analog_reset(nux_analog *, const uint8_t *mask);
// One trial: raw readings, before the offsets of the CADC's channels.
void nux_analog_convert(nux_analog *, double now_s, int32_t *readings);

#endif
