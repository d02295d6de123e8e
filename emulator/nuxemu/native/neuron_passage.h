// SPDX-License-Identifier: BSD-3-Clause
// Linear groups over a time that is common to all: what remains, and what an event adds at the
// start.
#ifndef NUX_NEURON_PASSAGE_H
#define NUX_NEURON_PASSAGE_H

#include "neuron_linear.h"

NUX_INLINE const nux_neuron_rates *rates_of(const nux_neuron_derived *derived, unsigned group) {
    return derived->uniform ? &derived->shared : &derived->groups[group].rates;
}

// e^x for |x| up to 0.02, 0.1, 0.3 with 6, 8, 11 terms: relative error below 1e-14.
#define SERIES_6 0.02
#define SERIES_8 0.1
#define SERIES_11 0.3
static const double inverses[] = {1,       1.0 / 2, 1.0 / 3, 1.0 / 4,  1.0 / 5, 1.0 / 6,
                                  1.0 / 7, 1.0 / 8, 1.0 / 9, 1.0 / 10, 1.0 / 11};

NUX_INLINE double exp_series(double x, unsigned terms) {
    double sum = 1;
    for (unsigned i = terms; i > 0; i--)
        sum = 1 + x * inverses[i - 1] * sum;
    return sum;
}

NUX_INLINE nux_f64x4 exp_series_lanes(nux_f64x4 x, unsigned terms) {
    nux_f64x4 sum = nux_splat(1);
    for (unsigned i = terms; i > 0; i--)
        sum = 1.0 + x * inverses[i - 1] * sum;
    return sum;
}

// A time over which groups are followed, and what is common to them: where all rates are the same,
// everything; where they are near typical ones, the exponentials of the latter.
typedef struct {
    double h;
    enum { SAME, NEAR_TYPICAL, DIFFERENT } rates;
    // Numbers rather than vectors: compilers copy those in halves, which is slow to read back.
    struct {
        double mem, exc, inh, psp_exc, psp_inh;
    } same;
    double typical[3];
} passage;

NUX_INLINE passage pass(const nux_neuron_derived *derived, double h) {
    passage over = {.h = h, .rates = DIFFERENT};
    double largest =
        derived->largest_mem > derived->largest_syn ? derived->largest_mem : derived->largest_syn;
    if (derived->uniform) {
        over.rates = SAME;
        nux_neuron_decay decay = nux_uniform_decay(&derived->shared, h);
        over.same.mem = decay.mem[0];
        over.same.exc = decay.exc[0];
        over.same.inh = decay.inh[0];
        over.same.psp_exc = decay.psp_exc[0];
        over.same.psp_inh = decay.psp_inh[0];
    } else if (derived->apart && h * largest <= SERIES_11) {
        const double *typical = derived->typical;
        nux_f64x4 power = nux_exp(-h * (nux_f64x4){typical[0], typical[1], typical[2], 0});
        over.rates = NEAR_TYPICAL;
        for (unsigned i = 0; i < 3; i++)
            over.typical[i] = power[i];
    }
    return over;
}

NUX_INLINE nux_f64x4 deviating(const nux_neuron_derived *derived, unsigned rate, unsigned column,
                               const passage *over) {
    nux_f64x4 x = -over->h * nux_load(&derived->deviation[rate][column]);
    return over->typical[rate] * exp_series_lanes(x, 11);
}

NUX_INLINE nux_neuron_decay decay_of(const nux_neuron_derived *derived, unsigned group,
                                     const passage *over) {
    unsigned column = group * NUX_NEURON_GROUP;
    if (over->rates == SAME)
        return (nux_neuron_decay){nux_splat(over->same.mem), nux_splat(over->same.exc),
                                  nux_splat(over->same.inh), nux_splat(over->same.psp_exc),
                                  nux_splat(over->same.psp_inh)};
    if (over->rates == DIFFERENT)
        return nux_decay(rates_of(derived, group), over->h);
    nux_neuron_decay decay = {.mem = deviating(derived, 0, column, over),
                              .exc = deviating(derived, 1, column, over),
                              .inh = deviating(derived, 2, column, over)};
    decay.psp_exc = (decay.exc - decay.mem) * nux_load(&derived->inverse_difference[0][column]);
    decay.psp_inh = (decay.inh - decay.mem) * nux_load(&derived->inverse_difference[1][column]);
    return decay;
}

// What a current of 1 at h adds to the values at the start.
typedef struct {
    nux_f64x4 membrane, current;
} growth;

NUX_INLINE growth grow(const nux_neuron_rates *rates, unsigned kind, double h) {
    nux_f64x4 rate_syn = nux_load(kind ? rates->inh : rates->exc);
    nux_f64x4 x = -h * nux_load(rates->difference[kind]), phi = nux_phi_short(x);
    if (h <= rates->short_s) {
        nux_f64x4 mem = nux_exp_short(h * nux_load(rates->mem));
        return (growth){-h * mem * phi, mem * (1.0 + x * phi)};
    }
    nux_f64x4 mem = nux_exp(h * nux_load(rates->mem)), syn = nux_exp(h * rate_syn);
    nux_f64x4 far = (syn - mem) * nux_load(rates->inverse_difference[kind]);
    nux_i64x4 is_near = (x <= NUX_SHORT) & (x >= -NUX_SHORT);
    return (growth){nux_where(is_near, -h * mem * phi, far), syn};
}

#endif
