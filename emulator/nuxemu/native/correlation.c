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

#include <math.h>
#include <string.h>

enum { BLOCK = 16 }; // columns handled together

// exp(x) for x <= 0 to about 1e-15 relative, exactly 0 below -700. The same bits everywhere: only
// basic IEEE operations, no contraction. x = k ln 2 + r, |r| <= ln(2)/2; Taylor series in r.
static inline __attribute__((always_inline)) double decay(double x) {
    const double magic = 0x1.8p52; // adding it rounds to an integer in the low bits
    double clamped = x > -700.0 ? x : -700.0;
    double shifted = clamped * 0x1.71547652b82fep+0 + magic;
    double k = shifted - magic;
    double r = clamped - k * 0x1.62e42fefa3800p-1 - k * 0x1.ef35793c76730p-45;
    double r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
    double low = (1.0 + r) + r2 * (1.0 / 2 + r * (1.0 / 6));
    double mid = (1.0 / 24 + r * (1.0 / 120)) + r2 * (1.0 / 720 + r * (1.0 / 5040));
    double high = (1.0 / 40320 + r * (1.0 / 362880)) + r2 * (1.0 / 3628800 + r * (1.0 / 39916800));
    double mantissa = low + r4 * mid + r8 * high;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52;
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    return x > -700.0 ? mantissa * scale : 0.0;
}

// One block of synapses of a row, and which of them have seen a postsynaptic spike since their last
// presynaptic one (all bits set, else 0).
typedef struct {
    unsigned row, column;
    uint64_t open[BLOCK];
} block;

static inline __attribute__((always_inline)) double if_set(uint64_t mask, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits &= mask;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline __attribute__((always_inline)) void
add_pairs(nux_array *array, unsigned channel, const block *at, const double *distance_s) {
    double *accumulated = &array->accumulated_lsb[channel][at->row][at->column];
    const double *amplitude = &array->pair_amplitude_lsb[channel][at->row][at->column];
    const double *rate = &array->pair_rate_hz[channel][at->row][at->column];
    double saturation = array->saturation_lsb;
    for (unsigned i = 0; i < BLOCK; i++) {
        double added = if_set(at->open[i], amplitude[i] * decay(-distance_s[i] * rate[i]));
        double sum = accumulated[i] + added;
        accumulated[i] = sum < saturation ? sum : saturation;
    }
}

// Causal pairs: the unpaired presynaptic spike with the first postsynaptic one after it. Synapses
// without one have pre_time_s = -inf, an infinite distance, and add nothing.
static inline __attribute__((always_inline)) void add_causal(nux_array *array, const block *at) {
    const double *pre_time = &array->pre_time_s[at->row][at->column];
    const uint32_t *seen = &array->pre_post_count[at->row][at->column];
    double distance[BLOCK];
    for (unsigned i = 0; i < BLOCK; i++)
        distance[i] = array->post_history_s[at->column + i][seen[i] % NUX_ARRAY_HISTORY];
    for (unsigned i = 0; i < BLOCK; i++)
        distance[i] -= pre_time[i];
    add_pairs(array, NUX_ARRAY_CAUSAL, at, distance);
}

static inline __attribute__((always_inline)) void add_acausal(nux_array *array, const block *at,
                                                              double time_s) {
    const double *post_time = &array->post_time_s[at->column];
    double distance[BLOCK];
    for (unsigned i = 0; i < BLOCK; i++)
        distance[i] = time_s - post_time[i];
    add_pairs(array, NUX_ARRAY_ACAUSAL, at, distance);
}

// Which of the labels, all below 64, equal `label`: bit 7 of each byte.
static inline uint64_t matches(const uint8_t *labels, unsigned label) {
    uint64_t eight;
    memcpy(&eight, labels, sizeof eight);
    eight ^= label * 0x0101010101010101u;
    return ~(eight + 0x7f7f7f7f7f7f7f7fu) & 0x8080808080808080u;
}

NUX_ARRAY_CLONES
void nux_array_pre_spike(nux_array *array, unsigned row, unsigned label, double time_s) {
    const uint8_t *labels = array->labels[row];
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column += BLOCK) {
        if ((matches(labels + column, label) | matches(labels + column + 8, label)) == 0)
            continue;
        const uint32_t *count = &array->post_count[column];
        uint32_t *seen = &array->pre_post_count[row][column];
        double *pre_time = &array->pre_time_s[row][column];
        block at = {.row = row, .column = column};
        uint64_t hit[BLOCK], any = 0;
        for (unsigned i = 0; i < BLOCK; i++)
            hit[i] = -(uint64_t)(labels[column + i] == label);
        for (unsigned i = 0; i < BLOCK; i++) {
            at.open[i] = hit[i] & -(uint64_t)(seen[i] != count[i]);
            any |= at.open[i];
        }
        if (any != 0) {
            add_causal(array, &at);
            add_acausal(array, &at, time_s);
        }
        for (unsigned i = 0; i < BLOCK; i++) {
            pre_time[i] = hit[i] ? time_s : pre_time[i];
            seen[i] = hit[i] ? count[i] : seen[i];
        }
    }
}

NUX_ARRAY_CLONES
void nux_array_settle_row(nux_array *array, unsigned row) {
    if (array->row_settled[row] == array->posts)
        return;
    array->row_settled[row] = array->posts;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column += BLOCK) {
        const uint32_t *count = &array->post_count[column];
        const uint32_t *seen = &array->pre_post_count[row][column];
        double *pre_time = &array->pre_time_s[row][column];
        block at = {.row = row, .column = column};
        uint64_t any = 0;
        for (unsigned i = 0; i < BLOCK; i++) {
            at.open[i] = -(uint64_t)(seen[i] != count[i]) & -(uint64_t)(pre_time[i] > -INFINITY);
            any |= at.open[i];
        }
        if (any == 0)
            continue;
        add_causal(array, &at);
        for (unsigned i = 0; i < BLOCK; i++)
            pre_time[i] = at.open[i] ? -INFINITY : pre_time[i];
    }
}

void nux_array_settle(nux_array *array) {
    for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++)
        nux_array_settle_row(array, row);
    memcpy(array->post_settled, array->post_count, sizeof array->post_settled);
}

// As nux_array_settle_row, down one column.
static void settle_column(nux_array *array, unsigned column) {
    unsigned column0 = column / BLOCK * BLOCK;
    for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++) {
        if (array->pre_post_count[row][column] == array->post_count[column] ||
            array->pre_time_s[row][column] == -INFINITY)
            continue;
        block at = {.row = row, .column = column0};
        at.open[column - column0] = UINT64_MAX;
        add_causal(array, &at);
        array->pre_time_s[row][column] = -INFINITY;
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

void nux_array_reset_half(nux_array *array, unsigned row, unsigned half, const uint8_t *sensors,
                          const uint8_t *enable) {
    nux_array_settle_row(array, row);
    for (unsigned channel = 0; channel < NUX_ARRAY_CHANNELS; channel++) {
        double *accumulated = array->accumulated_lsb[channel][row];
        for (unsigned lane = 0; lane < NUX_ARRAY_LANES; lane++) {
            unsigned chosen = sensors[lane] & (enable == NULL ? 0xff : enable[lane]);
            double *value = &accumulated[2 * lane + half];
            *value = chosen >> channel & 1 ? 0.0 : *value;
        }
    }
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
            array->pair_amplitude_lsb[channel][row][column] =
                array->amplitude_lsb[channel][row][column] * array->amp_factor[amp[column] & 3];
            array->pair_rate_hz[channel][row][column] =
                1.0 / (array->tau_s[channel][row][column] * array->tau_factor[time[column] & 3]);
        }
}

void nux_array_update_parameters(nux_array *array) {
    nux_array_settle(array);
    for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++)
        nux_array_update_row(array, row);
}
