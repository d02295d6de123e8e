// SPDX-License-Identifier: BSD-3-Clause
// Parameters of the neurons: their ranges, and what follows from them.
#include "neurons.h"

// With the exponential term a neuron spikes at the latest when it would diverge within this time.
#define DIVERGES_S 1e-12
// In place of 1 / 0, so that no product is undefined.
#define LARGEST_PER_JUMP 1e100
// Rates of membrane and synapse are apart when their difference is at least this part of the
// largest rate: then nothing is lost in dividing by it.
#define APART 0.02

static const nux_neuron_limit limits[NUX_NEURON_REALS] = {
    {"leak_lsb", -1000, 1000},      {"threshold_lsb", -1000, 1000},
    {"reset_lsb", -1000, 1000},     {"tau_mem_s", 1e-8, INFINITY},
    {"tau_syn_exc_s", 1e-8, 1},     {"tau_syn_inh_s", 1e-8, 1},
    {"charge_exc_lsb", 0, 100},     {"charge_inh_lsb", 0, 100},
    {"refractory_time_s", 4e-9, 1}, {"e_exc_lsb", -1000, 1000},
    {"e_inh_lsb", -1000, 1000},     {"v_exp_lsb", -1000, 1000},
    {"delta_t_lsb", 0.1, 100},      {"a", -100, 100},
    {"b_lsb", -1000, 1000},         {"tau_w_s", 1e-8, 1},
};

_Static_assert(sizeof(nux_neuron_parameters) ==
                   NUX_NEURONS * (NUX_NEURON_REALS * sizeof(double) + NUX_NEURON_FLAGS),
               "one limit for each number, and no padding");

const nux_neuron_limit *nux_neuron_parameter_limits(void) { return limits; }

bool nux_neurons_parameters_valid(const nux_neuron_parameters *parameters) {
    const double *numbers = parameters->leak_lsb;
    for (unsigned i = 0; i < NUX_NEURON_REALS * NUX_NEURONS; i++) {
        const nux_neuron_limit *limit = &limits[i / NUX_NEURONS];
        if (!(numbers[i] >= limit->low && numbers[i] <= limit->high))
            return false;
    }
    const uint8_t *flags = parameters->enabled;
    for (unsigned i = 0; i < NUX_NEURON_FLAGS * NUX_NEURONS; i++)
        if (flags[i] > 1)
            return false;
    for (unsigned i = 0; i < NUX_NEURONS; i++) {
        double leak = parameters->leak_lsb[i];
        if (parameters->fire[i] && parameters->reset_lsb[i] >= parameters->threshold_lsb[i])
            return false;
        if (parameters->conductance[i] &&
            (parameters->e_exc_lsb[i] - leak < NUX_NEURON_REVERSAL_GAP_LSB ||
             leak - parameters->e_inh_lsb[i] < NUX_NEURON_REVERSAL_GAP_LSB))
            return false;
    }
    return true;
}

// Time of the largest value of (exp(-s t) - exp(-m t)) / (m - s).
static double psp_peak_time(double m, double s) {
    if (m < 1e-12 * s)
        return 30 / s;
    return fabs(m - s) < 1e-4 * m ? 2 / (m + s) : nux_log(m / s) / (m - s);
}

// Largest value of (exp(-s t) - exp(-m t)) / (m - s), a little more for rounding.
static double psp_peak(double m, double s) {
    double peak;
    if (m < 1e-12 * s)
        peak = 1 / s; // as without leak
    else if (fabs(m - s) < 1e-4 * m)
        peak = nux_exp(nux_splat(-2 * s / (m + s)))[0] / m;
    else
        peak = nux_exp(nux_splat(-s * nux_log(m / s) / (m - s)))[0] / m;
    return peak * (1 + 1e-6);
}

static void derive_synapse(nux_neuron_group *of, unsigned lane, unsigned kind, double tau,
                           double charge) {
    double difference = of->rates.mem[lane] - 1 / tau;
    of->rates.difference[kind][lane] = difference;
    of->rates.inverse_difference[kind][lane] = difference == 0 ? 0 : 1 / difference;
    of->jump[kind][lane] = charge / tau;
}

static void derive_numeric(const nux_neuron_parameters *parameters, unsigned i,
                           nux_neuron_group *of, unsigned lane, bool exponential) {
    double delta_t = parameters->delta_t_lsb[i], leak = parameters->leak_lsb[i];
    of->upstroke[lane] = exponential ? delta_t : 0;
    of->inverse_delta_t[lane] = 1 / delta_t;
    of->v_exp[lane] = parameters->v_exp_lsb[i];
    if (exponential) {
        double latest = of->v_exp[lane] + delta_t * nux_log(parameters->tau_mem_s[i] / DIVERGES_S);
        if (latest < of->threshold[lane])
            of->threshold[lane] = latest;
    }
    of->exc_constant[lane] = of->inh_constant[lane] = 1;
    if (parameters->conductance[i]) {
        of->exc_slope[lane] = 1 / (parameters->e_exc_lsb[i] - leak);
        of->exc_constant[lane] = parameters->e_exc_lsb[i] * of->exc_slope[lane];
        of->inh_slope[lane] = 1 / (leak - parameters->e_inh_lsb[i]);
        of->inh_constant[lane] = -parameters->e_inh_lsb[i] * of->inh_slope[lane];
    }
    if (parameters->adaptation[i]) {
        of->w_weight[lane] = 1;
        of->a[lane] = parameters->a[i];
        of->b[lane] = parameters->b_lsb[i];
        of->rate_w[lane] = 1 / parameters->tau_w_s[i];
    }
}

static void derive_neuron(const nux_neuron_parameters *parameters, unsigned i, nux_neuron_group *of,
                          unsigned lane) {
    of->leak[lane] = parameters->leak_lsb[i];
    of->reset[lane] = parameters->reset_lsb[i];
    of->refractory_s[lane] = parameters->refractory_time_s[i];
    of->threshold[lane] = parameters->fire[i] ? parameters->threshold_lsb[i] : INFINITY;
    of->rates.mem[lane] = 1 / parameters->tau_mem_s[i];
    of->rates.exc[lane] = 1 / parameters->tau_syn_exc_s[i];
    of->rates.inh[lane] = 1 / parameters->tau_syn_inh_s[i];
    derive_synapse(of, lane, 0, parameters->tau_syn_exc_s[i], parameters->charge_exc_lsb[i]);
    derive_synapse(of, lane, 1, parameters->tau_syn_inh_s[i], parameters->charge_inh_lsb[i]);
    of->rates.psp_peak[lane] = psp_peak(of->rates.mem[lane], of->rates.exc[lane]);
    if (!parameters->enabled[i] || parameters->bypass[i]) {
        of->threshold[lane] = INFINITY;
        of->bypass |= parameters->enabled[i] ? 0xffu << 8 * lane : 0;
        return;
    }
    of->receives |= 0xffu << 8 * lane;
    bool exponential = parameters->exponential[i] && parameters->fire[i] &&
                       of->rates.mem[lane] > 0; // without leak or end it has no meaning
    derive_numeric(parameters, i, of, lane, exponential);
    if (exponential || parameters->conductance[i] || parameters->adaptation[i]) {
        of->numeric[lane] = -1;
        of->any_numeric = true;
    } else {
        of->linear[lane] = -1;
        of->any_linear = true;
    }
}

// So that NUX_SHORT covers the fastest of the rates and their differences.
static double short_time(const nux_neuron_group *of) {
    double fastest = 0;
    for (unsigned lane = 0; lane < NUX_NEURON_GROUP; lane++)
        if (of->receives >> 8 * lane & 1)
            fastest = fmax(fmax(fastest, of->rates.mem[lane]),
                           fmax(of->rates.exc[lane], of->rates.inh[lane]));
    return NUX_SHORT / fastest;
}

// How the rates of a neuron of a linear group differ from the typical ones.
static void derive_deviation(nux_neuron_derived *derived, unsigned i) {
    const nux_neuron_rates *rates = &derived->groups[i / NUX_NEURON_GROUP].rates;
    unsigned lane = i % NUX_NEURON_GROUP;
    double values[3] = {rates->mem[lane], rates->exc[lane], rates->inh[lane]};
    for (unsigned n = 0; n < 3; n++) {
        double deviation = values[n] - derived->typical[n];
        derived->deviation[n][i] = deviation;
        double *largest = n == 0 ? &derived->largest_mem : &derived->largest_syn;
        *largest = fmax(*largest, fabs(deviation));
    }
    for (unsigned kind = 0; kind < 2; kind++) {
        derived->inverse_difference[kind][i] = rates->inverse_difference[kind][lane];
        if (fabs(rates->difference[kind][lane]) < APART * derived->fastest)
            derived->apart = false;
    }
}

// Rates over all neurons of linear groups.
static void derive_rates(nux_neuron_derived *derived, const nux_neuron_parameters *parameters) {
    double mem = INFINITY, exc = INFINITY, highest[3] = {0}, lowest[3];
    nux_neuron_rates *shared = &derived->shared;
    bool first = true;
    for (unsigned i = 0; i < NUX_NEURONS; i++) {
        if (!derived->linear_mask[i])
            continue;
        nux_neuron_group one = {0};
        for (unsigned lane = 0; lane < NUX_NEURON_GROUP; lane++)
            derive_neuron(parameters, i, &one, lane);
        one.rates.short_s = short_time(&one);
        one.rates.uniform = true;
        double values[3] = {one.rates.mem[0], one.rates.exc[0], one.rates.inh[0]};
        for (unsigned n = 0; n < 3; n++) {
            highest[n] = fmax(highest[n], values[n]);
            lowest[n] = first ? values[n] : fmin(lowest[n], values[n]);
            derived->fastest = fmax(derived->fastest, values[n]);
        }
        mem = fmin(mem, values[0]);
        exc = fmin(exc, values[1]);
        derived->fires = derived->fires || parameters->fire[i];
        if (first)
            *shared = one.rates;
        first = false;
    }
    if (first)
        return;
    derived->uniform = true;
    for (unsigned n = 0; n < 3; n++) {
        derived->highest[n] = highest[n];
        derived->uniform = derived->uniform && lowest[n] == highest[n];
        derived->typical[n] = (lowest[n] + highest[n]) / 2;
    }
    derived->slowest_mem = mem;
    derived->slowest_exc = exc;
    derived->slowest_peak = psp_peak(mem, exc);
    derived->slowest_peak_s = psp_peak_time(mem, exc);
    derived->apart = true;
    derived->least_inhibition = INFINITY;
    for (unsigned i = 0; i < NUX_NEURONS; i++)
        if (derived->linear_mask[i]) {
            derive_deviation(derived, i);
            derived->least_inhibition =
                fmin(derived->least_inhibition, derived->jump[1][i] * derived->per_jump[i]);
        }
    // Also in lanes of neurons that are not linear, whose own rates may differ.
    for (unsigned i = 0; derived->uniform && i < derived->n_linear; i++)
        derived->groups[derived->linear[i]].rates = *shared;
}

void nux_neurons_derive(nux_neurons *neurons) {
    nux_neuron_derived *derived = neurons->derived;
    *derived = (nux_neuron_derived){0};
    for (unsigned i = 0; i < NUX_NEURON_GROUPS; i++) {
        nux_neuron_group *group = &derived->groups[i];
        for (unsigned lane = 0; lane < NUX_NEURON_GROUP; lane++) {
            unsigned column = i * NUX_NEURON_GROUP + lane;
            derive_neuron(&neurons->parameters, column, group, lane);
            derived->leak[column] = group->leak[lane];
            derived->threshold[column] = group->threshold[lane];
            derived->reset[column] = group->reset[lane];
            derived->refractory_s[column] = group->refractory_s[lane];
            derived->linear_lanes[column] = group->linear[lane];
            for (unsigned kind = 0; kind < 2; kind++)
                derived->jump[kind][column] = group->jump[kind][lane];
            double jump = group->jump[0][lane];
            derived->per_jump[column] = jump > 0 ? 1 / jump : LARGEST_PER_JUMP;
        }
        group->rates.short_s = short_time(group);
        derived->any_bypass = derived->any_bypass || group->bypass != 0;
        if (group->any_numeric)
            derived->numeric[derived->n_numeric++] = (uint8_t)i;
        else if (group->any_linear) {
            derived->linear[derived->n_linear++] = (uint8_t)i;
            memcpy(&derived->linear_mask[i * NUX_NEURON_GROUP], &group->receives,
                   sizeof group->receives);
        }
    }
    derive_rates(derived, &neurons->parameters);
}
