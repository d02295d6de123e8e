// SPDX-License-Identifier: BSD-3-Clause
// Input to linear groups: little work for an event, and looking at a group only when needed.
//
// An event at t leaves the start of the groups where it is, and adds to the values there what leads
// to the event's current at t: exp(rate_syn (t - start)) times as much current, and a membrane of
// -K(t - start) in its growing form, (exp(rate_syn h) - exp(rate_mem h)) / (rate_mem - rate_syn)
// times as much, so that the membrane at t is as before.
//
// Spans: at the begin of one, each neuron's room is measured. Only groups with a neuron whose room
// an excitatory event has used up are looked at. The start may stay where it is.
//
// In a short span the room is how far the membrane stays below the threshold at its end without
// input, less a reserve for what it may lie above a line from now to there. With V'' >= -arch and h
// until the end that is at most arch x (h - x) / 2 at x, so that a membrane which is below the
// threshold now, and by arch h^2 / 2 or more at the end, is below it in between. An event with a
// current of 1 changes the membrane at the end by K(h), and adds at most rate_mem + rate_syn to
// arch if it is excitatory (-K'' is no more), nothing if it is inhibitory (-K'' >= 0 up to twice
// the time of the peak). So excitation takes K(h) + (rate_mem + rate_exc) h^2 / 2, and inhibition
// gives K(h).
//
// In other spans the room is how far the membrane stays below the threshold all the time until the
// end. Excitation takes the height of its PSP at the end, inhibition gives nothing.
#include "neuron_event.h"
#include "neuron_passage.h"

// Look further ahead at once when the next look would be sooner than this part of the shortest time
// constant.
#define NEAR_PART 0.005
// Length of short spans, as part of the shortest time constant.
#define SHORT_SPAN 0.5
// Largest distance of a threshold from a leak.
#define MOST_RISE_LSB 2000
// A membrane that rises faster than this (LSB/s) and is that near to its threshold crosses it on a
// line, but for that part; in LINE_S it rises by more than the rounding of its value.
#define STEEP 1e5
#define AT_ONCE_S 1e-12
#define LINE_PART 1e-5
#define LINE_S 1e-18
// The search for a threshold crossing takes larger steps when it has not ended after so many.
enum { PATIENCE = 32 };
// Room and its unit are rounded.
#define ROOM_LSB 1e-9
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

// One of the numbers of nux_neurons_find_ends().
NUX_INLINE nux_f64x4 end_of(const nux_neuron_derived *derived, const double *numbers,
                            unsigned column) {
    return derived->uniform ? nux_splat(numbers[0]) : nux_load(&numbers[column]);
}

// In short spans, h before the end: how far a group stays below its thresholds at the end, if no
// input comes, less what its membranes may lie above a line to there. For
//
//   -V'' = rate_mem^2 (leak - V) + (rate_mem + rate_exc) i_exc - (rate_mem + rate_inh) i_inh
//
// is at most `arch`, as V falls by at most (rate_mem (threshold - leak) + i_inh) h.
NUX_INLINE nux_f64x4 spare_at_end(const nux_neurons *neurons, unsigned group, double h,
                                  const nux_neuron_lanes *at) {
    const nux_neuron_derived *derived = neurons->derived;
    const nux_neuron_rates *rates = rates_of(derived, group);
    nux_neuron_lanes start = nux_stored_lanes(neurons, group);
    unsigned column = group * NUX_NEURON_GROUP;
    nux_f64x4 leak = nux_load(&derived->leak[column]), zero = nux_splat(0);
    nux_f64x4 threshold = nux_load(&derived->threshold[column]);
    nux_f64x4 end = leak + ((start.v - leak) * end_of(derived, derived->end_mem, column) +
                            (start.i_exc * end_of(derived, derived->end_psp[0], column) -
                             start.i_inh * end_of(derived, derived->end_psp[1], column)));
    nux_f64x4 mem = nux_load(rates->mem), exc = nux_load(rates->exc), inh = nux_load(rates->inh);
    nux_f64x4 rise = nux_min(nux_max(threshold - leak, zero), nux_splat(MOST_RISE_LSB));
    nux_f64x4 down = (leak - at->v) + h * (mem * rise + at->i_inh);
    nux_f64x4 least_inh = at->i_inh * nux_max(1.0 - inh * h, zero);
    nux_f64x4 arch = mem * mem * down + (mem + exc) * at->i_exc - (mem + inh) * least_inh;
    return (threshold - end) - 0.5 * h * h * nux_max(arch, zero);
}

// The same for neurons that rest, from a bound for all time: they do not start more steeply than
// without inhibition.
NUX_INLINE nux_f64x4 spare_of_resting(const nux_neurons *neurons, unsigned group, double h,
                                      const nux_neuron_lanes *at) {
    const nux_neuron_derived *derived = neurons->derived;
    const nux_neuron_rates *rates = rates_of(derived, group);
    unsigned column = group * NUX_NEURON_GROUP;
    nux_f64x4 leak = nux_load(&derived->leak[column]), zero = nux_splat(0);
    nux_f64x4 most = nux_max(at->v, leak) + at->i_exc * nux_load(rates->psp_peak);
    nux_f64x4 spare = nux_load(&derived->threshold[column]) - most;
    if (!derived->short_span)
        return spare;
    nux_f64x4 mem = nux_load(rates->mem), exc = nux_load(rates->exc), inh = nux_load(rates->inh);
    nux_f64x4 slope = nux_max((leak - at->v) * mem, zero) + at->i_exc;
    nux_f64x4 arch = mem * (slope + inh * at->i_inh * h) + exc * at->i_exc;
    return spare - 0.5 * h * h * arch;
}

// Room, rounded down, from how far membranes stay below their thresholds.
NUX_INLINE int16_t room_of(double spare, double units) {
    double above = (spare - ROOM_LSB) * units + 1;
    above = above > 0 ? above : 0;
    above = above < MOST_ROOM ? above : MOST_ROOM;
    return (int16_t)((int32_t)above + NUX_NEURON_NO_ROOM);
}

// Time for which the membranes of a group certainly stay below their thresholds.
NUX_INLINE nux_f64x4 quiet_after(const nux_neurons *neurons, unsigned group, double t,
                                 const nux_neuron_lanes *at) {
    const nux_neuron_derived *derived = neurons->derived;
    unsigned column = group * NUX_NEURON_GROUP;
    return nux_quiet_until(rates_of(derived, group), nux_load(&derived->leak[column]),
                           nux_load(&derived->threshold[column]), at, neurons->state.end_s - t);
}

// Look at a group, which has these values at t: set the room of its neurons, and check_s.
NUX_INLINE void look(nux_neurons *neurons, unsigned group, double t, const nux_neuron_lanes *at) {
    const nux_neuron_derived *derived = neurons->derived;
    nux_neuron_state *state = &neurons->state;
    unsigned column = group * NUX_NEURON_GROUP;
    double h = state->end_s - t;
    nux_f64x4 spare, until = nux_refractory_until(neurons, group), never = nux_splat(INFINITY);
    nux_i64x4 rests = until > -INFINITY;
    if (derived->short_span)
        spare = spare_at_end(neurons, group, h, at);
    else {
        nux_neuron_bound bound =
            nux_bound(rates_of(derived, group), nux_load(&derived->leak[column]),
                      nux_load(&derived->threshold[column]), at, nux_splat(h));
        spare = nux_room(&bound, h);
    }
    if (nux_any_lane(rests))
        spare = nux_where(rests, spare_of_resting(neurons, group, h, at), spare);
    spare = nux_where(until >= state->end_s, never, spare);
    nux_f64x4 units =
        nux_load(&derived->per_jump[column]) * (NUX_NEURON_ROOM_UNITS / state->room_s);
    nux_f64x4 above = (spare - ROOM_LSB) * units + 1.0;
    above = nux_min(nux_max(above, nux_splat(0)), nux_splat(MOST_ROOM));
    nux_i32x4 rounded = __builtin_convertvector(above, nux_i32x4) + NUX_NEURON_NO_ROOM;
    nux_i16x4 room = __builtin_convertvector(rounded, nux_i16x4);
    memcpy(&state->room[column], &room, sizeof room);
    double check = INFINITY;
    nux_i64x4 near = above < 1.0;
    if (nux_any_lane(near)) {
        nux_f64x4 due = nux_where(rests, until, t + quiet_after(neurons, group, t, at));
        check = nux_least(nux_where(near, due, never));
    }
    nux_set_check(neurons, group, check);
}

// In short spans: the room that excitation h before the end takes at most and inhibition gives at
// least, per current; from exp(-x) <= 1 - x + x^2 / 2 and exp(-x) >= 1 - x in the integral that K
// is.
NUX_INLINE double room_used(const nux_neuron_derived *derived, double h) {
    double m = derived->highest[0], s = derived->highest[1];
    return h * (1 + h * h * (m * m + m * s + s * s) / 6);
}

NUX_INLINE double room_given(const nux_neuron_derived *derived, double h) {
    double lost = 0.5 * h * (derived->highest[0] + derived->highest[2]);
    return derived->least_inhibition * h * (1 - lost);
}

NUX_NEURON_CLONES
void nux_neurons_find_ends(nux_neurons *neurons) {
    nux_neuron_derived *derived = neurons->derived;
    const nux_neuron_state *state = &neurons->state;
    derived->short_span = state->end_s < INFINITY && state->span_s <= SHORT_SPAN / derived->fastest;
    if (!derived->short_span)
        return;
    passage over = pass(derived, state->end_s - state->start_s);
    if (derived->uniform) {
        derived->end_mem[0] = over.same.mem;
        derived->end_psp[0][0] = over.same.psp_exc;
        derived->end_psp[1][0] = over.same.psp_inh;
        return;
    }
    for (unsigned i = 0; i < derived->n_linear; i++) {
        unsigned group = derived->linear[i], column = group * NUX_NEURON_GROUP;
        nux_neuron_decay decay = decay_of(derived, group, &over);
        nux_store(&derived->end_mem[column], decay.mem);
        nux_store(&derived->end_psp[0][column], decay.psp_exc);
        nux_store(&derived->end_psp[1][column], decay.psp_inh);
    }
}

// Spans become longer when few groups had to be looked at, so that spans and looks take about the
// same time; without input they soon have no end.
static void choose_span(nux_neurons *neurons, double t) {
    nux_neuron_state *state = &neurons->state;
    double longest = neurons->derived->slowest_peak_s;
    double shortest = SHORTEST_PART * t;
    shortest = shortest > SHORTEST_S ? shortest : SHORTEST_S;
    double many = neurons->derived->n_linear * (neurons->derived->uniform ? 0.1 : 0.5);
    if (state->looks > many && state->inputs > FEW_INPUTS)
        state->span_s = 0.7 * (state->span_s < longest ? state->span_s : longest);
    else
        state->span_s *= state->inputs > 0 ? 1.25 : 2;
    // As long as there is input in short spans, they are better.
    double short_s = SHORT_SPAN / neurons->derived->fastest;
    if (neurons->derived->uniform && state->span_s > short_s && state->inputs > FEW_INPUTS)
        state->span_s = short_s;
    if (state->span_s < shortest)
        state->span_s = shortest;
    if (state->span_s > longest)
        state->span_s = INFINITY;
    state->end_s = neurons->derived->fires ? t + state->span_s : INFINITY;
    state->inputs = state->looks = 0;
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
    }
}

// Move the start of the linear groups to t.
NUX_INLINE void move_start(nux_neurons *neurons, double t) {
    nux_neuron_state *state = &neurons->state;
    const nux_neuron_derived *derived = neurons->derived;
    passage over = pass(derived, t - state->start_s);
    state->start_s = t;
    for (unsigned i = 0; i < derived->n_linear; i++) {
        unsigned group = derived->linear[i], column = group * NUX_NEURON_GROUP;
        nux_neuron_decay decay = decay_of(derived, group, &over);
        nux_f64x4 leak = nux_load(&derived->leak[column]);
        nux_neuron_lanes at = nux_tidy(values_after(neurons, group, &decay), leak);
        nux_store(&state->v_lsb[column], at.v);
        nux_store(&state->i_exc[column], at.i_exc);
        nux_store(&state->i_inh[column], at.i_inh);
        state->time_s[group] = t;
    }
}

// Set the room of neurons that rest, as in spare_of_resting() and in a short span: all of it if
// they rest until its end.
NUX_INLINE void measure_resting(nux_neurons *neurons, double h, const passage *over) {
    nux_neuron_state *state = &neurons->state;
    const nux_neuron_derived *derived = neurons->derived;
    const nux_neuron_rates *rates = &derived->shared;
    double mem = rates->mem[0], exc = rates->exc[0], inh = rates->inh[0], half = 0.5 * h * h;
    double units = NUX_NEURON_ROOM_UNITS / state->room_s;
    for (uint64_t rest = derived->resting; rest != 0; rest &= rest - 1) {
        unsigned group = (unsigned)__builtin_ctzll(rest);
        nux_f64x4 until = nux_refractory_until(neurons, group);
        for (unsigned bits = nux_bits(until > -INFINITY); bits != 0; bits &= bits - 1) {
            unsigned i = group * NUX_NEURON_GROUP + (unsigned)__builtin_ctz(bits);
            double above = state->v_lsb[i] - derived->leak[i];
            double i_exc = state->i_exc[i] * over->same.exc, i_inh = state->i_inh[i];
            double slope = (above < 0 ? -above * mem : 0) + i_exc;
            double arch = mem * (slope + inh * i_inh * over->same.inh * h) + exc * i_exc;
            double most = (above > 0 ? above : 0) + i_exc * rates->psp_peak[0];
            double spare = derived->threshold[i] - derived->leak[i] - most - half * arch;
            if (state->refractory_until_s[i] >= state->end_s)
                spare = INFINITY;
            state->room[i] = room_of(spare, derived->per_jump[i] * units);
        }
    }
}

// Set the room of all linear neurons with the same rates at t, in a short span: as in
// spare_at_end(), with the values at t as sums of those at the start.
NUX_INLINE void measure_uniform(nux_neurons *neurons, double t) {
    nux_neuron_state *state = &neurons->state;
    const nux_neuron_derived *derived = neurons->derived;
    const nux_neuron_rates *rates = &derived->shared;
    passage over = pass(derived, t - state->start_s);
    double h = state->end_s - t, mem = rates->mem[0], exc = rates->exc[0], inh = rates->inh[0];
    double left = 1 - inh * h > 0 ? 1 - inh * h : 0, half = 0.5 * h * h, square = mem * mem;
    double by_rise = half * square * h * mem, by_v = half * square * over.same.mem;
    double by_exc = half * ((mem + exc) * over.same.exc - square * over.same.psp_exc);
    double by_inh = half * (square * (over.same.psp_inh + h * over.same.inh) -
                            (mem + inh) * left * over.same.inh);
    double end_v = derived->end_mem[0], end_exc = derived->end_psp[0][0];
    double end_inh = derived->end_psp[1][0], units = NUX_NEURON_ROOM_UNITS / state->room_s;
    const double *restrict v = state->v_lsb, *restrict leak = derived->leak;
    const double *restrict i_exc = state->i_exc, *restrict i_inh = state->i_inh;
    const double *restrict threshold = derived->threshold, *restrict per_jump = derived->per_jump;
    int16_t *restrict room = state->room;
    for (unsigned i = 0; i < NUX_NEURONS; i++) {
        double gap = threshold[i] - leak[i], above = v[i] - leak[i];
        double rise = gap > 0 ? gap : 0;
        rise = rise < MOST_RISE_LSB ? rise : MOST_RISE_LSB;
        double reserve = by_rise * rise - by_v * above + (by_exc * i_exc[i] + by_inh * i_inh[i]);
        reserve = reserve > 0 ? reserve : 0;
        double end = end_v * above + (end_exc * i_exc[i] - end_inh * i_inh[i]);
        room[i] = room_of(gap - end - reserve, per_jump[i] * units);
    }
    measure_resting(neurons, h, &over);
}

// The groups with neurons that have no room, as bits.
NUX_INLINE uint64_t groups_without_room(const nux_neuron_state *state) {
    uint64_t groups = 0;
    for (unsigned column = 0; column < NUX_NEURONS; column += 16) {
        nux_i16x16 room;
        memcpy(&room, &state->room[column], sizeof room);
        groups |= (uint64_t)groups_of_columns(negative(&room)) << column / NUX_NEURON_GROUP;
    }
    return groups;
}

NUX_NEURON_CLONES
void nux_neurons_restart(nux_neurons *neurons, double t) {
    nux_neuron_state *state = &neurons->state;
    const nux_neuron_derived *derived = neurons->derived;
    choose_span(neurons, t);
    bool is_short = state->end_s < INFINITY && state->span_s <= SHORT_SPAN / derived->fastest;
    bool is_simple = derived->uniform && is_short;
    if (!is_simple || nux_span_old(neurons, t))
        move_start(neurons, t);
    nux_neurons_find_ends(neurons);
    double length = state->end_s - t;
    state->room_s = is_short ? room_used(derived, length) : slowest_psp(derived, length);
    uint64_t groups = 0;
    for (unsigned i = 0; i < derived->n_linear; i++) {
        state->check_s[derived->linear[i]] = INFINITY;
        groups |= (uint64_t)1 << derived->linear[i];
    }
    nux_find_block_checks(neurons);
    if (is_simple) {
        measure_uniform(neurons, t);
        groups &= groups_without_room(&neurons->state);
    }
    if (groups != 0)
        look_at_all(neurons, groups, t);
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
    if (!derived->fires || (inhibitory && !derived->short_span))
        return;
    double h = state->end_s - t, units = NUX_NEURON_ROOM_UNITS * amplitude / state->room_s;
    if (inhibitory) {
        double given = units * room_given(derived, h);
        give_room(neurons, &event, (int16_t)(given < MOST_USE ? given : MOST_USE));
        return;
    }
    double use = units * (derived->short_span ? room_used(derived, h) : slowest_psp(derived, h));
    uint64_t out = use < MOST_USE - 1 ? use_room(state, &event, (int16_t)(use + 1)) : groups;
    if (out != 0) {
        state->looks += __builtin_popcountll(out);
        look_at_all(neurons, out, t);
    }
}

// Time for which those membranes of a group certainly stay below their thresholds that move.
NUX_INLINE double quiet_moving(const nux_neurons *neurons, unsigned group, double t,
                               const nux_neuron_lanes *at) {
    nux_f64x4 quiet = quiet_after(neurons, group, t, at);
    return nux_least(nux_where(nux_moving(neurons, group), quiet, nux_splat(INFINITY)));
}

// When a group, to which nothing happened, needs attention after t, from when on it is quiet for
// `step`.
NUX_INLINE double search(const nux_neurons *neurons, unsigned group, double t, double step) {
    const nux_neuron_state *state = &neurons->state;
    const nux_neuron_derived *derived = neurons->derived;
    unsigned column = group * NUX_NEURON_GROUP;
    nux_f64x4 until = nux_refractory_until(neurons, group), never = nux_splat(INFINITY);
    nux_i64x4 moves = nux_moving(neurons, group);
    nux_f64x4 leak = nux_load(&derived->leak[column]);
    nux_f64x4 threshold = nux_load(&derived->threshold[column]);
    nux_f64x4 mem = nux_load(rates_of(derived, group)->mem);
    double end = nux_least(nux_where(until > -INFINITY, until, nux_splat(state->end_s)));
    double finest = nux_finest_step(t);
    for (unsigned i = 0;; i++) {
        finest *= i < PATIENCE ? 1 : 2;
        t += step > finest ? step : finest;
        if (t >= end)
            return end;
        passage over = pass(derived, t - state->start_s);
        nux_neuron_decay decay = decay_of(derived, group, &over);
        nux_neuron_lanes at = values_after(neurons, group, &decay);
        nux_f64x4 gap = threshold - at.v, slope = (leak - at.v) * mem + (at.i_exc - at.i_inh);
        nux_i64x4 at_once = moves & (slope > STEEP) & (gap <= slope * AT_ONCE_S);
        if (nux_any_lane(at_once)) {
            double left = nux_least(nux_where(at_once, gap / slope, never));
            t += (left > 0 ? left * (1 + LINE_PART) : 0) + NUX_FINEST_PART * t + LINE_S;
            return t < end ? t : end;
        }
        step = quiet_moving(neurons, group, t, &at);
        if (step > NEAR_PART / derived->fastest || step <= 0)
            return t + step < end ? t + step : end;
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
    else {
        double quiet = quiet_moving(neurons, group, t, &at);
        if (quiet > NEAR_PART / derived->fastest)
            look(neurons, group, t, &at);
        else
            nux_set_check(neurons, group, search(neurons, group, t, quiet));
    }
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
