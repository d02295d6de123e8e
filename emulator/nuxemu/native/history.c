// SPDX-License-Identifier: BSD-3-Clause
// The latest postsynaptic spikes of an array, to find the first one of every column since a moment.
//
// Spikes are logged in blocks of 64. Beside the log, each block has a table: for every column the
// value of its first spike in or after the block. A spike is entered into the tables of all blocks
// since its column's last one, on average four when all columns spike alike. The first spikes since
// any position are then the table of the next block, with what is left of the position's own block
// on top.
//
// With one time constant for the whole array, exp(-(t_post - t_pre) / tau) splits into a factor of
// the presynaptic and one of the postsynaptic spike, which is the value kept. So that neither
// leaves the range of a double, both refer to the origin of the later spike's epoch, a stretch of
// time in which traces halve 500 times. An epoch starts a block, and a table ends with its epoch.
// Which origin a pair refers to depends on its spikes alone, never on when the pair is looked at.
// Otherwise values are times.
#include "array.h"

#include "lanes.h"

#include <math.h>
#include <string.h>

enum { BLOCKS = NUX_ARRAY_BLOCKS, BLOCK = NUX_ARRAY_BLOCK };
#define LARGEST_EXPONENT 1000.0
// What has decayed further before an epoch is nothing, so that no product leaves the range either.
#define SMALLEST_EXPONENT -500.0
// A pair that has decayed less than this is one at the same time; its parts are not exact.
#define SAME_TIME (1 - 1e-12)

static double none(const nux_array *array) { return array->uniform ? 0.0 : INFINITY; }

static void fill(double *values, double value) {
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        values[column] = value;
}

static double epoch_origin(const nux_array *array, double time_s) {
    return floor(time_s / array->span_s) * array->span_s;
}

// Traces at the origin: 2^(halvings * (time_s - origin_s)).
NUX_INLINE nux_f64x4 at_origin(nux_f64x4 time_s, double origin_s, double halvings_hz) {
    nux_f64x4 exponent = (time_s - origin_s) * halvings_hz;
    nux_f64x4 trace = nux_exp2(nux_min(exponent, nux_splat(LARGEST_EXPONENT)));
    return nux_where(exponent > SMALLEST_EXPONENT, trace, nux_splat(0));
}

// Refer the acausal traces of all columns to the origin.
NUX_ARRAY_CLONES
static void refer_last_spikes(nux_array *array) {
    nux_array_history *history = &array->history;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column += NUX_LANES)
        nux_store(&history->last_value[column],
                  at_origin(nux_load(&array->post_time_s[column]), history->origin_s,
                            array->halvings_hz[NUX_ARRAY_ACAUSAL]));
}

void nux_history_restart(nux_array *array) {
    nux_array_history *history = &array->history;
    memset(history, 0, sizeof *history);
    double last = 0;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        last = array->post_time_s[column] > last ? array->post_time_s[column] : last;
    fill(history->last_position, -1.0);
    memset(array->row_settled, 0, sizeof array->row_settled);
    for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++)
        for (unsigned label = 0; label < NUX_ARRAY_LABELS; label++)
            array->last_pre[row][label].position = 0;
    if (array->uniform) {
        history->origin_s = epoch_origin(array, last);
        refer_last_spikes(array);
    }
}

// Start the block at the next position; rows that still need the one it replaces are settled.
static void start_block(nux_array *array) {
    nux_array_history *history = &array->history;
    uint64_t block = history->position / BLOCK;
    if (block >= BLOCKS)
        for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++)
            nux_array_settle_row_from(array, row, (block - (BLOCKS - 1)) * BLOCK);
    history->used[block % BLOCKS] = 0;
    history->block_origin_s[block % BLOCKS] = history->origin_s;
    fill(history->first[block % BLOCKS], none(array));
}

void nux_history_enter(nux_array *array, double time_s) {
    nux_array_history *history = &array->history;
    double origin_s = array->uniform ? epoch_origin(array, time_s) : 0;
    if (origin_s == history->origin_s)
        return;
    history->position = (history->position + BLOCK - 1) / BLOCK * BLOCK;
    history->origin_s = origin_s;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        history->missing_from[column] = history->position / BLOCK;
    refer_last_spikes(array);
}

NUX_ARRAY_CLONES
void nux_array_post_spike(nux_array *array, unsigned column, double time_s) {
    nux_array_history *history = &array->history;
    double value = time_s;
    nux_history_enter(array, time_s);
    array->post_time_s[column] = time_s;
    if (array->uniform) {
    nux_f64x4 since = nux_splat(time_s - history->origin_s);
        nux_f64x4 rates = {-array->halvings_hz[NUX_ARRAY_CAUSAL],
                           array->halvings_hz[NUX_ARRAY_ACAUSAL], 0, 0};
        nux_f64x4 traces = nux_exp2(since * rates);
        value = traces[NUX_ARRAY_CAUSAL];
        history->last_value[column] = traces[NUX_ARRAY_ACAUSAL];
    }
    if (history->position % BLOCK == 0)
        start_block(array);
    uint64_t block = history->position / BLOCK;
    uint64_t oldest = block < BLOCKS ? 0 : block - (BLOCKS - 1);
    uint64_t from = history->missing_from[column];
    for (uint64_t b = from > oldest ? from : oldest; b <= block; b++)
        history->first[b % BLOCKS][column] = value;
    history->missing_from[column] = block + 1;
    unsigned index = history->used[block % BLOCKS]++;
    history->column[block % BLOCKS][index] = (uint8_t)column;
    history->value[block % BLOCKS][index] = value;
    history->last_position[column] = (double)history->position++;
}

// The first values since a position, up to the end of its epoch; of the chosen columns at least
// (NULL: of all).
static const double *first_in_epoch(const nux_array *array, uint64_t since, const uint8_t *lanes,
                                    double *scratch) {
    const nux_array_history *history = &array->history;
    uint64_t block = since / BLOCK, last = (history->position - 1) / BLOCK;
    unsigned slot = block % BLOCKS, next = (block + 1) % BLOCKS, begin = since % BLOCK;
    if (begin == 0)
        return history->first[slot];
    if (block == last || history->block_origin_s[next] != history->block_origin_s[slot])
        fill(scratch, none(array));
    else if (lanes == NULL)
        memcpy(scratch, history->first[next], sizeof history->first[next]);
    else
        for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column += 8) {
            uint64_t eight;
            memcpy(&eight, &lanes[column], sizeof eight);
            if (eight != 0)
                memcpy(&scratch[column], &history->first[next][column], 8 * sizeof *scratch);
        }
    for (unsigned i = history->used[slot]; i-- > begin;)
        scratch[history->column[slot][i]] = history->value[slot][i];
    return scratch;
}

// Exponents larger than that of the span occur only for an epoch without spikes since then.
NUX_INLINE nux_f64x4 inverse_decay(const nux_array *array, nux_f64x4 pre_time_s, double origin_s) {
    return at_origin(pre_time_s, origin_s, array->halvings_hz[NUX_ARRAY_CAUSAL]);
}

NUX_ARRAY_CLONES
static double factor_of(const nux_array *array, double pre_time_s, double origin_s) {
    return inverse_decay(array, nux_splat(pre_time_s), origin_s)[0];
}

// Enter the pairs with an epoch's postsynaptic spikes. pre_times_s: of each column, or NULL.
NUX_ARRAY_CLONES
static void enter_pairs(const nux_array *array, const double *value, const double *pre_times_s,
                        double pre_time_s, double origin_s, double *pairs) {
    nux_f64x4 factor = inverse_decay(array, nux_splat(pre_time_s), origin_s);
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column += NUX_LANES) {
        if (pre_times_s != NULL)
            factor = inverse_decay(array, nux_load(&pre_times_s[column]), origin_s);
        nux_f64x4 values = nux_load(&value[column]), before = nux_load(&pairs[column]);
        nux_f64x4 decay = factor * values;
        decay = nux_where(decay > SAME_TIME, nux_splat(1.0), decay);
        nux_store(&pairs[column], nux_where(values > 0, decay, before));
    }
}

// Pairs across epochs: those with later epochs first, then with earlier ones over them.
// pre_time_s: the latest time.
static nux_first_posts pairs_across_epochs(const nux_array *array, uint64_t since,
                                           const double *pre_times_s, double pre_time_s,
                                           double *pairs) {
    const nux_array_history *history = &array->history;
    uint64_t first = since / BLOCK, end = (history->position - 1) / BLOCK + 1;
    fill(pairs, 0.0);
    while (end > first) {
        uint64_t begin = end - 1;
        double origin_s = history->block_origin_s[begin % BLOCKS], scratch[NUX_ARRAY_COLUMNS];
        while (begin > first && history->block_origin_s[(begin - 1) % BLOCKS] == origin_s)
            begin--;
        if (factor_of(array, pre_time_s, origin_s) > 0) {
            uint64_t from = begin == first ? since : begin * BLOCK;
            const double *value = first_in_epoch(array, from, NULL, scratch);
            enter_pairs(array, value, pre_times_s, pre_time_s, origin_s, pairs);
        }
        end = begin;
    }
    return (nux_first_posts){pairs, 1.0};
}

// The value of the first spike since a position, which has spikes in its epoch.
static double earliest(const nux_array_history *history, uint64_t since) {
    unsigned slot = since / BLOCK % BLOCKS, index = since % BLOCK;
    if (index < history->used[slot])
        return history->value[slot][index];
    return history->value[(slot + 1) % BLOCKS][0];
}

nux_first_posts nux_history_first(const nux_array *array, uint64_t since, double pre_time_s,
                                  const uint8_t *lanes, double *scratch) {
    if (since == array->history.position) {
        fill(scratch, none(array));
        return (nux_first_posts){scratch, 0.0};
    }
    double origin_s = array->history.block_origin_s[since / BLOCK % BLOCKS];
    if (!array->uniform)
        return (nux_first_posts){first_in_epoch(array, since, lanes, scratch), 1.0};
    if (origin_s == array->history.origin_s) {
        double factor = factor_of(array, pre_time_s, origin_s);
        if (factor * earliest(&array->history, since) <= SAME_TIME)
            return (nux_first_posts){first_in_epoch(array, since, lanes, scratch), factor};
    }
    return pairs_across_epochs(array, since, NULL, pre_time_s, scratch);
}

nux_first_posts nux_history_pairs(const nux_array *array, uint64_t since,
                                  const double *pre_times_s, double *scratch) {
    double latest = -INFINITY;
    if (array->uniform) {
        for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
            latest = pre_times_s[column] > latest ? pre_times_s[column] : latest;
        return pairs_across_epochs(array, since, pre_times_s, latest, scratch);
    }
    const double *first = first_in_epoch(array, since, NULL, scratch);
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        scratch[column] = first[column] - pre_times_s[column];
    return (nux_first_posts){scratch, 1.0};
}
