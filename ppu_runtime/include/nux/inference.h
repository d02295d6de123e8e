// SPDX-License-Identifier: BSD-3-Clause
// The non-spiking mode: products of inputs, 0 to 31, and signed weights, -63 to 63.
//
// Signed input n has two rows: 2n adds to the membranes, 2n + 1 takes away. An input is sent as an
// event for both; the lower five bits of its label are the length of the pulse. A product is:
//
//     nux_mac_reset();
//     nux_mac_send(hemisphere, inputs, 0, count, sends, wait);
//     nux_row result = nux_mac_read();

#ifndef NUX_INFERENCE_H
#define NUX_INFERENCE_H

#include <stdint.h>

#include <nux/neuron.h>
#include <nux/spike.h>
#include <nux/synapse.h>
#include <nux/time.h>
#include <nux/vector.h>

enum {
    NUX_MAC_INPUTS = NUX_NUM_ROWS / 2,
    NUX_MAC_INPUT_MAX = 31,
    NUX_MAC_BASELINE = 128, ///< raw reading of a membrane that was reset
    NUX_MAC_TICK_CYCLES = 2 ///< processor cycles of a tick of the event buses, 8 ns
};

/// Once, before all else: even rows excitatory, odd rows inhibitory, all labels 0, and the causal
/// channel of the CADC on the membranes.
static inline void nux_mac_prepare(uint32_t hemisphere) {
    const uint32_t excitatory_even = 1 << 4, inhibitory_odd = 1 << 7, row_modes = 0xf0;
    uint32_t driver = NUX_OMNIBUS_DRIVER_WORD + hemisphere * NUX_OMNIBUS_PAIR_WORD_STRIDE;
    nux_vector zero = nux_splat8(0);
    for (uint32_t input = 0; input < NUX_MAC_INPUTS; input++) {
        uint32_t modes = driver + input * NUX_OMNIBUS_DRIVER_STRIDE + 1;
        nux_bus_write(modes, (nux_bus_read(modes) & ~row_modes) | excitatory_even | inhibitory_odd);
        nux_set_labels(2 * input, (nux_row){zero, zero});
        nux_set_labels(2 * input + 1, (nux_row){zero, zero});
    }
    nux_switch_channel(NUX_VECTOR_WEIGHT, true);
    nux_sync();
}

/// Weights of a signed input, -63 to 63.
NUX_INTRINSIC void nux_mac_set_weights(uint32_t input, nux_row weights) {
    nux_vector zero = nux_splat8(0);
    nux_set_weights(2 * input,
                    (nux_row){nux_max8(weights.even, zero), nux_max8(weights.odd, zero)});
    nux_set_weights(2 * input + 1, (nux_row){nux_max8(nux_sub8(zero, weights.even), zero),
                                             nux_max8(nux_sub8(zero, weights.odd), zero)});
}

/// Empty all membranes of this hemisphere.
NUX_INTRINSIC void nux_mac_reset(void) {
    nux_reset_all_neurons();
    nux_sync();
}

/// Send `count` inputs, 0 to 31, to the signed inputs from `first` on, all of them `sends` times.
/// One event follows the other after `wait` ticks of 8 ns, or as soon as the processor can. An
/// input of 0 takes its time, but no event.
static inline void nux_mac_send(uint32_t hemisphere, const uint8_t *inputs, uint32_t first,
                                uint32_t count, uint32_t sends, uint32_t wait) {
    uint32_t next = nux_time_base_low();
    for (uint32_t send = 0; send < sends; send++) {
        for (uint32_t i = 0; i < count; i++) {
            while ((int32_t)(nux_time_base_low() - next) < 0) {
            }
            if (inputs[i] != 0) {
                nux_inject_spike(hemisphere, 2 * (first + i), inputs[i]);
            }
            next += NUX_MAC_TICK_CYCLES * wait;
        }
    }
    nux_sync();
}

/// Convert: signed bytes, relative to NUX_MAC_BASELINE.
NUX_INTRINSIC nux_row nux_mac_read(void) {
    nux_row raw = nux_read_neurons();
    nux_vector baseline = nux_splat8((int8_t)NUX_MAC_BASELINE);
    return (nux_row){nux_sub8(raw.even, baseline), nux_sub8(raw.odd, baseline)};
}

#endif
