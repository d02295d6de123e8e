// SPDX-License-Identifier: BSD-3-Clause
// Events to come: pushed trains, kept sorted, and events under way, kept in a heap.
#include "network.h"

#include <stdlib.h>
#include <string.h>

// --- Pushed row events --------------------------------------------------------------------

static int check(const nux_network *network, size_t n, const double *time_s,
                 const uint8_t *hemisphere, const uint16_t *row, const uint8_t *label) {
    for (size_t i = 0; i < n; i++) {
        if (!(time_s[i] >= network->now_s && time_s[i] <= NUX_NETWORK_LAST_S)) // also NaN
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

// Write n events, sorted; at equal times they keep their order.
static void fill(train_event *to, size_t n, const double *time_s, const uint8_t *hemisphere,
                 const uint16_t *row, const uint8_t *label) {
    bool sorted = true;
    for (size_t i = 0; i < n; i++) {
        to[i] = (train_event){time_s[i], {row[i], hemisphere[i], label[i]}, (uint32_t)i};
        sorted = sorted && (i == 0 || time_s[i - 1] <= time_s[i]);
    }
    if (!sorted)
        qsort(to, n, sizeof *to, by_time_and_place);
    for (size_t i = 0; i < n; i++)
        to[i].reserved = 0;
}

// Merge n sorted events with those to come, from the back; the old ones come first at equal times.
static void merge(train_queue *trains, const train_event *added, size_t n) {
    train_event *event = trains->event;
    size_t old = trains->end, to = trains->end + n;
    while (n > 0) {
        if (old > trains->head && added[n - 1].time_s < event[old - 1].time_s)
            event[--to] = event[--old];
        else
            event[--to] = added[--n];
    }
}

int nux_network_push_rows(nux_network *network, size_t n, const double *time_s,
                          const uint8_t *hemisphere, const uint16_t *row, const uint8_t *label) {
    train_queue *trains = &network->trains;
    int status = check(network, n, time_s, hemisphere, row, label);
    if (status < 0 || n == 0)
        return status;
    if (n > UINT32_MAX || !reserve(trains, n))
        return NUX_NETWORK_NO_MEMORY;
    train_event *end = trains->event + trains->end;
    fill(end, n, time_s, hemisphere, row, label);
    if (trains->head < trains->end && end[0].time_s < end[-1].time_s) {
        train_event *added = malloc(n * sizeof *added);
        if (added == NULL)
            return NUX_NETWORK_NO_MEMORY;
        memcpy(added, end, n * sizeof *added);
        merge(trains, added, n);
        free(added);
    }
    trains->end += n;
    return 0;
}

size_t nux_network_pending(const nux_network *network) {
    return network->trains.end - network->trains.head;
}

// --- Events under way ---------------------------------------------------------------------

bool nux_flights_init(flight_queue *flights) {
    // Never touched beyond the largest number of events under way.
    flights->heap = malloc(NUX_NETWORK_IN_FLIGHT * sizeof *flights->heap);
    return flights->heap != NULL;
}

bool nux_flights_push(flight_queue *flights, flight event) {
    if (flights->count == NUX_NETWORK_IN_FLIGHT)
        return false;
    event.sequence = flights->pushed++;
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

size_t nux_network_in_flight(const nux_network *network) { return network->flights.count; }

int nux_network_inject(nux_network *network, unsigned hemisphere, double t, unsigned bus_mask,
                       unsigned row_select, unsigned label) {
    if (hemisphere >= HEMISPHERES || bus_mask >= 16 || row_select >= 32 ||
        label >= NUX_NETWORK_LABELS)
        return NUX_NETWORK_OUT_OF_RANGE;
    if (!(t <= NUX_NETWORK_LAST_S)) // also NaN
        return NUX_NETWORK_TIME;
    flight event = {
        .time_s = t > network->now_s ? t : network->now_s,
        .bus = {(uint8_t)hemisphere, (uint8_t)bus_mask, (uint8_t)row_select, (uint8_t)label},
        .kind = FLIGHT_BUS};
    return nux_flights_push(&network->flights, event) ? 0 : NUX_NETWORK_FULL;
}
