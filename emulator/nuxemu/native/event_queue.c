// SPDX-License-Identifier: BSD-3-Clause
// Events to come: pushed trains, kept sorted, and events under way, kept in a heap.
#include "network.h"

#include <stdlib.h>
#include <string.h>

// --- Pushed row events --------------------------------------------------------------------

static int check(double now_s, size_t n, const double *time_s, const uint8_t *hemisphere,
                 const uint16_t *row, const uint8_t *label) {
    for (size_t i = 0; i < n; i++) {
        if (!(time_s[i] >= now_s && time_s[i] <= NUX_NETWORK_LAST_S)) // also NaN
            return NUX_NETWORK_TIME;
        if (!valid_target((nux_network_target){row[i], hemisphere[i], label[i]}))
            return NUX_NETWORK_OUT_OF_RANGE;
    }
    return 0;
}

// Make room for n more events at the end.
static bool reserve(train_queue *trains, size_t n) {
    size_t pending = trains->end - trains->head;
    if (n <= trains->capacity - trains->end)
        return true;
    if (n > SIZE_MAX / (4 * sizeof(train_event)) - pending)
        return false;
    if (trains->head > 0)
        memmove(trains->event, trains->event + trains->head, pending * sizeof *trains->event);
    trains->head = 0;
    trains->end = pending;
    size_t capacity = 2 * (pending + n);
    if (capacity <= trains->capacity)
        return true;
    train_event *event = realloc(trains->event, capacity * sizeof *event);
    if (event == NULL)
        return false;
    trains->event = event;
    trains->capacity = capacity;
    return true;
}

static int by_time_and_place(const void *a_, const void *b_) {
    const train_event *a = a_, *b = b_;
    if (a->time_s != b->time_s)
        return a->time_s < b->time_s ? -1 : 1;
    return a->reserved < b->reserved ? -1 : a->reserved > b->reserved;
}

// Write those of the n events that are for a hemisphere, sorted; at equal times they keep their
// order. Returns how many.
static size_t fill(train_event *to, unsigned wanted, size_t n, const double *time_s,
                   const uint8_t *hemisphere, const uint16_t *row, const uint8_t *label) {
    bool sorted = true;
    size_t filled = 0;
    for (size_t i = 0; i < n; i++) {
        if (hemisphere[i] != wanted)
            continue;
        sorted = sorted && (filled == 0 || to[filled - 1].time_s <= time_s[i]);
        to[filled++] = (train_event){time_s[i], {row[i], hemisphere[i], label[i]}, (uint32_t)i};
    }
    if (!sorted)
        qsort(to, filled, sizeof *to, by_time_and_place);
    for (size_t i = 0; i < filled; i++)
        to[i].reserved = 0;
    return filled;
}

// Merge n sorted events with those to come, from the back; the old ones come first at equal times.
static void merge(train_queue *trains, const train_event *added, size_t n) {
    train_event *event = trains->event;
    size_t old = trains->end, to = trains->end + n, total = n;
    while (n > 0) {
        if (old > trains->head && added[n - 1].time_s < event[old - 1].time_s)
            event[--to] = event[--old];
        else
            event[--to] = added[--n];
    }
    trains->end += total;
}

int nux_network_push_rows(nux_network *network, size_t n, const double *time_s,
                          const uint8_t *hemisphere, const uint16_t *row, const uint8_t *label) {
    int status = check(nux_network_now(network), n, time_s, hemisphere, row, label);
    if (status < 0 || n == 0)
        return status;
    train_event *added = n <= UINT32_MAX ? malloc(n * sizeof *added) : NULL;
    bool ok = added != NULL;
    for (unsigned h = 0; ok && h < HEMISPHERES; h++)
        ok = reserve(&network->hemispheres[h].trains, n);
    for (unsigned h = 0; ok && h < HEMISPHERES; h++)
        merge(&network->hemispheres[h].trains, added,
              fill(added, h, n, time_s, hemisphere, row, label));
    free(added);
    return ok ? 0 : NUX_NETWORK_NO_MEMORY;
}

size_t nux_network_pending(const nux_network *network) {
    size_t pending = 0;
    for (unsigned h = 0; h < HEMISPHERES; h++)
        pending += network->hemispheres[h].trains.end - network->hemispheres[h].trains.head;
    return pending;
}

// --- Events under way ---------------------------------------------------------------------

bool nux_flights_init(nux_hemisphere *of) {
    // Never touched beyond the largest number of events under way.
    of->flights.heap = malloc(NUX_NETWORK_IN_FLIGHT * sizeof *of->flights.heap);
    for (unsigned i = 0; i < 2; i++)
        of->outgoing[i].event = malloc(NUX_NETWORK_IN_FLIGHT * sizeof *of->outgoing[i].event);
    return of->flights.heap != NULL && of->outgoing[0].event != NULL &&
           of->outgoing[1].event != NULL;
}

void nux_flights_free(nux_hemisphere *of) {
    free(of->flights.heap);
    free(of->outgoing[0].event);
    free(of->outgoing[1].event);
}

bool nux_flights_keep(flight_list *outgoing, flight event) {
    if (outgoing->count == NUX_NETWORK_IN_FLIGHT)
        return false;
    outgoing->event[outgoing->count++] = event;
    return true;
}

bool nux_flights_push(flight_queue *flights, flight event) {
    if (flights->count == NUX_NETWORK_IN_FLIGHT)
        return false;
    size_t at = flights->count++;
    for (; at > 0; at = (at - 1) / 2) {
        const flight *parent = &flights->heap[(at - 1) / 2];
        if (!nux_flight_before(&event, parent))
            break;
        flights->heap[at] = *parent;
    }
    flights->heap[at] = event;
    return true;
}

flight nux_flights_pop(flight_queue *flights) {
    flight *heap = flights->heap;
    flight first = heap[0], last = heap[--flights->count];
    size_t at = 0, child;
    while ((child = 2 * at + 1) < flights->count) {
        if (child + 1 < flights->count && nux_flight_before(&heap[child + 1], &heap[child]))
            child++;
        if (!nux_flight_before(&heap[child], &last))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return first;
}

size_t nux_network_in_flight(const nux_network *network) {
    return network->hemispheres[0].flights.count + network->hemispheres[1].flights.count;
}

int nux_network_inject(nux_network *network, unsigned hemisphere, double t, unsigned bus_mask,
                       unsigned row_select, unsigned label) {
    if (hemisphere >= HEMISPHERES || bus_mask >= 16 || row_select >= 32 ||
        label >= NUX_NETWORK_LABELS)
        return NUX_NETWORK_OUT_OF_RANGE;
    if (!(t <= NUX_NETWORK_LAST_S)) // also NaN
        return NUX_NETWORK_TIME;
    nux_hemisphere *of = &network->hemispheres[hemisphere];
    flight event = {
        .time_s = t > of->now_s ? t : of->now_s,
        .sent_s = of->now_s,
        .injected = network->injected++,
        .sender = INJECTED,
        .bus = {(uint8_t)hemisphere, (uint8_t)bus_mask, (uint8_t)row_select, (uint8_t)label},
        .kind = FLIGHT_BUS};
    return nux_flights_push(&of->flights, event) ? 0 : NUX_NETWORK_FULL;
}
