// SPDX-License-Identifier: BSD-3-Clause
// Column-parallel converter (CADC): both channels of one row at once, 8 bits.
//
// reading = clip(round(baseline + offset - accumulated + noise), 0, 255), ties to even: the reading
// falls as correlation grows.
#include "array.h"

// Standard deviation of the sum of eight uniform bytes: sqrt(8 * (256^2 - 1) / 12).
#define BYTE_SUM_SD 209.02152999152983
#define BYTE_SUM_MEAN 1020

static uint64_t mix64(uint64_t x) { // finaliser of SplitMix64 (Steele, Lea, Flood 2014)
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static inline __attribute__((always_inline)) uint32_t mix32(uint32_t x) { // lowbias32 (Wellons)
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return x ^ x >> 16;
}

static inline __attribute__((always_inline)) uint32_t byte_sum(uint32_t x) {
    x = (x & 0x00ff00ff) + (x >> 8 & 0x00ff00ff);
    return (x & 0xffff) + (x >> 16);
}

// Nearly Gaussian noise, a function of seed, conversion and column alone: the sum of eight random
// bytes, in steps of 1 / 209 s.d. and within 4.9 s.d.
static inline __attribute__((always_inline)) int32_t noise(uint32_t key0, uint32_t key1,
                                                           uint32_t column) {
    uint32_t first = mix32(column * 0x9e3779b9u ^ key0);
    uint32_t second = mix32(first + key1);
    return (int32_t)(byte_sum(first) + byte_sum(second)) - BYTE_SUM_MEAN;
}

NUX_ARRAY_CLONES
static void convert_channel(const double *accumulated_lsb, const double *offset_lsb,
                            double baseline_lsb, double noise_scale, uint64_t key,
                            uint8_t readings[NUX_ARRAY_COLUMNS]) {
    uint32_t key0 = (uint32_t)key, key1 = (uint32_t)(key >> 32);
    for (uint32_t column = 0; column < NUX_ARRAY_COLUMNS; column++) {
        double value = baseline_lsb + offset_lsb[column] - accumulated_lsb[column] +
                       noise_scale * (double)noise(key0, key1, column);
        value = value > 0.0 ? value : 0.0;
        value = value < 255.0 ? value : 255.0;
        double rounded = value + 0x1.8p52 - 0x1.8p52;
        readings[column] = (uint8_t)(int32_t)rounded;
    }
}

void nux_array_convert(nux_array *array, unsigned row) {
    nux_array_settle_row(array, row);
    uint64_t key = mix64(array->noise_seed + 0x9e3779b97f4a7c15u * ++array->conversions);
    for (unsigned channel = 0; channel < NUX_ARRAY_CHANNELS; channel++) {
        uint8_t readings[NUX_ARRAY_COLUMNS];
        key = mix64(key + channel);
        convert_channel(array->accumulated_lsb[channel][row], array->offset_lsb[channel],
                        array->baseline_lsb, array->noise_lsb / BYTE_SUM_SD, key, readings);
        for (unsigned lane = 0; lane < NUX_ARRAY_LANES; lane++) {
            array->latch[channel][0][lane] = readings[2 * lane];
            array->latch[channel][1][lane] = readings[2 * lane + 1];
        }
    }
    array->latched = 1;
    array->latched_row = (int32_t)row;
}
