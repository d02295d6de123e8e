// SPDX-License-Identifier: BSD-3-Clause
// State of an array as bytes.
//
// Saved is the settled array: how far the causal sensors lag behind depends on who looked at them,
// not on what happened. Of the spikes seen so far, what counts is then: for each synapse the
// unpaired presynaptic spike, and whether the column fired since the last presynaptic one; for each
// column its last spike.
#include "array.h"
#include "memory_map.h"
#include "state.h"

#include <math.h>
#include <stdlib.h>

static const uint32_t magic = 0x5241584e, version = 3; // "NXAR"

typedef struct {
    double pre_time_s[NUX_ARRAY_ROWS][NUX_ARRAY_COLUMNS];
    uint8_t fired[NUX_ARRAY_ROWS][NUX_ARRAY_COLUMNS];
} synapse_history;

#define PUT(writer, field) nux_write_state(writer, &(field), sizeof(field))
#define TAKE(reader, field) nux_read_state(reader, &(field), sizeof(field))

// Every field that is saved as it is.
#define FOR_FIELDS(DO, stream, array)                                                              \
    DO(stream, (array)->weights);                                                                  \
    DO(stream, (array)->labels);                                                                   \
    DO(stream, (array)->time_calib);                                                               \
    DO(stream, (array)->amp_calib);                                                                \
    DO(stream, (array)->amplitude_lsb);                                                            \
    DO(stream, (array)->tau_s);                                                                    \
    DO(stream, (array)->amp_factor);                                                               \
    DO(stream, (array)->tau_factor);                                                               \
    DO(stream, (array)->saturation_lsb);                                                           \
    DO(stream, (array)->accumulated_lsb);                                                          \
    DO(stream, (array)->post_time_s);                                                              \
    DO(stream, (array)->cadc_config);                                                              \
    DO(stream, (array)->cadc_offset);                                                              \
    DO(stream, (array)->baseline_lsb);                                                             \
    DO(stream, (array)->offset_lsb);                                                               \
    DO(stream, (array)->noise_lsb);                                                                \
    DO(stream, (array)->noise_seed);                                                               \
    DO(stream, (array)->conversions);                                                              \
    DO(stream, (array)->latch);                                                                    \
    DO(stream, (array)->latched);                                                                  \
    DO(stream, (array)->latched_row);                                                              \
    DO(stream, (array)->was_reset);                                                                \
    DO(stream, (array)->random);                                                                   \
    DO(stream, (array)->now_s)

static double pre_time_s(const nux_array *settled, unsigned row, unsigned column) {
    if (settled->paired[row][column])
        return -INFINITY;
    if (settled->orphan[row][column])
        return settled->orphan_time_s[row][column];
    return settled->rows[row].label[settled->filed_label[row][column]].time_s;
}

static void save_synapses(const nux_array *settled, nux_writer *w) {
    for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++)
        for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++) {
            double time_s = pre_time_s(settled, row, column);
            PUT(w, time_s);
        }
    for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++)
        for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++) {
            uint8_t fired = settled->paired[row][column] & 1;
            PUT(w, fired);
        }
}

static void save_spikes(const nux_array *array, nux_writer *w) {
    uint64_t count = array->spikes_end - array->spikes_head;
    PUT(w, count);
    for (size_t i = array->spikes_head; i < array->spikes_end; i++) {
        PUT(w, array->spikes[i].time_s);
        PUT(w, array->spikes[i].line);
        PUT(w, array->spikes[i].label);
    }
}

enum { SPIKE_BYTES = 12 };

static size_t state_size(const nux_array *array) {
    nux_writer counter = {0};
    PUT(&counter, magic);
    PUT(&counter, version);
    FOR_FIELDS(PUT, &counter, array);
    return counter.used + sizeof(synapse_history) + sizeof(uint64_t) +
           SPIKE_BYTES * (array->spikes_end - array->spikes_head);
}

// Settling changes nothing that anyone can see; it is done on a copy all the same, so that saving
// is free of side effects. 0 when there is no memory for it.
size_t nux_array_save(const nux_array *array, uint8_t *out, size_t capacity) {
    size_t size = state_size(array);
    if (capacity < size)
        return size;
    nux_array *settled = malloc(sizeof *settled);
    if (settled == NULL)
        return 0;
    memcpy(settled, array, sizeof *settled);
    nux_array_settle(settled);
    nux_writer w = {.out = out, .capacity = capacity};
    PUT(&w, magic);
    PUT(&w, version);
    FOR_FIELDS(PUT, &w, settled);
    save_synapses(settled, &w);
    save_spikes(array, &w);
    free(settled);
    return size;
}

static bool bytes_are_at_most(const void *data, size_t n, uint8_t limit) {
    const uint8_t *bytes = data;
    for (size_t i = 0; i < n; i++)
        if (bytes[i] > limit)
            return false;
    return true;
}

static bool are_between(const void *data, size_t bytes, double low, double high) {
    const double *values = data;
    for (size_t i = 0; i < bytes / sizeof *values; i++)
        if (!(values[i] >= low && values[i] <= high)) // also NaN
            return false;
    return true;
}

// A synapse whose column fired since its last presynaptic spike has that one paired.
static bool spikes_are_paired(const synapse_history *history) {
    for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++)
        for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
            if (history->fired[row][column] && history->pre_time_s[row][column] > -INFINITY)
                return false;
    return true;
}

static bool is_consistent(const nux_array *a, const synapse_history *history) {
    const double huge = 1e300, offset = 1e6, never = -INFINITY;
    double now = a->now_s;
#define BETWEEN(field, low, high) are_between(&(field), sizeof(field), low, high)
    return bytes_are_at_most(a->weights, sizeof a->weights, NUX_WEIGHT_MAX) &&
           bytes_are_at_most(a->labels, sizeof a->labels, NUX_LABEL_MAX) &&
           bytes_are_at_most(a->time_calib, sizeof a->time_calib, 3) &&
           bytes_are_at_most(a->amp_calib, sizeof a->amp_calib, 3) &&
           BETWEEN(a->amplitude_lsb, -1e9, 1e9) && BETWEEN(a->tau_s, 1e-15, huge) &&
           BETWEEN(a->amp_factor, -offset, offset) && BETWEEN(a->tau_factor, 1e-6, offset) &&
           BETWEEN(a->saturation_lsb, -offset, offset) &&
           BETWEEN(a->accumulated_lsb, -huge, huge) && BETWEEN(a->baseline_lsb, -offset, offset) &&
           BETWEEN(a->offset_lsb, -offset, offset) && BETWEEN(a->noise_lsb, 0, offset) &&
           BETWEEN(a->now_s, 0, huge) && BETWEEN(a->post_time_s, never, now) &&
           BETWEEN(history->pre_time_s, never, now) &&
           bytes_are_at_most(history->fired, sizeof history->fired, 1) &&
           spikes_are_paired(history) && (a->latched == 0 || a->latched == 1) &&
           a->latched_row >= -1 && a->latched_row < NUX_ARRAY_ROWS &&
           bytes_are_at_most(a->was_reset, sizeof a->was_reset, 3);
#undef BETWEEN
}

// Takes the spikes to come into a new queue of the array.
static int load_spikes(nux_array *array, nux_reader *r) {
    uint64_t count = 0;
    TAKE(r, count);
    if (r->failed || r->left % SPIKE_BYTES != 0 || r->left / SPIKE_BYTES != count)
        return -1;
    size_t n = (size_t)count;
    double *time_s = malloc((n + 1) * sizeof *time_s);
    uint16_t *line = malloc((n + 1) * sizeof *line);
    int16_t *label = malloc((n + 1) * sizeof *label);
    int status = -2;
    if (time_s != NULL && line != NULL && label != NULL) {
        for (size_t i = 0; i < n; i++) {
            TAKE(r, time_s[i]);
            TAKE(r, line[i]);
            TAKE(r, label[i]);
        }
        int pushed = nux_array_push(array, n, time_s, line, label);
        status = pushed == NUX_ARRAY_NO_MEMORY ? -2 : pushed < 0 ? -1 : 0;
    }
    free(time_s);
    free(line);
    free(label);
    return status;
}

// The last presynaptic spike of a label is the latest one that a synapse of it remembers; synapses
// that remember another one are orphans.
static void load_row(nux_array *array, unsigned row, const synapse_history *history) {
    const uint8_t *labels = array->labels[row];
    const double *time_s = history->pre_time_s[row];
    nux_array_label *last = array->rows[row].label;
    for (unsigned label = 0; label < NUX_ARRAY_LABELS; label++)
        last[label].time_s = -INFINITY;
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        if (time_s[column] > last[labels[column]].time_s)
            last[labels[column]].time_s = time_s[column];
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++) {
        bool fired = history->fired[row][column];
        bool orphan = !fired && time_s[column] != last[labels[column]].time_s;
        array->paired[row][column] = fired ? 0xff : 0;
        array->orphan[row][column] = orphan ? 0xff : 0;
        array->orphan_time_s[row][column] = time_s[column];
        array->rows[row].paired |= (uint64_t)fired << labels[column];
        array->rows[row].orphans |= (uint64_t)orphan << labels[column];
    }
    nux_array_file_row(array, row, labels);
}

int nux_array_load(nux_array *array, const uint8_t *data, size_t n) {
    nux_reader r = {.data = data, .left = n};
    uint32_t words[2] = {0};
    nux_array *loaded = calloc(1, sizeof *loaded);
    synapse_history *history = malloc(sizeof *history);
    int status = -2;
    if (loaded == NULL || history == NULL)
        goto end;
    status = -1;
    TAKE(&r, words);
    FOR_FIELDS(TAKE, &r, loaded);
    TAKE(&r, *history);
    if (r.failed || words[0] != magic || words[1] != version || !is_consistent(loaded, history))
        goto end;
    status = load_spikes(loaded, &r);
    if (status != 0)
        goto end;
    nux_history_restart(loaded);
    nux_array_update_parameters(loaded);
    for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++)
        load_row(loaded, row, history);
    loaded->neurons = array->neurons;
    loaded->analog = array->analog;
    free(array->spikes);
    memcpy(array, loaded, sizeof *array);
    loaded->spikes = NULL;
end:
    if (loaded != NULL)
        free(loaded->spikes);
    free(loaded);
    free(history);
    return status;
}
