// SPDX-License-Identifier: BSD-3-Clause
// Every neuron finds the firing rate that it is told: fewer spikes than `target` since the last
// invocation, and its weights grow by a step; more, and they shrink.
#include <nux/nux.h>
#include <nux/rule.h>

NUX_PARAMETERS((int8_t, target, 20, 0, 100, "spikes per period"),
               (int8_t, step, 1, 0, 8, "weight steps"))
NUX_OBSERVABLES((neuron, uint8_t, spikes, "1"), (synapse, uint8_t, weights, "LSB"))

/// One step up or down in each lane, towards the target.
NUX_INTRINSIC nux_vector moved(nux_vector weights, nux_vector spikes) {
    nux_vector missing = nux_sub8_sat(nux_splat8(parameters.target), spikes);
    nux_vector change =
        nux_clamp8(missing, nux_splat8(-parameters.step), nux_splat8(parameters.step));
    return nux_clamp8(nux_add8(weights, change), nux_splat8(0), nux_splat8(NUX_WEIGHT_MAX));
}

void rule(const nux_call *call) {
    static nux_vector_memory counts[2];
    nux_spike_counts(call->hemisphere, true, counts);
    for (uint32_t lane = 0; lane < 2 * NUX_VECTOR_BYTES; lane++) {
        uint8_t *count = &counts[lane / NUX_VECTOR_BYTES].u8[lane % NUX_VECTOR_BYTES];
        *count = *count > 100 ? 100 : *count; // lanes are signed
    }
    nux_row spikes = {nux_load(&counts[NUX_EVEN]), nux_load(&counts[NUX_ODD])};
    nux_record_neurons(spikes, 0, spikes);

    const nux_projection *projection = &call->projection[0];
    for (uint32_t i = 0; i < projection->rows; i++) {
        nux_row weights = nux_get_weights(projection->row[i]);
        weights.even = moved(weights.even, spikes.even);
        weights.odd = moved(weights.odd, spikes.odd);
        nux_set_weights_masked(projection->row[i], weights, nux_projection_mask(projection));
        nux_record_row(weights, 0, i, weights);
    }
}
