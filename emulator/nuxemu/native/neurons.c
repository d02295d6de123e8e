// SPDX-License-Identifier: BSD-3-Clause
// What happens to neurons, and when. Every group keeps the values of its last change and a time
// before which nothing can happen to it without input; looking at neurons changes nothing.
#include "neurons.h"

#include "neuron_linear.h"

#include <stdlib.h>

// Look further ahead at once when the next look would be sooner than this.
#define NEAR_S 1e-9
// Smallest step of the search for a threshold crossing: the error of a spike time. It doubles when
// the search has not ended after PATIENCE steps.
#define FINEST_S 1e-15
enum { PATIENCE = 32 };
// The same relative to the time, a little more than the spacing of doubles.
#define FINEST_PART 4e-16

nux_neurons *nux_neurons_new(void) {
    nux_neurons *neurons = calloc(1, sizeof *neurons);
    if (neurons == NULL)
        return NULL;
    neurons->derived = calloc(1, sizeof *neurons->derived);
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
    nux_f64x4 least = nux_splat(INFINITY);
    for (unsigned group = 0; group < NUX_NEURON_GROUPS; group += NUX_LANES)
        least = nux_min(least, nux_load(&neurons->state.check_s[group]));
    double next = nux_least(least);
    bool ends = neurons->derived->n_linear != 0 && neurons->state.end_s < next;
    neurons->derived->next_s = ends ? neurons->state.end_s : next;
}

double nux_neurons_next(const nux_neurons *neurons) { return neurons->derived->next_s; }

void nux_neurons_reach(nux_neurons *neurons, double t) {
    if (t > neurons->state.now_s)
        neurons->state.now_s = t;
}

NUX_INLINE nux_f64x4 refractory_until(const nux_neurons *neurons, unsigned group) {
    return nux_load(&neurons->state.refractory_until_s[group * NUX_NEURON_GROUP]);
}

// The smallest step of a search from t on.
NUX_INLINE double finest_step(double t) {
    return FINEST_S > FINEST_PART * t ? FINEST_S : FINEST_PART * t;
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
    nux_f64x4 until = refractory_until(neurons, group), never = nux_splat(INFINITY);
    nux_f64x4 crossing = t + nux_quiet_time(of, at);
    crossing = nux_where(nux_moving(neurons, group), crossing, never);
    return nux_least(nux_where(until > -INFINITY, until, crossing));
}

// Find out when a group with numeric neurons, just stored, needs attention.
NUX_INLINE void begin_step(nux_neurons *neurons, unsigned group, const nux_neuron_lanes *at) {
    const nux_neuron_group *of = &neurons->derived->groups[group];
    double t = neurons->state.time_s[group], check = first_event(neurons, group, t, at);
    double soonest = t + finest_step(t);
    check = check > soonest ? check : soonest;
    nux_neurons_begin_step(neurons, group, check);
    double crossing = nux_least(nux_load(of->step.crossing_s));
    double end = neurons->state.step_end_s[group];
    check = check < end ? check : end;
    neurons->state.check_s[group] = check < crossing ? check : crossing;
}

// When a linear group, to which nothing happened, needs attention after t; `at` are its values then.
NUX_INLINE double search(const nux_neurons *neurons, unsigned group, double t,
                         nux_neuron_lanes at) {
    const nux_neuron_group *of = &neurons->derived->groups[group];
    nux_f64x4 until = refractory_until(neurons, group);
    double end = nux_least(nux_where(until > -INFINITY, until, nux_splat(INFINITY)));
    double finest = finest_step(t);
    for (unsigned i = 0;; i++) {
        double check = first_event(neurons, group, t, &at), step = check - t;
        if (step > NEAR_S)
            return check;
        finest *= i < PATIENCE ? 1 : 2;
        t += step > finest ? step : finest;
        if (t >= end)
            return end;
        at = nux_lanes_at(neurons, group, t);
        if (nux_any_lane(nux_moving(neurons, group) & (at.v >= nux_load(of->threshold))))
            return t;
    }
}

// Let neurons of a group rest at their reset potential from t on, and others, whose membranes are
// held, move again; `at` are the values at t.
NUX_INLINE void hold(nux_neurons *neurons, unsigned group, double t, nux_i64x4 rest,
                     nux_i64x4 ended, nux_neuron_lanes at) {
    const nux_neuron_group *of = &neurons->derived->groups[group];
    unsigned column = group * NUX_NEURON_GROUP;
    nux_f64x4 until = refractory_until(neurons, group), reset = nux_load(of->reset);
    until = nux_where(ended, nux_splat(-INFINITY), until);
    until = nux_where(rest, t + nux_load(of->refractory_s), until);
    nux_store(&neurons->state.refractory_until_s[column], until);
    nux_i64x4 moves = nux_load_mask(of->linear) & (until == -INFINITY);
    memcpy(&neurons->derived->moves[column], &moves, sizeof moves);
    at.v = nux_where(rest, reset, at.v);
    if (of->any_numeric) {
        store_lanes(neurons, group, t, &at);
        begin_step(neurons, group, &at);
        return;
    }
    // What membrane at the start leads to the one held until now.
    nux_f64x4 leak = nux_load(of->leak), stored = nux_load(&neurons->state.v_lsb[column]);
    nux_neuron_lanes start = nux_stored_lanes(neurons, group);
    nux_neuron_decay decay = nux_decay(of, t - neurons->state.time_s[group]);
    nux_f64x4 psp = start.i_exc * decay.psp_exc - start.i_inh * decay.psp_inh;
    stored = nux_where(ended & moves, leak + (at.v - leak - psp) / decay.mem, stored);
    nux_store(&neurons->state.v_lsb[column], nux_where(rest, reset, stored));
    nux_neurons_look(neurons, group, t);
}

// Handle what is due in a group at t; returns the spikes as bits.
NUX_NEURON_CLONES
static unsigned step_group(nux_neurons *neurons, unsigned group, double t) {
    const nux_neuron_group *of = &neurons->derived->groups[group];
    nux_f64x4 until = refractory_until(neurons, group);
    nux_neuron_lanes at = nux_lanes_at(neurons, group, t);
    nux_i64x4 spikes = nux_moving(neurons, group) & (at.v >= nux_load(of->threshold));
    if (of->any_numeric)
        spikes |= nux_load_mask(of->numeric) & (until == -INFINITY) &
                  (nux_load(of->step.crossing_s) <= t);
    nux_i64x4 ended = (until > -INFINITY) & (until <= t);
    if (!of->any_numeric && !nux_any_lane(spikes | ended)) {
        neurons->state.check_s[group] = search(neurons, group, t, at);
        return 0;
    }
    at.w += (nux_f64x4)(spikes & (nux_i64x4)nux_load(of->b));
    hold(neurons, group, t, spikes, ended, at);
    return (unsigned)((spikes[0] & 1) | (spikes[1] & 2) | (spikes[2] & 4) | (spikes[3] & 8));
}

static unsigned write_columns(unsigned group, unsigned bits, uint16_t *columns) {
    unsigned n = 0;
    for (unsigned lane = 0; lane < NUX_NEURON_GROUP; lane++)
        if (bits >> lane & 1)
            columns[n++] = (uint16_t)(group * NUX_NEURON_GROUP + lane);
    return n;
}

unsigned nux_neurons_step(nux_neurons *neurons, double t, uint16_t *columns) {
    unsigned n = 0;
    if (neurons->derived->n_linear != 0 && neurons->state.end_s <= t)
        nux_neurons_restart(neurons, t);
    for (unsigned group = 0; group < NUX_NEURON_GROUPS; group++)
        if (neurons->state.check_s[group] <= t)
            n += write_columns(group, step_group(neurons, group, t), columns + n);
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

unsigned nux_neurons_input(nux_neurons *neurons, double t, const uint8_t *weights,
                           const uint8_t *match, int inhibitory, double amplitude,
                           uint16_t *columns) {
    const nux_neuron_derived *derived = neurons->derived;
    uint8_t matching[NUX_NEURONS], linear[NUX_NEURONS], any = 0;
    for (unsigned i = 0; i < NUX_NEURONS; i++) {
        matching[i] = weights[i] & match[i];
        linear[i] = matching[i] & derived->linear_mask[i];
        any |= linear[i];
    }
    if (any)
        nux_neurons_linear_input(neurons, t, linear, inhibitory != 0, amplitude);
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
static void reset_group(nux_neurons *neurons, unsigned group, double t, const int64_t *mask) {
    hold(neurons, group, t, nux_load_mask(mask), nux_splat(0) != 0.0,
         nux_lanes_at(neurons, group, t));
}

void nux_neurons_reset(nux_neurons *neurons, double t, const uint8_t *mask) {
    for (unsigned group = 0; group < NUX_NEURON_GROUPS; group++) {
        uint32_t receives = neurons->derived->groups[group].receives;
        int64_t chosen[NUX_NEURON_GROUP], any = 0;
        for (unsigned lane = 0; lane < NUX_NEURON_GROUP; lane++) {
            bool reset = mask[group * NUX_NEURON_GROUP + lane] != 0 && (receives >> 8 * lane & 1);
            any |= chosen[lane] = reset ? -1 : 0;
        }
        if (any)
            reset_group(neurons, group, t, chosen);
    }
    nux_neurons_schedule(neurons);
    nux_neurons_reach(neurons, t);
}

NUX_NEURON_CLONES
void nux_neurons_observe(const nux_neurons *neurons, double t, double *v_lsb, double *i_exc,
                         double *i_inh, double *w_lsb) {
    for (unsigned group = 0; group < NUX_NEURON_GROUPS; group++) {
        unsigned column = group * NUX_NEURON_GROUP;
        nux_neuron_lanes at = neurons->derived->groups[group].receives
                                  ? nux_lanes_at(neurons, group, t)
                                  : nux_stored_lanes(neurons, group);
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
    for (unsigned group = 0; group < NUX_NEURON_GROUPS; group++)
        if (neurons->derived->groups[group].receives != 0 && neurons->state.time_s[group] < t) {
            nux_neuron_lanes at = nux_lanes_at(neurons, group, t);
            store_lanes(neurons, group, t, &at);
        }
    nux_neurons_reach(neurons, t);
}

// After a change of parameters: a group's neurons that are not enabled, or all if it was not in
// use. Which membranes move.
static void clear_lanes(nux_neurons *neurons, unsigned group, double now) {
    const nux_neuron_group *of = &neurons->derived->groups[group];
    nux_neuron_state *state = &neurons->state;
    for (unsigned lane = 0; lane < NUX_NEURON_GROUP; lane++) {
        unsigned column = group * NUX_NEURON_GROUP + lane;
        double *until = &state->refractory_until_s[column];
        if ((of->receives >> 8 * lane & 1) == 0) {
            state->v_lsb[column] = of->leak[lane];
            state->i_exc[column] = state->i_inh[column] = state->w_lsb[column] = 0;
            *until = -INFINITY;
        } else if (*until <= now)
            *until = -INFINITY;
    }
    if (of->receives == 0) {
        state->time_s[group] = state->step_end_s[group] = 0;
        state->check_s[group] = INFINITY;
    } else if (!of->any_numeric)
        state->step_end_s[group] = 0;
}

void nux_neurons_find_moving(nux_neurons *neurons) {
    for (unsigned i = 0; i < NUX_NEURONS; i++) {
        const nux_neuron_group *of = &neurons->derived->groups[i / NUX_NEURON_GROUP];
        bool rests = neurons->state.refractory_until_s[i] > -INFINITY;
        neurons->derived->moves[i] = rests ? 0 : of->linear[i % NUX_NEURON_GROUP];
    }
}

// Linear groups not in use: as in new neurons.
static void clear_span(nux_neuron_state *state) {
    state->start_s = 0;
    state->end_s = state->span_s = INFINITY;
    state->room_s = 1;
    state->inputs = state->looks = 0;
    for (unsigned i = 0; i < NUX_NEURONS; i++)
        state->room[i] = INT16_MAX;
}

NUX_NEURON_CLONES
void nux_neurons_update_parameters(nux_neurons *neurons, double now_s) {
    double now = now_s > neurons->state.now_s ? now_s : neurons->state.now_s;
    nux_neurons_settle(neurons, now);
    nux_neurons_derive(neurons);
    for (unsigned group = 0; group < NUX_NEURON_GROUPS; group++)
        clear_lanes(neurons, group, now);
    nux_neurons_find_moving(neurons);
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
