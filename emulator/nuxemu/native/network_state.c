// SPDX-License-Identifier: BSD-3-Clause
// State of a network as bytes. Structures that are written whole have no padding.
#include "network.h"

#include "state_bytes.h"

#include <stdlib.h>

static const char MAGIC[8] = "nuxnet2";

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

// In their order: the layout of a heap depends on its history. Sorted it is a heap too.
static void put_flights(nux_state_writer *writer, const flight_queue *flights) {
    put_count(writer, flights->count);
    if (writer->out != NULL)
        qsort(flights->heap, flights->count, sizeof *flights->heap, by_time_and_sequence);
    for (size_t i = 0; i < flights->count; i++) {
        const flight *event = &flights->heap[i];
        uint32_t kind = event->kind;
        nux_state_put(writer, &event->time_s, sizeof event->time_s);
        nux_state_put(writer, &event->sent_s, sizeof event->sent_s);
        nux_state_put(writer, &event->word, sizeof event->word);
        nux_state_put(writer, &kind, sizeof kind);
    }
}

static void put_routing(nux_state_writer *writer, const routing_table *routing) {
    size_t n = routing->first[NEURONS];
    put_count(writer, n);
    nux_state_put(writer, routing->first, sizeof routing->first);
    nux_state_put(writer, routing->target, n * sizeof *routing->target);
    nux_state_put(writer, routing->delay_s, n * sizeof *routing->delay_s);
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

static void put_hemisphere(nux_state_writer *writer, const nux_hemisphere *of) {
    nux_state_put(writer, &of->now_s, sizeof of->now_s);
    for (unsigned i = 0; i < NUX_NETWORK_BUSES; i++) {
        background_state state = nux_background_at(&of->backgrounds[i], of->now_s);
        nux_state_put(writer, &state, sizeof state);
    }
    nux_state_put(writer, of->counter, sizeof of->counter);
    nux_state_put(writer, of->overflow, sizeof of->overflow);
    nux_state_put(writer, &of->counts, sizeof of->counts);
    nux_state_put(writer, &of->credit, sizeof of->credit);
    nux_state_put(writer, &of->credit_s, sizeof of->credit_s);
    put_trains(writer, &of->trains);
    put_flights(writer, &of->flights);
    put_sources(writer, &of->sources);
    for (unsigned i = 0; i < RECORDINGS; i++)
        put_recording(writer, &of->recordings[i]);
}

size_t nux_network_save(const nux_network *network, uint8_t *out, size_t capacity) {
    nux_state_writer writer = {out, out == NULL ? 0 : capacity, 0};
    nux_state_put(&writer, MAGIC, sizeof MAGIC);
    nux_state_put(&writer, network->drivers, sizeof network->drivers);
    put_routing(&writer, &network->routing);
    for (unsigned h = 0; h < HEMISPHERES; h++)
        put_hemisphere(&writer, &network->hemispheres[h]);
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

static void get_trains(nux_state_reader *reader, nux_hemisphere *of) {
    train_queue *trains = &of->trains;
    size_t n = nux_state_get_count(reader, sizeof(double) + sizeof(nux_network_target));
    trains->event = allocate(reader, n, sizeof *trains->event);
    for (size_t i = 0; reader->ok && i < n; i++) {
        train_event *event = &trains->event[i];
        event->reserved = 0;
        nux_state_get(reader, &event->time_s, sizeof event->time_s);
        nux_state_get(reader, &event->target, sizeof event->target);
        double earliest = i == 0 ? of->now_s : event[-1].time_s;
        reader->ok &= valid_time(event->time_s) && event->time_s >= earliest &&
                      valid_target(event->target) && event->target.hemisphere == of->index;
    }
    trains->end = n;
    trains->capacity = n + 1;
}

static bool valid_flight(const nux_hemisphere *at, const flight *event) {
    if (event->kind == FLIGHT_ROW)
        return valid_target(event->target) && event->target.hemisphere == at->index;
    return event->kind == FLIGHT_BUS && event->bus.hemisphere == at->index &&
           event->bus.bus_mask < 16 && event->bus.row_select < 32 &&
           event->bus.label < NUX_NETWORK_LABELS;
}

// As sent one after the other, all before the next event is injected.
static void get_flights(nux_state_reader *reader, nux_hemisphere *of) {
    flight_queue *flights = &of->flights;
    size_t n = nux_state_get_count(reader, 2 * sizeof(double) + 2 * sizeof(uint32_t));
    if (!nux_flights_init(of) || n > NUX_NETWORK_IN_FLIGHT)
        reader->ok = false;
    for (size_t i = 0; reader->ok && i < n; i++) {
        flight *event = &flights->heap[i];
        uint32_t kind;
        *event = (flight){.number = (uint32_t)i};
        nux_state_get(reader, &event->time_s, sizeof event->time_s);
        nux_state_get(reader, &event->sent_s, sizeof event->sent_s);
        nux_state_get(reader, &event->word, sizeof event->word);
        nux_state_get(reader, &kind, sizeof kind);
        event->kind = (uint16_t)kind;
        // Routed events may be due later than the last time; they never arrive.
        bool sorted = i == 0 || nux_flight_before(&event[-1], event);
        reader->ok &= event->time_s >= of->now_s && event->time_s <= 2 * NUX_NETWORK_LAST_S &&
                      valid_time(event->sent_s) && event->sent_s <= event->time_s && sorted &&
                      kind <= FLIGHT_BUS && valid_flight(of, event);
    }
    flights->count = n;
}

static void get_routing(nux_state_reader *reader, routing_table *routing) {
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
    reader->ok = reader->ok && nux_routing_valid(routing);
    if (reader->ok)
        nux_routing_find_shortest(routing);
}

static void get_source(nux_state_reader *reader, nux_hemisphere *of, size_t index) {
    source_set *sources = &of->sources;
    source_state *source = &sources->source[index];
    int64_t last_id = index == 0 ? 0 : source[-1].id;
    nux_state_get(reader, &source->config, sizeof source->config);
    nux_state_get(reader, &source->id, sizeof source->id);
    nux_state_get(reader, &source->next_s, sizeof source->next_s);
    nux_state_get(reader, &source->count, sizeof source->count);
    source->targets = nux_state_get_count(reader, sizeof *sources->target);
    source->first_target = sources->target_count;
    bool never = source->next_s == INFINITY;
    if (!reader->ok || (source->targets == 0 && !never) || source->id <= last_id ||
        source->id > sources->last_id || !nux_source_valid(&source->config) ||
        !(never || (source->next_s >= of->now_s && valid_time(source->next_s)))) {
        reader->ok = false;
        return;
    }
    sources->target_count += source->targets;
    nux_state_get(reader, sources->target + source->first_target,
                  source->targets * sizeof *sources->target);
    for (size_t i = source->first_target; i < sources->target_count; i++)
        reader->ok &=
            valid_target(sources->target[i]) && sources->target[i].hemisphere == of->index;
}

static void get_sources(nux_state_reader *reader, nux_hemisphere *of) {
    source_set *sources = &of->sources;
    nux_state_get(reader, &sources->last_id, sizeof sources->last_id);
    size_t n = nux_state_get_count(reader, sizeof(nux_network_source));
    sources->source = allocate(reader, n, sizeof *sources->source);
    // No more targets than the bytes that are left can hold.
    sources->target_capacity = reader->left / sizeof *sources->target + 1;
    sources->target = allocate(reader, sources->target_capacity, sizeof *sources->target);
    for (size_t i = 0; reader->ok && i < n; i++)
        get_source(reader, of, i);
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

static void get_fixed(nux_state_reader *reader, nux_hemisphere *of) {
    nux_state_get(reader, &of->now_s, sizeof of->now_s);
    nux_state_get(reader, of->backgrounds, sizeof of->backgrounds);
    nux_state_get(reader, of->counter, sizeof of->counter);
    nux_state_get(reader, of->overflow, sizeof of->overflow);
    nux_state_get(reader, &of->counts, sizeof of->counts);
    nux_state_get(reader, &of->credit, sizeof of->credit);
    nux_state_get(reader, &of->credit_s, sizeof of->credit_s);
    reader->ok &= valid_time(of->now_s) && of->credit >= 0 &&
                  of->credit <= NUX_NETWORK_ROUTED_BURST && of->credit_s >= 0 &&
                  of->credit_s <= of->now_s;
    for (unsigned i = 0; i < DRIVERS; i++)
        reader->ok &= nux_driver_valid(&of->drivers[i]) && of->drivers[i].last_s <= of->now_s;
    for (unsigned i = 0; i < NUX_NETWORK_BUSES; i++)
        reader->ok &= nux_background_valid(&of->backgrounds[i], of->now_s);
    for (unsigned i = 0; i < NUX_ARRAY_COLUMNS; i++)
        reader->ok &= of->overflow[i] <= 1;
}

static void get_hemisphere(nux_state_reader *reader, nux_hemisphere *of) {
    get_fixed(reader, of);
    get_trains(reader, of);
    get_flights(reader, of);
    get_sources(reader, of);
    for (unsigned i = 0; i < RECORDINGS; i++)
        get_recording(reader, &of->recordings[i]);
    nux_backgrounds_restart(of);
}

// Both have the same sources.
static bool are_alike(const source_set *a, const source_set *b) {
    bool alike = a->count == b->count && a->last_id == b->last_id;
    for (size_t i = 0; alike && i < a->count; i++) {
        const source_state *one = &a->source[i], *other = &b->source[i];
        alike = one->id == other->id && one->targets + other->targets > 0 &&
                memcmp(&one->config, &other->config, sizeof one->config) == 0;
    }
    return alike;
}

// The units of a network are those of the other one.
static void exchange(nux_network *a, nux_network *b) {
    nux_network old = *a;
    *a = *b;
    *b = old;
    for (unsigned h = 0; h < HEMISPHERES; h++) {
        a->hemispheres[h].network = a;
        b->hemispheres[h].network = b;
        a->hemispheres[h].drivers = a->drivers[h];
        b->hemispheres[h].drivers = b->drivers[h];
    }
}

int nux_network_load(nux_network *network, const uint8_t *data, size_t n) {
    nux_state_reader reader = {data, n, true};
    nux_network *loaded = nux_network_allocate();
    if (loaded == NULL)
        return -1;
    char magic[sizeof MAGIC];
    nux_state_get(&reader, magic, sizeof magic);
    reader.ok &= memcmp(magic, MAGIC, sizeof magic) == 0;
    nux_state_get(&reader, loaded->drivers, sizeof loaded->drivers);
    get_routing(&reader, &loaded->routing);
    for (unsigned h = 0; h < HEMISPHERES; h++) {
        nux_hemisphere *of = &loaded->hemispheres[h];
        of->index = h;
        of->array = network->hemispheres[h].array;
        of->neurons = network->hemispheres[h].neurons;
        of->drivers = loaded->drivers[h];
        get_hemisphere(&reader, of);
    }
    bool ok = reader.ok && reader.left == 0 &&
              are_alike(&loaded->hemispheres[0].sources, &loaded->hemispheres[1].sources);
    if (ok) {
        loaded->injected = 1;
        loaded->trace = network->trace;
        exchange(network, loaded);
    }
    nux_network_free(loaded);
    return ok ? 0 : -1;
}
