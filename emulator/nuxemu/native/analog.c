// SPDX-License-Identifier: BSD-3-Clause
// The non-spiking mode: membranes sum up pulse lengths times weights.
//
// Sums are of whole steps, and so exact as long as there is no leak, in any order. What readings
// make of them is in analog_array.py, for kernels and for whole batches alike.
#include "analog.h"

#include "memory_map.h"

#include <math.h>

#define STEPS 32 // of a weight of 1

static void leak(nux_analog *analog, double time_s) {
    double left = exp(-(time_s - analog->time_s) * analog->leak_hz);
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        analog->steps[column] *= left;
}

static void advance(nux_analog *analog, double time_s) {
    if (analog->leak_hz > 0 && time_s > analog->time_s)
        leak(analog, time_s);
    analog->time_s = time_s;
}

void nux_analog_pulse(nux_array *array, unsigned row, unsigned label, unsigned mode,
                      double time_s) {
    nux_analog *analog = array->analog;
    double length = label & NUX_ANALOG_LENGTH_BITS;
    double signed_length = (mode & 1 ? length : 0) - (mode & 2 ? length : 0);
    advance(analog, time_s);
    const double *factors = analog->factors + row * NUX_ARRAY_COLUMNS;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        analog->steps[column] +=
            signed_length * rint(array->weights[row][column] * factors[column] * STEPS);
}

void nux_analog_reset(nux_array *array, const uint8_t *mask) {
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        if (mask[column])
            array->analog->steps[column] = 0;
}

void nux_analog_convert(nux_array *array, double *readings) {
    uint8_t raw[NUX_ARRAY_COLUMNS] = {0};
    advance(array->analog, array->now_s);
    array->analog->read(array->analog->user, array->analog->steps, raw);
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        readings[column] = raw[column];
}
