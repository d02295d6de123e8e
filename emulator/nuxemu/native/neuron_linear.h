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

// Currents and distances from rest below this are 0, so that they never become subnormal.
#define NUX_NEURON_TINY 1e-100

NUX_INLINE nux_i64x4 nux_load_mask(const int64_t *from) {
    nux_i64x4 value;
    memcpy(&value, from, sizeof value);
    return value;
}

NUX_INLINE nux_f64x4 nux_unless_tiny(nux_f64x4 x) {
    return (nux_f64x4)(((x > NUX_NEURON_TINY) | (x < -NUX_NEURON_TINY)) & (nux_i64x4)x);
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

// What remains after a time: of the membrane's distance from leak, of the currents, and of a current
// as a distance of the membrane (s).
typedef struct {
    nux_f64x4 mem, exc, inh, psp_exc, psp_inh;
} nux_neuron_decay;

// (exp_syn - exp_mem) / (rate_mem - rate_syn), where they are those of -h.
NUX_INLINE nux_f64x4 nux_psp(const nux_neuron_group *of, unsigned kind, double h, nux_f64x4 exp_mem,
                             nux_f64x4 exp_syn) {
    nux_f64x4 x = nux_load(of->difference[kind]) * h;
    nux_f64x4 near = h * exp_mem * nux_phi_short(x);
    nux_f64x4 far = (exp_syn - exp_mem) * nux_load(of->inverse_difference[kind]);
    return nux_where((x <= NUX_SHORT) & (x >= -NUX_SHORT), near, far);
}

NUX_INLINE nux_neuron_decay nux_decay(const nux_neuron_group *of, double h) {
    nux_neuron_decay after;
    if (h <= of->short_s) {
        nux_f64x4 x_exc = h * nux_load(of->difference[0]), phi_exc = nux_phi_short(x_exc);
        nux_f64x4 x_inh = h * nux_load(of->difference[1]), phi_inh = nux_phi_short(x_inh);
        after.mem = nux_exp_short(-h * nux_load(of->rate_mem));
        after.exc = after.mem * (1.0 + x_exc * phi_exc);
        after.inh = after.mem * (1.0 + x_inh * phi_inh);
        after.psp_exc = h * after.mem * phi_exc;
        after.psp_inh = h * after.mem * phi_inh;
    } else {
        after.mem = nux_exp(-h * nux_load(of->rate_mem));
        after.exc = nux_exp(-h * nux_load(of->rate_exc));
        after.inh = nux_exp(-h * nux_load(of->rate_inh));
        after.psp_exc = nux_psp(of, 0, h, after.mem, after.exc);
        after.psp_inh = nux_psp(of, 1, h, after.mem, after.inh);
    }
    return after;
}

// Values after that time; membranes move where `moves`.
NUX_INLINE nux_neuron_lanes nux_after(const nux_neuron_decay *decay, nux_f64x4 leak,
                                      nux_i64x4 moves, nux_neuron_lanes now) {
    nux_f64x4 above = (now.v - leak) * decay->mem +
                      (now.i_exc * decay->psp_exc - now.i_inh * decay->psp_inh);
    now.v = nux_where(moves, leak + nux_unless_tiny(above), now.v);
    now.i_exc = nux_unless_tiny(now.i_exc * decay->exc);
    now.i_inh = nux_unless_tiny(now.i_inh * decay->inh);
    return now;
}

// Linear neurons of the group that are not refractory.
NUX_INLINE nux_i64x4 nux_moving(const nux_neurons *neurons, unsigned group) {
    return nux_load_mask(&neurons->derived->moves[group * NUX_NEURON_GROUP]);
}

// Values of the group at t, at most the end of the step under way.
NUX_INLINE nux_neuron_lanes nux_lanes_at(const nux_neurons *neurons, unsigned group, double t) {
    const nux_neuron_group *of = &neurons->derived->groups[group];
    nux_neuron_lanes now = nux_stored_lanes(neurons, group);
    double start = neurons->state.time_s[group], h = t - start;
    nux_neuron_decay decay = nux_decay(of, h);
    now = nux_after(&decay, nux_load(of->leak), nux_moving(neurons, group), now);
    if (of->any_numeric) {
        double part = h / (neurons->state.step_end_s[group] - start);
        part = part < 1 ? part : 1;
        nux_f64x4 until = nux_load(&neurons->state.refractory_until_s[group * NUX_NEURON_GROUP]);
        nux_i64x4 numeric = nux_load_mask(of->numeric);
        now.v = nux_where(numeric & (until <= start), nux_bezier(of->step.v, part), now.v);
        now.w = nux_where(numeric, nux_bezier(of->step.w, part), now.w);
    }
    return now;
}

// Time for which a linear membrane with these values certainly stays below its threshold when no
// input comes; infinity: for ever.
//
// The slope y = dV/dt follows y' = -rate_mem y + f, with f = rate_inh i_inh - rate_exc i_exc, both
// decaying. With F >= f, y <= y(0) + C t for C = F + rate_mem max(0, -y(0)), which makes V less
// than a parabola; and when F = 0, y <= 0 stays so. Besides, V <= max(V(0), leak) + i_exc psp_peak.
NUX_INLINE nux_f64x4 nux_quiet_time(const nux_neuron_group *of, const nux_neuron_lanes *at) {
    nux_f64x4 leak = nux_load(of->leak), threshold = nux_load(of->threshold), zero = nux_splat(0);
    nux_f64x4 rate_mem = nux_load(of->rate_mem);
    nux_f64x4 gap = threshold - at->v;
    nux_f64x4 slope = (leak - at->v) * rate_mem + (at->i_exc - at->i_inh);
    nux_f64x4 lift = nux_load(of->rate_inh) * at->i_inh - nux_load(of->relief_exc) * at->i_exc;
    nux_i64x4 falls = slope < 0.0, lifts = lift > 0.0;
    nux_f64x4 bend = (nux_f64x4)(lifts & (nux_i64x4)(lift - rate_mem * nux_min(slope, zero)));
    nux_f64x4 root = nux_sqrt(nux_max(slope * slope + 2 * bend * gap, zero));
    nux_f64x4 above = nux_where(falls, root - slope, 2 * gap);
    nux_f64x4 below = nux_where(falls, bend, slope + root);
    nux_f64x4 quiet = nux_where(gap > 0.0, above / below, zero);
    nux_i64x4 never = nux_max(at->v, leak) + at->i_exc * nux_load(of->psp_peak) < threshold;
    return nux_where(never, nux_splat(INFINITY), quiet);
}

// How far a linear membrane with these values certainly stays below its threshold for a time h (may
// be infinite) when no input comes; negative: perhaps not at all. With the slope and C as above, but
// F >= f for h only, V rises by at most max(slope t + C t^2 / 2); C may be negative, the slope is
// then never positive again once it is not.
NUX_INLINE nux_f64x4 nux_room(const nux_neuron_group *of, const nux_neuron_lanes *at, double h) {
    const double longest = 1e6;
    nux_f64x4 leak = nux_load(of->leak), zero = nux_splat(0);
    nux_f64x4 rate_mem = nux_load(of->rate_mem), rate_exc = nux_load(of->rate_exc);
    nux_f64x4 time = nux_splat(h < longest ? h : longest);
    nux_f64x4 slope = (leak - at->v) * rate_mem + (at->i_exc - at->i_inh);
    nux_f64x4 lift = nux_load(of->rate_inh) * at->i_inh -
                     rate_exc * at->i_exc * nux_max(1.0 - rate_exc * time, zero);
    nux_i64x4 lifts = lift >= 0.0;
    nux_f64x4 bend = lift - (nux_f64x4)(lifts & (nux_i64x4)(rate_mem * nux_min(slope, zero)));
    nux_f64x4 top = nux_where(lifts, time, nux_min(time, nux_max(-slope / bend, zero)));
    nux_f64x4 rise = nux_max(top * (slope + 0.5 * top * bend), zero);
    nux_f64x4 most = nux_max(at->v, leak) + at->i_exc * nux_load(of->psp_peak);
    return nux_load(of->threshold) - nux_min(at->v + rise, most);
}

#endif
