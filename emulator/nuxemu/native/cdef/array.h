// SPDX-License-Identifier: BSD-3-Clause
// State and interface of one synapse array. Plain declarations only: cffi reads this file too.
#ifndef NUX_CDEF_ARRAY_H
#define NUX_CDEF_ARRAY_H

#include <stddef.h>
#include <stdint.h>

enum nux_array_limits {
    NUX_ARRAY_ROWS = 256,
    NUX_ARRAY_COLUMNS = 256,
    NUX_ARRAY_STORED_ROWS = 258, // rows 256 and 257 hold the switches of the columns
    NUX_ARRAY_CHANNELS = 2,      // of the sensors and of the CADC: 0 causal, 1 acausal
    NUX_ARRAY_HALVES = 2,        // 0 even columns, 1 odd columns
    NUX_ARRAY_LANES = 128,
    NUX_ARRAY_LABELS = 64,
    NUX_ARRAY_BLOCK = 64,  // postsynaptic spikes in a block of the history,
    NUX_ARRAY_BLOCKS = 64, // and how many of those are kept
};

// What an access was (>= 0, for the cycle model) or why it was refused (< 0).
enum nux_array_status {
    NUX_ARRAY_STATIC = 0,   // weights, labels, calibration bits, raw view, switch row
    NUX_ARRAY_CONVERT = 1,  // unbuffered CADC read: the whole row, both channels
    NUX_ARRAY_BUFFERED = 2, // CADC read of the latched conversion
    NUX_ARRAY_RESET = 3,    // correlation reset, neuron reset
    NUX_ARRAY_UNKNOWN_ADDRESS = -1,
    NUX_ARRAY_NO_NEURON = -2,    // an access to neurons, but none are attached
    NUX_ARRAY_OUT_OF_ORDER = -3, // pushed spikes not sorted, or before the current time
    NUX_ARRAY_OUT_OF_RANGE = -4, // row, column or label of a pushed spike
    NUX_ARRAY_NO_MEMORY = -5,
    NUX_ARRAY_CADC_OFF = -6, // a conversion while the CADC is disabled
};

// One spike; presynaptic on row `line` when label >= 0, else postsynaptic of column `line`.
typedef struct {
    double time_s;
    uint16_t line;
    int16_t label;
} nux_array_spike;

// One label of a row: the last presynaptic spike with it, when (s; -inf when there was none), and
// how far the history of postsynaptic spikes had come; where its columns are in the row's list of
// columns.
typedef struct {
    double time_s;
    uint64_t position;
    uint16_t first_column;
    uint16_t columns;
} nux_array_label;

// What all synapses of a row share: up to where in the history their causal sensors are complete;
// the set of filed labels, and of those, the ones of which any synapse may be paired, all are known
// to be, or any may be an orphan; amplitude by channel, NaN when there is none in common; whether
// labels may have been written.
typedef struct {
    uint64_t settled;
    uint64_t labels;
    uint64_t paired;
    uint64_t complete;
    uint64_t orphans;
    double amplitude_lsb[2];
    uint64_t relabelled;
    nux_array_label label[64];
} nux_array_row;

// The latest postsynaptic spikes of all columns, in blocks; each has a position, block * 64 + its
// index within the block. A spike's value is its time, or with one time constant for the whole
// array how far the causal trace decays from the block's origin to the spike (history.c).
typedef struct {
    uint8_t column[64][64];
    double value[64][64]; // [block % 64][index]
    // The value of the column's next spike in the same epoch; 0 or +inf when there is none.
    double following[64][64];
    uint32_t used[64]; // spikes in the block
    double block_origin_s[64];
    // For each column the value of its first spike in or after the block, up to the end of the
    // block's epoch; 0 or +inf (by kind of value) when there is none. From which block on that is
    // still missing.
    double first[64][256];
    uint64_t missing_from[256];
    // Of each column's last spike: position (-1: none in this history), and how far the acausal
    // trace has decayed at the origin, inverted.
    double last_position[256];
    double last_value[256];
    uint64_t position; // of the next spike
    uint64_t settled;  // all rows are settled up to here at least
    int64_t oldest;    // position from which on spikes are kept and of the current epoch
    double origin_s;   // of the current epoch
} nux_array_history;

struct nux_analog;
struct nux_neurons;

// Everything one array is. Synapses are [row][column]; after changing amplitude, tau or the
// calibration bits or factors from outside, call nux_array_update_parameters; after changing
// labels, nux_array_update_labels.
typedef struct {
    // Synapse memory.
    uint8_t weights[258][256];
    uint8_t labels[258][256];
    uint8_t time_calib[258][256];
    uint8_t amp_calib[258][256];

    // Sensors, [channel][row][column]: what a pair at zero distance adds (CADC LSB) and the time
    // constant (s), both at calibration code 0; the factors of the four calibration codes.
    double amplitude_lsb[2][256][256];
    double tau_s[2][256][256];
    // The same with the calibration bits applied, the time constant as halvings per second,
    // [row][channel][column].
    float pair_amplitude_lsb[256][2][256];
    float pair_halvings_hz[256][2][256];

    // Accumulated correlation, [row][channel][column]. The causal sensor lags behind until
    // nux_array_settle. Saturation applies when it is read; as pairs only ever add, that is the
    // same as after every pair.
    double accumulated_lsb[256][2][256];

    // What each synapse remembers of its spikes: paired is 0xff when its last presynaptic spike
    // has been paired already; else that spike is the last one of its row with the label filed for
    // it, or with orphan 0xff, the one at orphan_time_s. The filed label is the label, or in a row
    // that has been relabelled, the one before that.
    uint8_t filed_label[256][256];
    uint8_t paired[256][256];
    uint8_t orphan[256][256];
    double orphan_time_s[256][256];
    double post_time_s[256]; // last postsynaptic spike of each column, -inf when there was none
    nux_array_history history;
    nux_array_row rows[256];
    // The columns of each row, sorted by filed label; the rest is 0.
    uint8_t row_columns[256][264];
    // Time constants that all synapses of a row share, [row][channel], NaN when they do not.
    double row_halvings_hz[256][2];
    // One time constant for the whole array: then halvings per second and length of an epoch.
    int32_t uniform;
    double halvings_hz[2];
    double span_s;

    double amp_factor[4];
    double tau_factor[4];
    double saturation_lsb;

    // CADC. Channel offsets are stored plus 128.
    uint32_t cadc_config; // bit 0 enables it
    uint8_t cadc_offset[2][256];
    double baseline_lsb;
    double offset_lsb[2][256];
    double noise_lsb;
    uint64_t noise_seed;
    uint64_t conversions;
    uint8_t latch[2][2][128]; // [channel][half][lane]
    int32_t latched;          // 0 before the first conversion
    int32_t latched_row;      // -1 before the first conversion
    uint8_t was_reset[256];   // of each row: sensors that were reset, bit 0 causal, bit 1 acausal

    uint16_t random[256]; // states of the columns' random generators

    // Time reached, and the spikes still to come: spikes[spikes_head .. spikes_end).
    double now_s;
    nux_array_spike *spikes;
    size_t spikes_head;
    size_t spikes_end;
    size_t spikes_capacity;

    // Neurons below the array, or NULL; not part of the array's state.
    struct nux_neurons *neurons;
    // The non-spiking mode in place of the neurons, or NULL; not part of the array's state.
    struct nux_analog *analog;
    struct nux_trace *trace; // or NULL; not part of the state
} nux_array;

// A new array with zeroed memory, sensors that accumulate nothing and the CADC enabled; NULL
// without memory.
nux_array *nux_array_new(void);
void nux_array_free(nux_array *array);

// The array's state as bytes: equal states give equal bytes. Returns how many there are, and
// writes them if they fit into capacity.
size_t nux_array_save(const nux_array *array, uint8_t *out, size_t capacity);
// Takes over a saved state: 0, or -1 when the bytes are not the state of an array; -2 without
// memory. Nothing has changed then.
int nux_array_load(nux_array *array, const uint8_t *data, size_t n);

// Vector port. `address` is region base + index (+ NUX_VECTOR_BUFFERED), data in lane order,
// `enable` NULL for all lanes, else 0 or 0xff per byte. Return nux_array_status.
int nux_array_vector_read(nux_array *array, uint32_t address, double now_s, uint8_t *out);
int nux_array_vector_write(nux_array *array, uint32_t address, double now_s, const uint8_t *data,
                           const uint8_t *enable);

// Omnibus port. `word_offset` counts from the base of the synapse array, byte_mask is 0xff per
// enabled byte. Return nux_array_status.
int nux_array_bus_read(nux_array *array, uint32_t word_offset, double now_s, uint32_t *value);
int nux_array_bus_write(nux_array *array, uint32_t word_offset, double now_s, uint32_t value,
                        uint32_t byte_mask);

// Add spikes sorted by time, none before now_s, label -1 for a postsynaptic spike; they merge with
// those still to come. All or none are taken: return 0 or a negative nux_array_status.
int nux_array_push(nux_array *array, size_t n, const double *time_s, const uint16_t *line,
                   const int16_t *label);
// Process all spikes up to and including until_s and set the current time to it.
void nux_array_advance(nux_array *array, double until_s);
// Bring all causal sensors up to the current time.
void nux_array_settle(nux_array *array);
// Apply amplitudes, time constants and calibration bits, from now on.
void nux_array_update_parameters(nux_array *array);
// Take over the labels, from now on.
void nux_array_update_labels(nux_array *array);
// Clear the chosen sensors (bit 0 causal, bit 1 acausal) of the whole array at the current time.
void nux_array_reset(nux_array *array, unsigned sensors);

#endif
