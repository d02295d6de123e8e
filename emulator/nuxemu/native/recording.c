// SPDX-License-Identifier: BSD-3-Clause
// Recorded spikes and events, and the spike counters.
#include "network.h"

#include <stdlib.h>
#include <string.h>

enum { COUNTER_OVERFLOW = 8 };

void nux_recording_add(nux_network *network, int which, double t, unsigned line, unsigned label) {
    recording *to = &network->recordings[which];
    if (!to->on)
        return;
    if (to->count == to->capacity) {
        size_t capacity = 2 * to->capacity + 1024;
        nux_network_record *record = capacity < SIZE_MAX / sizeof *record
                                         ? realloc(to->record, capacity * sizeof *record)
                                         : NULL;
        if (record == NULL) {
            network->counts.unrecorded++;
            return;
        }
        to->record = record;
        to->capacity = capacity;
    }
    to->record[to->count++] = (nux_network_record){t, (uint16_t)line, (uint16_t)label, 0};
}

void nux_network_record_on(nux_network *network, int which, int on) {
    network->recordings[which].on = on != 0;
}

int nux_network_is_recorded(const nux_network *network, int which) {
    return network->recordings[which].on;
}

size_t nux_network_recorded(const nux_network *network, int which) {
    return network->recordings[which].count;
}

void nux_network_read_recorded(const nux_network *network, int which, nux_network_record *out) {
    const recording *from = &network->recordings[which];
    if (from->count > 0)
        memcpy(out, from->record, from->count * sizeof *out);
}

void nux_network_clear_recorded(nux_network *network, int which) {
    network->recordings[which].count = 0;
}

void nux_count_spike(nux_network *network, unsigned neuron) {
    if (++network->counter[neuron] == 0)
        network->overflow[neuron] = 1;
    network->counts.spikes++;
}

static unsigned neuron_at(unsigned hemisphere, unsigned column) {
    return hemisphere % HEMISPHERES * NUX_ARRAY_COLUMNS + column % NUX_ARRAY_COLUMNS;
}

uint32_t nux_network_counter(const nux_network *network, unsigned hemisphere, unsigned column) {
    unsigned neuron = neuron_at(hemisphere, column);
    return network->counter[neuron] | (uint32_t)network->overflow[neuron] << COUNTER_OVERFLOW;
}

void nux_network_counter_reset(nux_network *network, unsigned hemisphere, unsigned column) {
    unsigned neuron = neuron_at(hemisphere, column);
    network->counter[neuron] = network->overflow[neuron] = 0;
}

nux_network_counts nux_network_statistics(const nux_network *network) { return network->counts; }
