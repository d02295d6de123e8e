// SPDX-License-Identifier: BSD-3-Clause
// State and interface of the neuron circuits of one hemisphere. Plain declarations only: cffi reads
// this file too. Potentials in CADC LSB, times in seconds of hardware time, currents in LSB/s.
#ifndef NUX_CDEF_NEURONS_H
#define NUX_CDEF_NEURONS_H

#include <stddef.h>
#include <stdint.h>

enum nux_neuron_limits {
    NUX_NEURONS = 256,
    NUX_NEURON_GROUP = 4, // neighbouring neurons that share their time
    NUX_NEURON_GROUPS = 64,
    NUX_NEURON_REALS = 16, // parameters that are numbers
    NUX_NEURON_FLAGS = 6,
    NUX_NEURON_ROOM_UNITS = 32,
    NUX_NEURON_NO_ROOM = -1,         // none, whatever inhibition comes
    NUX_NEURON_REVERSAL_GAP_LSB = 1, // least distance of reversal potentials from the leak
};

// After changing any of them from outside call nux_neurons_update_parameters.
typedef struct {
    double leak_lsb[256];
    double threshold_lsb[256];
    double reset_lsb[256];
    double tau_mem_s[256]; // infinite: no leak
    double tau_syn_exc_s[256];
    double tau_syn_inh_s[256];
    double charge_exc_lsb[256]; // by which an integrator moves per unit of weight
    double charge_inh_lsb[256];
    double refractory_time_s[256];
    double e_exc_lsb[256]; // reversal potentials, for conductance-based synapses
    double e_inh_lsb[256];
    double v_exp_lsb[256]; // exponential term: where it sets in, and how sharply
    double delta_t_lsb[256];
    double a[256]; // adaptation: per LSB of the membrane, and per spike
    double b_lsb[256];
    double tau_w_s[256];
    uint8_t enabled[256]; // flags, 0 or 1
    uint8_t fire[256];    // has a threshold
    uint8_t bypass[256];  // spikes with every excitatory event
    uint8_t conductance[256];
    uint8_t exponential[256];
    uint8_t adaptation[256];
} nux_neuron_parameters;

// Name and range of a number; infinity is allowed where the upper limit is infinite.
typedef struct {
    const char *name;
    double low, high;
} nux_neuron_limit;

// Linear groups (whose enabled neurons all are propagated exactly) have a common start: what is
// stored of them are the values at that time which lead to those now. Other groups are brought up
// to date when something happens to one of their neurons.
typedef struct {
    double v_lsb[256];
    double i_exc[256]; // LSB/s
    double i_inh[256];
    double w_lsb[256];
    double refractory_until_s[256]; // -inf: not refractory
    double time_s[64];              // of the values above
    double check_s[64];             // nothing happens before, without input
    double step_end_s[64];          // numeric integration: end of the step under way
    double now_s;                   // latest time given
    // Linear groups: nothing happens to a neuron before check_s and end_s, unless its excitatory
    // input uses up its room.
    double start_s, end_s;
    double span_s; // length of such a span, infinite: no end
    double room_s; // NUX_NEURON_ROOM_UNITS of room, for a current of 1
    double inputs; // since the start
    double looks;  // groups that used up their room since
    int16_t room[256];
} nux_neuron_state;

struct nux_neuron_derived;
typedef struct nux_neurons {
    nux_neuron_parameters parameters;
    nux_neuron_state state;
    struct nux_neuron_derived *derived;
} nux_neurons;

// New neurons, all disabled; NULL without memory.
nux_neurons *nux_neurons_new(void);
void nux_neurons_free(nux_neurons *neurons);

// In the order of the members of nux_neuron_parameters.
const nux_neuron_limit *nux_neuron_parameter_limits(void);
// Apply changed parameters from now_s on; the state stays, disabled neurons rest at their leak.
void nux_neurons_update_parameters(nux_neurons *neurons, double now_s);

// Earliest time at which a neuron may need attention without further input: a spike, the end of a
// refractory time, a point of look-ahead. Infinity: never.
double nux_neurons_next(const nux_neurons *neurons);
// Handle what is due at t = nux_neurons_next(): writes the columns that spike at t, ascending, and
// returns how many (at most 256). t is the exact time of the spikes.
unsigned nux_neurons_step(nux_neurons *neurons, double t, uint16_t *columns);
// A synaptic event at t, when nothing is due before: column c gets amplitude * weights[c] where
// match[c] is 0xff, else 0. Bypassed neurons that get an excitatory weight spike at once: their
// columns are written and counted as by nux_neurons_step.
unsigned nux_neurons_input(nux_neurons *neurons, double t, const uint8_t *weights,
                           const uint8_t *match, int inhibitory, double amplitude,
                           uint16_t *columns);
// Reset the membranes of columns with mask != 0; they are refractory as after a spike.
void nux_neurons_reset(nux_neurons *neurons, double t, const uint8_t *mask);
// Say that t has been reached: all that was due up to t has been handled.
void nux_neurons_reach(nux_neurons *neurons, double t);

// Membranes at t, when nothing is due before, not clipped or rounded. Nothing changes.
void nux_neurons_read(const nux_neurons *neurons, double t, double *v_lsb);
// The same with currents and adaptation, 256 each.
void nux_neurons_observe(const nux_neurons *neurons, double t, double *v_lsb, double *i_exc,
                         double *i_inh, double *w_lsb);
// Bring the state of all enabled neurons up to t, so that it can be changed from outside; to be
// followed by nux_neurons_update_parameters.
void nux_neurons_settle(nux_neurons *neurons, double t);
// Handle all that is due up to and including until_s, or fewer if the room for spikes might not
// suffice (nux_neurons_next() tells); returns the number of spikes.
size_t nux_neurons_run(nux_neurons *neurons, double until_s, size_t capacity, double *time_s,
                       uint16_t *columns);

// Bytes of the state with the parameters: how many; written only if they fit.
size_t nux_neurons_save(const nux_neurons *neurons, uint8_t *out, size_t capacity);
// 0, or -1 when the bytes are not a state of neurons: nothing has changed then.
int nux_neurons_load(nux_neurons *neurons, const uint8_t *data, size_t n);

#endif
