// SPDX-License-Identifier: BSD-3-Clause
// Neurons: reset, spike counters, membranes on the CADC. Columns are 0 to 255.

#ifndef NUX_NEURON_H
#define NUX_NEURON_H

#include <stdbool.h>
#include <stdint.h>

#include <nux/bus.h>
#include <nux/synapse.h>

/// Index of a neuron's register in one of the NUX_OMNIBUS_..._WORD blocks of the neurons; any
/// processor reaches those of both hemispheres.
static inline uint32_t nux_neuron_word(uint32_t block, uint32_t hemisphere, uint32_t column) {
    uint32_t half = NUX_NUM_COLUMNS / 2;
    uint32_t number = column % half + hemisphere * half;
    return block + column / half * NUX_OMNIBUS_PAIR_WORD_STRIDE +
           number * NUX_OMNIBUS_NEURON_STRIDE;
}

// Reset: the membrane goes to the reset potential, and stays there for the refractory time.

/// Reset the neurons of this hemisphere whose lane (byte) of `mask` is above zero, signed.
NUX_INTRINSIC void nux_reset_neurons(nux_row mask) {
    fxvcmpb(mask.even);
    fxvoutx_if(NUX_GT, mask.even, NUX_VECTOR_NEURON_RESET, NUX_EVEN);
    fxvcmpb(mask.odd);
    fxvoutx_if(NUX_GT, mask.odd, NUX_VECTOR_NEURON_RESET, NUX_ODD);
}

/// Reset all neurons of this hemisphere.
NUX_INTRINSIC void nux_reset_all_neurons(void) {
    nux_vector any = fxvsplatb(0);
    fxvoutx(any, NUX_VECTOR_NEURON_RESET, NUX_EVEN);
    fxvoutx(any, NUX_VECTOR_NEURON_RESET, NUX_ODD);
}

/// Reset one neuron.
NUX_INTRINSIC void nux_reset_neuron(uint32_t hemisphere, uint32_t column) {
    nux_bus_write(nux_neuron_word(NUX_OMNIBUS_NEURON_RESET_WORD, hemisphere, column), 0);
}

// Spike counters: 8 bits, with a flag for overflow.

#define NUX_SPIKE_COUNTER_OVERFLOW 0x100u

/// Counter of a neuron as it is: the count in bits 0 to 7, NUX_SPIKE_COUNTER_OVERFLOW.
NUX_INTRINSIC uint32_t nux_spike_counter(uint32_t hemisphere, uint32_t column) {
    return nux_bus_read(nux_neuron_word(NUX_OMNIBUS_SPIKE_COUNTER_WORD, hemisphere, column));
}

/// Clear count and overflow of a neuron.
NUX_INTRINSIC void nux_reset_spike_counter(uint32_t hemisphere, uint32_t column) {
    nux_bus_write(nux_neuron_word(NUX_OMNIBUS_SPIKE_COUNTER_RESET_WORD, hemisphere, column), 0);
}

/// Spikes of a neuron since the last reset of its counter; 255 means 255 or more.
NUX_INTRINSIC uint32_t nux_spike_count(uint32_t hemisphere, uint32_t column) {
    uint32_t counter = nux_spike_counter(hemisphere, column);
    return counter & NUX_SPIKE_COUNTER_OVERFLOW ? 255 : counter & 255;
}

/// Counts of all neurons of a hemisphere, in the order of vectors: counts[0] the even columns,
/// counts[1] the odd ones. With `reset`, the counters start again.
static inline void nux_spike_counts(uint32_t hemisphere, bool reset, nux_vector_memory counts[2]) {
    for (uint32_t column = 0; column < NUX_NUM_COLUMNS; column++) {
        counts[column % 2].u8[column / 2] = (uint8_t)nux_spike_count(hemisphere, column);
        if (reset) {
            nux_reset_spike_counter(hemisphere, column);
        }
    }
}

// Membranes on the CADC. A column's channel digitises either its correlation sensor or its
// neuron's membrane; the switches are in a row of their own.

/// Connect the channel of `region` (NUX_VECTOR_WEIGHT: causal, NUX_VECTOR_LABEL: acausal) to the
/// neurons or back to the sensors, in all columns.
NUX_INTRINSIC void nux_switch_channel(uint32_t region, bool to_neurons) {
    nux_row row = nux_read_row(region, NUX_SWITCH_ROW);
    nux_vector neurons = fxvsplatb(to_neurons ? NUX_SWITCH_NEURON : 0);
    // The lower five bits are other switches, and stay.
    row.even = fxvaddbm(fxvshb(fxvshb(row.even, 3), -3), neurons);
    row.odd = fxvaddbm(fxvshb(fxvshb(row.odd, 3), -3), neurons);
    nux_write_row(region, NUX_SWITCH_ROW, row);
}

/// Membranes of all neurons of this hemisphere, 8 bits unsigned; higher is a higher potential.
/// The causal channel must be connected: nux_switch_channel(NUX_VECTOR_WEIGHT, true).
NUX_INTRINSIC nux_row nux_read_neurons(void) { return nux_get_causal(0); }

#endif
