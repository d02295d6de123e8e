// SPDX-License-Identifier: BSD-3-Clause
// The chip's events in the order of time.
//
// At one time, first all presynaptic events: those pushed, in that order; those under way, in the
// order in which they were sent; sources by age; background sources by number. Then the spikes of
// neurons, by number: of those in bypass mode, which fire at the event itself, and of those whose
// membrane crosses its threshold. As routing takes at least one tick, a spike causes nothing more
// at its own time. Spikes that the host forces on an array's sensors keep their own queue: the
// presynaptic ones come before, the postsynaptic ones after those here.
#include "network.h"
#include "trace.h"

#include "analog.h"
#include "array.h"
#include "sensor_work.h"

#include <stdlib.h>
#include <string.h>

nux_network *nux_network_new(nux_array *const array[2], nux_neurons *const neurons[2]) {
    nux_network *network = calloc(1, sizeof *network);
    if (network == NULL)
        return NULL;
    nux_network_target *target = malloc(sizeof *target);
    double *delay_s = malloc(sizeof *delay_s);
    network->routing =
        (routing_table){.target = target, .delay_s = delay_s, .credit = NUX_NETWORK_ROUTED_BURST};
    network->sensors = nux_sensor_work_new(array);
    if (target == NULL || delay_s == NULL || network->sensors == NULL ||
        !nux_flights_init(&network->flights)) {
        nux_network_free(network);
        return NULL;
    }
    for (unsigned h = 0; h < HEMISPHERES; h++) {
        network->array[h] = array[h];
        network->neurons[h] = neurons[h];
        network->now_s = fmax(network->now_s, array[h]->now_s);
        network->now_s = fmax(network->now_s, neurons[h]->state.now_s);
        for (unsigned i = 0; i < DRIVERS; i++)
            nux_driver_init(&network->drivers[h][i]);
    }
    for (unsigned i = 0; i < BACKGROUNDS; i++)
        network->backgrounds[i].next_s = INFINITY;
    network->background_next_s = INFINITY;
    network->recordings[NUX_NETWORK_SPIKES].on = true;
    return network;
}

void nux_network_free(nux_network *network) {
    if (network == NULL)
        return;
    nux_sensor_work_free(network->sensors);
    free(network->trains.event);
    free(network->flights.heap);
    free(network->routing.target);
    free(network->routing.delay_s);
    nux_sources_free(&network->sources);
    for (unsigned i = 0; i < RECORDINGS; i++)
        free(network->recordings[i].record);
    free(network);
}

double nux_network_now(const nux_network *network) { return network->now_s; }

// --- What an event does -------------------------------------------------------------------

static void note_bypass(nux_network *network, unsigned hemisphere, const uint16_t *columns,
                        unsigned n) {
    for (unsigned i = 0; i < n; i++) {
        unsigned neuron = hemisphere * NUX_ARRAY_COLUMNS + columns[i];
        network->bypass_count[neuron]++;
        network->bypass_set[neuron / 64] |= (uint64_t)1 << neuron % 64;
        network->bypass_any = true;
    }
}

static void note_row_event(nux_network *network, nux_network_target target, double t) {
    unsigned row = target.row, h = target.hemisphere;
    network->counts.row_events++;
    if (NUX_IS_TRACED(network))
        nux_trace_spike(network->trace, h, t, row, (int)target.label);
    nux_recording_add(network, NUX_NETWORK_EVENTS, t, h * NUX_ARRAY_ROWS + row, target.label);
}

// In the non-spiking mode the low bits of a label are the length of a pulse, for synapses with the
// same highest bit. Neurons and sensors do not take part.
static void pulse(nux_network *network, nux_network_target target, double t, double amplitude) {
    unsigned row = target.row, h = target.hemisphere;
    unsigned mode = network->drivers[h][row / 2].row_mode[row % 2];
    const nux_array *array = network->array[h];
    uint8_t match[NUX_ARRAY_COLUMNS];
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        match[column] = (array->labels[row][column] ^ target.label) <= NUX_ANALOG_INPUT_MAX;
    double length = amplitude * (target.label & NUX_ANALOG_INPUT_MAX);
    for (unsigned inhibitory = 0; inhibitory < 2; inhibitory++)
        if (mode >> inhibitory & 1)
            nux_analog_pulse(array->analog, t, row, length, inhibitory ? -1 : 1,
                             array->weights[row], match);
    note_row_event(network, target, t);
}

void nux_network_drive_row(nux_network *network, nux_network_target target, double t,
                           double amplitude) {
    unsigned row = target.row, h = target.hemisphere;
    unsigned mode = network->drivers[h][row / 2].row_mode[row % 2];
    if (mode == NUX_NETWORK_ROW_DISABLED)
        return;
    nux_array *array = network->array[h];
    if (array->analog != NULL) {
        pulse(network, target, t, amplitude);
        return;
    }
    const uint8_t *labels = array->labels[row];
    uint8_t match[NUX_ARRAY_COLUMNS];
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        match[column] = labels[column] == target.label ? 0xff : 0;
    nux_sensor_work_add(network->sensors, h,
                        (nux_array_spike){t, (uint16_t)row, (int16_t)target.label});
    uint16_t columns[NUX_ARRAY_COLUMNS];
    for (unsigned inhibitory = 0; inhibitory < 2; inhibitory++)
        if (mode >> inhibitory & 1)
            note_bypass(network, h, columns,
                        nux_neurons_input(network->neurons[h], t, array->weights[row], match,
                                          (int)inhibitory, amplitude, columns));
    note_row_event(network, target, t);
}

static void spike(nux_network *network, unsigned neuron, double t) {
    nux_sensor_work_add(network->sensors, neuron / NUX_ARRAY_COLUMNS,
                        (nux_array_spike){t, neuron % NUX_ARRAY_COLUMNS, -1});
    nux_count_spike(network, neuron);
    if (NUX_IS_TRACED(network))
        nux_trace_spike(network->trace, neuron / NUX_ARRAY_COLUMNS, t, neuron % NUX_ARRAY_COLUMNS,
                        -1);
    nux_recording_add(network, NUX_NETWORK_SPIKES, t, neuron, 0);
    nux_routing_spike(network, neuron, t);
}

static void bypass_spikes(nux_network *network, double t) {
    for (unsigned word = 0; word < NEURONS / 64; word++)
        for (; network->bypass_set[word] != 0;
             network->bypass_set[word] &= network->bypass_set[word] - 1) {
            unsigned neuron = word * 64 + (unsigned)__builtin_ctzll(network->bypass_set[word]);
            for (; network->bypass_count[neuron] > 0; network->bypass_count[neuron]--)
                spike(network, neuron, t);
        }
    network->bypass_any = false;
}

// Spikes of neurons at t, in the order of their numbers.
static void neuron_spikes(nux_network *network, double t) {
    for (unsigned h = 0; h < HEMISPHERES; h++)
        if (nux_neurons_next(network->neurons[h]) <= t) {
            uint16_t columns[NUX_ARRAY_COLUMNS];
            note_bypass(network, h, columns, nux_neurons_step(network->neurons[h], t, columns));
        }
    bypass_spikes(network, t);
}

// --- Which event is next ------------------------------------------------------------------

static void take_train_event(nux_network *network) {
    train_event event = network->trains.event[network->trains.head++];
    nux_network_row_event(network, event.target, event.time_s);
}

static void take_flight(nux_network *network) {
    flight event = nux_flights_pop(&network->flights);
    if (event.kind == FLIGHT_ROW)
        nux_network_row_event(network, event.target, event.time_s);
    else
        nux_network_bus_event(network, event.bus.hemisphere, event.bus.bus_mask,
                              event.bus.row_select, event.bus.label, event.time_s);
}

static double earlier(double a, double b) { return a < b ? a : b; }

void nux_network_run(nux_network *network, double until_s) {
    until_s = earlier(until_s, NUX_NETWORK_LAST_S);
    if (!(until_s >= network->now_s)) // also NaN
        return;
    nux_sensor_work_begin(network->sensors);
    for (;;) {
        double train = nux_trains_next(&network->trains);
        double under_way = nux_flights_next(&network->flights);
        double source = nux_sources_next(&network->sources);
        double background = network->background_next_s;
        double pre = earlier(earlier(train, under_way), earlier(source, background));
        double post = network->bypass_any ? network->now_s
                                          : earlier(nux_neurons_next(network->neurons[0]),
                                                    nux_neurons_next(network->neurons[1]));
        double t = earlier(pre, post);
        if (!(t <= until_s))
            break;
        network->now_s = t > network->now_s ? t : network->now_s;
        if (post < pre)
            neuron_spikes(network, t);
        else if (train == t)
            take_train_event(network);
        else if (under_way == t)
            take_flight(network);
        else if (source == t)
            nux_sources_fire(network);
        else
            nux_backgrounds_fire(network);
    }
    network->now_s = until_s;
    for (unsigned h = 0; h < HEMISPHERES; h++) {
        nux_array_advance(network->array[h], until_s);
        nux_neurons_reach(network->neurons[h], until_s);
    }
}

void nux_network_advance(nux_network *network, double until_s) {
    nux_network_run(network, until_s);
    nux_sensor_work_finish(network->sensors);
}
