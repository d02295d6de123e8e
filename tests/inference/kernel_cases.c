// SPDX-License-Identifier: BSD-3-Clause
// Runs one of the kernels of inference: elementwise ones for all values and parameters at once.

#include <nux/nux.h>

#include "kernels.h"

enum { VALUES = 256, SIZE = 2048 };

volatile uint32_t operation;
volatile uint32_t count;
volatile pool_shape shape;
_Alignas(8) int8_t source[SIZE];
_Alignas(8) int8_t other[VALUES];
_Alignas(8) int8_t target[SIZE];
_Alignas(8) NUX_EXTERNAL_BUFFER int8_t all[256 * VALUES];
uint32_t found;

int start(void) {
    const pool_shape windows = shape;
    switch (operation) {
    case 0:
        relu(all, source, VALUES);
        return 0;
    case 1:
        for (uint32_t shift = 0; shift < 8; shift++) {
            converting_relu((uint8_t *)all + shift * VALUES, source, VALUES, shift);
        }
        return 0;
    case 2:
        for (int32_t scale = -128; scale < 128; scale++) {
            requantise(all + (scale + 128) * VALUES, source, VALUES, (int8_t)scale);
        }
        return 0;
    case 3:
        for (int32_t value = -128; value < 128; value++) {
            for (uint32_t i = 0; i < VALUES; i++) {
                other[i] = (int8_t)value;
            }
            add(all + (value + 128) * VALUES, source, other, VALUES);
        }
        return 0;
    case 4:
        found = argmax(source, count);
        return 0;
    case 5:
        max_pool(target, source, &windows);
        return 0;
    case 6:
        mean_pool(target, source, &windows);
        return 0;
    case 7:
        max_min_pool((uint8_t *)target, source, &windows, count);
        return 0;
    }
    return 1;
}
