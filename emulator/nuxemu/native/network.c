// SPDX-License-Identifier: BSD-3-Clause
// The chip's events in the order of time.
//
// At one time, first all presynaptic events: those pushed, in that order; those under way, in the
// order in which they were sent; sources by age; background sources by number. Then the spikes of
// neurons, by number: of those in bypass mode, which fire at the event itself, and of those whose
// membrane crosses its threshold. As routing takes at least one tick, a spike causes nothing more
// at its own time. Spikes that the host forces on an array's sensors keep their own queue: the
// presynaptic ones come before, the postsynaptic ones after those here.
//
// What one hemisphere does reaches the other one after the shortest delay between them at the
// earliest. Both run through a window of that length from the next event on, each for itself, and
// then hand over what they have sent. Which thread does it, and where windows begin, makes no
// difference to the result.
#include "network.h"
#include "trace.h"

#include "analog.h"
#include "array.h"
#include "team.h"

#include <stdlib.h>
#include <string.h>

// Events of a window that are worth a second thread.
enum { MANY_EVENTS = 8 };
// Windows are that much shorter than the delay, as their ends are rounded, and not longer than
// that.
#define SHORTER (1 - 1e-6)
#define LONGEST_S 20e-6

// Zeros.
nux_network *nux_network_allocate(void) {
    nux_network *network = aligned_alloc(NUX_APART, sizeof *network);
    return network == NULL ? NULL : memset(network, 0, sizeof *network);
}

nux_network *nux_network_new(nux_array *const array[2], nux_neurons *const neurons[2]) {
    nux_network *network = nux_network_allocate();
    if (network == NULL)
        return NULL;
    double now_s = 0;
    for (unsigned h = 0; h < HEMISPHERES; h++) {
        now_s = fmax(now_s, array[h]->now_s);
        now_s = fmax(now_s, neurons[h]->state.now_s);
    }
    nux_network_target *target = malloc(sizeof *target);
    double *delay_s = malloc(sizeof *delay_s);
    network->routing =
        (routing_table){.target = target, .delay_s = delay_s, .shortest_s = INFINITY};
    bool ok = target != NULL && delay_s != NULL;
    for (unsigned h = 0; h < HEMISPHERES; h++) {
        nux_hemisphere *of = &network->hemispheres[h];
        *of = (nux_hemisphere){.network = network,
                               .index = h,
                               .array = array[h],
                               .neurons = neurons[h],
                               .drivers = network->drivers[h],
                               .now_s = now_s,
                               .credit = NUX_NETWORK_ROUTED_BURST,
                               .background_next_s = INFINITY};
        of->recordings[NUX_NETWORK_SPIKES].on = true;
        ok = nux_flights_init(of) && ok;
        for (unsigned i = 0; i < DRIVERS; i++)
            nux_driver_init(&of->drivers[i]);
        for (unsigned i = 0; i < NUX_NETWORK_BUSES; i++)
            of->backgrounds[i].next_s = INFINITY;
    }
    if (ok)
        return network;
    nux_network_free(network);
    return NULL;
}

void nux_network_free(nux_network *network) {
    if (network == NULL)
        return;
    free(network->routing.target);
    free(network->routing.delay_s);
    for (unsigned h = 0; h < HEMISPHERES; h++) {
        nux_hemisphere *of = &network->hemispheres[h];
        free(of->trains.event);
        nux_flights_free(of);
        nux_sources_free(&of->sources);
        for (unsigned i = 0; i < RECORDINGS; i++)
            free(of->recordings[i].record);
    }
    free(network);
}

double nux_network_now(const nux_network *network) {
    return fmax(network->hemispheres[0].now_s, network->hemispheres[1].now_s);
}

// --- What an event does -------------------------------------------------------------------

static void note_bypass(nux_hemisphere *of, const uint16_t *columns, unsigned n) {
    for (unsigned i = 0; i < n; i++) {
        of->bypass_count[columns[i]]++;
        of->bypass_set[columns[i] / 64] |= (uint64_t)1 << columns[i] % 64;
        of->bypass_any = true;
    }
}

static void note_row_event(nux_hemisphere *of, nux_network_target target, double t) {
    unsigned row = target.row, h = of->index;
    of->counts.row_events++;
    if (NUX_IS_TRACED(of->network))
        nux_trace_spike(of->network->trace, h, t, row, (int)target.label);
    nux_recording_add(of, NUX_NETWORK_EVENTS, t, h * NUX_ARRAY_ROWS + row, target.label);
}

// In the non-spiking mode the low bits of a label are the length of a pulse, for synapses with the
// same highest bit. Neurons and sensors do not take part.
static void pulse(nux_hemisphere *of, nux_network_target target, double t, double amplitude) {
    unsigned row = target.row, mode = of->drivers[row / 2].row_mode[row % 2];
    const nux_array *array = of->array;
    uint8_t match[NUX_ARRAY_COLUMNS];
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        match[column] = (array->labels[row][column] ^ target.label) <= NUX_ANALOG_INPUT_MAX;
    double length = amplitude * (target.label & NUX_ANALOG_INPUT_MAX);
    for (unsigned inhibitory = 0; inhibitory < 2; inhibitory++)
        if (mode >> inhibitory & 1)
            nux_analog_pulse(array->analog, t, row, length, inhibitory ? -1 : 1,
                             array->weights[row], match);
    note_row_event(of, target, t);
}

void nux_network_drive_row(nux_hemisphere *of, nux_network_target target, double t,
                           double amplitude) {
    unsigned row = target.row, mode = of->drivers[row / 2].row_mode[row % 2];
    if (mode == NUX_NETWORK_ROW_DISABLED)
        return;
    nux_array *array = of->array;
    if (array->analog != NULL) {
        pulse(of, target, t, amplitude);
        return;
    }
    const uint8_t *labels = array->labels[row];
    uint8_t match[NUX_ARRAY_COLUMNS];
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        match[column] = labels[column] == target.label ? 0xff : 0;
    nux_array_advance_before(array, t);
    nux_array_pre_spike(array, row, target.label, t);
    uint16_t columns[NUX_ARRAY_COLUMNS];
    for (unsigned inhibitory = 0; inhibitory < 2; inhibitory++)
        if (mode >> inhibitory & 1)
            note_bypass(of, columns,
                        nux_neurons_input(of->neurons, t, array->weights[row], match,
                                          (int)inhibitory, amplitude, columns));
    note_row_event(of, target, t);
}

static void spike(nux_hemisphere *of, unsigned column, double t) {
    nux_array_advance_before(of->array, t);
    nux_array_post_spike(of->array, column, t);
    nux_count_spike(of, column);
    if (NUX_IS_TRACED(of->network))
        nux_trace_spike(of->network->trace, of->index, t, column, -1);
    nux_recording_add(of, NUX_NETWORK_SPIKES, t, of->index * NUX_ARRAY_COLUMNS + column, 0);
    nux_routing_spike(of, column, t);
}

static void bypass_spikes(nux_hemisphere *of, double t) {
    for (unsigned word = 0; word < NUX_ARRAY_COLUMNS / 64; word++)
        for (; of->bypass_set[word] != 0; of->bypass_set[word] &= of->bypass_set[word] - 1) {
            unsigned column = word * 64 + (unsigned)__builtin_ctzll(of->bypass_set[word]);
            for (; of->bypass_count[column] > 0; of->bypass_count[column]--)
                spike(of, column, t);
        }
    of->bypass_any = false;
}

// Spikes of neurons at t, in the order of their numbers.
static void neuron_spikes(nux_hemisphere *of, double t) {
    if (nux_neurons_next(of->neurons) <= t) {
        uint16_t columns[NUX_ARRAY_COLUMNS];
        note_bypass(of, columns, nux_neurons_step(of->neurons, t, columns));
    }
    bypass_spikes(of, t);
}

// --- Which event is next ------------------------------------------------------------------

static double earlier(double a, double b) { return a < b ? a : b; }

// When the next presynaptic event comes, and of which kind it is.
typedef struct {
    double train, under_way, source, background, first;
} next_events;

static next_events next_of(const nux_hemisphere *of) {
    next_events next = {.train = nux_trains_next(&of->trains),
                        .under_way = nux_flights_next(&of->flights),
                        .source = nux_sources_next(&of->sources),
                        .background = of->background_next_s};
    next.first =
        earlier(earlier(next.train, next.under_way), earlier(next.source, next.background));
    return next;
}

static double next_spike(const nux_hemisphere *of) {
    return of->bypass_any ? of->now_s : nux_neurons_next(of->neurons);
}

static void take_train_event(nux_hemisphere *of) {
    train_event event = of->trains.event[of->trains.head++];
    nux_network_row_event(of, event.target, event.time_s);
}

static void take_flight(nux_hemisphere *of) {
    flight event = nux_flights_pop(&of->flights);
    if (event.kind == FLIGHT_ROW)
        nux_network_row_event(of, event.target, event.time_s);
    else
        nux_network_bus_event(of, event.bus.bus_mask, event.bus.row_select, event.bus.label,
                              event.time_s);
}

// The events of a hemisphere before a time, and those at it if `with_end`.
static void run_events(nux_hemisphere *of, double end_s, bool with_end) {
    for (;;) {
        next_events next = next_of(of);
        double post = next_spike(of), t = earlier(next.first, post);
        if (!(t < end_s || (with_end && t == end_s)))
            return;
        of->now_s = t > of->now_s ? t : of->now_s;
        if (post < next.first)
            neuron_spikes(of, t);
        else if (next.train == t)
            take_train_event(of);
        else if (next.under_way == t)
            take_flight(of);
        else if (next.source == t)
            nux_sources_fire(of);
        else
            nux_backgrounds_fire(of);
    }
}

static void reach(nux_hemisphere *of, double until_s) {
    if (!(until_s >= of->now_s)) // also NaN
        return;
    of->now_s = until_s;
    nux_array_advance(of->array, until_s);
    nux_neurons_reach(of->neurons, until_s);
}

void nux_network_run_alone(nux_network *network, unsigned hemisphere, double until_s) {
    nux_hemisphere *of = &network->hemispheres[hemisphere];
    until_s = earlier(until_s, NUX_NETWORK_LAST_S);
    if (!(until_s >= of->now_s)) // also NaN
        return;
    run_events(of, until_s, true);
    reach(of, until_s);
}

void nux_network_begin_step(nux_network *network, unsigned hemisphere, unsigned k) {
    nux_hemisphere *of = &network->hemispheres[hemisphere];
    of->step = k;
    of->outgoing[k % 2].count = 0; // the other one has had them: it has done step k - 1
}

void nux_network_meet(nux_network *network, unsigned hemisphere, unsigned k) {
    const flight_list *incoming = &network->hemispheres[1 - hemisphere].outgoing[k % 2];
    for (size_t i = 0; i < incoming->count; i++)
        nux_routing_arrive(&network->hemispheres[hemisphere], incoming->event[i]);
}

// --- Both hemispheres ---------------------------------------------------------------------

// Windows of one length, the last one up to and including `until_s`.
typedef struct {
    nux_network *network;
    double begin_s, length_s, until_s;
} windows;

static bool run_window(void *windows_, unsigned hemisphere, unsigned k) {
    const windows *of = windows_;
    double end_s = of->begin_s + (k + 1) * of->length_s;
    bool last = !(end_s <= of->until_s);
    nux_network_begin_step(of->network, hemisphere, k);
    run_events(&of->network->hemispheres[hemisphere], last ? of->until_s : end_s, last);
    return last;
}

static void meet(void *windows_, unsigned hemisphere, unsigned k) {
    const windows *of = windows_;
    nux_network_meet(of->network, hemisphere, k);
}

static uint64_t events_of(const nux_network *network) {
    uint64_t events = 0;
    for (unsigned h = 0; h < HEMISPHERES; h++)
        events += network->hemispheres[h].counts.row_events + network->hemispheres[h].counts.spikes;
    return events;
}

static double next_event(const nux_hemisphere *of) {
    return earlier(next_of(of).first, next_spike(of));
}

void nux_network_advance(nux_network *network, double until_s) {
    nux_hemisphere *top = &network->hemispheres[0], *bottom = &network->hemispheres[1];
    until_s = earlier(until_s, NUX_NETWORK_LAST_S);
    if (!(until_s >= top->now_s || until_s >= bottom->now_s)) // also NaN
        return;
    for (;;) {
        // While little happens, one window at a time, from the next event on.
        double begin_s = earlier(next_event(top), next_event(bottom));
        if (!(begin_s <= until_s))
            break;
        double length_s = earlier(SHORTER * network->routing.shortest_s, LONGEST_S);
        windows of = {network, begin_s, length_s, until_s};
        bool much = network->events >= MANY_EVENTS;
        uint64_t before = events_of(network);
        unsigned n = nux_team_run(run_window, meet, &of, much ? NUX_TEAM_STEPS : 1,
                                  much && !NUX_IS_TRACED(network));
        network->events = (events_of(network) - before) / n;
    }
    reach(top, until_s);
    reach(bottom, until_s);
}
