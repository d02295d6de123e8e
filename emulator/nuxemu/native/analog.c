// SPDX-License-Identifier: BSD-3-Clause
// The non-spiking mode: products of pulse lengths and weights on membranes.
//
//   v = gain * sum / NUX_ANALOG_STEPS + offset + noise
//   reading = floor(clip(soft(v), -128, 127) + 1/2)
//
// The sum is in whole steps, and so exact in any order, unless there is leak. Batches and the
// rows of a chip share what follows the sum.
#include "analog.h"

#include "array.h"
#include "splitmix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = NUX_ANALOG_COLUMNS, PAIRS = NUX_ANALOG_INPUTS / 2 };

#define LIMIT 128.0 // counts from the baseline to either end of the converter
// Standard deviation of the sum of eight uniform bytes: sqrt(8 * (256^2 - 1) / 12); and its mean.
#define NOISE_SD 209.02153
#define NOISE_MEAN 1020
// Adding it and taking it away again rounds to an integer, ties to even.
#define ROUNDING 0x1.8p52

nux_analog *nux_analog_new(void) { return calloc(1, sizeof(nux_analog)); }

void nux_analog_free(nux_analog *analog) { free(analog); }

// Nearly Gaussian, within 4.9 s.d.: the sum of the bytes of a random number.
static inline int32_t noise(uint64_t key, uint64_t counter) {
    uint64_t x = nux_mix64(key + 0x9e3779b97f4a7c15u * (counter + 1));
    x = (x & 0x00ff00ff00ff00ffu) + (x >> 8 & 0x00ff00ff00ff00ffu);
    x = (x & 0x0000ffff0000ffffu) + (x >> 16 & 0x0000ffff0000ffffu);
    return (int32_t)((uint32_t)x + (uint32_t)(x >> 32)) - NOISE_MEAN;
}

static double softened(double v, double linear) {
    double room = LIMIT - linear, beyond = fabs(v) - linear;
    return beyond <= 0 || room <= 0 ? v : copysign(linear + room * tanh(beyond / room), v);
}

// Readings of trial number `trial` relative to the baseline.
NUX_ARRAY_CLONES
static void read_columns(const nux_analog *analog, uint64_t trial, const double *sum,
                         int32_t *readings) {
    double v[COLUMNS];
    for (unsigned column = 0; column < COLUMNS; column++)
        v[column] = analog->gain[column] * (sum[column] / NUX_ANALOG_STEPS);
    if (analog->noise > 0)
        for (unsigned column = 0; column < COLUMNS; column++)
            v[column] += analog->noise / NOISE_SD * noise(analog->key, trial * COLUMNS + column);
    for (unsigned column = 0; column < COLUMNS; column++)
        v[column] += analog->offset[column];
    if (analog->linear < LIMIT)
        for (unsigned column = 0; column < COLUMNS; column++)
            if (fabs(v[column]) > analog->linear)
                v[column] = softened(v[column], analog->linear);
    for (unsigned column = 0; column < COLUMNS; column++) {
        double value = v[column] > -LIMIT ? v[column] : -LIMIT; // also NaN
        value = value < LIMIT - 1 ? value : LIMIT - 1;
        readings[column] = (int32_t)(value + (LIMIT + 0.5)) - (int32_t)LIMIT;
    }
}

// --- Batches -------------------------------------------------------------------------------

// Weights of two neighbouring inputs side by side, [pair][column][2].
typedef int16_t pair_weights[COLUMNS][2];

static void interleave(pair_weights *pairs, size_t n, const int16_t *weights) {
    for (size_t i = 0; i < n; i++)
        for (unsigned column = 0; column < COLUMNS; column++)
            pairs[i / 2][column][i % 2] = weights[i * COLUMNS + column];
}

// Up to 128 * 31 * 32 * 126 steps: below 2^24.
NUX_ARRAY_CLONES
static void exact_sum(size_t n, const uint8_t *x, const pair_weights *pairs, unsigned sends,
                      double *sum) {
    int32_t total[COLUMNS] = {0};
    for (size_t i = 0; i < n; i += 2) {
        int32_t first = x[i], second = i + 1 < n ? x[i + 1] : 0;
        const int16_t(*w)[2] = pairs[i / 2];
        if ((first | second) != 0)
            for (unsigned column = 0; column < COLUMNS; column++)
                total[column] += first * w[column][0] + second * w[column][1];
    }
    for (unsigned column = 0; column < COLUMNS; column++)
        sum[column] = (double)total[column] * sends;
}

NUX_ARRAY_CLONES
static void leaking_sum(size_t n, const uint8_t *x, const int16_t *weights, const double *left,
                        unsigned sends, double *sum) {
    memset(sum, 0, COLUMNS * sizeof *sum);
    for (size_t i = 0; i < n; i++) {
        double length = x[i] * left[i] * sends;
        if (length != 0)
            for (unsigned column = 0; column < COLUMNS; column++)
                sum[column] += length * weights[i * COLUMNS + column];
    }
}

int nux_analog_multiply(nux_analog *analog, size_t batch, size_t n, const uint8_t *inputs,
                        const int16_t *weights, const double *left, unsigned sends, int8_t *out) {
    double sum[COLUMNS];
    int32_t readings[COLUMNS];
    pair_weights *pairs = calloc(PAIRS, sizeof *pairs);
    if (pairs == NULL)
        return -1;
    if (left == NULL)
        interleave(pairs, n, weights);
    for (size_t i = 0; i < batch; i++) {
        if (left == NULL)
            exact_sum(n, inputs + i * n, (const pair_weights *)pairs, sends, sum);
        else
            leaking_sum(n, inputs + i * n, weights, left, sends, sum);
        read_columns(analog, analog->trials++, sum, readings);
        for (unsigned column = 0; column < COLUMNS; column++)
            out[i * COLUMNS + column] = (int8_t)readings[column];
    }
    free(pairs);
    return 0;
}

#define FLOAT_ROUNDING 0x1.8p23f

NUX_ARRAY_CLONES
int nux_analog_pack(const float *values, size_t n, float low, float high, uint8_t *out) {
    int32_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        float value = values[i];
        wrong |= !(value >= low) | !(value <= high);
        value = value >= low ? value : low; // also NaN
        value = value <= high ? value : high;
        out[i] = (uint8_t)(int32_t)(value + FLOAT_ROUNDING - FLOAT_ROUNDING);
    }
    return !wrong;
}

// --- On a chip -----------------------------------------------------------------------------

static void leak_until(nux_analog *analog, double now_s) {
    if (analog->leak_hz > 0 && now_s > analog->charge_s) {
        double left = exp(-(now_s - analog->charge_s) * analog->leak_hz);
        for (unsigned column = 0; column < COLUMNS; column++)
            analog->charge[column] *= left;
    }
    analog->charge_s = now_s;
}

NUX_ARRAY_CLONES
void nux_analog_pulse(nux_analog *analog, double now_s, unsigned row, double length, double sign,
                      const uint8_t *weights, const uint8_t *match) {
    leak_until(analog, now_s);
    for (unsigned column = 0; column < COLUMNS; column++) {
        double weight = match[column] != 0 ? weights[column] : 0;
        double steps = weight * analog->factor[row][column] * NUX_ANALOG_STEPS;
        steps = steps + ROUNDING - ROUNDING;
        analog->charge[column] += sign * length * steps;
    }
}

void nux_analog_reset(nux_analog *analog, const uint8_t *mask) {
    for (unsigned column = 0; column < COLUMNS; column++)
        if (mask[column] != 0)
            analog->charge[column] = 0;
}

void nux_analog_convert(nux_analog *analog, double now_s, int32_t *readings) {
    leak_until(analog, now_s);
    read_columns(analog, analog->trials++, analog->charge, readings);
    for (unsigned column = 0; column < COLUMNS; column++)
        readings[column] += NUX_ANALOG_BASELINE;
}

// --- State ---------------------------------------------------------------------------------

typedef struct {
    uint64_t trials;
    double charge[COLUMNS];
    double charge_s;
} saved_state;

size_t nux_analog_save(const nux_analog *analog, uint8_t *out, size_t capacity) {
    saved_state state = {.trials = analog->trials, .charge_s = analog->charge_s};
    memcpy(state.charge, analog->charge, sizeof state.charge);
    if (capacity >= sizeof state)
        memcpy(out, &state, sizeof state);
    return sizeof state;
}

int nux_analog_load(nux_analog *analog, const uint8_t *data, size_t n) {
    saved_state state;
    if (n != sizeof state)
        return -1;
    memcpy(&state, data, sizeof state);
    bool valid = state.charge_s >= 0 && state.charge_s <= 1e9;
    for (unsigned column = 0; column < COLUMNS; column++)
        valid = valid && isfinite(state.charge[column]);
    if (!valid)
        return -1;
    analog->trials = state.trials;
    memcpy(analog->charge, state.charge, sizeof state.charge);
    analog->charge_s = state.charge_s;
    return 0;
}
