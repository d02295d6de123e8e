// SPDX-License-Identifier: BSD-3-Clause
// Column-parallel converter (CADC): both channels of one row at once, 8 bits.
//
// reading = clip(round(value + offset + noise) + channel offset, 0, 255), ties to even, where value
// is baseline - min(accumulated, saturation), so that the reading falls as correlation grows; or,
// for a channel that is connected to its column's neuron, the membrane.
#include "analog.h"
#include "array.h"
#include "cdef/neurons.h"
#include "lanes.h"
#include "memory_map.h"
#include "splitmix.h"

#include <string.h>

// Standard deviation of the sum of four uniform bytes: sqrt(4 * (256^2 - 1) / 12); and its mean.
#define BYTE_SUM_SD 147.80054127099805
#define BYTE_SUM_MEAN 510
// Adding it and taking it away again rounds to an integer, ties to even.
#define ROUNDING 0x1.8p52

NUX_INLINE uint32_t mix32(uint32_t x) { // lowbias32 (Wellons)
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return x ^ x >> 16;
}

// Nearly Gaussian noise, a function of seed, conversion and column alone: the sum of four random
// bytes, in steps of 1 / 148 s.d. and within 3.5 s.d.
NUX_INLINE int32_t noise(uint32_t key0, uint32_t key1, uint32_t column) {
    uint32_t x = mix32((column * 0x9e3779b9u ^ key0) + key1);
    x = (x & 0x00ff00ff) + (x >> 8 & 0x00ff00ff);
    return (int32_t)((x & 0xffff) + (x >> 16)) - BYTE_SUM_MEAN;
}

NUX_INLINE nux_f64x4 analog_values(const nux_array *array, unsigned channel, unsigned row,
                                   unsigned column, const int32_t *noises) {
    nux_i32x4 steps;
    memcpy(&steps, &noises[column], sizeof steps);
    nux_f64x4 accumulated = nux_load(&array->accumulated_lsb[row][channel][column]);
    return array->baseline_lsb + nux_load(&array->offset_lsb[channel][column]) -
           nux_min(accumulated, nux_splat(array->saturation_lsb)) +
           array->noise_lsb / BYTE_SUM_SD * __builtin_convertvector(steps, nux_f64x4);
}

// To the nearest integers, ties to even, for values within the range of int32_t.
NUX_INLINE nux_i32x8 rounded(nux_f64x4 first, nux_f64x4 second) {
    const nux_i32x8 low_words = {0, 2, 4, 6, 8, 10, 12, 14};
    const double magic = ROUNDING; // adding it leaves the integer in the low bits
    return __builtin_shuffle((nux_i32x8)(first + magic), (nux_i32x8)(second + magic), low_words);
}

NUX_INLINE void convert_sensors(const nux_array *array, unsigned channel, unsigned row,
                                const int32_t *noises, int32_t *readings) {
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column += 8) {
        nux_i32x8 eight = rounded(analog_values(array, channel, row, column, noises),
                                  analog_values(array, channel, row, column + 4, noises));
        memcpy(&readings[column], &eight, sizeof eight);
    }
}

static const uint8_t *switches_of(const nux_array *array, unsigned channel) {
    return channel == NUX_ARRAY_CAUSAL ? array->weights[NUX_SWITCH_ROW]
                                       : array->labels[NUX_SWITCH_ROW];
}

static bool is_connected(const nux_array *array, unsigned channel, unsigned column) {
    return (switches_of(array, channel)[column] & NUX_SWITCH_NEURON) != 0;
}

static void convert_neurons(const nux_array *array, unsigned channel, const double *membrane_lsb,
                            const int32_t *noises, int32_t *readings) {
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++) {
        if (!is_connected(array, channel, column))
            continue;
        double value = membrane_lsb[column] + array->offset_lsb[channel][column] +
                       array->noise_lsb / BYTE_SUM_SD * noises[column];
        value = value > -1000.0 ? value : -1000.0; // also NaN
        value = value < 1000.0 ? value : 1000.0;
        readings[column] = (int32_t)(value + ROUNDING - ROUNDING);
    }
}

static void take_analog(const nux_array *array, unsigned channel, const int32_t *products,
                        int32_t *readings) {
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        if (is_connected(array, channel, column))
            readings[column] = products[column];
}

// membrane_lsb: NULL when no neuron is connected; products: NULL unless in the non-spiking mode.
NUX_ARRAY_CLONES
static void convert_channel(nux_array *array, unsigned channel, unsigned row, uint64_t key,
                            const double *membrane_lsb, const int32_t *products) {
    int32_t noises[NUX_ARRAY_COLUMNS], readings[NUX_ARRAY_COLUMNS];
    for (uint32_t column = 0; column < NUX_ARRAY_COLUMNS; column++)
        noises[column] = noise((uint32_t)key, (uint32_t)(key >> 32), column);
    convert_sensors(array, channel, row, noises, readings);
    if (membrane_lsb != NULL)
        convert_neurons(array, channel, membrane_lsb, noises, readings);
    if (products != NULL)
        take_analog(array, channel, products, readings);
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++) {
        readings[column] += array->cadc_offset[channel][column] - CADC_OFFSET_ZERO;
        readings[column] = readings[column] > 0 ? readings[column] : 0;
        readings[column] = readings[column] < 255 ? readings[column] : 255;
    }
    for (unsigned lane = 0; lane < NUX_ARRAY_LANES; lane++) {
        array->latch[channel][0][lane] = (uint8_t)readings[2 * lane];
        array->latch[channel][1][lane] = (uint8_t)readings[2 * lane + 1];
    }
}

bool nux_array_is_on_neurons(const nux_array *array, unsigned channel) {
    const uint8_t *switches = switches_of(array, channel);
    uint8_t any = 0;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        any |= switches[column];
    return (any & NUX_SWITCH_NEURON) != 0;
}

bool nux_array_convert(nux_array *array, unsigned row) {
    double membrane_lsb[NUX_ARRAY_COLUMNS];
    int32_t analog_readings[NUX_ARRAY_COLUMNS];
    const double *membrane = NULL;
    const int32_t *products = NULL;
    if (nux_array_is_on_neurons(array, NUX_ARRAY_CAUSAL) ||
        nux_array_is_on_neurons(array, NUX_ARRAY_ACAUSAL)) {
        if (array->neurons == NULL)
            return false;
        if (array->analog != NULL) {
            nux_analog_convert(array->analog, array->now_s, analog_readings);
            products = analog_readings;
        } else {
            nux_neurons_read(array->neurons, array->now_s, membrane_lsb);
            membrane = membrane_lsb;
        }
    }
    nux_array_settle_row(array, row);
    uint64_t key = nux_mix64(array->noise_seed + 0x9e3779b97f4a7c15u * ++array->conversions);
    convert_channel(array, NUX_ARRAY_CAUSAL, row, key, membrane, products);
    convert_channel(array, NUX_ARRAY_ACAUSAL, row, nux_mix64(key), membrane, products);
    array->latched = 1;
    array->latched_row = (int32_t)row;
    return true;
}
