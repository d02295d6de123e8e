// SPDX-License-Identifier: BSD-3-Clause
// Inside of the network: what its parts share.
//
// The events of each hemisphere are a world of their own (nux_hemisphere): between the two pass
// only routed events, after their delay. So both run side by side, on two threads where the host
// has two processors, through windows shorter than the shortest delay between them.
//
//   network.c        windows; which event of a hemisphere is next, and what it does
//   event_queue.c    pushed trains (sorted array) and events under way (heap)
//   drivers.c        row drivers, short-term plasticity
//   routing.c        spikes to events
//   sources.c        Poisson and regular sources
//   background.c     background sources of the chip
//   recording.c      recorded spikes and events, spike counters
//   network_state.c  save and load
#ifndef NUX_NETWORK_H
#define NUX_NETWORK_H

#include "cdef/network.h"
#include "team.h"

#include <math.h>
#include <stdbool.h>

enum {
    HEMISPHERES = 2,
    NEURONS = NUX_NETWORK_NEURONS,
    DRIVERS = NUX_NETWORK_DRIVERS,
    BACKGROUNDS = NUX_NETWORK_BACKGROUNDS,
    RECORDINGS = 2,
};

// Latest time that may be reached: up to it, one tick more is a later time.
#define NUX_NETWORK_LAST_S 1e6
// Shortest delay and shortest period: one tick of the event buses.
#define NUX_NETWORK_TICK_S 8e-9

// Pushed row events, sorted by time: event[head .. end).
typedef struct {
    double time_s;
    nux_network_target target;
    uint32_t reserved; // 0
} train_event;
typedef struct {
    train_event *event;
    size_t head, end, capacity;
} train_queue;

// Events under way, a heap by time; at equal times in the order of sending, which at one time is
// that of the neurons. So it makes no difference when those from the other hemisphere are handed
// over.
enum flight_kind { FLIGHT_ROW = 0, FLIGHT_BUS = 1 };
enum { INJECTED = HEMISPHERES }; // in place of the sender's hemisphere
typedef struct {
    double time_s, sent_s;
    uint32_t injected; // events injected before
    uint32_t number;   // of the events that the sender sent at this time
    uint16_t sender, kind;
    union {
        nux_network_target target; // FLIGHT_ROW
        struct {
            uint8_t hemisphere, bus_mask, row_select, label;
        } bus; // FLIGHT_BUS
        uint32_t word;
    };
} flight;
typedef struct {
    flight *heap; // room for NUX_NETWORK_IN_FLIGHT
    size_t count;
} flight_queue;

// Routed events for the other hemisphere, not handed over yet.
typedef struct {
    flight *event; // room for NUX_NETWORK_IN_FLIGHT
    size_t count;
} flight_list;

typedef struct {
    uint32_t first[NEURONS + 1];
    nux_network_target *target;
    double *delay_s;
    double shortest_s; // delay from one hemisphere to the other; infinity: no connection
} routing_table;

typedef struct {
    nux_network_source config;
    int64_t id;
    double next_s;  // INFINITY: no more
    uint64_t count; // regular: index of the next event; Poisson: random numbers drawn
    size_t first_target, targets;
} source_state;
typedef struct {
    source_state *source; // by ascending id
    size_t count, capacity;
    nux_network_target *target; // of all sources, in their order
    size_t target_count, target_capacity;
    uint32_t *heap; // indices of the sources that have a next event, by its time and index
    size_t heap_count;
    int64_t last_id;
} source_set;

typedef struct {
    nux_network_background config;
    uint32_t seed;     // of the running generator
    uint32_t reserved; // 0
    double anchor_s;   // when it was enabled
    uint64_t ticks;    // from there to the last bin counted
    uint64_t first;    // ticks from there to the next bin; behind that, config.period
    uint64_t bins;     // counted so far
    uint64_t ahead;    // bins until the next event, 0: none
    double next_s;     // INFINITY: no more
} background_state;

typedef struct {
    nux_network_record *record;
    size_t count, capacity;
    bool on;
} recording;

// Of one hemisphere.
typedef struct {
    _Alignas(NUX_APART) nux_network *network;
    unsigned index; // of the hemisphere
    nux_array *array;
    nux_neurons *neurons;
    nux_network_driver *drivers; // [DRIVERS]
    double now_s;
    train_queue trains;
    flight_queue flights;
    flight_list outgoing[2]; // of even and odd steps (team.h)
    unsigned step;           // the one under way
    // Routed events that its neurons may still send at once, at the time at which they sent last;
    // and how many they have sent at it.
    double credit, credit_s;
    uint32_t sent;
    source_set sources; // with its own targets of each source, of which there may be none
    background_state backgrounds[NUX_NETWORK_BUSES];
    double background_next_s; // the earliest of theirs
    uint8_t counter[NUX_ARRAY_COLUMNS];
    uint8_t overflow[NUX_ARRAY_COLUMNS];
    nux_network_counts counts;
    recording recordings[RECORDINGS];
    // Spikes at the current time of neurons in bypass mode, until the presynaptic events of that
    // time are done: how often each fires, and for which neurons that is more than never.
    uint32_t bypass_count[NUX_ARRAY_COLUMNS];
    uint64_t bypass_set[NUX_ARRAY_COLUMNS / 64];
    bool bypass_any;
} nux_hemisphere;

struct nux_network {
    nux_hemisphere hemispheres[HEMISPHERES];
    nux_network_driver drivers[HEMISPHERES][DRIVERS];
    routing_table routing;
    uint32_t injected;       // events injected so far, or since a state was loaded, one more
    uint64_t events;         // of the last window, for a guess at those of the next
    struct nux_trace *trace; // or NULL
};

static inline bool valid_target(nux_network_target target) {
    return target.row < NUX_ARRAY_ROWS && target.hemisphere < HEMISPHERES &&
           target.label < NUX_NETWORK_LABELS;
}

// network.c
nux_network *nux_network_allocate(void); // zeros; NULL without memory
// Everything of one hemisphere up to and including a time, which must be nearer than the shortest
// delay to what the other one has reached. In step k of several (team.h); what is for the other one
// waits until that one calls nux_network_meet().
void nux_network_run_alone(nux_network *network, unsigned hemisphere, double until_s);
void nux_network_begin_step(nux_network *network, unsigned hemisphere, unsigned k);
void nux_network_meet(nux_network *network, unsigned hemisphere, unsigned k);

// Event on a row at the current time, through its driver.
void nux_network_row_event(nux_hemisphere *of, nux_network_target target, double t);
// An event on buses: both rows of each driver that it selects.
void nux_network_bus_event(nux_hemisphere *of, unsigned bus_mask, unsigned row_select,
                           unsigned label, double t);
// An event on a row of which the driver's strength is known.
void nux_network_drive_row(nux_hemisphere *of, nux_network_target target, double t,
                           double amplitude);

// event_queue.c
static inline double nux_trains_next(const train_queue *trains) {
    return trains->head < trains->end ? trains->event[trains->head].time_s : INFINITY;
}
bool nux_flights_init(nux_hemisphere *of);
void nux_flights_free(nux_hemisphere *of);
bool nux_flights_push(flight_queue *flights, flight event); // false when full
flight nux_flights_pop(flight_queue *flights);
// Keep an event for the other hemisphere; false when full.
bool nux_flights_keep(flight_list *outgoing, flight event);
static inline double nux_flights_next(const flight_queue *flights) {
    return flights->count > 0 ? flights->heap[0].time_s : INFINITY;
}
static inline bool nux_flight_before(const flight *a, const flight *b) {
    if (a->time_s != b->time_s)
        return a->time_s < b->time_s;
    if (a->sent_s != b->sent_s)
        return a->sent_s < b->sent_s;
    if (a->injected != b->injected)
        return a->injected < b->injected;
    return a->sender != b->sender ? a->sender < b->sender : a->number < b->number;
}

// drivers.c
void nux_driver_init(nux_network_driver *driver);
bool nux_driver_valid(const nux_network_driver *driver);
double nux_driver_amplitude(nux_network_driver *driver, double t); // of an event at t

// routing.c
void nux_routing_spike(nux_hemisphere *of, unsigned column, double t);
// A routed event comes to its hemisphere.
void nux_routing_arrive(nux_hemisphere *at, flight event);
bool nux_routing_valid(const routing_table *routing);
void nux_routing_find_shortest(routing_table *routing);

// sources.c
static inline double nux_sources_next(const source_set *sources) {
    return sources->heap_count > 0 ? sources->source[sources->heap[0]].next_s : INFINITY;
}
void nux_sources_fire(nux_hemisphere *of);     // the next event
bool nux_sources_restart(source_set *sources); // after all sources have been replaced
bool nux_source_valid(const nux_network_source *config);
void nux_sources_free(source_set *sources);

// background.c
void nux_backgrounds_fire(nux_hemisphere *of);    // the next event
void nux_backgrounds_restart(nux_hemisphere *of); // after next_s have been set
// The same state with all bins up to now_s counted.
background_state nux_background_at(const background_state *state, double now_s);
bool nux_background_valid(const background_state *state, double now_s);

// recording.c
void nux_recording_add(nux_hemisphere *of, int which, double t, unsigned line, unsigned label);
void nux_count_spike(nux_hemisphere *of, unsigned column);

#endif
