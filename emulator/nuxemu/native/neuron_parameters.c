// SPDX-License-Identifier: BSD-3-Clause
// Parameters of the neurons: their ranges, and what follows from them.
#include "neurons.h"

// With the exponential term a neuron spikes at the latest when it would diverge within this time.
#define DIVERGES_S 1e-12
// In place of 1 / 0, so that no product is undefined.
#define LARGEST_PER_JUMP 1e100

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
    double difference = of->rate_mem[lane] - 1 / tau;
    of->difference[kind][lane] = difference;
    of->inverse_difference[kind][lane] = difference == 0 ? 0 : 1 / difference;
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
    of->rate_mem[lane] = 1 / parameters->tau_mem_s[i];
    of->rate_exc[lane] = 1 / parameters->tau_syn_exc_s[i];
    of->rate_inh[lane] = 1 / parameters->tau_syn_inh_s[i];
    derive_synapse(of, lane, 0, parameters->tau_syn_exc_s[i], parameters->charge_exc_lsb[i]);
    derive_synapse(of, lane, 1, parameters->tau_syn_inh_s[i], parameters->charge_inh_lsb[i]);
    of->per_jump[lane] = of->jump[0][lane] > 0 ? 1 / of->jump[0][lane] : LARGEST_PER_JUMP;
    of->psp_peak[lane] = psp_peak(of->rate_mem[lane], of->rate_exc[lane]);
    if (!parameters->enabled[i])
        return;
    if (parameters->bypass[i]) {
        of->bypass |= 0xffu << 8 * lane;
        return;
    }
    of->receives |= 0xffu << 8 * lane;
    bool exponential = parameters->exponential[i] && parameters->fire[i] &&
                       of->rate_mem[lane] > 0; // without leak or end it has no meaning
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
            fastest = fmax(fmax(fastest, of->rate_mem[lane]),
                           fmax(of->rate_exc[lane], of->rate_inh[lane]));
    return NUX_SHORT / fastest;
}

// Rates over all neurons of linear groups.
static void derive_rates(nux_neuron_derived *derived, const nux_neuron_parameters *parameters) {
    double fastest = 0, mem = INFINITY, exc = INFINITY;
    unsigned first = NUX_NEURONS;
    derived->uniform = true;
    for (unsigned i = 0; i < NUX_NEURONS; i++) {
        if (!derived->linear_mask[i])
            continue;
        const nux_neuron_group *of = &derived->groups[i / NUX_NEURON_GROUP];
        unsigned lane = i % NUX_NEURON_GROUP;
        first = first < i ? first : i;
        mem = fmin(mem, of->rate_mem[lane]);
        exc = fmin(exc, of->rate_exc[lane]);
        fastest =
            fmax(fmax(fastest, of->rate_mem[lane]), fmax(of->rate_exc[lane], of->rate_inh[lane]));
        derived->fires = derived->fires || parameters->fire[i];
        derived->uniform = derived->uniform &&
                           parameters->tau_mem_s[i] == parameters->tau_mem_s[first] &&
                           parameters->tau_syn_exc_s[i] == parameters->tau_syn_exc_s[first] &&
                           parameters->tau_syn_inh_s[i] == parameters->tau_syn_inh_s[first];
    }
    if (first == NUX_NEURONS)
        return;
    for (unsigned lane = 0; lane < NUX_NEURON_GROUP; lane++)
        derive_neuron(parameters, first, &derived->shared, lane);
    derived->shared.short_s = short_time(&derived->shared);
    derived->shared.uniform = derived->uniform;
    for (unsigned i = 0; i < derived->n_linear; i++)
        derived->groups[derived->linear[i]].uniform = derived->uniform;
    derived->fastest = fastest;
    derived->slowest_mem = mem;
    derived->slowest_exc = exc;
    derived->slowest_peak = psp_peak(mem, exc);
    derived->slowest_peak_s = psp_peak_time(mem, exc);
}

void nux_neurons_derive(nux_neurons *neurons) {
    nux_neuron_derived *derived = neurons->derived;
    *derived = (nux_neuron_derived){0};
    for (unsigned i = 0; i < NUX_NEURON_GROUPS; i++) {
        nux_neuron_group *group = &derived->groups[i];
        for (unsigned lane = 0; lane < NUX_NEURON_GROUP; lane++)
            derive_neuron(&neurons->parameters, i * NUX_NEURON_GROUP + lane, group, lane);
        group->short_s = short_time(group);
        for (unsigned kind = 0; kind < 2; kind++)
            memcpy(&derived->jump[kind][i * NUX_NEURON_GROUP], group->jump[kind],
                   sizeof group->jump[kind]);
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
