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

#include <math.h>
#include <string.h>

// How synapses share parameters.
typedef enum {
    EACH,          // every synapse has its own time constant
    ONE_TAU,       // the whole array has one time constant
    ONE_AMPLITUDE, // and the row one amplitude
} sharing;

// One touch of a row.
typedef struct {
    const uint8_t *lanes;  // which columns, 0xff each; NULL: all, and none is paired
    nux_first_posts posts; // since the last presynaptic spike,
    double pre_time_s;     // when that was, with EACH,
    double since;          // and where in the history
    double now_s;          // the presynaptic spike now
    double factor;         // by which acausal traces have decayed since the origin
} touch;

// Eight neighbouring synapses of a row.
typedef struct {
    nux_f64x4 low, high;
} octet;

NUX_INLINE octet load(const double *from) {
    return (octet){nux_load(from), nux_load(from + NUX_LANES)};
}

NUX_INLINE void store(double *to, octet values) {
    nux_store(to, values.low);
    nux_store(to + NUX_LANES, values.high);
}

// All bits of the lanes whose byte has bit 7 set.
NUX_INLINE nux_i64x4 wide(const uint8_t *bytes) {
    const nux_i64x4 bits = {0x80, 0x8000, 0x800000, 0x80000000};
    uint32_t four;
    memcpy(&four, bytes, sizeof four);
    return ((int64_t)four & bits) == bits;
}

NUX_INLINE nux_f64x4 masked(nux_i64x4 mask, nux_f64x4 values) {
    return (nux_f64x4)(mask & (nux_i64x4)values);
}

// What pairs add: `traces` is how far they have decayed, with EACH how far back they go (s, <= 0;
// -inf adds nothing); `shared` the amplitude of the row.
NUX_INLINE octet added_by(const nux_array *array, unsigned channel, unsigned row, unsigned column,
                          octet traces, sharing kind, double shared) {
    if (kind == ONE_AMPLITUDE)
        return (octet){shared * traces.low, shared * traces.high};
    nux_f32x8 amplitude = nux_load_f32(&array->pair_amplitude_lsb[row][channel][column]);
    if (kind == ONE_TAU)
        return (octet){nux_low(amplitude) * traces.low, nux_high(amplitude) * traces.high};
    nux_f32x8 halvings = nux_load_f32(&array->pair_halvings_hz[row][channel][column]);
    nux_f32x8 pairs = amplitude * nux_exp2_f32(nux_narrow(traces.low, traces.high) * halvings);
    return (octet){nux_low(pairs), nux_high(pairs)};
}

// Causal pairs, and with `now` the acausal ones of a presynaptic spike now.
NUX_INLINE void touch_octet(nux_array *array, unsigned row, unsigned column, const touch *t,
                            sharing kind, bool all, bool now, const double *shared) {
    double *causal_sensors = &array->accumulated_lsb[row][NUX_ARRAY_CAUSAL][column];
    double *acausal_sensors = &array->accumulated_lsb[row][NUX_ARRAY_ACAUSAL][column];
    const double *position = &array->history.last_position[column];
    octet first = load(&t->posts.first[column]), causal, acausal;
    if (kind == EACH)
        causal = (octet){t->pre_time_s - first.low, t->pre_time_s - first.high};
    else
        causal = (octet){t->posts.factor * first.low, t->posts.factor * first.high};
    causal = added_by(array, NUX_ARRAY_CAUSAL, row, column, causal, kind, shared[0]);
    if (now && kind == EACH) {
        octet last = load(&array->post_time_s[column]);
        acausal = (octet){last.low - t->now_s, last.high - t->now_s};
    } else if (now) {
        octet last = load(&array->history.last_value[column]);
        acausal = (octet){t->factor * last.low, t->factor * last.high};
    }
    nux_i64x4 fired_low = {0}, fired_high = {0};
    if (now) {
        acausal = added_by(array, NUX_ARRAY_ACAUSAL, row, column, acausal, kind, shared[1]);
        fired_low = nux_load(position) >= t->since;
        fired_high = nux_load(position + NUX_LANES) >= t->since;
    }
    if (!all) {
        nux_i64x4 low = wide(&t->lanes[column]), high = wide(&t->lanes[column + NUX_LANES]);
        nux_i64x4 paired_low = wide(&array->paired[row][column]);
        nux_i64x4 paired_high = wide(&array->paired[row][column + NUX_LANES]);
        causal.low = masked(low & ~paired_low, causal.low);
        causal.high = masked(high & ~paired_high, causal.high);
        fired_low = (fired_low | paired_low) & low;
        fired_high = (fired_high | paired_high) & high;
    }
    octet sum = load(causal_sensors);
    store(causal_sensors, (octet){sum.low + causal.low, sum.high + causal.high});
    if (!now)
        return;
    sum = load(acausal_sensors);
    store(acausal_sensors, (octet){sum.low + masked(fired_low, acausal.low),
                                   sum.high + masked(fired_high, acausal.high)});
}

NUX_INLINE void touch_octets(nux_array *array, unsigned row, const touch *given, sharing kind,
                             bool all, bool now) {
    const touch t = *given;
    const double shared[] = {array->row_amplitude_lsb[row][0], array->row_amplitude_lsb[row][1]};
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column += 8) {
        uint64_t eight = 1;
        if (!all)
            memcpy(&eight, &t.lanes[column], sizeof eight);
        if (eight != 0)
            touch_octet(array, row, column, &t, kind, all, now, shared);
    }
}

// One copy of the code for each way to share parameters.
NUX_INLINE void touch_synapses(nux_array *array, unsigned row, const touch *t, bool all,
                               bool now) {
    if (!array->uniform)
        touch_octets(array, row, t, EACH, all, now);
    else if (isnan(array->row_amplitude_lsb[row][0]) || isnan(array->row_amplitude_lsb[row][1]))
        touch_octets(array, row, t, ONE_TAU, all, now);
    else
        touch_octets(array, row, t, ONE_AMPLITUDE, all, now);
}

NUX_ARRAY_CLONES
static void touch_all(nux_array *array, unsigned row, const touch *t) {
    touch_synapses(array, row, t, true, true);
}

NUX_ARRAY_CLONES
static void touch_some(nux_array *array, unsigned row, const touch *t) {
    touch_synapses(array, row, t, false, true);
}

NUX_ARRAY_CLONES
static void touch_causal(nux_array *array, unsigned row, const touch *t) {
    touch_synapses(array, row, t, false, false);
}

static bool has_one_label(const nux_array *array, unsigned row) {
    return (array->row_labels[row] & (array->row_labels[row] - 1)) == 0;
}

static uint64_t unsettled_since(const nux_array *array, unsigned row, unsigned label) {
    uint64_t settled = array->row_settled[row], pre = array->last_pre[row][label].position;
    return pre > settled ? pre : settled;
}

// Some synapses that were not paired have been settled from a position on: mark those paired now.
static void mark_paired(nux_array *array, unsigned row, const uint8_t *lanes, uint64_t since) {
    uint8_t *paired = array->paired[row], *orphan = array->orphan[row];
    uint8_t any_paired = 0, any_orphan = 0;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++) {
        uint8_t fired = array->history.last_position[column] >= (double)since ? 0xff : 0;
        any_paired |= paired[column] |= fired & lanes[column];
        any_orphan |= orphan[column] &= ~paired[column];
    }
    array->row_paired[row] = any_paired != 0;
    array->row_orphans[row] = any_orphan != 0;
}

// Pair the last presynaptic spike of synapses, at a time of each column, with what has come since a
// position.
static void settle_lanes(nux_array *array, unsigned row, const uint8_t *lanes,
                         const double *pre_times_s, uint64_t since) {
    double scratch[NUX_ARRAY_COLUMNS];
    touch t = {.lanes = lanes};
    if (since == array->history.position)
        return;
    t.posts = nux_history_pairs(array, since, pre_times_s, scratch);
    touch_causal(array, row, &t);
    mark_paired(array, row, lanes, since);
}

// A row whose synapses all have the same label and last presynaptic spike.
static void settle_plain(nux_array *array, unsigned row) {
    unsigned label = (unsigned)__builtin_ctzll(array->row_labels[row]);
    uint64_t since = unsettled_since(array, row, label);
    uint8_t lanes[NUX_ARRAY_COLUMNS], any = 0;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        any |= lanes[column] = ~array->paired[row][column];
    if (any) {
        double scratch[NUX_ARRAY_COLUMNS];
        touch t = {.lanes = lanes, .pre_time_s = array->last_pre[row][label].time_s};
        t.posts = nux_history_first(array, since, t.pre_time_s, lanes, scratch);
        if (t.pre_time_s > -INFINITY)
            touch_causal(array, row, &t);
        mark_paired(array, row, lanes, since);
    }
    array->row_settled[row] = array->history.position;
}

// The presynaptic spikes that synapses have yet to pair: their times, and where in the history they
// came or were settled last. Paired ones have the current position.
static void find_unpaired(const nux_array *array, unsigned row, double *time_s, uint64_t *since) {
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++) {
        unsigned label = array->filed_label[row][column];
        time_s[column] = array->last_pre[row][label].time_s;
        since[column] = unsettled_since(array, row, label);
        if (array->orphan[row][column]) {
            time_s[column] = array->orphan_time_s[row][column];
            since[column] = array->row_settled[row];
        }
        if (array->paired[row][column])
            since[column] = array->history.position;
    }
}

void nux_array_settle_row(nux_array *array, unsigned row) {
    uint64_t position = array->history.position, since[NUX_ARRAY_COLUMNS];
    double time_s[NUX_ARRAY_COLUMNS];
    if (array->row_settled[row] == position)
        return;
    if (has_one_label(array, row) && !array->row_orphans[row]) {
        settle_plain(array, row);
        return;
    }
    find_unpaired(array, row, time_s, since);
    for (unsigned i = 0; i < NUX_ARRAY_COLUMNS; i++) {
        uint64_t from = since[i];
        if (from == position)
            continue;
        uint8_t lanes[NUX_ARRAY_COLUMNS];
        for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++) {
            lanes[column] = since[column] == from ? 0xff : 0;
            since[column] = since[column] == from ? position : since[column];
        }
        settle_lanes(array, row, lanes, time_s, from);
    }
    array->row_settled[row] = position;
}

void nux_array_settle_row_from(nux_array *array, unsigned row, uint64_t position) {
    if (array->row_settled[row] >= position)
        return;
    uint64_t settled = array->history.position;
    for (uint64_t labels = array->row_labels[row]; labels != 0; labels &= labels - 1) {
        uint64_t since = unsettled_since(array, row, (unsigned)__builtin_ctzll(labels));
        settled = since < settled ? since : settled;
    }
    if (settled >= position && !array->row_orphans[row])
        array->row_settled[row] = settled;
    else
        nux_array_settle_row(array, row);
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
    settle_lanes(array, row, lanes, array->orphan_time_s[row], array->row_settled[row]);
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
static void pair(nux_array *array, unsigned row, const uint8_t *lanes, uint64_t since,
                 double pre_time_s, double now_s) {
    double scratch[NUX_ARRAY_COLUMNS];
    double halvings = (array->history.origin_s - now_s) * array->halvings_hz[NUX_ARRAY_ACAUSAL];
    touch t = {.lanes = lanes, .pre_time_s = pre_time_s, .now_s = now_s, .since = (double)since};
    t.posts = nux_history_first(array, since, pre_time_s, lanes, scratch);
    t.factor = nux_exp2(nux_splat(halvings))[0];
    if (lanes == NULL)
        touch_all(array, row, &t);
    else
        touch_some(array, row, &t);
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
    if (!plain)
        open_lanes(array, row, lanes);
    *last = (nux_array_pre){time_s, position};
    if (whole)
        array->row_settled[row] = position;
}

// Clear the sensors of a row: chosen[column] has bit 0 for the causal, bit 1 for the acausal one.
NUX_ARRAY_CLONES
static void clear_row(nux_array *array, unsigned row, const uint8_t *chosen) {
    const nux_i64x4 lane_bits = {0x1, 0x100, 0x10000, 0x1000000};
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
