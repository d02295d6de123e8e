// SPDX-License-Identifier: BSD-3-Clause
// What the processor does with the results of the analog multiplication.
//
// Each function has a NumPy twin of the same name in nuxkit.inference.twins, which agrees exactly.
// Elementwise functions work on whole vectors: buffers are multiples of 128 bytes and start at
// multiples of 8, and target may be source. All memory is that of the processor.

#ifndef NUX_INFERENCE_KERNELS_H
#define NUX_INFERENCE_KERNELS_H

#include <stdint.h>

/// target = max(source, 0), of `count` int8
void relu(int8_t *target, const int8_t *source, uint32_t count);

/// target = min(max(source, 0) >> shift, 31): from results, int8, to inputs; shift 0 to 7
void converting_relu(uint8_t *target, const int8_t *source, uint32_t count, uint32_t shift);

/// target = source * scale / 128, to the nearest, halves away from zero, saturating
void requantise(int8_t *target, const int8_t *source, uint32_t count, int8_t scale);

/// target = a + b, saturating
void add(int8_t *target, const int8_t *a, const int8_t *b, uint32_t count);

/// Index of the first of the largest of `count` int8, at least one.
uint32_t argmax(const int8_t *values, uint32_t count);

/// Windows over `channels` planes of height x width values, without padding.
typedef struct {
    uint32_t channels, height, width;
    uint32_t kernel_height, kernel_width;
    uint32_t stride_height, stride_width;
} pool_shape;

/// Largest value of each window.
void max_pool(int8_t *target, const int8_t *source, const pool_shape *shape);

/// From a recording to inputs: of the differences d between neighbouring samples of a row (0 for
/// the first one), min((max(d) - min(d)) >> shift, 31) of each window of kernel_width samples.
void max_min_pool(uint8_t *target, const int8_t *source, const pool_shape *shape, uint32_t shift);

/// Mean of each window, to the nearest, halves up.
void mean_pool(int8_t *target, const int8_t *source, const pool_shape *shape);

#endif
