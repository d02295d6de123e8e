// SPDX-License-Identifier: BSD-3-Clause
// Numeric integration of neurons with adaptation, the exponential term or conductance-based
// synapses: the embedded Runge-Kutta method of order 5(4) by Dormand and Prince with its
// continuous extension of fourth order (coefficients: Hairer, Norsett, Wanner, Solving Ordinary
// Differential Equations I). Synaptic currents are exact at every stage. The four neurons of a
// group make common steps.
#include "neuron_linear.h"

// Error allowed in one step: in V and w, relative to them (this counts for extreme values only),
// and in time where they change steeply.
#define TOLERANCE_LSB 1e-7
#define TOLERANCE_PART 1e-10
#define TOLERANCE_S 1e-12
#define FIRST_TRIAL_S 1e-7
#define LONGEST_S 1e-3
#define SHORTEST_S 1e-13
#define SHORTEST_PART 4e-16 // of the time
// The membrane's range; steps that are as short as possible are made whatever their error.
#define RANGE_LSB 1e9
// Largest exponent of the exponential term. Thresholds are far below (neuron_parameters.c).
#define STEEPEST 40
enum { STAGES = 7 };

typedef struct {
    nux_f64x4 v, w;
} slopes;

// Stages are at 0, 1/5, 3/10, 4/5, 8/9, 1, 1 of the step. Weights of the slopes before each; the
// last row makes the result.
static const double WEIGHTS[STAGES][STAGES - 1] = {
    {0},
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
};
static const double ERROR[STAGES] = {71.0 / 57600,      0,          -71.0 / 16695, 71.0 / 1920,
                                     -17253.0 / 339200, 22.0 / 525, -1.0 / 40};
static const double DENSE[STAGES] = {-12715105075.0 / 11282082432.0,  0,
                                     87487479700.0 / 32700410799.0,   -10690763975.0 / 1880347072.0,
                                     701980252875.0 / 199316789632.0, -1453857185.0 / 822651844.0,
                                     69997945.0 / 29380423.0};

// The parts of exp(-rate h) that remain at the nodes, which are multiples of 1/90.
NUX_INLINE void decay_at_nodes(nux_f64x4 rate, double h, nux_f64x4 decay[STAGES]) {
    nux_f64x4 p1 = nux_exp(rate * (-h / 90)), p2 = p1 * p1, p4 = p2 * p2, p8 = p4 * p4;
    nux_f64x4 p9 = p8 * p1, p18 = p9 * p9, p36 = p18 * p18, p72 = p36 * p36;
    decay[0] = nux_splat(1);
    decay[1] = p18;
    decay[2] = p18 * p9;
    decay[3] = p72;
    decay[4] = p72 * p8;
    decay[5] = decay[6] = p72 * p18;
}

NUX_INLINE slopes slopes_at(const nux_neuron_group *of, nux_i64x4 moves, nux_f64x4 v, nux_f64x4 w,
                            nux_f64x4 i_exc, nux_f64x4 i_inh) {
    nux_f64x4 above = v - nux_load(of->leak), upstroke = nux_load(of->upstroke);
    nux_f64x4 rest = -above - w * nux_load(of->w_weight);
    if (nux_any_lane(upstroke != 0.0)) {
        nux_f64x4 x = (v - nux_load(of->v_exp)) * nux_load(of->inverse_delta_t);
        rest += upstroke * nux_exp(nux_min(x, nux_splat(STEEPEST)));
    }
    nux_f64x4 exc = i_exc * (nux_load(of->exc_constant) - nux_load(of->exc_slope) * v);
    nux_f64x4 inh = i_inh * (nux_load(of->inh_constant) + nux_load(of->inh_slope) * v);
    nux_f64x4 dv = rest * nux_load(of->rates.mem) + (exc - inh);
    nux_f64x4 dw = (nux_load(of->a) * above - w) * nux_load(of->rate_w);
    return (slopes){(nux_f64x4)(moves & (nux_i64x4)dv), dw};
}

NUX_INLINE nux_f64x4 clamped(nux_f64x4 v) {
    return nux_min(nux_max(v, nux_splat(-RANGE_LSB)), nux_splat(RANGE_LSB));
}

NUX_INLINE nux_f64x4 absolute(nux_f64x4 x) { return nux_max(x, -x); }

// An error as a multiple of what is allowed. Of the slopes at both ends the smaller one counts: a
// step that overshoots has a huge slope at its end.
NUX_INLINE nux_f64x4 relative_error(nux_f64x4 error, nux_f64x4 value, nux_f64x4 first,
                                    nux_f64x4 last) {
    nux_f64x4 slope = nux_min(absolute(first), absolute(last));
    return absolute(error) /
           (TOLERANCE_LSB + TOLERANCE_PART * absolute(value) + TOLERANCE_S * slope);
}

// Store the continuous extension of a step as control values. `first`, `last`: slopes, and `sum`:
// theirs weighted with DENSE, all times h.
NUX_INLINE void store_bezier(double control[NUX_BEZIER][4], nux_f64x4 from, nux_f64x4 to,
                             nux_f64x4 first, nux_f64x4 last, nux_f64x4 sum) {
    // from + x c2 + x (1 - x) c3 + x^2 (1 - x) c4 + x^2 (1 - x)^2 c5
    nux_f64x4 c2 = to - from, c3 = first - c2, c4 = c2 - last - c3, c5 = sum;
    nux_store(control[0], from);
    nux_store(control[1], from + first / 4);
    nux_store(control[2], from + c2 / 2 + c3 / 3 + (c4 + c5) / 6);
    nux_store(control[3], to - last / 4);
    nux_store(control[4], to);
}

// One step of length h; returns its largest error as a multiple of what is allowed.
NUX_NEURON_CLONES
static double make_step(nux_neurons *neurons, unsigned group, double h) {
    nux_neuron_group *of = &neurons->derived->groups[group];
    nux_neuron_lanes from = nux_stored_lanes(neurons, group);
    nux_f64x4 until = nux_load(&neurons->state.refractory_until_s[group * NUX_NEURON_GROUP]);
    nux_i64x4 numeric = nux_load_mask(of->numeric);
    nux_i64x4 moves = numeric & (until <= neurons->state.time_s[group]);
    nux_f64x4 decay_exc[STAGES], decay_inh[STAGES];
    decay_at_nodes(nux_load(of->rates.exc), h, decay_exc);
    decay_at_nodes(nux_load(of->rates.inh), h, decay_inh);
    slopes k[STAGES];
    nux_f64x4 v = from.v, w = from.w;
    for (unsigned stage = 0; stage < STAGES; stage++) {
        nux_f64x4 dv = nux_splat(0), dw = nux_splat(0);
        for (unsigned i = 0; i < stage; i++) {
            dv += WEIGHTS[stage][i] * k[i].v;
            dw += WEIGHTS[stage][i] * k[i].w;
        }
        v = clamped(from.v + h * dv);
        w = from.w + h * dw;
        k[stage] = slopes_at(of, moves, v, w, from.i_exc * decay_exc[stage],
                             from.i_inh * decay_inh[stage]);
    }
    slopes error = {nux_splat(0), nux_splat(0)}, dense = error;
    for (unsigned i = 0; i < STAGES; i++) {
        error.v += ERROR[i] * k[i].v;
        error.w += ERROR[i] * k[i].w;
        dense.v += DENSE[i] * k[i].v;
        dense.w += DENSE[i] * k[i].w;
    }
    store_bezier(of->step.v, from.v, v, h * k[0].v, h * k[STAGES - 1].v, h * dense.v);
    store_bezier(of->step.w, from.w, w, h * k[0].w, h * k[STAGES - 1].w, h * dense.w);
    nux_f64x4 worst = nux_max(relative_error(h * error.v, from.v, k[0].v, k[STAGES - 1].v),
                              relative_error(h * error.w, from.w, k[0].w, k[STAGES - 1].w));
    return -nux_least(-(nux_f64x4)(numeric & (nux_i64x4)worst));
}

// 0.9 * error^(-1/5) within a factor of 1.15, from 0.2 to 5.
static double step_factor(double error) {
    static const double fifths[5] = {1, 1.148698354997035, 1.3195079107728942, 1.515716566510398,
                                     1.7411011265922482}; // 2^(n/5)
    if (!(error < 1e3))
        return 0.2;
    if (error < 1e-4)
        return 5;
    int exponent;
    frexp(error, &exponent); // error < 2^exponent
    int power = 50 - exponent;
    return ldexp(0.9 * fifths[power % 5], power / 5 - 10);
}

// Part of the step, from `begin` to `end`, at which the polynomial first reaches the threshold;
// more than 1 if it does not. A polynomial lies within the range of its control values.
static double first_crossing(const double control[NUX_BEZIER], double threshold, double begin,
                             double end, unsigned *patience) {
    double most = control[0];
    for (unsigned i = 1; i < NUX_BEZIER; i++)
        most = control[i] > most ? control[i] : most;
    if (most < threshold)
        return 2;
    if (control[0] >= threshold)
        return begin;
    double middle = begin + (end - begin) / 2;
    if (middle <= begin || middle >= end || *patience == 0)
        return control[NUX_BEZIER - 1] >= threshold ? end : 2;
    --*patience;
    double left[NUX_BEZIER], right[NUX_BEZIER];
    memcpy(right, control, sizeof right);
    for (unsigned i = 0; i < NUX_BEZIER; i++) {
        left[i] = right[0];
        for (unsigned j = 0; j + 1 < NUX_BEZIER - i; j++)
            right[j] += (right[j + 1] - right[j]) / 2;
    }
    double crossing = first_crossing(left, threshold, begin, middle, patience);
    return crossing <= 1 ? crossing : first_crossing(right, threshold, middle, end, patience);
}

static void find_crossings(nux_neurons *neurons, unsigned group) {
    nux_neuron_group *of = &neurons->derived->groups[group];
    const nux_neuron_state *state = &neurons->state;
    double start = state->time_s[group], h = state->step_end_s[group] - start;
    for (unsigned lane = 0; lane < NUX_NEURON_GROUP; lane++) {
        double control[NUX_BEZIER], part = 2;
        unsigned patience = 500;
        for (unsigned i = 0; i < NUX_BEZIER; i++)
            control[i] = of->step.v[i][lane];
        if (of->numeric[lane] &&
            state->refractory_until_s[group * NUX_NEURON_GROUP + lane] <= start)
            part = first_crossing(control, of->threshold[lane], 0, 1, &patience);
        of->step.crossing_s[lane] = part <= 1 ? start + part * h : INFINITY;
    }
}

void nux_neurons_begin_step(nux_neurons *neurons, unsigned group, double end_s) {
    nux_neuron_step *step = &neurons->derived->groups[group].step;
    double start = neurons->state.time_s[group];
    double shortest = SHORTEST_S > SHORTEST_PART * start ? SHORTEST_S : SHORTEST_PART * start;
    double trial = step->next_s > 0 ? step->next_s : FIRST_TRIAL_S;
    for (;;) {
        trial = trial < LONGEST_S ? trial : LONGEST_S;
        trial = trial > shortest ? trial : shortest;
        double end = start + trial < end_s ? start + trial : end_s;
        double h = end - start, error = make_step(neurons, group, h);
        if (error <= 1 || trial <= shortest) {
            neurons->state.step_end_s[group] = end;
            step->next_s = h * step_factor(error);
            break;
        }
        trial = h * step_factor(error);
    }
    find_crossings(neurons, group);
}

void nux_neurons_repeat_step(nux_neurons *neurons, unsigned group) {
    double h = neurons->state.step_end_s[group] - neurons->state.time_s[group];
    neurons->derived->groups[group].step.next_s = h * step_factor(make_step(neurons, group, h));
    find_crossings(neurons, group);
}
