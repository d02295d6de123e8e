// SPDX-License-Identifier: BSD-3-Clause
// Correlation sensors: nearest neighbour, exponential.
//
// A postsynaptic spike adds amplitude * exp(-(t_post - t_pre) / tau) to the causal sensor, where
// t_pre is the last presynaptic spike since the previous postsynaptic one; the acausal sensor is
// the mirror image. (Formula: brainscales2-demos, fp_brainscales.rst.)
//
// All work is done row by row. A postsynaptic spike is only noted in the history (history.c). What
// it adds is worked out when a row is touched next: by a presynaptic spike, by a read or a reset,
// or when the history runs full. A presynaptic spike pairs the one before it, of the same row and
// label, with the first postsynaptic spike since then (causal), and itself with the last one
// (acausal). What accumulates does not depend on when rows are touched otherwise.
#include "array.h"

#include "lanes.h"
#include "pairs.h"

#include <math.h>
#include <string.h>

static bool has_one_label(const nux_array *array, unsigned row) {
    return (array->row_labels[row] & (array->row_labels[row] - 1)) == 0;
}

static uint64_t unsettled_since(const nux_array *array, unsigned row, unsigned label) {
    uint64_t settled = array->row_settled[row], pre = array->last_pre[row][label].position;
    return pre > settled ? pre : settled;
}

// Some synapses that were not paired have been settled from a position on: mark those paired now.
NUX_ARRAY_CLONES
static void mark_paired(nux_array *array, unsigned row, const uint8_t *lanes, uint64_t since) {
    uint8_t *paired = array->paired[row], *orphan = array->orphan[row], any = 0;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column += 8) {
        uint64_t eight;
        memcpy(&eight, &lanes[column], sizeof eight);
        if (eight == 0)
            continue;
        for (unsigned i = column; i < column + 8; i++) {
            uint8_t fired = array->history.last_position[i] >= (double)since ? 0xff : 0;
            any |= paired[i] |= fired & lanes[i];
            orphan[i] &= ~paired[i];
        }
    }
    array->row_paired[row] |= any & 1;
}

// Pair the presynaptic spike of some synapses that are not paired with what has come since a
// position. pre_times_s: of each column; NULL: all have the same.
static void settle_lanes(nux_array *array, unsigned row, const uint8_t *lanes,
                         const double *pre_times_s, double pre_time_s, uint64_t since) {
    _Alignas(64) double scratch[NUX_ARRAY_COLUMNS];
    nux_touch t = {.lanes = lanes};
    if (pre_times_s != NULL) {
        t.posts = nux_history_pairs(array, since, pre_times_s, scratch);
    } else {
        t.pre_time_s = pre_time_s;
        t.posts = nux_history_first(array, since, pre_time_s, lanes, scratch);
    }
    nux_touch_causal(array, row, &t);
    mark_paired(array, row, lanes, since);
}

// How many positions ago each synapse's presynaptic spike came that is not paired, or was settled
// last; 0 for paired ones.
static void find_ages(const nux_array *array, unsigned row, uint16_t *age) {
    uint16_t of_label[NUX_ARRAY_LABELS] = {0};
    uint64_t position = array->history.position;
    for (uint64_t labels = array->row_labels[row]; labels != 0; labels &= labels - 1) {
        unsigned label = (unsigned)__builtin_ctzll(labels);
        of_label[label] = (uint16_t)(position - unsettled_since(array, row, label));
    }
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++) {
        uint16_t of_row = (uint16_t)(position - array->row_settled[row]);
        age[column] =
            array->orphan[row][column] ? of_row : of_label[array->filed_label[row][column]];
        age[column] = array->paired[row][column] ? 0 : age[column];
    }
}

// Settle synapses of one age.
static void settle_group(nux_array *array, unsigned row, const uint8_t *lanes, bool one_label,
                         unsigned column, uint64_t since) {
    const uint8_t *filed = array->filed_label[row];
    double time_s[NUX_ARRAY_COLUMNS];
    if (one_label && !array->row_orphans[row]) {
        double pre_time_s = array->last_pre[row][filed[column]].time_s;
        settle_lanes(array, row, lanes, NULL, pre_time_s, since);
        return;
    }
    for (unsigned i = 0; i < NUX_ARRAY_COLUMNS; i++)
        time_s[i] = array->orphan[row][i] ? array->orphan_time_s[row][i]
                                          : array->last_pre[row][filed[i]].time_s;
    settle_lanes(array, row, lanes, time_s, 0, since);
}

// Settle the synapses of a row that are not settled up to a position. Returns up to where the row
// is settled then.
NUX_ARRAY_CLONES
static uint64_t settle_older(nux_array *array, unsigned row, uint64_t limit) {
    const uint8_t *filed = array->filed_label[row];
    uint64_t position = array->history.position;
    uint16_t age[NUX_ARRAY_COLUMNS], oldest = 0;
    find_ages(array, row, age);
    for (unsigned i = 0; i < NUX_ARRAY_COLUMNS; i++) {
        uint16_t group = age[i];
        if (group <= position - limit) {
            oldest = group > oldest ? group : oldest;
            continue;
        }
        uint8_t lanes[NUX_ARRAY_COLUMNS], other_label = 0;
        for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++) {
            lanes[column] = age[column] == group ? 0xff : 0;
            other_label |= lanes[column] & (filed[column] ^ filed[i]);
        }
        for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
            age[column] = age[column] == group ? 0 : age[column];
        settle_group(array, row, lanes, !other_label, i, position - group);
    }
    return position - oldest;
}

// A row whose synapses all have the same last presynaptic spike.
static void settle_whole(nux_array *array, unsigned row) {
    unsigned label = (unsigned)__builtin_ctzll(array->row_labels[row]);
    uint8_t lanes[NUX_ARRAY_COLUMNS], any = 0;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        any |= lanes[column] = ~array->paired[row][column];
    uint64_t since = unsettled_since(array, row, label);
    if (any && since < array->history.position)
        settle_lanes(array, row, lanes, NULL, array->last_pre[row][label].time_s, since);
}

void nux_array_settle_row_until(nux_array *array, unsigned row, uint64_t position) {
    if (array->row_settled[row] >= position)
        return;
    uint64_t settled = array->history.position;
    if (has_one_label(array, row) && !array->row_orphans[row])
        settle_whole(array, row);
    else
        settled = settle_older(array, row, position);
    array->row_settled[row] = settled;
}

void nux_array_settle_row(nux_array *array, unsigned row) {
    nux_array_settle_row_until(array, row, array->history.position);
}

void nux_array_settle(nux_array *array) {
    for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++)
        nux_array_settle_row(array, row);
}

void nux_array_update_labels(nux_array *array) {
    memset(array->row_relabelled, 1, sizeof array->row_relabelled);
}

// File new labels. What a synapse remembers stays with it.
static void file_labels(nux_array *array, unsigned row) {
    nux_array_settle_row(array, row);
    array->row_relabelled[row] = 0;
    array->row_labels[row] = 0;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++) {
        uint8_t label = array->labels[row][column], *filed = &array->filed_label[row][column];
        double time_s = array->last_pre[row][*filed].time_s;
        bool same = time_s == array->last_pre[row][label].time_s;
        if (!same && !array->paired[row][column] && !array->orphan[row][column]) {
            array->orphan_time_s[row][column] = time_s;
            array->orphan[row][column] = 0xff;
            array->row_orphans[row] = 1;
        }
        *filed = label;
        array->row_labels[row] |= (uint64_t)1 << label;
    }
}

// The columns with the label, as 0xff.
NUX_INLINE void find_label(const uint8_t *labels, unsigned label, uint8_t *lanes) {
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        lanes[column] = labels[column] == label ? 0xff : 0;
}

static void settle_orphans(nux_array *array, unsigned row, const uint8_t *chosen) {
    uint8_t lanes[NUX_ARRAY_COLUMNS];
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        lanes[column] = chosen[column] & array->orphan[row][column];
    if (array->row_settled[row] < array->history.position)
        settle_lanes(array, row, lanes, array->orphan_time_s[row], 0, array->row_settled[row]);
}

// The chosen synapses have a new presynaptic spike to pair.
static void open_lanes(nux_array *array, unsigned row, const uint8_t *lanes) {
    uint8_t any_paired = 0, any_orphan = 0;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++) {
        any_paired |= array->paired[row][column] &= ~lanes[column];
        any_orphan |= array->orphan[row][column] &= ~lanes[column];
    }
    array->row_paired[row] = any_paired != 0;
    array->row_orphans[row] = any_orphan != 0;
}

// Pair the last presynaptic spike and the one now; lanes NULL: of the whole row, none is paired.
NUX_INLINE void pair(nux_array *array, unsigned row, const uint8_t *lanes, uint64_t since,
                     double pre_time_s, double now_s) {
    _Alignas(64) double scratch[NUX_ARRAY_COLUMNS];
    double halvings = (array->history.origin_s - now_s) * array->halvings_hz[NUX_ARRAY_ACAUSAL];
    nux_touch t = {
        .lanes = lanes, .pre_time_s = pre_time_s, .now_s = now_s, .since = (double)since};
    t.posts = nux_history_first(array, since, pre_time_s, lanes, scratch);
    t.factor = nux_exp2(nux_splat(halvings))[0];
    if (lanes == NULL)
        nux_touch_all(array, row, &t);
    else
        nux_touch_some(array, row, &t);
}

NUX_ARRAY_CLONES
void nux_array_pre_spike(nux_array *array, unsigned row, unsigned label, double time_s) {
    if (array->row_relabelled[row])
        file_labels(array, row);
    if ((array->row_labels[row] >> label & 1) == 0)
        return;
    nux_history_enter(array, time_s);
    nux_array_pre *last = &array->last_pre[row][label];
    uint64_t since = unsettled_since(array, row, label), position = array->history.position;
    bool whole = has_one_label(array, row);
    bool plain = whole && !array->row_paired[row] && !array->row_orphans[row];
    uint8_t lanes[NUX_ARRAY_COLUMNS];
    if (!plain)
        find_label(array->filed_label[row], label, lanes);
    if (array->row_orphans[row])
        settle_orphans(array, row, lanes);
    if (since < position || array->row_paired[row])
        pair(array, row, plain ? NULL : lanes, since, last->time_s, time_s);
    if (array->row_paired[row] || array->row_orphans[row])
        open_lanes(array, row, lanes);
    *last = (nux_array_pre){time_s, position};
    if (whole)
        array->row_settled[row] = position;
}

// Clear the sensors of a row: chosen[column] has bit 0 for the causal, bit 1 for the acausal one.
NUX_ARRAY_CLONES
static void clear_row(nux_array *array, unsigned row, const uint8_t *chosen) {
    const nux_i64x4 lane_bits = {0x1, 0x100, 0x10000, 0x1000000};
    uint8_t any = 0;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        any |= chosen[column];
    array->was_reset[row] |= any & 3;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column += NUX_LANES) {
        uint32_t four;
        memcpy(&four, &chosen[column], sizeof four);
        for (unsigned channel = 0; channel < NUX_ARRAY_CHANNELS; channel++) {
            double *accumulated = &array->accumulated_lsb[row][channel][column];
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
    const uint8_t all[NUX_ARRAY_COLUMNS] = {[0 ... NUX_ARRAY_COLUMNS - 1] = sensors & 3};
    for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++)
        clear_row(array, row, all);
}
