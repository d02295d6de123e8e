// SPDX-License-Identifier: BSD-3-Clause
// Argmax and pooling.

#include <stdbool.h>

#include "kernels.h"

enum { INPUT_MAX = 31 };

uint32_t argmax(const int8_t *values, uint32_t count) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < count; i++) {
        if (values[i] > values[best]) {
            best = i;
        }
    }
    return best;
}

static int8_t window_max(const int8_t *corner, const pool_shape *shape) {
    int32_t largest = INT8_MIN;
    for (uint32_t y = 0; y < shape->kernel_height; y++, corner += shape->width) {
        for (uint32_t x = 0; x < shape->kernel_width; x++) {
            largest = corner[x] > largest ? corner[x] : largest;
        }
    }
    return (int8_t)largest;
}

static int8_t window_mean(const int8_t *corner, const pool_shape *shape) {
    // With 128 added to each value nothing is negative, and division rounds down.
    uint32_t n = shape->kernel_height * shape->kernel_width, sum = 128 * n;
    for (uint32_t y = 0; y < shape->kernel_height; y++, corner += shape->width) {
        for (uint32_t x = 0; x < shape->kernel_width; x++) {
            sum += (uint32_t)(int32_t)corner[x];
        }
    }
    return (int8_t)((int32_t)((2 * sum + n) / (2 * n)) - 128);
}

static void pool(int8_t *target, const int8_t *source, const pool_shape *shape, bool mean) {
    for (uint32_t channel = 0; channel < shape->channels; channel++) {
        for (uint32_t y = 0; y + shape->kernel_height <= shape->height; y += shape->stride_height) {
            const int8_t *row = source + y * shape->width;
            for (uint32_t x = 0; x + shape->kernel_width <= shape->width;
                 x += shape->stride_width) {
                *target++ = mean ? window_mean(row + x, shape) : window_max(row + x, shape);
            }
        }
        source += shape->height * shape->width;
    }
}

void max_pool(int8_t *target, const int8_t *source, const pool_shape *shape) {
    pool(target, source, shape, false);
}

void mean_pool(int8_t *target, const int8_t *source, const pool_shape *shape) {
    pool(target, source, shape, true);
}

static uint8_t slope_range(const int8_t *window, uint32_t count, int32_t before, uint32_t shift) {
    int32_t highest = window[0] - before, lowest = highest;
    for (uint32_t i = 1; i < count; i++) {
        int32_t slope = window[i] - window[i - 1];
        highest = slope > highest ? slope : highest;
        lowest = slope < lowest ? slope : lowest;
    }
    uint32_t range = (uint32_t)(highest - lowest) >> shift;
    return (uint8_t)(range < INPUT_MAX ? range : INPUT_MAX);
}

void max_min_pool(uint8_t *target, const int8_t *source, const pool_shape *shape, uint32_t shift) {
    uint32_t window = shape->kernel_width;
    for (uint32_t row = 0; row < shape->channels * shape->height; row++) {
        for (uint32_t x = 0; x + window <= shape->width; x += window) {
            *target++ = slope_range(source + x, window, source[x > 0 ? x - 1 : 0], shift);
        }
        source += shape->width;
    }
}
