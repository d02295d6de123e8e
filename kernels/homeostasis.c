// SPDX-License-Identifier: BSD-3-Clause
//
// Homeostasis: neurons find the firing rate that they are told. Once per period the weights of a
// neuron get a step larger if it has sent fewer than `target` spikes since the last time, a step
// smaller if it has sent more; they stay within 0 to NUX_WEIGHT_MAX.
//
// For one population and any projections to neurons of it, all of whose weights change alike.

#include <nux/rule.h>

NUX_PARAMETERS((int8_t, target, 60, 0, 126, "spikes per period"))
NUX_OBSERVABLES((neuron, uint8_t, spikes, "1"), (synapse, uint8_t, weights, "LSB"))

enum { MOST_COUNTED = INT8_MAX }; // lanes are signed

/// Spikes of all neurons of the hemisphere since the last call, at most MOST_COUNTED.
static void count_spikes(uint32_t hemisphere, nux_vector_memory counts[2]) {
    nux_spike_counts(hemisphere, true, counts);
    for (uint32_t half = NUX_EVEN; half <= NUX_ODD; half++) {
        for (uint32_t lane = 0; lane < NUX_VECTOR_BYTES; lane++) {
            uint8_t *count = &counts[half].u8[lane];
            *count = *count > MOST_COUNTED ? MOST_COUNTED : *count;
        }
    }
}

/// +1, 0 or -1 in each lane: in which direction the weights of its neuron go.
NUX_INTRINSIC nux_vector direction(nux_vector spikes) {
    nux_vector missing = nux_sub8_sat(nux_splat8(parameters.target), spikes);
    return nux_clamp8(missing, nux_splat8(-1), nux_splat8(1));
}

NUX_INTRINSIC nux_vector moved(nux_vector weight, nux_vector step) {
    return nux_clamp8(nux_add8(weight, step), nux_splat8(0), nux_splat8(NUX_WEIGHT_MAX));
}

void rule(const nux_call *call) {
    static nux_vector_memory counts[2];
    count_spikes(call->hemisphere, counts);
    nux_row spikes = {nux_load(&counts[NUX_EVEN]), nux_load(&counts[NUX_ODD])};
    nux_record_neurons(spikes, 0, spikes);
    nux_row step = {direction(spikes.even), direction(spikes.odd)};
    for (uint32_t p = 0; p < call->projections; p++) {
        const nux_projection *projection = &call->projection[p];
        nux_row mask = nux_projection_mask(projection);
        for (uint32_t i = 0; i < projection->rows; i++) {
            nux_row weights = nux_get_weights(projection->row[i]);
            weights.even = moved(weights.even, step.even);
            weights.odd = moved(weights.odd, step.odd);
            nux_set_weights_masked(projection->row[i], weights, mask);
            nux_record_row(weights, p, i, weights);
        }
    }
}
