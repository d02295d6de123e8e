// SPDX-License-Identifier: BSD-3-Clause
// Correlation sensors: nearest neighbour, exponential.
//
// A postsynaptic spike adds amplitude * exp(-(t_post - t_pre) / tau) to the causal sensor, where
// t_pre is the last presynaptic spike since the previous postsynaptic one; the acausal sensor is
// the mirror image. (Formula: brainscales2-demos, fp_brainscales.rst.)
//
// All work is done row by row. A postsynaptic spike is only noted in its column's history. Every
// synapse holds its last unpaired presynaptic spike and the column's spike count at that moment, so
// that both the first postsynaptic spike after it (its causal partner) and the last one before the
// next presynaptic spike (the acausal partner of that one) are at hand when the synapse is touched
// next: by a presynaptic spike, by a read or a reset of its row, or when a history is full. What
// accumulates does not depend on when that happens.
#include "array.h"

#include "lanes.h"

#include <math.h>
#include <string.h>

// exp(-t / tau) = 2^(-t * LOG2_E / tau).
#define LOG2_E 0x1.71547652b82fep+0

// Four neighbouring synapses of a row, starting at lane `lane` of `pairing`, and which of them have
// seen a postsynaptic spike since their last presynaptic one.
typedef struct {
    nux_array_pairing *pairing;
    unsigned row, column, lane;
    nux_i32x4 open;
} quad;

// The quad of a column that is a multiple of four.
NUX_INLINE quad quad_at(nux_array *array, unsigned row, unsigned column) {
    quad at = {&array->pairing[row][column / 8], row, column, column % 8, {0}};
    at.open = nux_load_u32(&at.pairing->posts_before[at.lane]) !=
              nux_load_u32(&array->post_count[column]);
    return at;
}

// The channel's sensors after one more pair with the given time from its later to its earlier spike
// (<= 0).
NUX_INLINE nux_f64x4 with_pair(const nux_array *array, unsigned channel, const quad *at,
                               nux_f64x4 back_s) {
    nux_f64x4 amplitude = nux_load(&at->pairing->amplitude_lsb[channel][at->lane]);
    nux_f64x4 halvings = back_s * nux_load(&at->pairing->halvings_hz[channel][at->lane]);
    nux_i64x4 open = __builtin_convertvector(at->open, nux_i64x4);
    nux_i64x4 added = open & (nux_i64x4)(amplitude * nux_exp2(halvings));
    return nux_load(&array->accumulated_lsb[channel][at->row][at->column]) + (nux_f64x4)added;
}

// Causal: the unpaired presynaptic spike with the first postsynaptic one after it. Synapses without
// one have pre_time_s = -inf, infinitely far back, and nothing is added.
NUX_INLINE nux_f64x4 with_causal_pair(const nux_array *array, const quad *at) {
    const uint32_t *before = &at->pairing->posts_before[at->lane];
    nux_f64x4 first;
    for (unsigned i = 0; i < NUX_LANES; i++)
        first[i] = array->post_history_s[at->column + i][before[i] % NUX_ARRAY_HISTORY];
    nux_f64x4 pre_time = nux_load(&at->pairing->pre_time_s[at->lane]);
    return with_pair(array, NUX_ARRAY_CAUSAL, at, pre_time - first);
}

// Acausal: the last postsynaptic spike with a presynaptic one now.
NUX_INLINE nux_f64x4 with_acausal_pair(const nux_array *array, const quad *at, double time_s) {
    nux_f64x4 post_time = nux_load(&array->post_time_s[at->column]);
    return with_pair(array, NUX_ARRAY_ACAUSAL, at, post_time - time_s);
}

NUX_INLINE void set_sensors(nux_array *array, unsigned channel, const quad *at, nux_f64x4 value) {
    nux_store(&array->accumulated_lsb[channel][at->row][at->column], value);
}

// Which of the labels, all below 64, equal `label`: bit 7 of each byte.
static inline uint64_t matches(const uint8_t *labels, unsigned label) {
    uint64_t eight;
    memcpy(&eight, labels, sizeof eight);
    eight ^= label * 0x0101010101010101u;
    return ~(eight + 0x7f7f7f7f7f7f7f7fu) & 0x8080808080808080u;
}

// `match` as from matches(), for the four synapses.
NUX_INLINE void pre_spike_quad(nux_array *array, unsigned row, unsigned column, uint32_t match,
                               double time_s) {
    const nux_i32x4 bits = {0x80, 0x8000, 0x800000, INT32_MIN};
    nux_i32x4 hit = ((int32_t)match & bits) == bits;
    quad at = quad_at(array, row, column);
    at.open &= hit;
    if (nux_any(at.open)) {
        // Both are computed before either is stored, to run side by side.
        nux_f64x4 causal = with_causal_pair(array, &at);
        nux_f64x4 acausal = with_acausal_pair(array, &at, time_s);
        set_sensors(array, NUX_ARRAY_CAUSAL, &at, causal);
        set_sensors(array, NUX_ARRAY_ACAUSAL, &at, acausal);
    }
    double *pre_time = &at.pairing->pre_time_s[at.lane];
    nux_i64x4 hit_wide = __builtin_convertvector(hit, nux_i64x4);
    nux_store(pre_time, nux_where(hit_wide, nux_splat(time_s), nux_load(pre_time)));
    uint32_t *before = &at.pairing->posts_before[at.lane];
    nux_i32x4 count =
        (nux_load_u32(&array->post_count[column]) & hit) | (nux_load_u32(before) & ~hit);
    memcpy(before, &count, sizeof count);
}

NUX_ARRAY_CLONES
void nux_array_pre_spike(nux_array *array, unsigned row, unsigned label, double time_s) {
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column += 8) {
        uint64_t match = matches(&array->labels[row][column], label);
        if ((uint32_t)match != 0)
            pre_spike_quad(array, row, column, (uint32_t)match, time_s);
        if (match >> 32 != 0)
            pre_spike_quad(array, row, column + NUX_LANES, (uint32_t)(match >> 32), time_s);
    }
}

NUX_ARRAY_CLONES
void nux_array_settle_row(nux_array *array, unsigned row) {
    if (array->row_settled[row] == array->posts)
        return;
    array->row_settled[row] = array->posts;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column += NUX_LANES) {
        quad at = quad_at(array, row, column);
        double *pre_time = &at.pairing->pre_time_s[at.lane];
        at.open &= __builtin_convertvector(nux_load(pre_time) > -INFINITY, nux_i32x4);
        if (!nux_any(at.open))
            continue;
        nux_i64x4 open = __builtin_convertvector(at.open, nux_i64x4);
        set_sensors(array, NUX_ARRAY_CAUSAL, &at, with_causal_pair(array, &at));
        nux_store(pre_time, nux_where(open, nux_splat(-INFINITY), nux_load(pre_time)));
    }
}

void nux_array_settle(nux_array *array) {
    for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++)
        nux_array_settle_row(array, row);
    memcpy(array->post_settled, array->post_count, sizeof array->post_settled);
}

// As nux_array_settle_row, down one column.
NUX_ARRAY_CLONES
static void settle_column(nux_array *array, unsigned column) {
    const nux_i32x4 lanes = {0, 1, 2, 3};
    nux_i32x4 chosen = lanes == (int32_t)(column % NUX_LANES);
    for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++) {
        double *pre_time = &array->pairing[row][column / 8].pre_time_s[column % 8];
        quad at = quad_at(array, row, column - column % NUX_LANES);
        at.open &= chosen;
        if (*pre_time == -INFINITY || !nux_any(at.open))
            continue;
        set_sensors(array, NUX_ARRAY_CAUSAL, &at, with_causal_pair(array, &at));
        *pre_time = -INFINITY;
    }
    array->post_settled[column] = array->post_count[column];
}

void nux_array_post_spike(nux_array *array, unsigned column, double time_s) {
    if (array->post_count[column] - array->post_settled[column] == NUX_ARRAY_HISTORY)
        settle_column(array, column);
    array->post_history_s[column][array->post_count[column] % NUX_ARRAY_HISTORY] = time_s;
    array->post_time_s[column] = time_s;
    array->post_count[column]++;
    array->posts++;
}

// Clear the sensors of a row: chosen[column] has bit 0 for the causal, bit 1 for the acausal one.
NUX_ARRAY_CLONES
static void clear_row(nux_array *array, unsigned row, const uint8_t *chosen) {
    const nux_i64x4 lane_bits = {0x1, 0x100, 0x10000, 0x1000000};
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column += NUX_LANES) {
        uint32_t four;
        memcpy(&four, &chosen[column], sizeof four);
        for (unsigned channel = 0; channel < NUX_ARRAY_CHANNELS; channel++) {
            double *accumulated = &array->accumulated_lsb[channel][row][column];
            nux_i64x4 keep = ((int64_t)(four >> channel) & lane_bits) == 0;
            nux_store(accumulated, (nux_f64x4)(keep & (nux_i64x4)nux_load(accumulated)));
        }
    }
}

void nux_array_reset_half(nux_array *array, unsigned row, unsigned half, const uint8_t *sensors,
                          const uint8_t *enable) {
    nux_array_settle_row(array, row);
    uint8_t halves[NUX_ARRAY_HALVES][NUX_ARRAY_LANES] = {0}, chosen[NUX_ARRAY_COLUMNS];
    for (unsigned lane = 0; lane < NUX_ARRAY_LANES; lane++)
        halves[half][lane] = enable == NULL ? sensors[lane] : sensors[lane] & enable[lane];
    for (unsigned lane = 0; lane < NUX_ARRAY_LANES; lane++) {
        chosen[2 * lane] = halves[0][lane];
        chosen[2 * lane + 1] = halves[1][lane];
    }
    clear_row(array, row, chosen);
}

void nux_array_reset(nux_array *array, unsigned sensors) {
    nux_array_settle(array);
    for (unsigned channel = 0; channel < NUX_ARRAY_CHANNELS; channel++)
        if (sensors >> channel & 1)
            memset(array->accumulated_lsb[channel], 0, sizeof array->accumulated_lsb[channel]);
}

void nux_array_update_row(nux_array *array, unsigned row) {
    const uint8_t *amp = array->amp_calib[row], *time = array->time_calib[row];
    for (unsigned channel = 0; channel < NUX_ARRAY_CHANNELS; channel++)
        for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++) {
            nux_array_pairing *pairing = &array->pairing[row][column / 8];
            pairing->amplitude_lsb[channel][column % 8] =
                array->amplitude_lsb[channel][row][column] * array->amp_factor[amp[column] & 3];
            pairing->halvings_hz[channel][column % 8] =
                LOG2_E / (array->tau_s[channel][row][column] * array->tau_factor[time[column] & 3]);
        }
}

void nux_array_update_parameters(nux_array *array) {
    nux_array_settle(array);
    for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++)
        nux_array_update_row(array, row);
}
