// SPDX-License-Identifier: BSD-3-Clause
// The latest postsynaptic spikes of an array, to find the first one of every column since a moment.
//
// Spikes are logged in blocks of 64. Beside the log, each block has a table: for every column the
// value of its first spike in or after the block. A spike is entered into the tables of all blocks
// since its column's last one, on average four when all columns spike alike. The first spikes since
// any position are then the table of the next block, with what is left of the position's own block
// on top; or the table of its own block, where columns that have spiked in the block before the
// position take their next spike, which the log has for each spike.
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
_Static_assert((BLOCKS + 1) * BLOCK <= UINT16_MAX, "ages of 16 bits"); // in correlation.c
_Static_assert(offsetof(nux_array, accumulated_lsb) % 64 == 0 &&
                   offsetof(nux_array, post_time_s) % 64 == 0 &&
                   offsetof(nux_array, history.first) % 64 == 0 &&
                   offsetof(nux_array, history.last_position) % 64 == 0,
               "vectors do not straddle cache lines");
#define ALL_COLUMNS ((nux_columns){NULL, NUX_ARRAY_COLUMNS})
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

NUX_INLINE double epoch_origin(const nux_array *array, double time_s) {
    return floor(time_s / array->span_s) * array->span_s;
}

// Traces at the origin: 2^(halvings * (time_s - origin_s)).
NUX_INLINE nux_f64x4 at_origin(nux_f64x4 time_s, nux_f64x4 origin_s, double halvings_hz) {
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
                  at_origin(nux_load(&array->post_time_s[column]), nux_splat(history->origin_s),
                            array->halvings_hz[NUX_ARRAY_ACAUSAL]));
}

void nux_history_restart(nux_array *array) {
    nux_array_history *history = &array->history;
    memset(history, 0, sizeof *history);
    double last = 0;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        last = array->post_time_s[column] > last ? array->post_time_s[column] : last;
    fill(history->last_position, -1.0);
    for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++) {
        array->rows[row].settled = 0;
        for (unsigned label = 0; label < NUX_ARRAY_LABELS; label++)
            array->rows[row].label[label].position = 0;
    }
    if (array->uniform) {
        history->origin_s = epoch_origin(array, last);
        refer_last_spikes(array);
    }
}

// Settle rows that are not settled up to a position, or hardly further, so that this is rarely
// done; at once for half the history, which costs little more.
static void settle_rows(nux_array *array, uint64_t position) {
    nux_array_history *history = &array->history;
    history->settled = UINT64_MAX;
    for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++) {
        const uint64_t *settled = &array->rows[row].settled;
        if (*settled < position + BLOCKS / 16 * BLOCK)
            nux_array_settle_row_until(array, row, position + (BLOCKS / 2 - 1) * BLOCK);
        history->settled = *settled < history->settled ? *settled : history->settled;
    }
}

// Start the block at the next position. No row must need the one it replaces.
static void start_block(nux_array *array) {
    nux_array_history *history = &array->history;
    uint64_t block = history->position / BLOCK;
    if (block >= BLOCKS && history->settled < (block - (BLOCKS - 1)) * BLOCK)
        settle_rows(array, (block - (BLOCKS - 1)) * BLOCK);
    int64_t oldest = ((int64_t)block - (BLOCKS - 1)) * BLOCK;
    history->oldest = oldest > history->oldest ? oldest : history->oldest;
    history->used[block % BLOCKS] = 0;
    history->block_origin_s[block % BLOCKS] = history->origin_s;
    fill(history->first[block % BLOCKS], none(array));
}

// Whether a time is well within an epoch, so that there is no need to divide.
static bool is_within(const nux_array *array, double time_s) {
    double distance_s = time_s - array->history.origin_s, margin_s = array->span_s / 64;
    return distance_s > margin_s && distance_s < array->span_s - margin_s;
}

NUX_ARRAY_CLONES
static void enter_epoch(nux_array *array, double origin_s) {
    nux_array_history *history = &array->history;
    history->position = (history->position + BLOCK - 1) / BLOCK * BLOCK;
    history->oldest = (int64_t)history->position;
    history->origin_s = origin_s;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        history->missing_from[column] = history->position / BLOCK;
    refer_last_spikes(array);
}

void nux_history_enter(nux_array *array, double time_s) {
    if (!array->uniform || is_within(array, time_s))
        return;
    double origin_s = epoch_origin(array, time_s);
    if (origin_s != array->history.origin_s)
        enter_epoch(array, origin_s);
}

// Note in the log that the spike follows the last one of its column.
NUX_INLINE void follow(nux_array_history *history, unsigned column, double value) {
    int64_t last = (int64_t)history->last_position[column];
    if (last >= history->oldest)
        (&history->following[0][0])[(uint64_t)last % (BLOCKS * BLOCK)] = value;
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
    follow(history, column, value);
    unsigned index = history->used[block % BLOCKS]++;
    history->following[block % BLOCKS][index] = none(array);
    history->column[block % BLOCKS][index] = (uint8_t)column;
    history->value[block % BLOCKS][index] = value;
    history->last_position[column] = (double)history->position++;
}

// Values of some columns; where they are many, of all.
NUX_INLINE void copy_values(const double *from, nux_columns columns, double *to) {
    if (columns.count > NUX_FEW_COLUMNS) {
        for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column += 2 * NUX_LANES) {
            nux_store(&to[column], nux_load(&from[column]));
            nux_store(&to[column + NUX_LANES], nux_load(&from[column + NUX_LANES]));
        }
        return;
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < columns.count; i++)
        to[columns.column[i]] = from[columns.column[i]];
}

// The first values since a position, up to the end of its epoch, of the columns at least: those
// since the beginning of the block, where columns that have spiked between take their next one;
// or those since its end, under what is left of it. Whatever is less to do.
NUX_ARRAY_CLONES
static const double *first_in_epoch(const nux_array *array, uint64_t since, nux_columns columns,
                                    double *scratch) {
    const nux_array_history *history = &array->history;
    uint64_t block = since / BLOCK, last = (history->position - 1) / BLOCK;
    unsigned slot = block % BLOCKS, next = (block + 1) % BLOCKS, begin = since % BLOCK;
    unsigned used = history->used[slot];
    const uint8_t *column = history->column[slot];
    if (begin == 0)
        return history->first[slot];
    bool ends = block == last || history->block_origin_s[next] != history->block_origin_s[slot];
    if (ends || 2 * begin <= used) {
        copy_values(history->first[slot], columns, scratch);
#pragma GCC unroll 4
        for (unsigned i = 0; i < begin; i++)
            scratch[column[i]] = history->following[slot][i];
    } else {
        copy_values(history->first[next], columns, scratch);
#pragma GCC unroll 4
        for (unsigned i = used; i-- > begin;)
            scratch[column[i]] = history->value[slot][i];
    }
    return scratch;
}

// Exponents larger than that of the span occur only for an epoch without spikes since then.
NUX_INLINE nux_f64x4 inverse_decay(const nux_array *array, nux_f64x4 pre_time_s,
                                   nux_f64x4 origin_s) {
    return at_origin(pre_time_s, origin_s, array->halvings_hz[NUX_ARRAY_CAUSAL]);
}

NUX_ARRAY_CLONES
static double factor_of(const nux_array *array, double pre_time_s, double origin_s) {
    return inverse_decay(array, nux_splat(pre_time_s), nux_splat(origin_s))[0];
}

// Enter the pairs with an epoch's postsynaptic spikes. pre_times_s: of each column, or NULL.
NUX_ARRAY_CLONES
static void enter_pairs(const nux_array *array, const double *value, const double *pre_times_s,
                        double pre_time_s, double origin_s, double *pairs) {
    nux_f64x4 factor = inverse_decay(array, nux_splat(pre_time_s), nux_splat(origin_s));
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column += NUX_LANES) {
        if (pre_times_s != NULL)
            factor = inverse_decay(array, nux_load(&pre_times_s[column]), nux_splat(origin_s));
        nux_f64x4 values = nux_load(&value[column]), before = nux_load(&pairs[column]);
        nux_f64x4 decay = factor * values;
        decay = nux_where(decay > SAME_TIME, nux_splat(1.0), decay);
        nux_store(&pairs[column], nux_where(values > 0, decay, before));
    }
}

// Pairs across epochs: those with later epochs first, then with earlier ones over them.
// pre_time_s: the latest time.
static void pairs_across_epochs(const nux_array *array, uint64_t since, const double *pre_times_s,
                                double pre_time_s, double *pairs) {
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
            const double *value = first_in_epoch(array, from, ALL_COLUMNS, scratch);
            enter_pairs(array, value, pre_times_s, pre_time_s, origin_s, pairs);
        }
        end = begin;
    }
}

// The value of the first spike since a position, which has spikes in its epoch.
static double earliest(const nux_array_history *history, uint64_t since) {
    unsigned slot = since / BLOCK % BLOCKS, index = since % BLOCK;
    if (index < history->used[slot])
        return history->value[slot][index];
    return history->value[(slot + 1) % BLOCKS][0];
}

NUX_ARRAY_CLONES
void nux_history_first(const nux_array *array, uint64_t since, double pre_time_s, double now_s,
                       nux_columns columns, nux_first_posts *posts, double *scratch) {
    const nux_array_history *history = &array->history;
    posts->first = scratch;
    posts->factor = posts->factor_now = 1.0;
    if (!array->uniform) {
        if (since == history->position)
            fill(scratch, INFINITY);
        else
            posts->first = first_in_epoch(array, since, columns, scratch);
        return;
    }
    // Both factors in one go.
    double origin_s = history->origin_s;
    double causal = (pre_time_s - origin_s) * array->halvings_hz[NUX_ARRAY_CAUSAL];
    double acausal = (origin_s - now_s) * array->halvings_hz[NUX_ARRAY_ACAUSAL];
    nux_f64x4 exponents = {causal < LARGEST_EXPONENT ? causal : LARGEST_EXPONENT, acausal, 0, 0};
    nux_f64x4 traces = nux_exp2(exponents);
    double factor = causal > SMALLEST_EXPONENT ? traces[0] : 0;
    posts->factor_now = traces[1];
    if (since == history->position) {
        fill(scratch, 0.0);
    } else if (history->block_origin_s[since / BLOCK % BLOCKS] == origin_s &&
               factor * earliest(history, since) <= SAME_TIME) {
        posts->first = first_in_epoch(array, since, columns, scratch);
        posts->factor = factor;
    } else {
        pairs_across_epochs(array, since, NULL, pre_time_s, scratch);
    }
}

nux_first_posts nux_history_pairs(const nux_array *array, uint64_t since, const double *pre_times_s,
                                  double *scratch) {
    double latest = -INFINITY;
    if (array->uniform) {
        for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
            latest = pre_times_s[column] > latest ? pre_times_s[column] : latest;
        pairs_across_epochs(array, since, pre_times_s, latest, scratch);
        return (nux_first_posts){scratch, 1.0, 1.0};
    }
    const double *first = first_in_epoch(array, since, ALL_COLUMNS, scratch);
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        scratch[column] = first[column] - pre_times_s[column];
    return (nux_first_posts){scratch, 1.0, 1.0};
}

unsigned nux_history_latest(const nux_array *array, uint64_t since, nux_logged_post *posts) {
    const nux_array_history *history = &array->history;
    unsigned n = 0;
    for (uint64_t position = since; position < history->position; position++) {
        unsigned slot = position / BLOCK % BLOCKS, index = position % BLOCK;
        if (index < history->used[slot])
            posts[n++] =
                (nux_logged_post){position, history->value[slot][index],
                                  history->block_origin_s[slot], history->column[slot][index]};
    }
    return n;
}

NUX_ARRAY_CLONES
nux_first_posts nux_history_pairs_of(const nux_array *array, unsigned count, double *pre_times_s,
                                     nux_logged_post *posts, double *scratch) {
    for (unsigned i = count; i % NUX_LANES != 0; i++) {
        pre_times_s[i] = pre_times_s[count - 1];
        posts[i] = posts[count - 1];
    }
    for (unsigned i = 0; i < count; i += NUX_LANES) {
        const nux_logged_post *four = &posts[i];
        nux_f64x4 pre = nux_load(&pre_times_s[i]);
        nux_f64x4 values = {four[0].value, four[1].value, four[2].value, four[3].value};
        nux_f64x4 pairs = values - pre;
        if (array->uniform) {
            nux_f64x4 origins_s = {four[0].origin_s, four[1].origin_s, four[2].origin_s,
                                   four[3].origin_s};
            pairs = inverse_decay(array, pre, origins_s) * values;
            pairs = nux_where(pairs > SAME_TIME, nux_splat(1.0), pairs);
        }
        for (unsigned lane = 0; lane < NUX_LANES; lane++)
            scratch[four[lane].column] = pairs[lane];
    }
    return (nux_first_posts){scratch, 1.0, 1.0};
}
