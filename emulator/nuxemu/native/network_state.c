// SPDX-License-Identifier: BSD-3-Clause
// State of a network as bytes. Structures that are written whole have no padding.
#include "network.h"

#include "state_bytes.h"

#include <stdlib.h>

static const char MAGIC[8] = "nuxnet1";

_Static_assert(sizeof(nux_network_driver) == 56 && sizeof(nux_network_target) == 4 &&
                   sizeof(nux_network_source) == 48 && sizeof(nux_network_record) == 16 &&
                   sizeof(nux_network_background) == 28 && sizeof(background_state) == 88 &&
                   sizeof(nux_network_counts) == 40,
               "no padding");

// --- Save ---------------------------------------------------------------------------------

static void put_count(nux_state_writer *writer, size_t count) {
    uint64_t wide = count;
    nux_state_put(writer, &wide, sizeof wide);
}

static void put_trains(nux_state_writer *writer, const train_queue *trains) {
    put_count(writer, trains->end - trains->head);
    for (size_t i = trains->head; i < trains->end; i++) {
        nux_state_put(writer, &trains->event[i].time_s, sizeof(double));
        nux_state_put(writer, &trains->event[i].target, sizeof(nux_network_target));
    }
}

static int by_time_and_sequence(const void *a, const void *b) {
    return nux_flight_before(a, b) ? -1 : nux_flight_before(b, a);
}

// In the order of time: the layout of a heap depends on its history. Sorted it is a heap too.
static void put_flights(nux_state_writer *writer, const flight_queue *flights) {
    put_count(writer, flights->count);
    if (writer->out != NULL)
        qsort(flights->heap, flights->count, sizeof *flights->heap, by_time_and_sequence);
    for (size_t i = 0; i < flights->count; i++) {
        const flight *event = &flights->heap[i];
        nux_state_put(writer, &event->time_s, sizeof event->time_s);
        nux_state_put(writer, &event->word, sizeof event->word);
        nux_state_put(writer, &event->kind, sizeof event->kind);
    }
}

static void put_routing(nux_state_writer *writer, const routing_table *routing) {
    size_t n = routing->first[NEURONS];
    put_count(writer, n);
    nux_state_put(writer, routing->first, sizeof routing->first);
    nux_state_put(writer, routing->target, n * sizeof *routing->target);
    nux_state_put(writer, routing->delay_s, n * sizeof *routing->delay_s);
    nux_state_put(writer, &routing->credit, sizeof routing->credit);
    nux_state_put(writer, &routing->credit_s, sizeof routing->credit_s);
}

static void put_sources(nux_state_writer *writer, const source_set *sources) {
    nux_state_put(writer, &sources->last_id, sizeof sources->last_id);
    put_count(writer, sources->count);
    for (size_t i = 0; i < sources->count; i++) {
        const source_state *source = &sources->source[i];
        nux_state_put(writer, &source->config, sizeof source->config);
        nux_state_put(writer, &source->id, sizeof source->id);
        nux_state_put(writer, &source->next_s, sizeof source->next_s);
        nux_state_put(writer, &source->count, sizeof source->count);
        put_count(writer, source->targets);
        nux_state_put(writer, sources->target + source->first_target,
                      source->targets * sizeof(nux_network_target));
    }
}

static void put_recording(nux_state_writer *writer, const recording *from) {
    uint64_t on = from->on;
    nux_state_put(writer, &on, sizeof on);
    put_count(writer, from->count);
    nux_state_put(writer, from->record, from->count * sizeof *from->record);
}

size_t nux_network_save(const nux_network *network, uint8_t *out, size_t capacity) {
    nux_state_writer writer = {out, out == NULL ? 0 : capacity, 0};
    nux_state_put(&writer, MAGIC, sizeof MAGIC);
    nux_state_put(&writer, &network->now_s, sizeof network->now_s);
    nux_state_put(&writer, network->drivers, sizeof network->drivers);
    for (unsigned i = 0; i < BACKGROUNDS; i++) {
        background_state state = nux_background_at(&network->backgrounds[i], network->now_s);
        nux_state_put(&writer, &state, sizeof state);
    }
    nux_state_put(&writer, network->counter, sizeof network->counter);
    nux_state_put(&writer, network->overflow, sizeof network->overflow);
    nux_state_put(&writer, &network->counts, sizeof network->counts);
    put_trains(&writer, &network->trains);
    put_flights(&writer, &network->flights);
    put_routing(&writer, &network->routing);
    put_sources(&writer, &network->sources);
    for (unsigned i = 0; i < RECORDINGS; i++)
        put_recording(&writer, &network->recordings[i]);
    return writer.used;
}

// --- Load ---------------------------------------------------------------------------------

// Room for `count` items, and at least one.
static void *allocate(nux_state_reader *reader, size_t count, size_t size) {
    void *memory = reader->ok ? malloc((count + 1) * size) : NULL;
    if (memory == NULL)
        reader->ok = false;
    return memory;
}

static bool valid_time(double t) { return t >= 0 && t <= NUX_NETWORK_LAST_S; }

static void get_trains(nux_state_reader *reader, train_queue *trains, double now_s) {
    size_t n = nux_state_get_count(reader, sizeof(double) + sizeof(nux_network_target));
    trains->event = allocate(reader, n, sizeof *trains->event);
    for (size_t i = 0; reader->ok && i < n; i++) {
        train_event *event = &trains->event[i];
        event->reserved = 0;
        nux_state_get(reader, &event->time_s, sizeof event->time_s);
        nux_state_get(reader, &event->target, sizeof event->target);
        double earliest = i == 0 ? now_s : event[-1].time_s;
        reader->ok &=
            valid_time(event->time_s) && event->time_s >= earliest && valid_target(event->target);
    }
    trains->end = n;
    trains->capacity = n + 1;
}

static bool valid_flight(const flight *event) {
    if (event->kind == FLIGHT_ROW)
        return valid_target(event->target);
    return event->kind == FLIGHT_BUS && event->bus.hemisphere < HEMISPHERES &&
           event->bus.bus_mask < 16 && event->bus.row_select < 32 &&
           event->bus.label < NUX_NETWORK_LABELS;
}

static void get_flights(nux_state_reader *reader, flight_queue *flights, double now_s) {
    size_t n = nux_state_get_count(reader, sizeof(double) + 2 * sizeof(uint32_t));
    if (n > NUX_NETWORK_IN_FLIGHT || !nux_flights_init(flights))
        reader->ok = false;
    for (size_t i = 0; reader->ok && i < n; i++) {
        flight *event = &flights->heap[i];
        event->sequence = i;
        nux_state_get(reader, &event->time_s, sizeof event->time_s);
        nux_state_get(reader, &event->word, sizeof event->word);
        nux_state_get(reader, &event->kind, sizeof event->kind);
        // Routed events may be due later than the last time; they never arrive.
        double earliest = i == 0 ? now_s : event[-1].time_s;
        reader->ok &= event->time_s >= earliest && event->time_s <= 2 * NUX_NETWORK_LAST_S &&
                      valid_flight(event);
    }
    flights->count = flights->pushed = n;
}

static void get_routing(nux_state_reader *reader, routing_table *routing, double now_s) {
    size_t n = nux_state_get_count(reader, sizeof *routing->target + sizeof *routing->delay_s);
    nux_state_get(reader, routing->first, sizeof routing->first);
    if (routing->first[NEURONS] != n)
        reader->ok = false;
    routing->target = allocate(reader, n, sizeof *routing->target);
    routing->delay_s = allocate(reader, n, sizeof *routing->delay_s);
    if (!reader->ok)
        return;
    nux_state_get(reader, routing->target, n * sizeof *routing->target);
    nux_state_get(reader, routing->delay_s, n * sizeof *routing->delay_s);
    nux_state_get(reader, &routing->credit, sizeof routing->credit);
    nux_state_get(reader, &routing->credit_s, sizeof routing->credit_s);
    reader->ok = reader->ok && nux_routing_valid(routing) && routing->credit_s <= now_s;
}

static void get_source(nux_state_reader *reader, source_set *sources, size_t index, double now_s) {
    source_state *source = &sources->source[index];
    int64_t last_id = index == 0 ? 0 : source[-1].id;
    nux_state_get(reader, &source->config, sizeof source->config);
    nux_state_get(reader, &source->id, sizeof source->id);
    nux_state_get(reader, &source->next_s, sizeof source->next_s);
    nux_state_get(reader, &source->count, sizeof source->count);
    source->targets = nux_state_get_count(reader, sizeof *sources->target);
    source->first_target = sources->target_count;
    if (!reader->ok || source->targets == 0 || source->id <= last_id ||
        source->id > sources->last_id || !nux_source_valid(&source->config) ||
        !(source->next_s == INFINITY || (source->next_s >= now_s && valid_time(source->next_s)))) {
        reader->ok = false;
        return;
    }
    sources->target_count += source->targets;
    nux_state_get(reader, sources->target + source->first_target,
                  source->targets * sizeof *sources->target);
    for (size_t i = source->first_target; i < sources->target_count; i++)
        reader->ok &= valid_target(sources->target[i]);
}

static void get_sources(nux_state_reader *reader, source_set *sources, double now_s) {
    nux_state_get(reader, &sources->last_id, sizeof sources->last_id);
    size_t n = nux_state_get_count(reader, sizeof(nux_network_source));
    sources->source = allocate(reader, n, sizeof *sources->source);
    // No more targets than the bytes that are left can hold.
    sources->target_capacity = reader->left / sizeof *sources->target + 1;
    sources->target = allocate(reader, sources->target_capacity, sizeof *sources->target);
    for (size_t i = 0; reader->ok && i < n; i++)
        get_source(reader, sources, i, now_s);
    sources->count = sources->capacity = n;
    if (!reader->ok || sources->last_id < 0 || n > UINT32_MAX || !nux_sources_restart(sources))
        reader->ok = false;
}

static void get_recording(nux_state_reader *reader, recording *to) {
    uint64_t on;
    nux_state_get(reader, &on, sizeof on);
    size_t n = nux_state_get_count(reader, sizeof *to->record);
    to->record = allocate(reader, n, sizeof *to->record);
    if (!reader->ok || on > 1) {
        reader->ok = false;
        return;
    }
    nux_state_get(reader, to->record, n * sizeof *to->record);
    to->on = on;
    to->count = n;
    to->capacity = n + 1;
}

static void get_fixed(nux_state_reader *reader, nux_network *network) {
    char magic[sizeof MAGIC];
    nux_state_get(reader, magic, sizeof magic);
    nux_state_get(reader, &network->now_s, sizeof network->now_s);
    nux_state_get(reader, network->drivers, sizeof network->drivers);
    nux_state_get(reader, network->backgrounds, sizeof network->backgrounds);
    nux_state_get(reader, network->counter, sizeof network->counter);
    nux_state_get(reader, network->overflow, sizeof network->overflow);
    nux_state_get(reader, &network->counts, sizeof network->counts);
    reader->ok &= memcmp(magic, MAGIC, sizeof magic) == 0 && valid_time(network->now_s);
    for (unsigned i = 0; i < HEMISPHERES * DRIVERS; i++)
        reader->ok &= nux_driver_valid(&network->drivers[i / DRIVERS][i % DRIVERS]) &&
                      network->drivers[i / DRIVERS][i % DRIVERS].last_s <= network->now_s;
    for (unsigned i = 0; i < BACKGROUNDS; i++)
        reader->ok &= nux_background_valid(&network->backgrounds[i], network->now_s);
    for (unsigned i = 0; i < NEURONS; i++)
        reader->ok &= network->overflow[i] <= 1;
}

int nux_network_load(nux_network *network, const uint8_t *data, size_t n) {
    nux_state_reader reader = {data, n, true};
    nux_network *loaded = calloc(1, sizeof *loaded);
    if (loaded == NULL)
        return -1;
    get_fixed(&reader, loaded);
    get_trains(&reader, &loaded->trains, loaded->now_s);
    get_flights(&reader, &loaded->flights, loaded->now_s);
    get_routing(&reader, &loaded->routing, loaded->now_s);
    get_sources(&reader, &loaded->sources, loaded->now_s);
    for (unsigned i = 0; i < RECORDINGS; i++)
        get_recording(&reader, &loaded->recordings[i]);
    if (!reader.ok || reader.left > 0) {
        nux_network_free(loaded);
        return -1;
    }
    for (unsigned h = 0; h < HEMISPHERES; h++) {
        loaded->array[h] = network->array[h];
        loaded->neurons[h] = network->neurons[h];
    }
    loaded->sensors = network->sensors;
    network->sensors = NULL;
    nux_backgrounds_restart(loaded);
    nux_network old = *network;
    *network = *loaded;
    *loaded = old;
    nux_network_free(loaded);
    return 0;
}
