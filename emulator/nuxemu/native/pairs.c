// SPDX-License-Identifier: BSD-3-Clause
// Pairs of spikes are added to the sensors of a row, eight synapses at a time.
//
// With one time constant for the whole array, a pair is a product of two factors (history.c), in
// double precision. Otherwise each synapse has an exponential of its own: times are subtracted in
// double precision, the rest is done in single precision.
#include "pairs.h"

#include "lanes.h"

#include <math.h>
#include <string.h>

// How synapses share parameters.
typedef enum {
    EACH,          // every synapse has its own time constant
    ONE_TAU,       // the whole array has one time constant
    ONE_AMPLITUDE, // and the row one amplitude
} sharing;

// In what way synapses are gone through.
typedef enum {
    ALL,    // the whole row, none is paired
    MASKED, // from the first to the last column with a label; others are left as they are
    PACKED, // from a list of columns
} walk;

// What is done beside causal pairs.
typedef struct {
    bool now;        // acausal pairs of a presynaptic spike now
    bool any_paired; // synapses may be paired
    uint8_t label;   // of MASKED
} manner;

// Of eight synapses.
typedef struct {
    nux_f64x4 low, high;
} octet;

typedef struct {
    nux_i64x4 low, high;
} octet_mask;

// `at`: the columns; the values of neighbouring ones start at the first.
NUX_INLINE octet load(const double *from, const uint8_t *at, walk how) {
    if (how != PACKED)
        return (octet){nux_load(&from[at[0]]), nux_load(&from[at[0] + NUX_LANES])};
    return (octet){{from[at[0]], from[at[1]], from[at[2]], from[at[3]]},
                   {from[at[4]], from[at[5]], from[at[6]], from[at[7]]}};
}

NUX_INLINE nux_f32x8 load_f32(const float *from, const uint8_t *at, walk how) {
    if (how != PACKED)
        return nux_load_f32(&from[at[0]]);
    return (nux_f32x8){from[at[0]], from[at[1]], from[at[2]], from[at[3]],
                       from[at[4]], from[at[5]], from[at[6]], from[at[7]]};
}

// Of bytes that may be negative.
NUX_INLINE octet_mask load_bytes(const uint8_t *bytes, const uint8_t *at, walk how) {
    const int8_t *from = (const int8_t *)bytes, *next = &from[at[0]];
    if (how != PACKED)
        return (octet_mask){{next[0], next[1], next[2], next[3]},
                            {next[4], next[5], next[6], next[7]}};
    return (octet_mask){{from[at[0]], from[at[1]], from[at[2]], from[at[3]]},
                        {from[at[4]], from[at[5]], from[at[6]], from[at[7]]}};
}

NUX_INLINE octet masked(octet_mask mask, octet values) {
    return (octet){(nux_f64x4)(mask.low & (nux_i64x4)values.low),
                   (nux_f64x4)(mask.high & (nux_i64x4)values.high)};
}

NUX_INLINE void add(double *to, const uint8_t *at, walk how, octet values) {
    octet sum = load(to, at, how);
    sum.low += values.low;
    sum.high += values.high;
    if (how != PACKED) {
        nux_store(&to[at[0]], sum.low);
        nux_store(&to[at[0] + NUX_LANES], sum.high);
        return;
    }
    for (unsigned i = 0; i < NUX_LANES; i++) {
        to[at[i]] = sum.low[i];
        to[at[i + NUX_LANES]] = sum.high[i];
    }
}

// What pairs add: `traces` is how far they have decayed, with EACH how far back they go (s, <= 0;
// -inf adds nothing); `shared` the amplitude of the row.
NUX_INLINE octet weighted(const float *amplitudes, const float *halvings, double shared,
                          octet traces, const uint8_t *at, walk how, sharing kind) {
    if (kind == ONE_AMPLITUDE)
        return (octet){shared * traces.low, shared * traces.high};
    nux_f32x8 amplitude = load_f32(amplitudes, at, how);
    if (kind == ONE_TAU)
        return (octet){nux_low(amplitude) * traces.low, nux_high(amplitude) * traces.high};
    nux_f32x8 back = nux_narrow(traces.low, traces.high);
    nux_f32x8 pairs = amplitude * nux_exp2_f32(back * load_f32(halvings, at, how));
    return (octet){nux_low(pairs), nux_high(pairs)};
}

// Causal pairs, and with `now` the acausal ones of a presynaptic spike now.
NUX_INLINE void touch_octet(nux_array *array, unsigned row, const uint8_t *at, const nux_touch *t,
                            const double *shared, walk how, sharing kind, manner what) {
    const nux_array_history *history = &array->history;
    octet causal = load(t->posts.first, at, how), acausal = {{0}, {0}};
    octet_mask fired = {{0}, {0}};
    if (kind == EACH)
        causal = (octet){t->pre_time_s - causal.low, t->pre_time_s - causal.high};
    else
        causal = (octet){t->posts.factor * causal.low, t->posts.factor * causal.high};
    causal = weighted(array->pair_amplitude_lsb[row][0], array->pair_halvings_hz[row][0], shared[0],
                      causal, at, how, kind);
    if (what.now) {
        octet position = load(history->last_position, at, how);
        fired = (octet_mask){position.low >= t->since, position.high >= t->since};
        acausal = load(kind == EACH ? array->post_time_s : history->last_value, at, how);
        if (kind == EACH)
            acausal = (octet){acausal.low - t->now_s, acausal.high - t->now_s};
        else
            acausal =
                (octet){t->posts.factor_now * acausal.low, t->posts.factor_now * acausal.high};
        acausal = weighted(array->pair_amplitude_lsb[row][1], array->pair_halvings_hz[row][1],
                           shared[1], acausal, at, how, kind);
    }
    if (what.any_paired) {
        octet_mask paired = load_bytes(array->paired[row], at, how);
        causal = masked((octet_mask){~paired.low, ~paired.high}, causal);
        fired = (octet_mask){fired.low | paired.low, fired.high | paired.high};
    }
    if (how == MASKED) {
        octet_mask labels = load_bytes(array->filed_label[row], at, how);
        octet_mask chosen = {labels.low == what.label, labels.high == what.label};
        causal = masked(chosen, causal);
        fired = (octet_mask){fired.low & chosen.low, fired.high & chosen.high};
    }
    add(array->accumulated_lsb[row][NUX_ARRAY_CAUSAL], at, how, causal);
    if (what.now)
        add(array->accumulated_lsb[row][NUX_ARRAY_ACAUSAL], at, how, masked(fired, acausal));
}

static bool are_few(const nux_touch *t) { return t->columns.count <= NUX_FEW_COLUMNS; }

// The last of a list is repeated to fill up eight, which does no harm, as eight synapses are loaded
// before one is stored.
NUX_INLINE void touch_list(nux_array *array, unsigned row, const nux_touch *t, const double *shared,
                           sharing kind, manner what) {
    const uint8_t *columns = t->columns.column;
    size_t n = t->columns.count, whole = n / 8 * 8;
    for (size_t i = 0; i < whole; i += 8)
        touch_octet(array, row, &columns[i], t, shared, PACKED, kind, what);
    if (whole == n)
        return;
    uint8_t rest[8];
    for (unsigned i = 0; i < 8; i++)
        rest[i] = columns[whole + i < n ? whole + i : n - 1];
    touch_octet(array, row, rest, t, shared, PACKED, kind, what);
}

NUX_INLINE void touch_octets(nux_array *array, unsigned row, const nux_touch *given, walk how,
                             sharing kind, manner what) {
    const nux_touch t = *given;
    const double shared[] = {array->rows[row].amplitude_lsb[0], array->rows[row].amplitude_lsb[1]};
    if (how == PACKED) {
        touch_list(array, row, &t, shared, kind, what);
        return;
    }
    const uint8_t *columns = t.columns.column;
    unsigned begin = how == ALL ? 0 : columns[0] / 8 * 8;
    unsigned last = how == ALL ? NUX_ARRAY_COLUMNS - 1 : columns[t.columns.count - 1];
    for (unsigned column = begin; column <= last; column += 8) {
        const uint8_t first = (uint8_t)column;
        touch_octet(array, row, &first, &t, shared, how, kind, what);
    }
}

// One copy of the code for each way to share parameters.
NUX_INLINE void touch_synapses(nux_array *array, unsigned row, const nux_touch *t, walk how,
                               manner what) {
    if (!array->uniform)
        touch_octets(array, row, t, how, EACH, what);
    else if (isnan(array->rows[row].amplitude_lsb[0]) || isnan(array->rows[row].amplitude_lsb[1]))
        touch_octets(array, row, t, how, ONE_TAU, what);
    else
        touch_octets(array, row, t, how, ONE_AMPLITUDE, what);
}

NUX_ARRAY_CLONES
void nux_touch_all(nux_array *array, unsigned row, const nux_touch *t) {
    touch_synapses(array, row, t, ALL, (manner){.now = true});
}

// One copy for each manner and walk.
NUX_INLINE void touch_label(nux_array *array, unsigned row, unsigned label, const nux_touch *t,
                            bool now) {
    bool any_paired = array->rows[row].paired >> label & 1, few = are_few(t);
    if (few && any_paired)
        touch_synapses(array, row, t, PACKED, (manner){.now = now, .any_paired = true});
    else if (few)
        touch_synapses(array, row, t, PACKED, (manner){.now = now});
    else if (any_paired)
        touch_synapses(array, row, t, MASKED,
                       (manner){.now = now, .any_paired = true, .label = (uint8_t)label});
    else
        touch_synapses(array, row, t, MASKED, (manner){.now = now, .label = (uint8_t)label});
}

NUX_ARRAY_CLONES
void nux_touch_label(nux_array *array, unsigned row, unsigned label, const nux_touch *t) {
    touch_label(array, row, label, t, true);
}

// Listed columns that have spiked since are paired.
NUX_INLINE void mark_list(nux_array *array, unsigned row, const nux_touch *t) {
    uint8_t *paired = array->paired[row], *orphan = array->orphan[row];
    for (size_t i = 0; i < t->columns.count; i++) {
        unsigned column = t->columns.column[i];
        uint64_t fired = array->history.last_position[column] >= t->since;
        paired[column] |= (uint8_t)-fired;
        orphan[column] &= ~paired[column];
        array->rows[row].paired |= fired << array->filed_label[row][column];
    }
}

NUX_INLINE void mark_label(nux_array *array, unsigned row, uint8_t label, const nux_touch *t) {
    uint8_t *paired = array->paired[row], *orphan = array->orphan[row], any = 0;
    const uint8_t *labels = array->filed_label[row];
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++) {
        uint8_t fired = array->history.last_position[column] >= t->since ? 0xff : 0;
        fired = labels[column] == label ? fired : 0;
        any |= fired;
        paired[column] |= fired;
        orphan[column] &= ~fired;
    }
    array->rows[row].paired |= (uint64_t)(any & 1) << label;
}

NUX_ARRAY_CLONES
void nux_settle_label(nux_array *array, unsigned row, unsigned label, const nux_touch *t) {
    touch_label(array, row, label, t, false);
    if (are_few(t))
        mark_list(array, row, t);
    else
        mark_label(array, row, (uint8_t)label, t);
}

NUX_ARRAY_CLONES
void nux_add_causal(nux_array *array, unsigned row, const nux_touch *t) {
    touch_synapses(array, row, t, PACKED, (manner){.now = false});
}

NUX_ARRAY_CLONES
void nux_settle_columns(nux_array *array, unsigned row, const nux_touch *t) {
    touch_synapses(array, row, t, PACKED, (manner){.now = false});
    mark_list(array, row, t);
}
