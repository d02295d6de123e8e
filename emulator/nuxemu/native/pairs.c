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

// Up to how many synapses gathering them is cheaper than going through the whole row.
enum { FEW = 64 };

// In what way synapses are gone through.
typedef enum {
    ALL,    // the whole row, none is paired
    MASKED, // the whole row, of which some are left as they are
    PACKED, // from a list of columns
} walk;

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

// Of bytes 0 or 0xff.
NUX_INLINE octet_mask load_mask(const uint8_t *bytes, const uint8_t *at, walk how) {
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
                            const double *shared, walk how, sharing kind, bool now) {
    const nux_array_history *history = &array->history;
    octet causal = load(t->posts.first, at, how), acausal = {{0}, {0}};
    octet_mask fired = {{0}, {0}};
    if (kind == EACH)
        causal = (octet){t->pre_time_s - causal.low, t->pre_time_s - causal.high};
    else
        causal = (octet){t->posts.factor * causal.low, t->posts.factor * causal.high};
    causal = weighted(array->pair_amplitude_lsb[row][0], array->pair_halvings_hz[row][0], shared[0],
                      causal, at, how, kind);
    if (now) {
        octet position = load(history->last_position, at, how);
        fired = (octet_mask){position.low >= t->since, position.high >= t->since};
        acausal = load(kind == EACH ? array->post_time_s : history->last_value, at, how);
        if (kind == EACH)
            acausal = (octet){acausal.low - t->now_s, acausal.high - t->now_s};
        else
            acausal = (octet){t->factor * acausal.low, t->factor * acausal.high};
        acausal = weighted(array->pair_amplitude_lsb[row][1], array->pair_halvings_hz[row][1],
                           shared[1], acausal, at, how, kind);
    }
    if (how != ALL) {
        octet_mask paired = load_mask(array->paired[row], at, how);
        causal = masked((octet_mask){~paired.low, ~paired.high}, causal);
        fired = (octet_mask){fired.low | paired.low, fired.high | paired.high};
    }
    acausal = masked(fired, acausal);
    if (how == MASKED) {
        octet_mask chosen = load_mask(t->lanes, at, how);
        causal = masked(chosen, causal);
        acausal = masked(chosen, acausal);
    }
    add(array->accumulated_lsb[row][NUX_ARRAY_CAUSAL], at, how, causal);
    if (now)
        add(array->accumulated_lsb[row][NUX_ARRAY_ACAUSAL], at, how, acausal);
}

// Few columns, in a list; the last is repeated to fill up eight, which does no harm, as eight
// synapses are loaded before one is stored.
NUX_INLINE unsigned list_columns(const uint8_t *lanes, uint8_t *columns) {
    unsigned n = 0;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column += 8) {
        uint64_t eight;
        memcpy(&eight, &lanes[column], sizeof eight);
        for (eight &= 0x0101010101010101u; eight != 0; eight &= eight - 1)
            columns[n++] = (uint8_t)(column + (unsigned)__builtin_ctzll(eight) / 8);
    }
    for (unsigned i = n; i % 8 != 0; i++)
        columns[i] = columns[n - 1];
    return n;
}

NUX_INLINE void touch_octets(nux_array *array, unsigned row, const nux_touch *given, walk how,
                             sharing kind, bool now) {
    const nux_touch t = *given;
    const double shared[] = {array->row_amplitude_lsb[row][0], array->row_amplitude_lsb[row][1]};
    if (how == PACKED) {
        uint8_t columns[FEW + 8];
        unsigned n = list_columns(t.lanes, columns);
        for (unsigned i = 0; i < n; i += 8)
            touch_octet(array, row, &columns[i], &t, shared, how, kind, now);
        return;
    }
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column += 8) {
        const uint8_t first = (uint8_t)column;
        uint64_t eight = 1;
        if (how == MASKED)
            memcpy(&eight, &t.lanes[column], sizeof eight);
        if (eight != 0)
            touch_octet(array, row, &first, &t, shared, how, kind, now);
    }
}

// One copy of the code for each way to share parameters.
NUX_INLINE void touch_synapses(nux_array *array, unsigned row, const nux_touch *t, walk how,
                               bool now) {
    if (!array->uniform)
        touch_octets(array, row, t, how, EACH, now);
    else if (isnan(array->row_amplitude_lsb[row][0]) || isnan(array->row_amplitude_lsb[row][1]))
        touch_octets(array, row, t, how, ONE_TAU, now);
    else
        touch_octets(array, row, t, how, ONE_AMPLITUDE, now);
}

NUX_INLINE bool are_few(const uint8_t *lanes) {
    unsigned n = 0;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        n += lanes[column] & 1;
    return n <= FEW;
}

NUX_ARRAY_CLONES
void nux_touch_all(nux_array *array, unsigned row, const nux_touch *t) {
    touch_synapses(array, row, t, ALL, true);
}

NUX_ARRAY_CLONES
void nux_touch_some(nux_array *array, unsigned row, const nux_touch *t) {
    if (are_few(t->lanes))
        touch_synapses(array, row, t, PACKED, true);
    else
        touch_synapses(array, row, t, MASKED, true);
}

NUX_ARRAY_CLONES
void nux_touch_causal(nux_array *array, unsigned row, const nux_touch *t) {
    if (are_few(t->lanes))
        touch_synapses(array, row, t, PACKED, false);
    else
        touch_synapses(array, row, t, MASKED, false);
}
