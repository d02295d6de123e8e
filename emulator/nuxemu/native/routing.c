// SPDX-License-Identifier: BSD-3-Clause
// Routing: spikes of neurons to events on rows, each after its delay.
#include "network.h"

#include <stdlib.h>
#include <string.h>

// What all buses together carry.
#define ROUTED_HZ ((double)HEMISPHERES * NUX_NETWORK_BUSES * NUX_NETWORK_TICK_HZ)

static bool valid_delay(double delay_s) {
    return delay_s >= NUX_NETWORK_TICK_S && delay_s <= NUX_NETWORK_LAST_S;
}

static bool valid(const uint32_t *first, const nux_network_target *target, const double *delay_s) {
    if (first[0] != 0)
        return false;
    for (unsigned neuron = 0; neuron < NEURONS; neuron++)
        if (first[neuron] > first[neuron + 1])
            return false;
    for (uint32_t i = 0; i < first[NEURONS]; i++)
        if (!valid_target(target[i]) || !valid_delay(delay_s[i]))
            return false;
    return true;
}

bool nux_routing_valid(const routing_table *routing) {
    return valid(routing->first, routing->target, routing->delay_s) && routing->credit >= 0 &&
           routing->credit <= NUX_NETWORK_ROUTED_BURST && routing->credit_s >= 0 &&
           routing->credit_s <= NUX_NETWORK_LAST_S;
}

int nux_network_set_routing(nux_network *network, const uint32_t first[NEURONS + 1],
                            const nux_network_target *target, const double *delay_s) {
    if (!valid(first, target, delay_s))
        return NUX_NETWORK_OUT_OF_RANGE;
    size_t n = first[NEURONS];
    // At least one element each, so that NULL means that there is no memory.
    nux_network_target *targets = malloc((n + 1) * sizeof *targets);
    double *delays = malloc((n + 1) * sizeof *delays);
    if (targets == NULL || delays == NULL) {
        free(targets);
        free(delays);
        return NUX_NETWORK_NO_MEMORY;
    }
    if (n > 0) {
        memcpy(targets, target, n * sizeof *targets);
        memcpy(delays, delay_s, n * sizeof *delays);
    }
    routing_table *routing = &network->routing;
    free(routing->target);
    free(routing->delay_s);
    routing->target = targets;
    routing->delay_s = delays;
    memcpy(routing->first, first, sizeof routing->first);
    return 0;
}

size_t nux_network_connections(const nux_network *network) {
    return network->routing.first[NEURONS];
}

void nux_network_get_routing(const nux_network *network, uint32_t first[NEURONS + 1],
                             nux_network_target *target, double *delay_s) {
    const routing_table *routing = &network->routing;
    size_t n = routing->first[NEURONS];
    memcpy(first, routing->first, sizeof routing->first);
    if (n > 0) {
        memcpy(target, routing->target, n * sizeof *target);
        memcpy(delay_s, routing->delay_s, n * sizeof *delay_s);
    }
}

void nux_routing_spike(nux_network *network, unsigned neuron, double t) {
    routing_table *routing = &network->routing;
    uint32_t begin = routing->first[neuron], end = routing->first[neuron + 1];
    if (begin == end)
        return;
    routing->credit += (t - routing->credit_s) * ROUTED_HZ;
    if (routing->credit > NUX_NETWORK_ROUTED_BURST)
        routing->credit = NUX_NETWORK_ROUTED_BURST;
    routing->credit_s = t;
    for (uint32_t i = begin; i < end; i++) {
        flight event = {
            .time_s = t + routing->delay_s[i], .target = routing->target[i], .kind = FLIGHT_ROW};
        if (routing->credit >= 1 && nux_flights_push(&network->flights, event)) {
            routing->credit -= 1;
            network->counts.routed++;
        } else {
            network->counts.dropped++;
        }
    }
}
