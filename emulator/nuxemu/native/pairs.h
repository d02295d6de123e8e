// SPDX-License-Identifier: BSD-3-Clause
// Pairs of spikes are added to the sensors of a row.
#ifndef NUX_PAIRS_H
#define NUX_PAIRS_H

#include "array.h"

// Which pairs: of the last presynaptic spike of a row's synapses with the first postsynaptic ones
// since then (causal), and of a presynaptic spike now with the last postsynaptic ones (acausal).
typedef struct {
    const uint8_t *lanes;  // which columns, 0xff each; NULL: all, and none is paired
    nux_first_posts posts; // since the last presynaptic spike,
    double pre_time_s;     // when that was, without a common time constant,
    double since;          // and where in the history
    double now_s;          // the presynaptic spike now
    double factor;         // by which acausal traces have decayed since the origin
} nux_touch;

// All columns, both kinds of pairs.
void nux_touch_all(nux_array *array, unsigned row, const nux_touch *t);
// The chosen columns; those that are paired have no causal pair, but an acausal one.
void nux_touch_some(nux_array *array, unsigned row, const nux_touch *t);
// The chosen columns, causal pairs only.
void nux_touch_causal(nux_array *array, unsigned row, const nux_touch *t);

#endif
