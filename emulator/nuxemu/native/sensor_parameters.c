// SPDX-License-Identifier: BSD-3-Clause
// Parameters of the correlation sensors: calibration bits applied, and what synapses share.
#include "array.h"

#include <math.h>
#include <string.h>

// exp(-t / tau) = 2^(-t * LOG2_E / tau).
#define LOG2_E 0x1.71547652b82fep+0
// Length of an epoch (history.c). Short epochs do not pay.
#define EPOCH_HALVINGS 500.0
#define SHORTEST_EPOCH_S 1e-4

// The value that all of a row share, or NaN.
static double shared(const double *values) {
    for (unsigned column = 1; column < NUX_ARRAY_COLUMNS; column++)
        if (values[column] != values[0])
            return NAN;
    return values[0];
}

static void apply_row(nux_array *array, unsigned row) {
    const uint8_t *amp = array->amp_calib[row], *time = array->time_calib[row];
    for (unsigned channel = 0; channel < NUX_ARRAY_CHANNELS; channel++) {
        double amplitude[NUX_ARRAY_COLUMNS], halvings[NUX_ARRAY_COLUMNS];
        for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++) {
            amplitude[column] =
                array->amplitude_lsb[channel][row][column] * array->amp_factor[amp[column] & 3];
            halvings[column] =
                LOG2_E / (array->tau_s[channel][row][column] * array->tau_factor[time[column] & 3]);
            array->pair_amplitude_lsb[row][channel][column] = (float)amplitude[column];
            array->pair_halvings_hz[row][channel][column] = (float)halvings[column];
        }
        array->rows[row].amplitude_lsb[channel] = shared(amplitude);
        array->row_halvings_hz[row][channel] = shared(halvings);
    }
}

// Use that the array has one time constant, or no longer.
static void apply_sharing(nux_array *array) {
    const double *halvings = array->row_halvings_hz[0];
    double fastest = halvings[0] > halvings[1] ? halvings[0] : halvings[1];
    bool uniform = EPOCH_HALVINGS / fastest >= SHORTEST_EPOCH_S; // false for NaN
    for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++)
        uniform &= array->row_halvings_hz[row][0] == halvings[0] &&
                   array->row_halvings_hz[row][1] == halvings[1];
    if (uniform == array->uniform && (!uniform || (halvings[0] == array->halvings_hz[0] &&
                                                   halvings[1] == array->halvings_hz[1])))
        return;
    nux_array_settle(array);
    array->uniform = uniform;
    for (unsigned channel = 0; channel < NUX_ARRAY_CHANNELS; channel++)
        array->halvings_hz[channel] = uniform ? halvings[channel] : 0;
    array->span_s = uniform ? EPOCH_HALVINGS / fastest : 0;
    nux_history_restart(array);
}

void nux_array_update_row(nux_array *array, unsigned row) {
    apply_row(array, row);
    apply_sharing(array);
}

void nux_array_update_parameters(nux_array *array) {
    nux_array_settle(array);
    for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++)
        apply_row(array, row);
    apply_sharing(array);
}
