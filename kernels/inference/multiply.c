// SPDX-License-Identifier: BSD-3-Clause

#include "multiply.h"

#include <nux/inference.h>
#include <nux/nux.h>

enum { UNITS_PER_VECTOR = 8, NO_TILE = UINT32_MAX }; // of 16 bytes, in which the DRAM counts

// Vectors must not live across calls; inlined, constants of these functions would.
#define NOT_INLINE static __attribute__((noinline))

// Where the weights begin in the DRAM, which both processors share, in vectors of 128 bytes. The
// host writes it.
uint32_t weights_begin;

// First vector of the tile that is in the synapse array, also from one start to the next.
static uint32_t loaded_tile = NO_TILE;

static uint32_t hemisphere;
static bool prepared; // also from one start to the next

static nux_vector_memory bias[2], result[2], sum[4];

void prepare_multiply(void) {
    if (!prepared) {
        hemisphere = nux_find_hemisphere();
        nux_mac_prepare(hemisphere);
        prepared = true;
    }
}

NUX_INTRINSIC nux_row dram_row(uint32_t vector) {
    uint32_t unit = vector * UNITS_PER_VECTOR;
    return (nux_row){fxvinx(NUX_VECTOR_DRAM, unit),
                     fxvinx(NUX_VECTOR_DRAM, unit + UNITS_PER_VECTOR)};
}

NOT_INLINE void load_tile(uint32_t vector, uint32_t rows) {
    if (vector == loaded_tile) {
        return;
    }
    for (uint32_t row = 0; row < rows; row++) {
        nux_mac_set_weights(row, dram_row(vector + 2 * row));
    }
    loaded_tile = vector;
}

NOT_INLINE void load_bias(uint32_t vector) {
    nux_row row = dram_row(vector);
    fxvstax(row.even, &bias[NUX_EVEN], 0);
    fxvstax(row.odd, &bias[NUX_ODD], 0);
}

NOT_INLINE void clear_sum(void) {
    for (uint32_t i = 0; i < 4; i++) {
        fxvstax(nux_splat16(0), &sum[i], 0);
    }
}

// Bytes become halfwords slice by slice, the lower and the upper 8 bytes of each in turn.
NOT_INLINE void accumulate(void) {
    nux_vector zero = nux_splat8(0), low = nux_splat16(128); // (256 a) * low as fractions is a
    for (uint32_t half = 0; half < 2; half++) {
        nux_vector value = fxvlax(&result[half], 0);
        nux_vector left = nux_mul16_frac(fxvupckbl(value, zero, 0), low);
        nux_vector right = nux_mul16_frac(fxvupckbr(value, zero, 0), low);
        fxvstax(nux_add16_sat(fxvlax(&sum[2 * half], 0), left), &sum[2 * half], 0);
        fxvstax(nux_add16_sat(fxvlax(&sum[2 * half + 1], 0), right), &sum[2 * half + 1], 0);
    }
}

NUX_INTRINSIC nux_vector upper_bytes_of_saturated(const nux_vector_memory *from) {
    nux_vector value = fxvlax(from, 0);
    value = nux_clamp16(value, nux_splat16(INT8_MIN), nux_splat16(INT8_MAX));
    return nux_shift_left16(value, 8);
}

NOT_INLINE void saturate_sum(void) {
    for (uint32_t half = 0; half < 2; half++) {
        nux_vector left = upper_bytes_of_saturated(&sum[2 * half]);
        nux_vector right = upper_bytes_of_saturated(&sum[2 * half + 1]);
        fxvstax(fxvpckbu(left, right, 0), &result[half], 0);
    }
}

// Adds the bias and interleaves: slice n of the first vector holds columns 32n to 32n + 15, that
// of the second one the 16 columns after them.
NOT_INLINE void finish_columns(void) {
    nux_vector even = nux_add8_sat(fxvlax(&result[NUX_EVEN], 0), fxvlax(&bias[NUX_EVEN], 0));
    nux_vector odd = nux_add8_sat(fxvlax(&result[NUX_ODD], 0), fxvlax(&bias[NUX_ODD], 0));
    fxvstax(fxvupckbl(even, odd, 0), &result[0], 0);
    fxvstax(fxvupckbr(even, odd, 0), &result[1], 0);
    nux_sync();
}

static int8_t result_of(uint32_t column) {
    return result[column >> 4 & 1].s8[(column >> 5) * 16 + (column & 15)];
}

static void gather(uint8_t *window, const uint8_t *source, const network_operation *o, int32_t top,
                   int32_t left) {
    for (uint32_t channel = 0; channel < o->channels; channel++) {
        for (int32_t y = top; y < top + o->kernel_height; y++) {
            const uint8_t *row = source + y * o->width;
            for (int32_t x = left; x < left + o->kernel_width; x++) {
                bool inside = (uint32_t)y < o->height && (uint32_t)x < o->width;
                *window++ = inside ? row[x] : 0;
            }
        }
        source += o->height * o->width;
    }
}

NOT_INLINE void products(const uint8_t *values, uint32_t count, const network_operation *o) {
    nux_mac_reset();
    nux_mac_send(hemisphere, values, 0, count, o->sends, o->wait);
    nux_row row = nux_mac_read();
    fxvstax(row.even, &result[NUX_EVEN], 0);
    fxvstax(row.odd, &result[NUX_ODD], 0);
}

/// All tiles of a block of columns: `inputs` values, `weights` the first vector.
static void multiply_block(const uint8_t *values, uint32_t inputs, uint32_t weights,
                           const network_operation *o) {
    bool split = inputs > NUX_MAC_INPUTS;
    if (split) {
        clear_sum();
    }
    for (uint32_t first = 0; first < inputs; first += NUX_MAC_INPUTS) {
        uint32_t rest = inputs - first, rows = rest < NUX_MAC_INPUTS ? rest : NUX_MAC_INPUTS;
        load_tile(weights + 2 * first, split ? rows : o->rows);
        products(values + first, rows, o);
        if (split) {
            accumulate();
        }
    }
    if (split) {
        saturate_sum();
    }
    finish_columns();
}

// Channel-major: column `side * out_channels + channel` of the window at x is the output of that
// channel at x * side + side.
static void scatter(int8_t *target, const network_operation *o, uint32_t first, uint32_t last,
                    uint32_t y, uint32_t x) {
    uint32_t channel = first % o->out_channels, out_x = x + first / o->out_channels;
    uint32_t plane = o->out_height * o->out_width;
    for (uint32_t column = first; column < last; column++) {
        if (out_x < o->out_width) {
            target[channel * plane + y * o->out_width + out_x] =
                result_of(o->column + column - first);
        }
        if (++channel == o->out_channels) {
            channel = 0;
            out_x++;
        }
    }
}

void multiply(int8_t *target, const uint8_t *source, uint8_t *window,
              const network_operation *operation) {
    const network_operation *o = operation;
    uint32_t inputs = o->channels * o->kernel_height * o->kernel_width;
    uint32_t columns = o->out_channels * o->side, weights = weights_begin + o->weights;
    bool dense = window == source;
    for (uint32_t first = 0; first < columns; first += NUX_NUM_COLUMNS) {
        uint32_t rest = columns - first;
        uint32_t last = first + (rest < NUX_NUM_COLUMNS ? rest : NUX_NUM_COLUMNS);
        load_bias(weights);
        for (uint32_t y = 0; y < o->out_height; y++) {
            for (uint32_t x = 0; x < o->out_width; x += o->side) {
                if (!dense) {
                    gather(window, source, o, (int32_t)(y * o->stride_height) - o->padding_height,
                           (int32_t)(x * o->stride_width) - o->padding_width);
                }
                multiply_block(window, inputs, weights + 2, o);
                scatter(target, o, first, last, y, x);
            }
        }
        weights += 2 * (1 + o->rows);
    }
}
