// SPDX-License-Identifier: BSD-3-Clause
// An event to linear groups: what it adds at their start, and what it takes from their room. Events
// that reach few groups are added group by group, others to all columns: the same bits.
#ifndef NUX_NEURON_EVENT_H
#define NUX_NEURON_EVENT_H

#include "neuron_passage.h"

// Groups up to which they are handled one by one.
enum { FEW_GROUPS = 36 };
// More room than that is lost.
#define MOST_ROOM INT16_MAX

typedef int16_t nux_i16x16 __attribute__((vector_size(32), aligned(2)));
typedef uint8_t nux_u8x16 __attribute__((vector_size(16), aligned(1)));
typedef int16_t nux_i16x4 __attribute__((vector_size(8), aligned(2)));

typedef struct {
    const uint8_t *weights; // of linear groups, 0 where the label does not match
    uint64_t groups;        // those with weights above 0, as bits
    unsigned kind;          // 0: excitatory, 1: inhibitory
    double amplitude;
} nux_neuron_event;

NUX_INLINE bool is_sparse(const nux_neuron_event *event) {
    return __builtin_popcountll(event->groups) <= FEW_GROUPS;
}

// Four bytes as numbers.
NUX_INLINE nux_i16x4 spread(const uint8_t *bytes) {
#ifdef __SSE2__
    // Spelled out: GCC takes the bytes apart one by one for __builtin_convertvector.
    int32_t word;
    memcpy(&word, bytes, sizeof word);
    __m128i pairs = _mm_unpacklo_epi8(_mm_cvtsi32_si128(word), _mm_setzero_si128());
    return (nux_i16x4)_mm_cvtsi128_si64(pairs);
#else
    return (nux_i16x4){bytes[0], bytes[1], bytes[2], bytes[3]};
#endif
}

NUX_INLINE nux_f64x4 as_numbers(nux_i16x4 weights) {
#ifdef __SSE2__
    __m128i pairs = _mm_cvtsi64_si128((int64_t)weights);
    nux_i32x4 words = (nux_i32x4)_mm_unpacklo_epi16(pairs, _mm_setzero_si128());
#else
    nux_i32x4 words = {weights[0], weights[1], weights[2], weights[3]};
#endif
    return __builtin_convertvector(words, nux_f64x4);
}

// Add a current to a group.
NUX_INLINE void add_growth(nux_neurons *neurons, unsigned group, const nux_neuron_event *event,
                           growth by) {
    const nux_neuron_derived *derived = neurons->derived;
    unsigned column = group * NUX_NEURON_GROUP;
    double *v = &neurons->state.v_lsb[column];
    double *current = event->kind ? &neurons->state.i_inh[column] : &neurons->state.i_exc[column];
    nux_f64x4 weight = as_numbers(spread(&event->weights[column]));
    nux_f64x4 moved = weight * nux_load(&derived->moved[event->kind][column]);
    nux_f64x4 jump = weight * nux_load(&derived->jump[event->kind][column]);
    nux_store(v, nux_load(v) + moved * by.membrane);
    nux_store(current, nux_load(current) + jump * by.current);
}

NUX_INLINE void add_uniform(nux_neurons *neurons, double h, const nux_neuron_event *event) {
    const nux_neuron_derived *derived = neurons->derived;
    unsigned kind = event->kind;
    growth by = grow(&derived->shared, kind, h);
    by.membrane *= kind ? -event->amplitude : event->amplitude;
    by.current *= event->amplitude;
    if (is_sparse(event)) {
        for (uint64_t groups = event->groups; groups != 0; groups &= groups - 1)
            add_growth(neurons, (unsigned)__builtin_ctzll(groups), event, by);
        return;
    }
    double membrane = by.membrane[0], to_current = by.current[0];
    const uint8_t *restrict weights = event->weights;
    double *restrict v = neurons->state.v_lsb;
    double *restrict current = kind ? neurons->state.i_inh : neurons->state.i_exc;
    const double *restrict jump = derived->jump[kind], *restrict moved = derived->moved[kind];
    for (unsigned i = 0; i < NUX_NEURONS; i++) {
        double weight = weights[i];
        v[i] += weight * moved[i] * membrane;
        current[i] += weight * jump[i] * to_current;
    }
}

// With rates that are near to typical ones, and apart.
NUX_INLINE void add_near(nux_neurons *neurons, double h, const nux_neuron_event *event,
                         unsigned mem_terms, unsigned syn_terms) {
    const nux_neuron_derived *derived = neurons->derived;
    unsigned kind = event->kind;
    nux_f64x4 typical = {derived->typical[0], derived->typical[1 + kind], 0, 0};
    nux_f64x4 power = nux_exp(h * typical) * event->amplitude;
    double mem = power[0], syn = power[1], sign = kind ? -1 : 1;
    const double *restrict deviation_mem = derived->deviation[0];
    const double *restrict deviation_syn = derived->deviation[1 + kind];
    const double *restrict per_difference = derived->inverse_difference[kind];
    if (is_sparse(event)) {
        for (uint64_t groups = event->groups; groups != 0; groups &= groups - 1) {
            unsigned group = (unsigned)__builtin_ctzll(groups), column = group * NUX_NEURON_GROUP;
            nux_f64x4 x_mem = h * nux_load(&deviation_mem[column]);
            nux_f64x4 x_syn = h * nux_load(&deviation_syn[column]);
            growth by = {.current = syn * exp_series_lanes(x_syn, syn_terms)};
            by.membrane = by.current - mem * exp_series_lanes(x_mem, mem_terms);
            by.membrane *= sign * nux_load(&per_difference[column]);
            add_growth(neurons, group, event, by);
        }
        return;
    }
    const uint8_t *restrict weights = event->weights;
    double *restrict v = neurons->state.v_lsb;
    double *restrict current = kind ? neurons->state.i_inh : neurons->state.i_exc;
    const double *restrict jump = derived->jump[kind], *restrict moved = derived->moved[kind];
    for (unsigned i = 0; i < NUX_NEURONS; i++) {
        double weight = weights[i];
        double current_1 = syn * exp_series(h * deviation_syn[i], syn_terms);
        double membrane_1 = current_1 - mem * exp_series(h * deviation_mem[i], mem_terms);
        v[i] += weight * moved[i] * (membrane_1 * (sign * per_difference[i]));
        current[i] += weight * jump[i] * current_1;
    }
}

NUX_INLINE void add_varied(nux_neurons *neurons, double h, const nux_neuron_event *event) {
    for (uint64_t groups = event->groups; groups != 0; groups &= groups - 1) {
        unsigned group = (unsigned)__builtin_ctzll(groups);
        growth by = grow(&neurons->derived->groups[group].rates, event->kind, h);
        by.membrane *= event->kind ? -event->amplitude : event->amplitude;
        by.current *= event->amplitude;
        add_growth(neurons, group, event, by);
    }
}

// Add the event's currents, h after the start.
NUX_INLINE void add(nux_neurons *neurons, double h, const nux_neuron_event *event) {
    const nux_neuron_derived *derived = neurons->derived;
    double mem = h * derived->largest_mem, syn = h * derived->largest_syn;
    double most = mem > syn ? mem : syn;
    if (derived->uniform)
        add_uniform(neurons, h, event);
    else if (most > SERIES_11 || !derived->apart)
        add_varied(neurons, h, event);
    else if (most <= SERIES_6)
        add_near(neurons, h, event, 6, 6);
    else if (most <= SERIES_8 && mem <= SERIES_6)
        add_near(neurons, h, event, 6, 8);
    else if (mem <= SERIES_8)
        add_near(neurons, h, event, 8, 11);
    else
        add_near(neurons, h, event, 11, 11);
}

// Those of 16 numbers that are negative, as bits.
NUX_INLINE unsigned negative(const nux_i16x16 *numbers) {
#ifdef __SSE2__
    __m128i half[2];
    memcpy(half, numbers, sizeof half);
    return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(half[0], half[1]));
#else
    unsigned bits = 0;
    for (unsigned i = 0; i < 16; i++)
        bits |= (unsigned)((*numbers)[i] < 0) << i;
    return bits;
#endif
}

// The four groups of 16 columns, as bits.
NUX_INLINE unsigned groups_of_columns(unsigned columns) {
    columns |= columns >> 1;
    columns |= columns >> 2;
    return (columns & 1) | (columns >> 3 & 2) | (columns >> 6 & 4) | (columns >> 9 & 8);
}

// Take room for the weights; the groups with columns that have not enough left, as bits.
NUX_INLINE uint64_t use_room(nux_neuron_state *state, const nux_neuron_event *event, int16_t use) {
    uint64_t out = 0;
    if (is_sparse(event)) {
        for (uint64_t groups = event->groups; groups != 0; groups &= groups - 1) {
            unsigned group = (unsigned)__builtin_ctzll(groups), column = group * NUX_NEURON_GROUP;
            nux_i16x4 room;
            memcpy(&room, &state->room[column], sizeof room);
            room -= spread(&event->weights[column]) * use;
            memcpy(&state->room[column], &room, sizeof room);
            uint64_t signs;
            memcpy(&signs, &room, sizeof signs);
            out |= (uint64_t)((signs & 0x8000800080008000u) != 0) << group;
        }
        return out;
    }
    for (unsigned column = 0; column < NUX_NEURONS; column += 16) {
        nux_u8x16 bytes;
        nux_i16x16 room;
        memcpy(&bytes, &event->weights[column], sizeof bytes);
        memcpy(&room, &state->room[column], sizeof room);
        room -= __builtin_convertvector(bytes, nux_i16x16) * use;
        memcpy(&state->room[column], &room, sizeof room);
        out |= (uint64_t)groups_of_columns(negative(&room)) << column / NUX_NEURON_GROUP;
    }
    return out;
}

// Give room for the weights of inhibition to neurons that move and have some; at most MOST_ROOM.
NUX_INLINE void give_room(nux_neurons *neurons, const nux_neuron_event *event, int16_t given) {
    nux_neuron_state *state = &neurons->state;
    const uint8_t *moving = neurons->derived->moving;
    if (is_sparse(event)) {
        for (uint64_t groups = event->groups; groups != 0; groups &= groups - 1) {
            unsigned column = (unsigned)__builtin_ctzll(groups) * NUX_NEURON_GROUP;
            uint32_t weights, moves;
            memcpy(&weights, &event->weights[column], sizeof weights);
            memcpy(&moves, &moving[column], sizeof moves);
            weights &= moves;
            uint8_t bytes[sizeof weights];
            memcpy(bytes, &weights, sizeof weights);
            nux_i16x4 room;
            memcpy(&room, &state->room[column], sizeof room);
            nux_i16x4 more = room + spread(bytes) * given;
            more |= (more < 0) & MOST_ROOM; // beyond the range of the numbers
            more &= MOST_ROOM;
            room = (room & (room < 0)) | (more & (room >= 0));
            memcpy(&state->room[column], &room, sizeof room);
        }
        return;
    }
    for (unsigned column = 0; column < NUX_NEURONS; column += 16) {
        nux_u8x16 bytes, moves;
        nux_i16x16 room;
        memcpy(&bytes, &event->weights[column], sizeof bytes);
        memcpy(&moves, &moving[column], sizeof moves);
        memcpy(&room, &state->room[column], sizeof room);
        nux_i16x16 more = room + __builtin_convertvector(bytes & moves, nux_i16x16) * given;
        more |= (more < 0) & MOST_ROOM;
        more &= MOST_ROOM;
        room = (room & (room < 0)) | (more & (room >= 0));
        memcpy(&state->room[column], &room, sizeof room);
    }
}

#endif
