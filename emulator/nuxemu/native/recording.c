// SPDX-License-Identifier: BSD-3-Clause
// Recorded spikes and events, and the spike counters. Each hemisphere keeps its own; what the host
// sees are both in the order of time, up to where both have come.
#include "network.h"

#include <stdlib.h>
#include <string.h>

enum { COUNTER_OVERFLOW = 8 };

void nux_recording_add(nux_hemisphere *of, int which, double t, unsigned line, unsigned label) {
    recording *to = &of->recordings[which];
    if (!to->on)
        return;
    if (to->count == to->capacity) {
        size_t capacity = 2 * to->capacity + 1024;
        nux_network_record *record = capacity < SIZE_MAX / sizeof *record
                                         ? realloc(to->record, capacity * sizeof *record)
                                         : NULL;
        if (record == NULL) {
            of->counts.unrecorded++;
            return;
        }
        to->record = record;
        to->capacity = capacity;
    }
    to->record[to->count++] = (nux_network_record){t, (uint16_t)line, (uint16_t)label, 0};
}

void nux_network_record_on(nux_network *network, int which, int on) {
    for (unsigned h = 0; h < HEMISPHERES; h++)
        network->hemispheres[h].recordings[which].on = on != 0;
}

int nux_network_is_recorded(const nux_network *network, int which) {
    return network->hemispheres[0].recordings[which].on;
}

// Records of a hemisphere up to where both have come.
static size_t visible(const nux_network *network, unsigned hemisphere, int which) {
    const recording *from = &network->hemispheres[hemisphere].recordings[which];
    double until_s = fmin(network->hemispheres[0].now_s, network->hemispheres[1].now_s);
    size_t n = from->count;
    while (n > 0 && from->record[n - 1].time_s > until_s)
        n--;
    return n;
}

size_t nux_network_recorded(const nux_network *network, int which) {
    return visible(network, 0, which) + visible(network, 1, which);
}

void nux_network_read_recorded(const nux_network *network, int which, nux_network_record *out) {
    const nux_network_record *at[HEMISPHERES], *end[HEMISPHERES];
    for (unsigned h = 0; h < HEMISPHERES; h++) {
        at[h] = network->hemispheres[h].recordings[which].record;
        end[h] = at[h] + visible(network, h, which);
    }
    while (at[0] != end[0] || at[1] != end[1]) {
        bool bottom = at[0] == end[0] || (at[1] != end[1] && at[1]->time_s < at[0]->time_s);
        *out++ = *at[bottom]++;
    }
}

void nux_network_clear_recorded(nux_network *network, int which) {
    size_t n[HEMISPHERES] = {visible(network, 0, which), visible(network, 1, which)};
    for (unsigned h = 0; h < HEMISPHERES; h++) {
        recording *from = &network->hemispheres[h].recordings[which];
        from->count -= n[h];
        if (from->count > 0)
            memmove(from->record, from->record + n[h], from->count * sizeof *from->record);
    }
}

void nux_count_spike(nux_hemisphere *of, unsigned column) {
    if (++of->counter[column] == 0)
        of->overflow[column] = 1;
    of->counts.spikes++;
}

uint32_t nux_network_counter(const nux_network *network, unsigned hemisphere, unsigned column) {
    const nux_hemisphere *of = &network->hemispheres[hemisphere % HEMISPHERES];
    column %= NUX_ARRAY_COLUMNS;
    return of->counter[column] | (uint32_t)of->overflow[column] << COUNTER_OVERFLOW;
}

void nux_network_counter_reset(nux_network *network, unsigned hemisphere, unsigned column) {
    nux_hemisphere *of = &network->hemispheres[hemisphere % HEMISPHERES];
    column %= NUX_ARRAY_COLUMNS;
    of->counter[column] = of->overflow[column] = 0;
}

nux_network_counts nux_network_statistics(const nux_network *network) {
    nux_network_counts sum = network->hemispheres[0].counts, more = network->hemispheres[1].counts;
    sum.row_events += more.row_events;
    sum.spikes += more.spikes;
    sum.routed += more.routed;
    sum.dropped += more.dropped;
    sum.unrecorded += more.unrecorded;
    return sum;
}
