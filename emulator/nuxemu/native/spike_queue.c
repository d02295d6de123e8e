// SPDX-License-Identifier: BSD-3-Clause
// Spikes to come, sorted by time; at the same time presynaptic spikes come first.
#include "array.h"
#include "trace.h"

#include <stdlib.h>
#include <string.h>

static bool is_post(const nux_array_spike *spike) { return spike->label < 0; }

static bool comes_before(const nux_array_spike *a, const nux_array_spike *b) {
    return a->time_s < b->time_s || (a->time_s == b->time_s && !is_post(a) && is_post(b));
}

static int check(const nux_array *array, size_t n, const double *time_s, const uint16_t *line,
                 const int16_t *label) {
    double latest = array->now_s;
    for (size_t i = 0; i < n; i++) {
        if (!(time_s[i] >= latest)) // also NaN
            return NUX_ARRAY_OUT_OF_ORDER;
        latest = time_s[i];
        unsigned lines = label[i] < 0 ? NUX_ARRAY_COLUMNS : NUX_ARRAY_ROWS;
        if (line[i] >= lines || label[i] < -1 || label[i] > 63)
            return NUX_ARRAY_OUT_OF_RANGE;
    }
    return 0;
}

// Make room for n more spikes at the end.
static bool reserve(nux_array *array, size_t n) {
    size_t pending = array->spikes_end - array->spikes_head;
    if (array->spikes_end + n <= array->spikes_capacity)
        return true;
    if (n > SIZE_MAX / (2 * sizeof(nux_array_spike)) - pending)
        return false;
    if (array->spikes_head > 0)
        memmove(array->spikes, array->spikes + array->spikes_head, pending * sizeof *array->spikes);
    array->spikes_head = 0;
    array->spikes_end = pending;
    size_t capacity = 2 * (pending + n);
    if (capacity <= array->spikes_capacity)
        return true;
    nux_array_spike *spikes = realloc(array->spikes, capacity * sizeof *spikes);
    if (spikes == NULL)
        return false;
    array->spikes = spikes;
    array->spikes_capacity = capacity;
    return true;
}

// Write n spikes that are sorted by time, within equal times the presynaptic ones first.
static void fill(nux_array_spike *spikes, size_t n, const double *time_s, const uint16_t *line,
                 const int16_t *label) {
    size_t filled = 0;
    for (size_t begin = 0, end; begin < n; begin = end) {
        for (end = begin; end < n && time_s[end] == time_s[begin]; end++)
            if (label[end] >= 0)
                spikes[filled++] = (nux_array_spike){time_s[end], line[end], label[end]};
        for (size_t i = begin; i < end; i++)
            if (label[i] < 0)
                spikes[filled++] = (nux_array_spike){time_s[i], line[i], label[i]};
    }
}

// Merge `added` with the spikes to come, from the back; equal spikes keep the order in which
// they were pushed.
static void merge(nux_array *array, const nux_array_spike *added, size_t n) {
    nux_array_spike *spikes = array->spikes;
    size_t old = array->spikes_end, to = array->spikes_end + n;
    while (n > 0) {
        if (old > array->spikes_head && comes_before(&added[n - 1], &spikes[old - 1]))
            spikes[--to] = spikes[--old];
        else
            spikes[--to] = added[--n];
    }
}

int nux_array_push(nux_array *array, size_t n, const double *time_s, const uint16_t *line,
                   const int16_t *label) {
    int status = check(array, n, time_s, line, label);
    if (status < 0 || n == 0)
        return status;
    if (!reserve(array, n))
        return NUX_ARRAY_NO_MEMORY;
    nux_array_spike *end = array->spikes + array->spikes_end;
    fill(end, n, time_s, line, label);
    if (array->spikes_head < array->spikes_end && comes_before(end, end - 1)) {
        nux_array_spike *added = malloc(n * sizeof *added);
        if (added == NULL)
            return NUX_ARRAY_NO_MEMORY;
        memcpy(added, end, n * sizeof *added);
        merge(array, added, n);
        free(added);
    }
    array->spikes_end += n;
    return 0;
}

static void process_next(nux_array *array) {
    nux_array_spike spike = array->spikes[array->spikes_head++];
    if (NUX_IS_TRACED(array))
        nux_trace_spike(array->trace, array == array->trace->chip->array[1], spike.time_s,
                        spike.line, spike.label);
    if (is_post(&spike))
        nux_array_post_spike(array, spike.line, spike.time_s);
    else
        nux_array_pre_spike(array, spike.line, (unsigned)spike.label, spike.time_s);
}

void nux_array_advance(nux_array *array, double until_s) {
    if (array->spikes_end > 0) {
        while (array->spikes_head < array->spikes_end &&
               array->spikes[array->spikes_head].time_s <= until_s)
            process_next(array);
        if (array->spikes_head == array->spikes_end)
            array->spikes_head = array->spikes_end = 0;
    }
    if (until_s > array->now_s)
        array->now_s = until_s;
}

void nux_array_advance_before(nux_array *array, double time_s) {
    const nux_array_spike first_after = {.time_s = time_s, .label = -1};
    while (array->spikes_head < array->spikes_end &&
           comes_before(&array->spikes[array->spikes_head], &first_after))
        process_next(array);
}
