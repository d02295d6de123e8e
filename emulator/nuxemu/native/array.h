// SPDX-License-Identifier: BSD-3-Clause
// One hemisphere's synapse array: memory (array.c), spikes to come (spike_queue.c), correlation
// sensors (correlation.c) and their converter (cadc.c).
#ifndef NUX_ARRAY_H
#define NUX_ARRAY_H

#include "cdef/array.h"

#include <stdbool.h>

// Functions worth an AVX2 version, chosen when the library is loaded. The sanitizers' run time is
// not up yet at that moment.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) &&       \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define NUX_ARRAY_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define NUX_ARRAY_CLONES
#endif

enum nux_array_channel { NUX_ARRAY_CAUSAL = 0, NUX_ARRAY_ACAUSAL = 1 };
enum { CADC_OFFSET_ZERO = 128 };

// Process one spike at its time; times never decrease.
void nux_array_pre_spike(nux_array *array, unsigned row, unsigned label, double time_s);
void nux_array_post_spike(nux_array *array, unsigned column, double time_s);
// Process the spikes to come before a time, and the presynaptic ones at it.
void nux_array_advance_before(nux_array *array, double time_s);
// What columns' first postsynaptic spikes since a position of the history make of a presynaptic
// spike's trace: with one time constant, factor * first is how far it has decayed by then, 0 when
// there is no such spike. Otherwise first is the spike's time, +inf when there is none.
typedef struct {
    const double *first;
    double factor;
    double factor_now; // how far acausal traces have decayed from the origin to the spike now
} nux_first_posts;
// Some columns of a row.
typedef struct {
    const uint8_t *column;
    size_t count;
} nux_columns;
// Up to how many columns going through a list of them is cheaper than through the whole row.
enum { NUX_FEW_COLUMNS = 64 };
// For the presynaptic spike of some columns and one now. scratch has room for all columns and may
// or may not be used.
void nux_history_first(const nux_array *array, uint64_t since, double pre_time_s, double now_s,
                       nux_columns columns, nux_first_posts *posts, double *scratch);
// For a presynaptic spike of each column, before the current position. Times are then counted from
// that spike.
nux_first_posts nux_history_pairs(const nux_array *array, uint64_t since, const double *pre_times_s,
                                  double *scratch);
// A postsynaptic spike of the history: its value counts from the origin of its epoch.
typedef struct {
    uint64_t position;
    double value, origin_s;
    unsigned column;
} nux_logged_post;
// The spikes since a position, of which there are few: how many.
enum { NUX_FEW_POSTS = 16 };
unsigned nux_history_latest(const nux_array *array, uint64_t since, nux_logged_post *posts);
// What nux_history_pairs gives for some pairs of spikes, of different columns; there is room for a
// multiple of four, which is filled up.
nux_first_posts nux_history_pairs_of(const nux_array *array, unsigned count, double *pre_times_s,
                                     nux_logged_post *posts, double *scratch);
// A spike comes at a time: go on to its epoch.
void nux_history_enter(nux_array *array, double time_s);
// Forget the history, for new parameters; all rows have been settled.
void nux_history_restart(nux_array *array);
// File the labels of one row: sort its columns by them.
void nux_array_file_row(nux_array *array, unsigned row, const uint8_t *labels);
// Bring the causal sensors of one row up to the current time.
void nux_array_settle_row(nux_array *array, unsigned row);
// Bring them on so far that the row needs the history from a position on only.
void nux_array_settle_row_until(nux_array *array, unsigned row, uint64_t position);
// Clear sensors of the enabled synapses (enable NULL: all) of one half row; sensors[lane] has bit 0
// for the causal and bit 1 for the acausal sensor.
void nux_array_reset_half(nux_array *array, unsigned row, unsigned half, const uint8_t *sensors,
                          const uint8_t *enable);
// Apply the parameters of one row.
void nux_array_update_row(nux_array *array, unsigned row);
// Reset the neurons, or membranes of the non-spiking mode, of columns where mask is not 0.
void nux_array_reset_neurons(nux_array *array, const uint8_t *mask);
// Whether any column of a CADC channel is connected to its neuron.
bool nux_array_is_on_neurons(const nux_array *array, unsigned channel);
/* Whether what is read there depends on the time: a conversion. */
bool nux_array_reads_now(uint32_t address);
// Channel, row and half of an address of the CADC; false: of none.
bool nux_array_correlation_at(uint32_t address, unsigned *channel, unsigned *row, unsigned *half);
// Row and half of the weights that a vector address, not of external memory, is of; false: of none.
bool nux_array_weights_at(uint32_t address, unsigned *row, unsigned *half);
// Convert both channels of a row into the latch; false: neurons are connected, but not there.
bool nux_array_convert(nux_array *array, unsigned row);
// Next values of the random generators of `count` lanes of one half (random.c), and their seeds:
// those of the enabled lanes (NULL: all).
void nux_random_reset(nux_array *array);
void nux_random_draw(nux_array *array, unsigned half, unsigned lane, unsigned count, uint8_t *out);
void nux_random_seed(nux_array *array, unsigned half, const uint8_t *seeds, const uint8_t *enable);

#endif
