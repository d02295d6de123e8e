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
//
// A label with few columns in the row is worked on by the list of them, which is made when labels
// are filed; one with many by passes over the whole row. A row is settled label by label, as
// synapses with a label have the same last presynaptic spike; all at once if many labels have had
// none since the row was settled before; or, if only a few postsynaptic spikes have come since, as
// between a read and the reset after it, for the columns of those.
#include "array.h"

#include "lanes.h"
#include "pairs.h"

#include <math.h>
#include <string.h>

// Up to how many labels are settled one by one.
enum { FEW_LABELS = 3 };

static bool has_one_label(const nux_array *array, unsigned row) {
    return (array->rows[row].labels & (array->rows[row].labels - 1)) == 0;
}

static uint64_t unsettled_since(const nux_array *array, unsigned row, unsigned label) {
    uint64_t settled = array->rows[row].settled, pre = array->rows[row].label[label].position;
    return pre > settled ? pre : settled;
}

static nux_columns columns_of(const nux_array *array, unsigned row, unsigned label) {
    const nux_array_label *of_label = &array->rows[row].label[label];
    return (nux_columns){&array->row_columns[row][of_label->first_column], of_label->columns};
}

static double pre_time_s(const nux_array *array, unsigned row, unsigned column) {
    return array->orphan[row][column]
               ? array->orphan_time_s[row][column]
               : array->rows[row].label[array->filed_label[row][column]].time_s;
}

// Settle synapses of a row that are not paired and are complete up to a position. Which: those with
// a label of the set, and of the orphans those with a filed label of another set.
static void settle_mixed(nux_array *array, unsigned row, uint64_t labels, uint64_t orphans,
                         uint64_t since) {
    _Alignas(64) double scratch[NUX_ARRAY_COLUMNS];
    double times_s[NUX_ARRAY_COLUMNS];
    uint8_t list[NUX_ARRAY_COLUMNS + 8];
    unsigned n = 0;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++) {
        uint64_t set = array->orphan[row][column] ? orphans : labels;
        times_s[column] = pre_time_s(array, row, column);
        list[n] = (uint8_t)column;
        n += set >> array->filed_label[row][column] & !array->paired[row][column];
    }
    if (n == 0 || since >= array->history.position)
        return;
    nux_touch t = {.columns = {list, n}, .since = (double)since};
    t.posts = nux_history_pairs(array, since, times_s, scratch);
    nux_settle_columns(array, row, &t);
}

NUX_ARRAY_CLONES
static bool are_all_paired(const nux_array *array, unsigned row, uint8_t label) {
    const uint8_t *labels = array->filed_label[row], *paired = array->paired[row];
    if ((array->rows[row].paired >> label & 1) == 0)
        return false;
    uint8_t open = 0;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        open |= labels[column] == label ? (uint8_t)~paired[column] : 0;
    return open == 0;
}

// Settle the synapses with a label, which have the same last presynaptic spike.
static void settle_label(nux_array *array, unsigned row, unsigned label, uint64_t since) {
    _Alignas(64) double scratch[NUX_ARRAY_COLUMNS];
    array->rows[row].complete |= (uint64_t)are_all_paired(array, row, (uint8_t)label) << label;
    if (array->rows[row].complete >> label & 1)
        return;
    nux_touch t = {.columns = columns_of(array, row, label),
                   .pre_time_s = array->rows[row].label[label].time_s,
                   .since = (double)since};
    nux_history_first(array, since, t.pre_time_s, t.pre_time_s, t.columns, &t.posts, scratch);
    nux_settle_label(array, row, label, &t);
}

// Settle a row that only needs a few postsynaptic spikes: their synapses.
static void settle_latest(nux_array *array, unsigned row) {
    _Alignas(64) double scratch[NUX_ARRAY_COLUMNS];
    nux_logged_post posts[NUX_FEW_POSTS];
    double times_s[NUX_FEW_POSTS];
    uint8_t list[NUX_FEW_POSTS + 8], *paired = array->paired[row];
    uint64_t since = array->rows[row].settled;
    unsigned logged = nux_history_latest(array, since, posts), n = 0;
    for (unsigned i = 0; i < logged; i++) {
        unsigned column = posts[i].column, label = array->filed_label[row][column];
        bool orphan = array->orphan[row][column];
        if (paired[column] ||
            (!orphan && posts[i].position < array->rows[row].label[label].position))
            continue;
        times_s[n] = pre_time_s(array, row, column);
        posts[n] = posts[i];
        list[n++] = (uint8_t)column;
        paired[column] = 0xff;
        array->orphan[row][column] = 0;
        array->rows[row].paired |= (uint64_t)1 << label;
    }
    if (n == 0)
        return;
    nux_touch t = {.columns = {list, n}};
    t.posts = nux_history_pairs_of(array, n, times_s, posts, scratch);
    nux_add_causal(array, row, &t);
}

// Settle the synapses of a row that are not settled up to a position. Returns up to where the row
// is settled then.
static uint64_t settle_older(nux_array *array, unsigned row, uint64_t limit) {
    nux_array_row *of_row = &array->rows[row];
    uint64_t settled = array->history.position, together = 0;
    // Labels without a presynaptic spike since the row was settled.
    for (uint64_t left = of_row->labels & ~of_row->complete; left != 0; left &= left - 1) {
        unsigned label = (unsigned)__builtin_ctzll(left);
        if (of_row->label[label].position <= of_row->settled)
            together |= (uint64_t)1 << label;
    }
    if (__builtin_popcountll(together) <= FEW_LABELS)
        together = 0;
    if (together != 0 || of_row->orphans != 0)
        settle_mixed(array, row, together, UINT64_MAX, of_row->settled);
    for (uint64_t left = of_row->labels & ~of_row->complete & ~together; left != 0;
         left &= left - 1) {
        unsigned label = (unsigned)__builtin_ctzll(left);
        uint64_t since = unsettled_since(array, row, label);
        if (since < limit)
            settle_label(array, row, label, since);
        else
            settled = since < settled ? since : settled;
    }
    return settled;
}

void nux_array_settle_row_until(nux_array *array, unsigned row, uint64_t position) {
    uint64_t settled = array->rows[row].settled, now = array->history.position;
    if (settled >= position)
        return;
    if (now - settled <= NUX_FEW_POSTS) {
        settle_latest(array, row);
        array->rows[row].settled = now;
    } else {
        array->rows[row].settled = settle_older(array, row, position);
    }
}

void nux_array_settle_row(nux_array *array, unsigned row) {
    nux_array_settle_row_until(array, row, array->history.position);
}

void nux_array_settle(nux_array *array) {
    for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++)
        nux_array_settle_row(array, row);
}

void nux_array_update_labels(nux_array *array) {
    for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++)
        array->rows[row].relabelled = 1;
}

void nux_array_file_row(nux_array *array, unsigned row, const uint8_t *labels) {
    // Quarters of the row side by side: a count that follows another one of the same label waits.
    enum { PARTS = 4, PART = NUX_ARRAY_COLUMNS / PARTS };
    nux_array_label *of_label = array->rows[row].label;
    uint16_t place[NUX_ARRAY_LABELS][PARTS] = {0}, filed = 0;
    for (unsigned i = 0; i < PART; i++)
        for (unsigned part = 0; part < PARTS; part++)
            place[labels[part * PART + i]][part]++;
    array->rows[row].labels = 0;
    for (unsigned label = 0; label < NUX_ARRAY_LABELS; label++) {
        of_label[label].first_column = filed;
        for (unsigned part = 0; part < PARTS; part++) {
            uint16_t count = place[label][part];
            place[label][part] = filed;
            filed = (uint16_t)(filed + count);
        }
        of_label[label].columns = (uint16_t)(filed - of_label[label].first_column);
        array->rows[row].labels |= (uint64_t)(of_label[label].columns > 0) << label;
    }
    uint8_t *columns = array->row_columns[row];
    for (unsigned i = 0; i < PART; i++)
        for (unsigned part = 0; part < PARTS; part++) {
            unsigned column = part * PART + i;
            columns[place[labels[column]][part]++] = (uint8_t)column;
        }
    memcpy(array->filed_label[row], labels, NUX_ARRAY_COLUMNS);
}

// File new labels. What a synapse remembers stays with it.
static void file_labels(nux_array *array, unsigned row) {
    nux_array_settle_row(array, row);
    array->rows[row].relabelled = 0;
    array->rows[row].paired = array->rows[row].complete = array->rows[row].orphans = 0;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++) {
        uint8_t label = array->labels[row][column], filed = array->filed_label[row][column];
        double time_s = array->rows[row].label[filed].time_s;
        bool same = time_s == array->rows[row].label[label].time_s;
        if (!same && !array->paired[row][column] && !array->orphan[row][column]) {
            array->orphan_time_s[row][column] = time_s;
            array->orphan[row][column] = 0xff;
        }
        array->rows[row].paired |= (uint64_t)(array->paired[row][column] & 1) << label;
        array->rows[row].orphans |= (uint64_t)(array->orphan[row][column] & 1) << label;
    }
    nux_array_file_row(array, row, array->labels[row]);
}

// Of the columns with a label, 0 instead of a mark.
NUX_ARRAY_CLONES
static void unmark(uint8_t *marks, const uint8_t *labels, uint8_t label) {
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        marks[column] = labels[column] == label ? 0 : marks[column];
}

// The synapses with a label have a new presynaptic spike to pair.
static void open_label(nux_array *array, unsigned row, unsigned label) {
    nux_array_row *of_row = &array->rows[row];
    uint64_t set = (uint64_t)1 << label;
    if (of_row->paired & set)
        unmark(array->paired[row], array->filed_label[row], (uint8_t)label);
    if (of_row->orphans & set)
        unmark(array->orphan[row], array->filed_label[row], (uint8_t)label);
    of_row->paired &= ~set;
    of_row->complete &= ~set;
    of_row->orphans &= ~set;
}

// Pair the last presynaptic spike and the one now.
static void pair(nux_array *array, unsigned row, unsigned label, uint64_t since, double pre_time_s,
                 double now_s) {
    _Alignas(64) double scratch[NUX_ARRAY_COLUMNS];
    nux_touch t = {.columns = columns_of(array, row, label),
                   .pre_time_s = pre_time_s,
                   .now_s = now_s,
                   .since = (double)since};
    nux_history_first(array, since, pre_time_s, now_s, t.columns, &t.posts, scratch);
    if (t.columns.count == NUX_ARRAY_COLUMNS && array->rows[row].paired == 0)
        nux_touch_all(array, row, &t);
    else
        nux_touch_label(array, row, label, &t);
}

void nux_array_pre_spike(nux_array *array, unsigned row, unsigned label, double time_s) {
    if (array->rows[row].relabelled)
        file_labels(array, row);
    if ((array->rows[row].labels >> label & 1) == 0)
        return;
    nux_history_enter(array, time_s);
    nux_array_label *last = &array->rows[row].label[label];
    uint64_t since = unsettled_since(array, row, label), position = array->history.position;
    uint64_t set = (uint64_t)1 << label;
    if (array->rows[row].orphans & set)
        settle_mixed(array, row, 0, set, array->rows[row].settled);
    if (since < position || (array->rows[row].paired & set))
        pair(array, row, label, since, last->time_s, time_s);
    if ((array->rows[row].paired | array->rows[row].orphans) & set)
        open_label(array, row, label);
    last->time_s = time_s;
    last->position = position;
    if (has_one_label(array, row))
        array->rows[row].settled = position;
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
