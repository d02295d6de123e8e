// SPDX-License-Identifier: BSD-3-Clause
// Input to linear groups: little work for an event, and looking at a group only when needed.
//
// An event at t leaves the start of the groups where it is, and adds to the values there what leads
// to the event's current at t: exp(rate_syn (t - start)) times as much current, and a membrane of
// -K(t - start) in its growing form, (exp(rate_syn h) - exp(rate_mem h)) / (rate_mem - rate_syn)
// times as much, so that the membrane at t is as before.
//
// Spans: at the start of one, each neuron's room is measured: how far its membrane stays below the
// threshold until the end without input. An excitatory event takes from it the height of its PSP at
// the end. Only groups with a neuron whose room is used up are looked at. Inhibition adds no room.
#include "neuron_event.h"
#include "neuron_passage.h"

// Look further ahead at once when the next look would be sooner than this.
#define NEAR_S 1e-9
// The search for a threshold crossing takes larger steps when it has not ended after so many.
enum { PATIENCE = 32 };
// Room and its unit are rounded; more than that is lost.
#define ROOM_LSB 1e-9
#define MOST_ROOM 32767
// Largest use of room by a unit of weight: the sum with MOST_ROOM stays within 16 bits.
#define MOST_USE 128
// Spans with so few events do not become shorter.
#define FEW_INPUTS 4
#define SHORTEST_S 1e-9
// Sizes of exponents up to which membranes are followed back from the end of a refractory time.
#define FOLLOWED_BACK 30
#define SHORTEST_PART 1e-12 // of the time

// Height at h of the highest PSP for a current of 1, not only until its peak.
NUX_INLINE double slowest_psp(const nux_neuron_derived *derived, double h) {
    if (h >= derived->slowest_peak_s)
        return derived->slowest_peak;
    double m = derived->slowest_mem, s = derived->slowest_exc, x = (m - s) * h;
    nux_f64x4 power = nux_exp((nux_f64x4){-m * h, -s * h, 0, 0});
    double psp = x <= NUX_SHORT && x >= -NUX_SHORT ? h * power[0] * nux_phi_short(nux_splat(x))[0]
                                                   : (power[1] - power[0]) / (m - s);
    return psp * (1 + 1e-9);
}

// Values of a group after that time.
NUX_INLINE nux_neuron_lanes values_after(const nux_neurons *neurons, unsigned group,
                                         const nux_neuron_decay *decay) {
    nux_f64x4 leak = nux_load(&neurons->derived->leak[group * NUX_NEURON_GROUP]);
    return nux_after(decay, leak, nux_moving(neurons, group), nux_stored_lanes(neurons, group));
}

NUX_INLINE nux_neuron_bound bound_of(const nux_neurons *neurons, unsigned group, double t,
                                     const nux_neuron_lanes *at) {
    const nux_neuron_derived *derived = neurons->derived;
    unsigned column = group * NUX_NEURON_GROUP;
    return nux_bound(rates_of(derived, group), nux_load(&derived->leak[column]),
                     nux_load(&derived->threshold[column]), at, neurons->state.end_s - t);
}

// Look at a group, which has these values at t: set the room of its neurons, and check_s. Neurons
// that rest do not start higher than they are now or at their leak.
NUX_INLINE void look(nux_neurons *neurons, unsigned group, double t, const nux_neuron_lanes *at) {
    const nux_neuron_derived *derived = neurons->derived;
    nux_neuron_state *state = &neurons->state;
    unsigned column = group * NUX_NEURON_GROUP;
    nux_f64x4 never = nux_splat(INFINITY), most = nux_splat(MOST_ROOM);
    nux_neuron_bound bound = bound_of(neurons, group, t, at);
    nux_f64x4 unit = nux_load(&derived->per_jump[column]) * (NUX_NEURON_ROOM_UNITS / state->room_s);
    nux_f64x4 until = nux_refractory_until(neurons, group);
    nux_i64x4 rests = until > -INFINITY;
    nux_f64x4 spare = nux_where(rests, bound.spare, nux_room(&bound, state->end_s - t));
    nux_f64x4 room = (spare - ROOM_LSB) * unit;
    nux_i64x4 near = nux_load_mask(&derived->linear_lanes[column]) & (room < 0.0);
    double check = INFINITY;
    if (nux_any_lane(near)) {
        nux_f64x4 due = nux_where(rests, until, t + nux_quiet_time(&bound));
        check = nux_least(nux_where(near, due, never));
    }
    nux_set_check(neurons, group, check);
    room = nux_min(nux_max(room, nux_splat(0)), most);
    nux_i16x4 units = __builtin_convertvector(__builtin_convertvector(room, nux_i32x4), nux_i16x4);
    memcpy(&state->room[column], &units, sizeof units);
}

// Spans become longer when few groups had to be looked at, so that spans and looks take about the
// same time. Without input there is no end.
static void choose_span(nux_neurons *neurons) {
    nux_neuron_state *state = &neurons->state;
    double longest = neurons->derived->slowest_peak_s;
    double shortest = SHORTEST_PART * state->start_s;
    shortest = shortest > SHORTEST_S ? shortest : SHORTEST_S;
    if (state->looks > neurons->derived->n_linear && state->inputs > FEW_INPUTS)
        state->span_s = 0.7 * (state->span_s < longest ? state->span_s : longest);
    else if (state->inputs > 0)
        state->span_s *= 1.25;
    if (state->span_s < shortest)
        state->span_s = shortest;
    if (state->span_s > longest)
        state->span_s = INFINITY;
    bool ends = neurons->derived->fires && state->inputs > 0;
    state->end_s = ends ? state->start_s + state->span_s : INFINITY;
    state->room_s = slowest_psp(neurons->derived, state->end_s - state->start_s);
    state->inputs = state->looks = 0;
}

NUX_NEURON_CLONES
void nux_neurons_restart(nux_neurons *neurons, double t) {
    nux_neuron_state *state = &neurons->state;
    const nux_neuron_derived *derived = neurons->derived;
    double h = t - state->start_s;
    state->start_s = t;
    choose_span(neurons);
    passage over = pass(derived, h);
    for (unsigned i = 0; i < derived->n_linear; i++) {
        unsigned group = derived->linear[i], column = group * NUX_NEURON_GROUP;
        nux_neuron_decay decay = decay_of(derived, group, &over);
        nux_neuron_lanes at = values_after(neurons, group, &decay);
        at = nux_tidy(at, nux_load(&derived->leak[column]));
        nux_store(&state->v_lsb[column], at.v);
        nux_store(&state->i_exc[column], at.i_exc);
        nux_store(&state->i_inh[column], at.i_inh);
        state->time_s[group] = t;
        look(neurons, group, t, &at);
    }
}

// Look at the groups that are given as bits.
NUX_INLINE void look_at_all(nux_neurons *neurons, uint64_t groups, double t) {
    const nux_neuron_derived *derived = neurons->derived;
    passage over = pass(derived, t - neurons->state.start_s);
    for (; groups != 0; groups &= groups - 1) {
        unsigned group = (unsigned)__builtin_ctzll(groups);
        nux_neuron_decay decay = decay_of(derived, group, &over);
        nux_neuron_lanes at = values_after(neurons, group, &decay);
        look(neurons, group, t, &at);
        neurons->state.looks++;
    }
}

NUX_NEURON_CLONES
void nux_neurons_linear_input(nux_neurons *neurons, double t, const uint8_t *weights,
                              uint64_t groups, int inhibitory, double amplitude) {
    nux_neuron_state *state = &neurons->state;
    const nux_neuron_derived *derived = neurons->derived;
    if (derived->rest_end_s <= t)
        nux_neurons_wake(neurons, t);
    if (t > state->end_s || nux_span_old(neurons, t) ||
        (state->looks > 2 * derived->n_linear && state->inputs > FEW_INPUTS))
        nux_neurons_restart(neurons, t);
    state->inputs++;
    nux_neuron_event event = {weights, groups, inhibitory != 0, amplitude};
    add(neurons, t - state->start_s, &event);
    if (inhibitory || !derived->fires)
        return;
    double use =
        NUX_NEURON_ROOM_UNITS * amplitude / state->room_s * slowest_psp(derived, state->end_s - t);
    uint64_t out = use < MOST_USE - 1 ? use_room(state, &event, (int16_t)(use + 1)) : groups;
    if (out != 0)
        look_at_all(neurons, out, t);
}

// When a group, to which nothing happened, needs attention after t; `at` are its values then.
NUX_INLINE double search(const nux_neurons *neurons, unsigned group, double t,
                         nux_neuron_lanes at) {
    const nux_neuron_state *state = &neurons->state;
    nux_f64x4 until = nux_refractory_until(neurons, group), never = nux_splat(INFINITY);
    nux_i64x4 moves = nux_moving(neurons, group);
    double end = nux_least(nux_where(until > -INFINITY, until, nux_splat(state->end_s)));
    double finest = nux_finest_step(t);
    for (unsigned i = 0;; i++) {
        nux_neuron_bound bound = bound_of(neurons, group, t, &at);
        double step = nux_least(nux_where(moves, nux_quiet_time(&bound), never));
        if (step > NEAR_S || (step <= 0 && i > 0))
            return t + step < end ? t + step : end;
        finest *= i < PATIENCE ? 1 : 2;
        t += step > finest ? step : finest;
        if (t >= end)
            return end;
        passage over = pass(neurons->derived, t - state->start_s);
        nux_neuron_decay decay = decay_of(neurons->derived, group, &over);
        at = values_after(neurons, group, &decay);
    }
}

// Let neurons of a group rest at their reset potential from t on; `at` are the values then.
NUX_INLINE void rest(nux_neurons *neurons, unsigned group, double t, nux_i64x4 chosen,
                     nux_neuron_lanes at) {
    const nux_neuron_derived *derived = neurons->derived;
    nux_neuron_state *state = &neurons->state;
    unsigned column = group * NUX_NEURON_GROUP;
    nux_f64x4 until = t + nux_load(&derived->refractory_s[column]);
    until = nux_where(chosen, until, nux_refractory_until(neurons, group));
    nux_store(&state->refractory_until_s[column], until);
    nux_set_moving(neurons, group);
    nux_f64x4 reset = nux_load(&derived->reset[column]);
    nux_store(&state->v_lsb[column], nux_where(chosen, reset, nux_load(&state->v_lsb[column])));
    at.v = nux_where(chosen, reset, at.v);
    look(neurons, group, t, &at);
}

NUX_NEURON_CLONES
unsigned nux_neurons_linear_step(nux_neurons *neurons, unsigned group, double t) {
    const nux_neuron_derived *derived = neurons->derived;
    passage over = pass(derived, t - neurons->state.start_s);
    nux_neuron_decay decay = decay_of(derived, group, &over);
    nux_neuron_lanes at = values_after(neurons, group, &decay);
    nux_f64x4 threshold = nux_load(&derived->threshold[group * NUX_NEURON_GROUP]);
    nux_i64x4 spikes = nux_moving(neurons, group) & (at.v >= threshold);
    unsigned bits = nux_bits(spikes);
    if (bits != 0)
        rest(neurons, group, t, spikes, at);
    else
        nux_set_check(neurons, group, search(neurons, group, t, at));
    return bits;
}

// Let neurons of a group move whose refractory times have ended: the membrane at the start is the
// one that leads to the one held, at that end.
NUX_INLINE void wake_lanes(nux_neurons *neurons, unsigned group, unsigned lanes) {
    nux_neuron_state *state = &neurons->state;
    for (; lanes != 0; lanes &= lanes - 1) {
        unsigned lane = (unsigned)__builtin_ctz(lanes), column = group * NUX_NEURON_GROUP + lane;
        passage over = pass(neurons->derived, state->refractory_until_s[column] - state->start_s);
        nux_neuron_decay decay = decay_of(neurons->derived, group, &over);
        double psp[NUX_LANES], mem[NUX_LANES], leak = neurons->derived->leak[column];
        nux_store(psp, state->i_exc[column] * decay.psp_exc - state->i_inh[column] * decay.psp_inh);
        nux_store(mem, decay.mem);
        state->v_lsb[column] = leak + (state->v_lsb[column] - leak - psp[lane]) / mem[lane];
        state->refractory_until_s[column] = -INFINITY;
    }
    nux_set_moving(neurons, group);
}

// The same for all groups.
NUX_INLINE void wake_until(nux_neurons *neurons, double t) {
    nux_neuron_derived *derived = neurons->derived;
    nux_f64x4 never = nux_splat(INFINITY), end = never;
    for (uint64_t groups = derived->resting; groups != 0; groups &= groups - 1) {
        unsigned group = (unsigned)__builtin_ctzll(groups);
        nux_f64x4 until = nux_refractory_until(neurons, group);
        nux_i64x4 rests = until > -INFINITY;
        unsigned lanes = nux_bits(rests & (until <= t));
        if (lanes != 0)
            wake_lanes(neurons, group, lanes);
        end = nux_min(end, nux_where(rests & (until > t), until, never));
    }
    derived->rest_end_s = nux_least(end);
}

NUX_NEURON_CLONES
void nux_neurons_wake(nux_neurons *neurons, double t) {
    const nux_neuron_derived *derived = neurons->derived;
    double longest = FOLLOWED_BACK / derived->fastest;
    bool far = t - neurons->state.start_s > longest;
    if (!far)
        wake_until(neurons, t);
    while (derived->rest_end_s <= t) {
        double end = derived->rest_end_s;
        if (end - neurons->state.start_s > longest)
            nux_neurons_restart(neurons, end);
        wake_until(neurons, end);
    }
    if (far)
        nux_neurons_restart(neurons, t);
}

NUX_NEURON_CLONES
void nux_neurons_linear_reset(nux_neurons *neurons, unsigned group, double t, const int64_t *mask) {
    passage over = pass(neurons->derived, t - neurons->state.start_s);
    nux_neuron_decay decay = decay_of(neurons->derived, group, &over);
    rest(neurons, group, t, nux_load_mask(mask), values_after(neurons, group, &decay));
}
