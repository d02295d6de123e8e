// SPDX-License-Identifier: BSD-3-Clause
// Routing: spikes of neurons to events on rows, each after its delay.
#include "network.h"

#include <stdlib.h>
#include <string.h>

// What the buses of a hemisphere carry together.
#define ROUTED_HZ ((double)NUX_NETWORK_BUSES * NUX_NETWORK_TICK_HZ)

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
    return valid(routing->first, routing->target, routing->delay_s);
}

void nux_routing_find_shortest(routing_table *routing) {
    routing->shortest_s = INFINITY;
    for (unsigned neuron = 0; neuron < NEURONS; neuron++)
        for (uint32_t i = routing->first[neuron]; i < routing->first[neuron + 1]; i++)
            if (routing->target[i].hemisphere != neuron / NUX_ARRAY_COLUMNS)
                routing->shortest_s = fmin(routing->shortest_s, routing->delay_s[i]);
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
    nux_routing_find_shortest(routing);
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

void nux_routing_arrive(nux_hemisphere *at, flight event) {
    if (nux_flights_push(&at->flights, event))
        at->counts.routed++;
    else
        at->counts.dropped++;
}

void nux_routing_spike(nux_hemisphere *of, unsigned column, double t) {
    const routing_table *routing = &of->network->routing;
    unsigned neuron = of->index * NUX_ARRAY_COLUMNS + column;
    uint32_t begin = routing->first[neuron], end = routing->first[neuron + 1];
    if (begin == end)
        return;
    of->credit += (t - of->credit_s) * ROUTED_HZ;
    if (of->credit > NUX_NETWORK_ROUTED_BURST)
        of->credit = NUX_NETWORK_ROUTED_BURST;
    of->sent = t > of->credit_s ? 0 : of->sent;
    of->credit_s = t;
    for (uint32_t i = begin; i < end; i++) {
        flight event = {.time_s = t + routing->delay_s[i],
                        .sent_s = t,
                        .injected = of->network->injected,
                        .sender = (uint16_t)of->index,
                        .number = of->sent++,
                        .target = routing->target[i],
                        .kind = FLIGHT_ROW};
        if (of->credit < 1) {
            of->counts.dropped++;
            continue;
        }
        of->credit -= 1;
        if (event.target.hemisphere == of->index)
            nux_routing_arrive(of, event);
        else if (!nux_flights_keep(&of->outgoing[of->step % 2], event))
            of->counts.dropped++;
    }
}
