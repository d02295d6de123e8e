// SPDX-License-Identifier: BSD-3-Clause
// What happens to neurons, and when. Every group keeps the values of its last change and a time
// before which nothing can happen to it without input; looking at neurons changes nothing.
#include "neurons.h"

#include "neuron_linear.h"

#include <stdlib.h>

enum { CACHE_LINE = 64 };

// Zeros, at the begin of a cache line.
static void *new_aligned(size_t size) {
    size = (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    void *memory = aligned_alloc(CACHE_LINE, size);
    return memory == NULL ? NULL : memset(memory, 0, size);
}

nux_neurons *nux_neurons_new(void) {
    nux_neurons *neurons = new_aligned(sizeof *neurons);
    if (neurons == NULL)
        return NULL;
    neurons->derived = new_aligned(sizeof *neurons->derived);
    if (neurons->derived == NULL) {
        free(neurons);
        return NULL;
    }
    nux_neuron_parameters *parameters = &neurons->parameters;
    for (unsigned i = 0; i < NUX_NEURONS; i++) {
        parameters->leak_lsb[i] = 80;
        parameters->threshold_lsb[i] = 125;
        parameters->reset_lsb[i] = 70;
        parameters->tau_mem_s[i] = 10e-6;
        parameters->tau_syn_exc_s[i] = parameters->tau_syn_inh_s[i] = 5e-6;
        parameters->charge_exc_lsb[i] = parameters->charge_inh_lsb[i] = 0.2;
        parameters->refractory_time_s[i] = 2e-6;
        parameters->e_exc_lsb[i] = 250;
        parameters->e_inh_lsb[i] = 30;
        parameters->v_exp_lsb[i] = 115;
        parameters->delta_t_lsb[i] = 4;
        parameters->a[i] = 0;
        parameters->b_lsb[i] = 5;
        parameters->tau_w_s[i] = 100e-6;
        parameters->fire[i] = 1;
    }
    nux_neurons_update_parameters(neurons, 0);
    return neurons;
}

void nux_neurons_free(nux_neurons *neurons) {
    if (neurons != NULL)
        free(neurons->derived);
    free(neurons);
}

void nux_neurons_schedule(nux_neurons *neurons) {
    nux_neuron_derived *derived = neurons->derived;
    const double *least = derived->block_check_s;
    double next = derived->n_linear != 0 ? neurons->state.end_s : INFINITY;
    nux_f64x4 low = nux_min(nux_load(&least[0]), nux_load(&least[4]));
    nux_f64x4 high = nux_min(nux_load(&least[8]), nux_load(&least[12]));
    double check = nux_least(nux_min(low, high));
    derived->next_s = check < next ? check : next;
}

void nux_neurons_find_checks(nux_neurons *neurons) {
    neurons->derived->resting = 0;
    neurons->derived->rest_end_s = INFINITY;
    for (unsigned group = 0; group < NUX_NEURON_GROUPS; group++)
        nux_set_moving(neurons, group);
    nux_find_block_checks(neurons);
    nux_neurons_find_ends(neurons);
}

double nux_neurons_next(const nux_neurons *neurons) { return neurons->derived->next_s; }

void nux_neurons_reach(nux_neurons *neurons, double t) {
    if (t > neurons->state.now_s)
        neurons->state.now_s = t;
}

// Store the values of a group at t.
NUX_INLINE void store_lanes(nux_neurons *neurons, unsigned group, double t,
                            const nux_neuron_lanes *lanes) {
    nux_neuron_state *state = &neurons->state;
    unsigned column = group * NUX_NEURON_GROUP;
    nux_store(&state->v_lsb[column], lanes->v);
    nux_store(&state->i_exc[column], lanes->i_exc);
    nux_store(&state->i_inh[column], lanes->i_inh);
    nux_store(&state->w_lsb[column], lanes->w);
    state->time_s[group] = t;
}

// Earliest time at which the linear neurons of a group, with these values at t, may cross their
// thresholds or end to be refractory.
NUX_INLINE double first_event(const nux_neurons *neurons, unsigned group, double t,
                              const nux_neuron_lanes *at) {
    const nux_neuron_group *of = &neurons->derived->groups[group];
    nux_f64x4 until = nux_refractory_until(neurons, group), never = nux_splat(INFINITY);
    nux_neuron_bound bound =
        nux_bound(&of->rates, nux_load(of->leak), nux_load(of->threshold), at, never);
    nux_f64x4 crossing = t + nux_quiet_time(&bound);
    crossing = nux_where(nux_moving(neurons, group), crossing, never);
    return nux_least(nux_where(until > -INFINITY, until, crossing));
}

// Find out when a group with numeric neurons, just stored, needs attention.
NUX_INLINE void begin_step(nux_neurons *neurons, unsigned group, const nux_neuron_lanes *at) {
    const nux_neuron_group *of = &neurons->derived->groups[group];
    double t = neurons->state.time_s[group], check = first_event(neurons, group, t, at);
    double soonest = t + nux_finest_step(t);
    check = check > soonest ? check : soonest;
    nux_neurons_begin_step(neurons, group, check);
    double crossing = nux_least(nux_load(of->step.crossing_s));
    double end = neurons->state.step_end_s[group];
    check = check < end ? check : end;
    nux_set_check(neurons, group, check < crossing ? check : crossing);
}

// Reset neurons of a group with numeric ones at t, and let those whose refractory time has ended
// move; `at` are the values then.
NUX_INLINE void hold(nux_neurons *neurons, unsigned group, double t, nux_i64x4 rest,
                     nux_neuron_lanes at) {
    const nux_neuron_group *of = &neurons->derived->groups[group];
    nux_f64x4 until = nux_refractory_until(neurons, group);
    until = nux_where(until <= t, nux_splat(-INFINITY), until);
    until = nux_where(rest, t + nux_load(of->refractory_s), until);
    nux_store(&neurons->state.refractory_until_s[group * NUX_NEURON_GROUP], until);
    nux_set_moving(neurons, group);
    at.v = nux_where(rest, nux_load(of->reset), at.v);
    store_lanes(neurons, group, t, &at);
    begin_step(neurons, group, &at);
}

// Handle what is due in a group with numeric neurons at t; returns the spikes as bits.
NUX_NEURON_CLONES
static unsigned numeric_step(nux_neurons *neurons, unsigned group, double t) {
    const nux_neuron_group *of = &neurons->derived->groups[group];
    nux_neuron_lanes at = nux_lanes_at(neurons, group, t);
    nux_i64x4 crossed = nux_load_mask(of->numeric) & (nux_load(of->step.crossing_s) <= t) &
                        (nux_refractory_until(neurons, group) == -INFINITY);
    nux_i64x4 spikes = crossed | (nux_moving(neurons, group) & (at.v >= nux_load(of->threshold)));
    at.w += (nux_f64x4)(spikes & (nux_i64x4)nux_load(of->b));
    hold(neurons, group, t, spikes, at);
    return nux_bits(spikes);
}

// Numbers of those of 16 that are at most t, as bits.
NUX_INLINE unsigned at_most(const double *numbers, double t) {
    unsigned bits = 0;
    for (unsigned i = 0; i < 16; i += NUX_LANES)
        bits |= nux_bits(nux_load(&numbers[i]) <= t) << i;
    return bits;
}

NUX_NEURON_CLONES
unsigned nux_neurons_step(nux_neurons *neurons, double t, uint16_t *columns) {
    const nux_neuron_derived *derived = neurons->derived;
    unsigned n = 0;
    if (derived->rest_end_s <= t)
        nux_neurons_wake(neurons, t);
    if (derived->n_linear != 0 && (neurons->state.end_s <= t || nux_span_old(neurons, t)))
        nux_neurons_restart(neurons, t);
    for (unsigned blocks = at_most(derived->block_check_s, t); blocks != 0; blocks &= blocks - 1) {
        unsigned first = (unsigned)__builtin_ctz(blocks) * NUX_NEURON_BLOCK;
        unsigned due = nux_bits(nux_load(&neurons->state.check_s[first]) <= t);
        for (; due != 0; due &= due - 1) {
            unsigned group = first + (unsigned)__builtin_ctz(due);
            bool numeric = derived->groups[group].any_numeric;
            unsigned spikes = numeric ? numeric_step(neurons, group, t)
                                      : nux_neurons_linear_step(neurons, group, t);
            for (; spikes != 0; spikes &= spikes - 1)
                columns[n++] =
                    (uint16_t)(group * NUX_NEURON_GROUP + (unsigned)__builtin_ctz(spikes));
        }
    }
    nux_neurons_schedule(neurons);
    nux_neurons_reach(neurons, t);
    return n;
}

// The four bytes of a word as numbers.
NUX_INLINE nux_f64x4 numbers(uint32_t word) {
    nux_i32x4 bytes = {(int32_t)(word & 0xff), (int32_t)(word >> 8 & 0xff),
                       (int32_t)(word >> 16 & 0xff), (int32_t)(word >> 24)};
    return __builtin_convertvector(bytes, nux_f64x4);
}

// Add currents to a group with numeric neurons at t: those of the weights in a word.
NUX_NEURON_CLONES
static void numeric_input(nux_neurons *neurons, unsigned group, double t, uint32_t weights,
                          int inhibitory, double amplitude) {
    const nux_neuron_group *of = &neurons->derived->groups[group];
    nux_neuron_lanes at = nux_lanes_at(neurons, group, t);
    nux_f64x4 jump = numbers(weights) * nux_load(of->jump[inhibitory]) * amplitude;
    if (inhibitory)
        at.i_inh += jump;
    else
        at.i_exc += jump;
    store_lanes(neurons, group, t, &at);
    begin_step(neurons, group, &at);
}

// Bytes of the four neurons of a group.
NUX_INLINE uint32_t word_of(const uint8_t *bytes, unsigned group) {
    uint32_t word;
    memcpy(&word, bytes + group * NUX_NEURON_GROUP, sizeof word);
    return word;
}

// The groups with any byte that is not 0, as bits.
NUX_INLINE uint64_t groups_of(const uint8_t *bytes) {
    uint64_t groups = 0;
#ifdef __SSE2__
    for (unsigned i = 0; i < NUX_NEURONS; i += sizeof(__m128i)) {
        __m128i some;
        memcpy(&some, &bytes[i], sizeof some);
        __m128i zero = _mm_cmpeq_epi32(some, _mm_setzero_si128());
        unsigned empty = (unsigned)_mm_movemask_ps(_mm_castsi128_ps(zero));
        groups |= (uint64_t)(empty ^ 0xf) << i / NUX_NEURON_GROUP;
    }
#else
    for (unsigned group = 0; group < NUX_NEURON_GROUPS; group++)
        groups |= (uint64_t)(word_of(bytes, group) != 0) << group;
#endif
    return groups;
}

NUX_NEURON_CLONES
unsigned nux_neurons_input(nux_neurons *neurons, double t, const uint8_t *weights,
                           const uint8_t *match, int inhibitory, double amplitude,
                           uint16_t *columns) {
    const nux_neuron_derived *derived = neurons->derived;
    uint8_t matching[NUX_NEURONS], linear[NUX_NEURONS];
    for (unsigned i = 0; i < NUX_NEURONS; i++) {
        matching[i] = weights[i] & match[i];
        linear[i] = matching[i] & derived->linear_mask[i];
    }
    uint64_t groups = groups_of(linear);
    if (groups != 0)
        nux_neurons_linear_input(neurons, t, linear, groups, inhibitory != 0, amplitude);
    for (unsigned i = 0; i < derived->n_numeric; i++) {
        unsigned group = derived->numeric[i];
        uint32_t word = word_of(matching, group) & derived->groups[group].receives;
        if (word != 0)
            numeric_input(neurons, group, t, word, inhibitory != 0, amplitude);
    }
    unsigned n = 0;
    for (unsigned group = 0; derived->any_bypass && !inhibitory && group < NUX_NEURON_GROUPS;
         group++) {
        uint32_t word = word_of(matching, group) & derived->groups[group].bypass;
        for (unsigned lane = 0; lane < NUX_NEURON_GROUP; lane++)
            if (word >> 8 * lane & 0xff)
                columns[n++] = (uint16_t)(group * NUX_NEURON_GROUP + lane);
    }
    nux_neurons_schedule(neurons);
    nux_neurons_reach(neurons, t);
    return n;
}

NUX_NEURON_CLONES
static void numeric_reset(nux_neurons *neurons, unsigned group, double t, const int64_t *mask) {
    hold(neurons, group, t, nux_load_mask(mask), nux_lanes_at(neurons, group, t));
}

void nux_neurons_reset(nux_neurons *neurons, double t, const uint8_t *mask) {
    const nux_neuron_derived *derived = neurons->derived;
    if (derived->rest_end_s <= t)
        nux_neurons_wake(neurons, t);
    if (derived->n_linear != 0 && nux_span_old(neurons, t))
        nux_neurons_restart(neurons, t);
    for (unsigned group = 0; group < NUX_NEURON_GROUPS; group++) {
        int64_t chosen[NUX_NEURON_GROUP], any = 0;
        for (unsigned lane = 0; lane < NUX_NEURON_GROUP; lane++) {
            bool used = derived->groups[group].receives >> 8 * lane & 1;
            any |= chosen[lane] = used && mask[group * NUX_NEURON_GROUP + lane] != 0 ? -1 : 0;
        }
        if (any && derived->groups[group].any_numeric)
            numeric_reset(neurons, group, t, chosen);
        else if (any)
            nux_neurons_linear_reset(neurons, group, t, chosen);
    }
    nux_neurons_schedule(neurons);
    nux_neurons_reach(neurons, t);
}

// Membranes of a linear group at t that are held in the state, but whose refractory time has ended.
NUX_INLINE void move_rested(const nux_neurons *neurons, unsigned group, double t,
                            nux_neuron_lanes *at) {
    const nux_neuron_group *of = &neurons->derived->groups[group];
    for (unsigned lane = 0; lane < NUX_NEURON_GROUP; lane++) {
        double until = neurons->state.refractory_until_s[group * NUX_NEURON_GROUP + lane];
        if (until == -INFINITY || until >= t)
            continue;
        nux_neuron_decay decay = nux_decay(&of->rates, t - until);
        at->v[lane] = nux_after(&decay, nux_load(of->leak), nux_load_mask(of->linear),
                                nux_lanes_at(neurons, group, until))
                          .v[lane];
    }
}

NUX_NEURON_CLONES
void nux_neurons_observe(const nux_neurons *neurons, double t, double *v_lsb, double *i_exc,
                         double *i_inh, double *w_lsb) {
    for (unsigned group = 0; group < NUX_NEURON_GROUPS; group++) {
        unsigned column = group * NUX_NEURON_GROUP;
        const nux_neuron_group *of = &neurons->derived->groups[group];
        nux_neuron_lanes at =
            of->receives ? nux_lanes_at(neurons, group, t) : nux_stored_lanes(neurons, group);
        if (neurons->derived->resting >> group & 1)
            move_rested(neurons, group, t, &at);
        nux_store(&v_lsb[column], at.v);
        nux_store(&i_exc[column], at.i_exc);
        nux_store(&i_inh[column], at.i_inh);
        nux_store(&w_lsb[column], at.w);
    }
}

void nux_neurons_read(const nux_neurons *neurons, double t, double *v_lsb) {
    double unused[3][NUX_NEURONS];
    nux_neurons_observe(neurons, t, v_lsb, unused[0], unused[1], unused[2]);
}

NUX_NEURON_CLONES
void nux_neurons_settle(nux_neurons *neurons, double t) {
    if (neurons->derived->rest_end_s <= t)
        nux_neurons_wake(neurons, t);
    for (unsigned group = 0; group < NUX_NEURON_GROUPS; group++)
        if (neurons->derived->groups[group].receives != 0 && neurons->state.time_s[group] < t) {
            nux_neuron_lanes at = nux_lanes_at(neurons, group, t);
            store_lanes(neurons, group, t, &at);
        }
    nux_neurons_reach(neurons, t);
}

// After a change of parameters: neurons rest that are not in use, or were not before (`kept`: bytes
// of those that were).
static void clear_lanes(nux_neurons *neurons, unsigned group, double now, uint32_t kept) {
    const nux_neuron_group *of = &neurons->derived->groups[group];
    nux_neuron_state *state = &neurons->state;
    for (unsigned lane = 0; lane < NUX_NEURON_GROUP; lane++) {
        unsigned column = group * NUX_NEURON_GROUP + lane;
        double *until = &state->refractory_until_s[column];
        if ((kept & of->receives & 0xffu << 8 * lane) == 0) {
            state->v_lsb[column] = of->leak[lane];
            state->i_exc[column] = state->i_inh[column] = state->w_lsb[column] = 0;
            *until = -INFINITY;
        } else if (*until <= now)
            *until = -INFINITY;
    }
    if (of->receives == 0)
        state->time_s[group] = 0;
    if (!of->any_numeric) {
        state->step_end_s[group] = 0;
        state->check_s[group] = INFINITY;
    }
}

// Linear groups not in use: as in new neurons.
static void clear_span(nux_neuron_state *state) {
    state->start_s = 0;
    state->end_s = state->span_s = INFINITY;
    state->room_s = 1;
    state->inputs = state->looks = 0;
    for (unsigned i = 0; i < NUX_NEURONS; i++) {
        state->room[i] = INT16_MAX;
    }
}

NUX_NEURON_CLONES
void nux_neurons_update_parameters(nux_neurons *neurons, double now_s) {
    double now = now_s > neurons->state.now_s ? now_s : neurons->state.now_s;
    uint32_t kept[NUX_NEURON_GROUPS];
    for (unsigned group = 0; group < NUX_NEURON_GROUPS; group++)
        kept[group] = neurons->derived->groups[group].receives;
    nux_neurons_settle(neurons, now);
    nux_neurons_derive(neurons);
    for (unsigned group = 0; group < NUX_NEURON_GROUPS; group++)
        clear_lanes(neurons, group, now, kept[group]);
    nux_neurons_find_checks(neurons);
    for (unsigned i = 0; i < neurons->derived->n_numeric; i++) {
        unsigned group = neurons->derived->numeric[i];
        neurons->state.time_s[group] = now;
        nux_neuron_lanes at = nux_stored_lanes(neurons, group);
        begin_step(neurons, group, &at);
    }
    clear_span(&neurons->state);
    if (neurons->derived->n_linear != 0) {
        neurons->state.start_s = now;
        nux_neurons_restart(neurons, now);
    }
    nux_neurons_schedule(neurons);
}

size_t nux_neurons_run(nux_neurons *neurons, double until_s, size_t capacity, double *time_s,
                       uint16_t *columns) {
    size_t n = 0;
    uint16_t spiking[NUX_NEURONS];
    while (nux_neurons_next(neurons) <= until_s) {
        if (capacity - n < NUX_NEURONS)
            return n;
        double t = nux_neurons_next(neurons);
        unsigned spikes = nux_neurons_step(neurons, t, spiking);
        for (unsigned i = 0; i < spikes; i++, n++) {
            time_s[n] = t;
            columns[n] = spiking[i];
        }
    }
    nux_neurons_reach(neurons, until_s);
    return n;
}
