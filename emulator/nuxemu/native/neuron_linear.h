// SPDX-License-Identifier: BSD-3-Clause
// Four neurons from the time of their group to a later one.
//
// A linear membrane has a closed form: with K(h) = (exp(-rate_syn h) - exp(-rate_mem h)) /
// (rate_mem - rate_syn), V(h) = leak + (V - leak) exp(-rate_mem h) + i_exc K_exc(h) - i_inh
// K_inh(h). K = h exp(-rate_mem h) phi((rate_mem - rate_syn) h), phi(x) = (exp(x) - 1) / x, where
// the difference of the rates is small against 1 / h.
#ifndef NUX_NEURON_LINEAR_H
#define NUX_NEURON_LINEAR_H

#include "neurons.h"

// Currents and distances from rest below this are 0, so that they do not become subnormal.
#define NUX_NEURON_TINY 1e-100
// Smallest step of the search for a threshold crossing: the error of a spike time.
#define NUX_FINEST_S 1e-15
// The same relative to the time, a little more than the spacing of doubles.
#define NUX_FINEST_PART 4e-16

NUX_INLINE nux_i64x4 nux_load_mask(const int64_t *from) {
    nux_i64x4 value;
    memcpy(&value, from, sizeof value);
    return value;
}

NUX_INLINE nux_f64x4 nux_unless_tiny(nux_f64x4 x) {
    return (nux_f64x4)(((x > NUX_NEURON_TINY) | (x < -NUX_NEURON_TINY)) & (nux_i64x4)x);
}

// Sizes of exponents at which a new span begins: above, rounding would be felt.
#define NUX_NEURON_GROWTH 2

// Whether a span must not go on at t.
NUX_INLINE bool nux_span_old(const nux_neurons *neurons, double t) {
    return (t - neurons->state.start_s) * neurons->derived->fastest > NUX_NEURON_GROWTH;
}

// Stored values of a group.
NUX_INLINE nux_neuron_lanes nux_stored_lanes(const nux_neurons *neurons, unsigned group) {
    const nux_neuron_state *state = &neurons->state;
    unsigned column = group * NUX_NEURON_GROUP;
    return (nux_neuron_lanes){nux_load(&state->v_lsb[column]), nux_load(&state->i_exc[column]),
                              nux_load(&state->i_inh[column]), nux_load(&state->w_lsb[column])};
}

// The value at `part` (0 to 1) of a step.
NUX_INLINE nux_f64x4 nux_bezier(const double control[NUX_BEZIER][4], double part) {
    nux_f64x4 value[NUX_BEZIER];
    for (unsigned i = 0; i < NUX_BEZIER; i++)
        value[i] = nux_load(control[i]);
    double rest = 1 - part;
    for (unsigned n = NUX_BEZIER - 1; n > 0; n--)
        for (unsigned i = 0; i < n; i++)
            value[i] = rest * value[i] + part * value[i + 1];
    return value[0];
}

// What remains after a time: of the membrane's distance from leak, of the currents, and of a
// current as a distance of the membrane (s).
typedef struct {
    nux_f64x4 mem, exc, inh, psp_exc, psp_inh;
} nux_neuron_decay;

// (exp_syn - exp_mem) / (rate_mem - rate_syn), where they are those of -h.
NUX_INLINE nux_f64x4 nux_psp(const nux_neuron_rates *rates, unsigned kind, double h,
                             nux_f64x4 exp_mem, nux_f64x4 exp_syn) {
    nux_f64x4 x = nux_load(rates->difference[kind]) * h;
    nux_f64x4 near = h * exp_mem * nux_phi_short(x);
    nux_f64x4 far = (exp_syn - exp_mem) * nux_load(rates->inverse_difference[kind]);
    return nux_where((x <= NUX_SHORT) & (x >= -NUX_SHORT), near, far);
}

// The same for all lanes: those of the exponents are in one vector.
NUX_INLINE nux_neuron_decay nux_uniform_decay(const nux_neuron_rates *rates, double h) {
    double m = rates->mem[0], e = rates->exc[0], i = rates->inh[0];
    nux_f64x4 x = h * (nux_f64x4){rates->difference[0][0], rates->difference[1][0], 0, 0};
    nux_f64x4 phi = nux_phi_short(x);
    if (h <= rates->short_s) {
        double mem = nux_exp_short(nux_splat(-h * m))[0];
        nux_f64x4 syn = mem * (1.0 + x * phi), psp = h * mem * phi;
        return (nux_neuron_decay){nux_splat(mem), nux_splat(syn[0]), nux_splat(syn[1]),
                                  nux_splat(psp[0]), nux_splat(psp[1])};
    }
    nux_f64x4 power = nux_exp(-h * (nux_f64x4){m, e, i, 0});
    nux_f64x4 syn = {power[1], power[2], 0, 0};
    nux_f64x4 inverse = {rates->inverse_difference[0][0], rates->inverse_difference[1][0], 0, 0};
    nux_i64x4 is_near = (x <= NUX_SHORT) & (x >= -NUX_SHORT);
    nux_f64x4 psp = nux_where(is_near, h * power[0] * phi, (syn - power[0]) * inverse);
    return (nux_neuron_decay){nux_splat(power[0]), nux_splat(syn[0]), nux_splat(syn[1]),
                              nux_splat(psp[0]), nux_splat(psp[1])};
}

NUX_INLINE nux_neuron_decay nux_decay(const nux_neuron_rates *rates, double h) {
    nux_neuron_decay after;
    if (rates->uniform)
        return nux_uniform_decay(rates, h);
    if (h <= rates->short_s) {
        nux_f64x4 x_exc = h * nux_load(rates->difference[0]), phi_exc = nux_phi_short(x_exc);
        nux_f64x4 x_inh = h * nux_load(rates->difference[1]), phi_inh = nux_phi_short(x_inh);
        after.mem = nux_exp_short(-h * nux_load(rates->mem));
        after.exc = after.mem * (1.0 + x_exc * phi_exc);
        after.inh = after.mem * (1.0 + x_inh * phi_inh);
        after.psp_exc = h * after.mem * phi_exc;
        after.psp_inh = h * after.mem * phi_inh;
    } else {
        after.mem = nux_exp(-h * nux_load(rates->mem));
        after.exc = nux_exp(-h * nux_load(rates->exc));
        after.inh = nux_exp(-h * nux_load(rates->inh));
        after.psp_exc = nux_psp(rates, 0, h, after.mem, after.exc);
        after.psp_inh = nux_psp(rates, 1, h, after.mem, after.inh);
    }
    return after;
}

// Values after that time; membranes move where `moves`.
NUX_INLINE nux_neuron_lanes nux_after(const nux_neuron_decay *decay, nux_f64x4 leak,
                                      nux_i64x4 moves, nux_neuron_lanes now) {
    nux_f64x4 above =
        (now.v - leak) * decay->mem + (now.i_exc * decay->psp_exc - now.i_inh * decay->psp_inh);
    now.v = nux_where(moves, leak + above, now.v);
    now.i_exc *= decay->exc;
    now.i_inh *= decay->inh;
    return now;
}

// The same to be kept: numbers do not become subnormal.
NUX_INLINE nux_neuron_lanes nux_tidy(nux_neuron_lanes lanes, nux_f64x4 leak) {
    lanes.v = leak + nux_unless_tiny(lanes.v - leak);
    lanes.i_exc = nux_unless_tiny(lanes.i_exc);
    lanes.i_inh = nux_unless_tiny(lanes.i_inh);
    return lanes;
}

NUX_INLINE nux_f64x4 nux_refractory_until(const nux_neurons *neurons, unsigned group) {
    return nux_load(&neurons->state.refractory_until_s[group * NUX_NEURON_GROUP]);
}

// The smallest step of a search from t on.
NUX_INLINE double nux_finest_step(double t) {
    return NUX_FINEST_S > NUX_FINEST_PART * t ? NUX_FINEST_S : NUX_FINEST_PART * t;
}

// Linear neurons of the group that are not refractory.
NUX_INLINE nux_i64x4 nux_moving(const nux_neurons *neurons, unsigned group) {
    return nux_load_mask(&neurons->derived->moves[group * NUX_NEURON_GROUP]);
}

// Find out which linear neurons of a group move.
NUX_INLINE void nux_set_moving(nux_neurons *neurons, unsigned group) {
    nux_neuron_derived *derived = neurons->derived;
    unsigned column = group * NUX_NEURON_GROUP;
    nux_f64x4 until = nux_refractory_until(neurons, group);
    nux_i64x4 rests = until > -INFINITY;
    nux_i64x4 moves = nux_load_mask(&derived->linear_lanes[column]) & ~rests;
    memcpy(&derived->moves[column], &moves, sizeof moves);
    for (unsigned lane = 0; lane < NUX_NEURON_GROUP; lane++)
        derived->moving[column + lane] = (uint8_t)moves[lane];
    for (unsigned kind = 0; kind < 2; kind++) {
        nux_i64x4 jump = (nux_i64x4)nux_load(&derived->jump[kind][column]);
        nux_store(&derived->moved[kind][column], (nux_f64x4)(moves & jump));
    }
    uint64_t bit = (uint64_t)1 << group;
    derived->resting &= ~bit;
    if (!derived->groups[group].any_numeric && nux_any_lane(rests)) {
        double end = nux_least(nux_where(rests, until, nux_splat(INFINITY)));
        derived->resting |= bit;
        derived->rest_end_s = end < derived->rest_end_s ? end : derived->rest_end_s;
    }
}

// Values of the group at t, at most the end of the step under way.
NUX_INLINE nux_neuron_lanes nux_lanes_at(const nux_neurons *neurons, unsigned group, double t) {
    const nux_neuron_group *of = &neurons->derived->groups[group];
    nux_neuron_lanes now = nux_stored_lanes(neurons, group);
    double start = neurons->state.time_s[group], h = t - start;
    nux_neuron_decay decay = nux_decay(&of->rates, h);
    nux_f64x4 leak = nux_load(of->leak);
    now = nux_tidy(nux_after(&decay, leak, nux_moving(neurons, group), now), leak);
    if (of->any_numeric) {
        double part = h / (neurons->state.step_end_s[group] - start);
        part = part < 1 ? part : 1;
        nux_f64x4 until = nux_refractory_until(neurons, group);
        nux_i64x4 numeric = nux_load_mask(of->numeric);
        now.v = nux_where(numeric & (until <= start), nux_bezier(of->step.v, part), now.v);
        now.w = nux_where(numeric, nux_bezier(of->step.w, part), now.w);
    }
    return now;
}

// What linear membranes do not exceed for a time h, which may be infinite, when no input comes:
// V(t) <= V + slope t + bend t^2 / 2; and V(t) <= threshold - spare.
//
// The slope y = dV/dt follows y' = -rate_mem y + f, f = rate_inh i_inh - rate_exc i_exc. Let
// G <= f <= F until h.
// - For long times: if F < 0, y falls at least that fast as long as it is positive, and stays
//   negative then; a parabola that falls from the start says that the threshold is not crossed. If
//   F >= 0, y <= y(0) + (F + rate_mem max(0, -y(0))) t.
// - For short ones: as y grows no faster than F while it is positive, y <= max(y(0), 0) + max(F, 0)
//   h, so y' >= -A, A = rate_mem (max(y(0), 0) + max(F, 0) h) - G. The third derivative -rate_mem
//   y'
//   + rate_exc^2 i_exc - rate_inh^2 i_inh is at most some J > 0 then, and V <= V + y t + (y'(0) + J
//   h / 3) t^2 / 2.
typedef struct {
    nux_f64x4 slope, bend, gap, spare; // gap: from V to the threshold
    nux_i64x4 falls;                   // bend < 0
} nux_neuron_bound;

NUX_INLINE nux_neuron_bound nux_bound(const nux_neuron_rates *rates, nux_f64x4 leak,
                                      nux_f64x4 threshold, const nux_neuron_lanes *at,
                                      nux_f64x4 h) {
    nux_neuron_bound bound;
    nux_f64x4 zero = nux_splat(0), mem = nux_load(rates->mem), exc = nux_load(rates->exc);
    nux_f64x4 inh = nux_load(rates->inh), change_exc = exc * at->i_exc,
              change_inh = inh * at->i_inh;
    nux_f64x4 least_exc = change_exc * nux_max(1.0 - exc * h, zero);
    nux_f64x4 least_inh = change_inh * nux_max(1.0 - inh * h, zero);
    nux_f64x4 lift = change_inh - least_exc;
    bound.gap = threshold - at->v;
    bound.slope = (leak - at->v) * mem + (at->i_exc - at->i_inh);
    nux_f64x4 steepest = nux_max(bound.slope, zero) + nux_max(lift, zero) * h;
    nux_f64x4 arch = nux_max(mem * steepest + (change_exc - least_inh), zero);
    nux_f64x4 jerk = nux_max(mem * arch + (exc * change_exc - inh * least_inh), zero);
    nux_f64x4 soon = (change_inh - change_exc) - mem * bound.slope + jerk * (h * (1.0 / 3));
    nux_f64x4 late =
        lift - (nux_f64x4)(~(lift < 0.0) & (nux_i64x4)(mem * nux_min(bound.slope, zero)));
    bound.bend = nux_min(soon, late); // late where h is infinite
    bound.falls = bound.bend < 0.0;
    bound.spare = threshold - (nux_max(at->v, leak) + at->i_exc * nux_load(rates->psp_peak));
    return bound;
}

// How far membranes stay below the threshold for a time h; negative: perhaps not at all.
NUX_INLINE nux_f64x4 nux_room(const nux_neuron_bound *bound, double h) {
    const double longest = 1e6;
    nux_f64x4 time = nux_splat(h < longest ? h : longest), zero = nux_splat(0);
    nux_f64x4 top = nux_min(time, nux_max(-bound->slope / bound->bend, zero));
    top = nux_where(bound->falls, top, time);
    nux_f64x4 rise = nux_max(top * (bound->slope + 0.5 * top * bound->bend), zero);
    return nux_max(bound->gap - rise, bound->spare);
}

// Time for which membranes certainly stay below their threshold; infinity: at least for h.
NUX_INLINE nux_f64x4 nux_quiet_time(const nux_neuron_bound *bound) {
    nux_f64x4 never = nux_splat(INFINITY), zero = nux_splat(0);
    nux_f64x4 square = bound->slope * bound->slope + 2 * bound->bend * bound->gap;
    nux_f64x4 root = nux_sqrt(nux_max(square, zero));
    nux_i64x4 sinks = bound->slope < 0.0;
    nux_f64x4 quiet = nux_where(sinks, root - bound->slope, 2 * bound->gap) /
                      nux_where(sinks, bound->bend, bound->slope + root);
    quiet = nux_where(bound->falls & (sinks | (square < 0.0)), never, quiet);
    quiet = nux_where(bound->gap > 0.0, quiet, zero);
    return nux_where(bound->spare > 0.0, never, quiet);
}

// The same, for a time h at most; the bound is made for little more than the time that matters.
NUX_INLINE nux_f64x4 nux_quiet_until(const nux_neuron_rates *rates, nux_f64x4 leak,
                                     nux_f64x4 threshold, const nux_neuron_lanes *at, double h) {
    nux_f64x4 gap = threshold - at->v, zero = nux_splat(0), end = nux_splat(h);
    nux_f64x4 slope = (leak - at->v) * nux_load(rates->mem) + (at->i_exc - at->i_inh);
    nux_f64x4 soon = nux_where(slope > 0.0, nux_max(1.5 * gap / slope, zero), end);
    soon = nux_min(soon, end);
    nux_neuron_bound bound = nux_bound(rates, leak, threshold, at, soon);
    nux_f64x4 quiet = nux_quiet_time(&bound);
    return nux_where((soon < end) & ~(bound.spare > 0.0), nux_min(quiet, soon), quiet);
}

#endif
