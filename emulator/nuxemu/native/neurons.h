// SPDX-License-Identifier: BSD-3-Clause
// Inside of the neurons: what is computed from their parameters, and the parts of the model.
//
//   dV/dt = (leak - V + delta_t exp((V - v_exp) / delta_t) - w) / tau_mem + i_exc - i_inh
//   dw/dt = (a (V - leak) - w) / tau_w
//
// neurons.c           what happens to neurons and when
// neuron_linear.c     linear neurons: input, spikes; neuron_passage.h: all of them over a time
// neuron_event.h      what an event adds to linear neurons, and takes from their room
// neuron_linear.h     exact propagation, and the bound before which no threshold is crossed
// neuron_numeric.c    Runge-Kutta steps for neurons with terms that have no closed form
// neuron_parameters.c limits, and derived values
// neuron_state.c      save and load
#ifndef NUX_NEURONS_H
#define NUX_NEURONS_H

#include "cdef/neurons.h"
#include "neuron_math.h"

#include <stdbool.h>

enum {
    NUX_BEZIER = 5,       // control values of a polynomial of fourth degree
    NUX_NEURON_BLOCK = 4, // groups that are searched together for the next that is due
};

// A step of the numeric integration that starts at the group's time: the control values of V and w
// over it, when V first crosses the threshold (s; infinity: it does not), and a good length for the
// next step.
typedef struct {
    double v[NUX_BEZIER][4], w[NUX_BEZIER][4];
    double crossing_s[4];
    double next_s;
} nux_neuron_step;

// What decides how four neurons, [lane], move without input; rates are in 1/s.
typedef struct {
    double mem[4], exc[4], inh[4];
    double psp_peak[4];      // of the membrane above leak, per unit of excitatory current
    double difference[2][4]; // mem - exc, mem - inh
    double inverse_difference[2][4];
    double short_s; // up to which the short series hold
    bool uniform;   // the same in all lanes
} nux_neuron_rates;

// Four neighbouring neurons.
typedef struct {
    nux_neuron_rates rates;
    double leak[4];
    double threshold[4]; // infinite: never spikes
    double reset[4], refractory_s[4];
    double jump[2][4]; // of the current, per unit of weight: excitatory, inhibitory
    int64_t linear[4]; // masks: propagated exactly, or numerically; neither if not enabled
    int64_t numeric[4];
    uint32_t receives, bypass; // byte masks
    bool any_linear, any_numeric;
    // Numeric neurons.
    double upstroke[4], inverse_delta_t[4], v_exp[4]; // upstroke: delta_t, 0 without the term
    double exc_constant[4], exc_slope[4]; // i_exc counts exc_constant - exc_slope * V times
    double inh_constant[4], inh_slope[4]; // i_inh counts inh_constant + inh_slope * V times
    double w_weight[4];                   // 1 with adaptation, else 0
    double a[4], b[4], rate_w[4];
    nux_neuron_step step;
} nux_neuron_group;

typedef struct nux_neuron_derived {
    // By column.
    double leak[NUX_NEURONS], threshold[NUX_NEURONS], reset[NUX_NEURONS];
    double refractory_s[NUX_NEURONS], per_jump[NUX_NEURONS]; // 1 / jump[0]
    int64_t linear_lanes[NUX_NEURONS];                       // masks
    double jump[2][NUX_NEURONS];
    double moved[2][NUX_NEURONS];     // the same, 0 where the membrane does not move
    int64_t moves[NUX_NEURONS];       // masks: linear and not refractory
    uint8_t moving[NUX_NEURONS];      // the same as bytes
    uint8_t linear_mask[NUX_NEURONS]; // bytes of neurons in linear groups
    double block_check_s[NUX_NEURON_GROUPS / NUX_NEURON_BLOCK]; // the least of the block's check_s
    double next_s; // least of check_s, and end_s if there are linear groups
    // Linear groups with neurons that rest, as bits, and when the first of them ends to.
    uint64_t resting;
    double rest_end_s;
    // The linear groups; those with numeric neurons; and whether there are bypassed neurons.
    unsigned n_linear, n_numeric;
    uint8_t linear[NUX_NEURON_GROUPS], numeric[NUX_NEURON_GROUPS];
    bool any_bypass;
    // Of linear groups: whether all neurons have the same rates (then `shared`), or any has a
    // threshold; the largest rate, the slowest PSP (rates), its peak and the time of the peak.
    bool uniform, fires;
    nux_neuron_rates shared;
    double fastest, slowest_mem, slowest_exc, slowest_peak, slowest_peak_s;
    // Largest rates (mem, exc, inh), and the least charge of inhibition, as part of that of
    // excitation.
    double highest[3], least_inhibition;
    // Whether the span is short; then by column what remains at its end of what is stored: of a
    // membrane, and of currents as distances of the membrane.
    bool short_span;
    double end_mem[NUX_NEURONS], end_psp[2][NUX_NEURONS];
    // Rates by column, as typical ones (mem, exc, inh) and what they differ by; the largest of
    // the latter; and 1 / difference, unless `apart` is not set: then some differences are too
    // small.
    bool apart;
    double typical[3], deviation[3][NUX_NEURONS], largest_mem, largest_syn;
    double inverse_difference[2][NUX_NEURONS];
    nux_neuron_group groups[NUX_NEURON_GROUPS];
} nux_neuron_derived;

static inline void nux_find_block_check(nux_neurons *neurons, unsigned block) {
    const double *check = &neurons->state.check_s[block * NUX_NEURON_BLOCK];
    double low = check[0] < check[1] ? check[0] : check[1];
    double high = check[2] < check[3] ? check[2] : check[3];
    neurons->derived->block_check_s[block] = low < high ? low : high;
}

static inline void nux_find_block_checks(nux_neurons *neurons) {
    for (unsigned block = 0; block < NUX_NEURON_GROUPS / NUX_NEURON_BLOCK; block++)
        nux_find_block_check(neurons, block);
}

// Set the time at which a group needs attention.
static inline void nux_set_check(nux_neurons *neurons, unsigned group, double check_s) {
    neurons->state.check_s[group] = check_s;
    nux_find_block_check(neurons, group / NUX_NEURON_BLOCK);
}

// Values of four neurons at some time.
typedef struct {
    nux_f64x4 v, i_exc, i_inh, w;
} nux_neuron_lanes;

// neuron_parameters.c
void nux_neurons_derive(nux_neurons *neurons);
bool nux_neurons_parameters_valid(const nux_neuron_parameters *parameters);

// neuron_numeric.c: make a step from the group's time to end_s or, to be accurate, less far; sets
// step_end_s.
void nux_neurons_begin_step(nux_neurons *neurons, unsigned group, double end_s);
// Make the step that ends at step_end_s once more.
void nux_neurons_repeat_step(nux_neurons *neurons, unsigned group);

// neuron_linear.c: the linear groups.
// What follows from the length of the span.
void nux_neurons_find_ends(nux_neurons *neurons);
// Begin a new span at t, and move the start there where that is due.
void nux_neurons_restart(nux_neurons *neurons, double t);
// An event, with the weights that match, and the groups that have any of them, as bits.
void nux_neurons_linear_input(nux_neurons *neurons, double t, const uint8_t *weights,
                              uint64_t groups, int inhibitory, double amplitude);
// Handle what is due in a group at t; returns the spikes as bits.
unsigned nux_neurons_linear_step(nux_neurons *neurons, unsigned group, double t);
// Let neurons of linear groups move whose refractory time ends by t.
void nux_neurons_wake(nux_neurons *neurons, double t);
// Reset the neurons of a group that are in the mask.
void nux_neurons_linear_reset(nux_neurons *neurons, unsigned group, double t, const int64_t *mask);

// neurons.c: find out which membranes move and when groups need attention.
void nux_neurons_find_checks(nux_neurons *neurons);
// Find the next time at which something is due.
void nux_neurons_schedule(nux_neurons *neurons);

#endif
