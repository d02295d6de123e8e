// SPDX-License-Identifier: BSD-3-Clause
// The non-spiking mode of one hemisphere: synapses weigh pulse lengths, membranes sum them up.
// Plain declarations only: cffi reads this file too.
#ifndef NUX_CDEF_ANALOG_H
#define NUX_CDEF_ANALOG_H

#include <stddef.h>
#include <stdint.h>

enum nux_analog_limits {
    NUX_ANALOG_INPUTS = 128, // signed ones: input i has the rows 2 i and 2 i + 1
    NUX_ANALOG_COLUMNS = 256,
    NUX_ANALOG_STEPS = 32,     // of an effective weight of 1
    NUX_ANALOG_INPUT_MAX = 31, // pulse length
    NUX_ANALOG_BASELINE = 128, // raw reading of a membrane that was reset
};

typedef struct nux_analog {
    // Configuration: may be changed at any time.
    double factor[256][256]; // of each synapse's weight, 0 to 2, [row][column]
    double gain[256];        // of columns, counts per product of input and weight
    double offset[256];      // of columns, counts
    double noise;            // standard deviation between trials, counts
    double leak_hz;          // 0: none
    double linear;           // counts up to which readings are linear, up to 128
    uint64_t key;            // of the noise
    // State: input vectors read so far, and what the membranes of a chip hold, in steps of
    // effective weight times pulse length, at a time.
    uint64_t trials;
    double charge[256];
    double charge_s;
} nux_analog;

// One that is not configured yet, without charge; NULL without memory.
nux_analog *nux_analog_new(void);
void nux_analog_free(nux_analog *);

// Products of a batch of inputs, [batch][n], with weights in steps, [n][256]; each input counts
// `sends` times the part left[i] (NULL: all of it). Writes the readings [batch][256]; 0, or -1
// without memory.
int nux_analog_multiply(nux_analog *, size_t batch, size_t n, const uint8_t *inputs,
                        const int16_t *weights, const double *left, unsigned sends, int8_t *out);

// Rounds to the nearest integers, ties to even, which become bytes; low and high within a byte's
// range. Returns 1; 0 if a value is not from low to high, or not a number.
int nux_analog_pack(const float *values, size_t n, float low, float high, uint8_t *out);

// State of the membranes of a chip and number of trials: returns the bytes needed, writes them if
// they fit; 0, or -1 if that is not such a state: nothing is changed then.
size_t nux_analog_save(const nux_analog *, uint8_t *out, size_t capacity);
int nux_analog_load(nux_analog *, const uint8_t *data, size_t n);

#endif
