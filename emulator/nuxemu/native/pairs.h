// SPDX-License-Identifier: BSD-3-Clause
// Pairs of spikes are added to the sensors of a row.
#ifndef NUX_PAIRS_H
#define NUX_PAIRS_H

#include "array.h"

// Which pairs: of the last presynaptic spike of synapses with the first postsynaptic ones since
// then (causal), and of a presynaptic spike now with the last postsynaptic ones (acausal).
typedef struct {
    nux_columns columns;
    nux_first_posts posts; // since the last presynaptic spike,
    double pre_time_s;     // when that was, without a common time constant,
    double since;          // and where in the history
    double now_s;          // the presynaptic spike now
} nux_touch;

// All columns of a row, of which none is paired; both kinds of pairs.
void nux_touch_all(nux_array *array, unsigned row, const nux_touch *t);
// The columns with a label, or some of them when they are few; those that are paired have no causal
// pair, but an acausal one.
void nux_touch_label(nux_array *array, unsigned row, unsigned label, const nux_touch *t);
// The same, causal pairs only; columns that have spiked since are paired then.
void nux_settle_label(nux_array *array, unsigned row, unsigned label, const nux_touch *t);
// Any columns that are not paired, causal pairs only; likewise.
void nux_settle_columns(nux_array *array, unsigned row, const nux_touch *t);
// The same, but marks none.
void nux_add_causal(nux_array *array, unsigned row, const nux_touch *t);

#endif
