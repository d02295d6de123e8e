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

typedef int16_t i16x16 __attribute__((vector_size(32), aligned(2)));
typedef uint8_t u8x16 __attribute__((vector_size(16), aligned(1)));
typedef int16_t i16x4 __attribute__((vector_size(8), aligned(2)));

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
    i16x4 units = __builtin_convertvector(__builtin_convertvector(room, nux_i32x4), i16x4);
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

NUX_INLINE void add_uniform(nux_neurons *neurons, double h, const uint8_t *weights, unsigned kind,
                            double amplitude) {
    const nux_neuron_derived *derived = neurons->derived;
    growth by = grow(&derived->shared, kind, h);
    double membrane = by.membrane[0] * (kind ? -amplitude : amplitude);
    double to_current = by.current[0] * amplitude;
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
NUX_INLINE void add_near(nux_neurons *neurons, double h, const uint8_t *weights, unsigned kind,
                         double amplitude, unsigned mem_terms, unsigned syn_terms) {
    const nux_neuron_derived *derived = neurons->derived;
    nux_f64x4 typical = {derived->typical[0], derived->typical[1 + kind], 0, 0};
    nux_f64x4 power = nux_exp(h * typical) * amplitude;
    double mem = power[0], syn = power[1], sign = kind ? -1 : 1;
    double *restrict v = neurons->state.v_lsb;
    double *restrict current = kind ? neurons->state.i_inh : neurons->state.i_exc;
    const double *restrict jump = derived->jump[kind], *restrict moved = derived->moved[kind];
    const double *restrict deviation_mem = derived->deviation[0];
    const double *restrict deviation_syn = derived->deviation[1 + kind];
    const double *restrict per_difference = derived->inverse_difference[kind];
    for (unsigned i = 0; i < NUX_NEURONS; i++) {
        double weight = weights[i];
        double current_1 = syn * exp_series(h * deviation_syn[i], syn_terms);
        double membrane_1 = current_1 - mem * exp_series(h * deviation_mem[i], mem_terms);
        v[i] += weight * moved[i] * (membrane_1 * (sign * per_difference[i]));
        current[i] += weight * jump[i] * current_1;
    }
}

NUX_INLINE void add_varied(nux_neurons *neurons, double h, const uint8_t *weights, unsigned kind,
                           double amplitude) {
    const nux_neuron_derived *derived = neurons->derived;
    double numbers[NUX_NEURONS];
    for (unsigned i = 0; i < NUX_NEURONS; i++)
        numbers[i] = weights[i];
    for (unsigned i = 0; i < derived->n_linear; i++) {
        unsigned group = derived->linear[i], column = group * NUX_NEURON_GROUP;
        double *v = &neurons->state.v_lsb[column];
        double *current = kind ? &neurons->state.i_inh[column] : &neurons->state.i_exc[column];
        nux_f64x4 weight = nux_load(&numbers[column]);
        growth by = grow(&derived->groups[group].rates, kind, h);
        by.membrane *= kind ? -amplitude : amplitude;
        nux_f64x4 moved = weight * nux_load(&derived->moved[kind][column]);
        nux_f64x4 jump = weight * nux_load(&derived->jump[kind][column]);
        nux_store(v, nux_load(v) + moved * by.membrane);
        nux_store(current, nux_load(current) + jump * (by.current * amplitude));
    }
}

NUX_INLINE void add(nux_neurons *neurons, double h, const uint8_t *weights, unsigned kind,
                    double amplitude) {
    const nux_neuron_derived *derived = neurons->derived;
    double mem = h * derived->largest_mem, syn = h * derived->largest_syn;
    double most = mem > syn ? mem : syn;
    if (derived->uniform)
        add_uniform(neurons, h, weights, kind, amplitude);
    else if (most > SERIES_11 || !derived->apart)
        add_varied(neurons, h, weights, kind, amplitude);
    else if (most <= SERIES_6)
        add_near(neurons, h, weights, kind, amplitude, 6, 6);
    else if (most <= SERIES_8 && mem <= SERIES_6)
        add_near(neurons, h, weights, kind, amplitude, 6, 8);
    else if (mem <= SERIES_8)
        add_near(neurons, h, weights, kind, amplitude, 8, 11);
    else
        add_near(neurons, h, weights, kind, amplitude, 11, 11);
}

// Those of 16 numbers that are negative, as bits.
NUX_INLINE unsigned negative(const i16x16 *numbers) {
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

// Take room for the weights; the columns that have not enough left, as bits.
NUX_INLINE void use_room(nux_neuron_state *state, const uint8_t *weights, int16_t use,
                         uint64_t out[NUX_NEURONS / 64]) {
    for (unsigned column = 0; column < NUX_NEURONS; column += 16) {
        u8x16 bytes;
        i16x16 room;
        memcpy(&bytes, &weights[column], sizeof bytes);
        memcpy(&room, &state->room[column], sizeof room);
        room -= __builtin_convertvector(bytes, i16x16) * use;
        memcpy(&state->room[column], &room, sizeof room);
        out[column / 64] |= (uint64_t)negative(&room) << column % 64;
    }
}

// Look at the groups of columns that are given as bits.
NUX_INLINE void look_at_all(nux_neurons *neurons, const uint64_t columns[NUX_NEURONS / 64],
                            double t) {
    const nux_neuron_derived *derived = neurons->derived;
    double h = t - neurons->state.start_s;
    passage over = pass(derived, h);
    for (unsigned word = 0; word < NUX_NEURONS / 64; word++)
        for (uint64_t bits = columns[word]; bits != 0;) {
            unsigned in_word = (unsigned)__builtin_ctzll(bits) / NUX_NEURON_GROUP;
            unsigned group = word * (64 / NUX_NEURON_GROUP) + in_word;
            nux_neuron_decay decay = decay_of(derived, group, &over);
            nux_neuron_lanes at = values_after(neurons, group, &decay);
            look(neurons, group, t, &at);
            neurons->state.looks++;
            bits &= ~((uint64_t)0xf << in_word * NUX_NEURON_GROUP);
        }
}

NUX_NEURON_CLONES
void nux_neurons_linear_input(nux_neurons *neurons, double t, const uint8_t *weights,
                              int inhibitory, double amplitude) {
    nux_neuron_state *state = &neurons->state;
    const nux_neuron_derived *derived = neurons->derived;
    if (derived->rest_end_s <= t)
        nux_neurons_wake(neurons, t);
    if (t > state->end_s || nux_span_old(neurons, t) ||
        (state->looks > 2 * derived->n_linear && state->inputs > FEW_INPUTS))
        nux_neurons_restart(neurons, t);
    state->inputs++;
    add(neurons, t - state->start_s, weights, inhibitory != 0, amplitude);
    if (inhibitory || !derived->fires)
        return;
    double use =
        NUX_NEURON_ROOM_UNITS * amplitude / state->room_s * slowest_psp(derived, state->end_s - t);
    uint64_t out[NUX_NEURONS / 64] = {0};
    if (use < MOST_USE - 1)
        use_room(state, weights, (int16_t)(use + 1), out);
    else
        for (unsigned i = 0; i < derived->n_linear; i++)
            out[derived->linear[i] / 16] |= (uint64_t)1 << derived->linear[i] % 16 * 4;
    if (out[0] | out[1] | out[2] | out[3])
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
