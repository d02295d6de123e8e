// SPDX-License-Identifier: BSD-3-Clause
// Sources of events: Poisson and regular. A source's next time is always known; a heap of those
// times makes the cost of an event grow with the logarithm of the number of sources only.
#include "network.h"

#include "splitmix.h"

#include <stdlib.h>
#include <string.h>

#define LN_2 0x1.62e42fefa39efp-1
#define SQRT_2 0x1.6a09e667f3bcdp+0
#define RATE_MAX_HZ ((double)NUX_NETWORK_TICK_HZ)

// ln(x) for normal x > 0, to about 1e-16, with + - * / only: the same bits on every machine.
// x = 2^e m, m from sqrt(1/2) to sqrt(2); ln(m) = 2 atanh(s), s = (m - 1) / (m + 1).
static double natural_log(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 52) - 1023;
    bits = (bits & 0xfffffffffffffu) | (uint64_t)1023 << 52;
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m > SQRT_2) {
        m /= 2;
        exponent++;
    }
    double s = (m - 1) / (m + 1), s2 = s * s, sum = 0;
    for (int k = 19; k > 0; k -= 2) // |s| < 0.172
        sum = sum * s2 + 1.0 / k;
    return exponent * LN_2 + 2 * s * sum;
}

// Exponentially distributed with mean 1.
static double draw_exponential(source_state *source) {
    uint64_t bits = nux_random64(source->config.seed, source->count++);
    return -natural_log((double)((bits >> 11) + 1) * 0x1p-53); // of (0, 1]
}

static void set_next(source_state *source, double t) {
    bool comes = source->targets > 0 && t < source->config.stop_s && t <= NUX_NETWORK_LAST_S;
    source->next_s = comes ? t : INFINITY;
}

static double regular_time(const source_state *source) {
    return source->config.start_s + (double)source->count * source->config.period_s;
}

// First event of a source with a new config: none before now_s, nor at it unless `with_now`.
static void start(source_state *source, double now_s, bool with_now) {
    const nux_network_source *config = &source->config;
    if (config->kind == NUX_NETWORK_POISSON) {
        double from_s = config->start_s > now_s ? config->start_s : now_s;
        if (config->rate_hz == 0)
            source->next_s = INFINITY;
        else
            set_next(source, from_s + draw_exponential(source) / config->rate_hz);
        return;
    }
    source->count = 0;
    if (config->start_s < now_s) {
        double periods = (now_s - config->start_s) / config->period_s;
        source->count = periods > 1 ? (uint64_t)periods - 1 : 0;
    }
    while (regular_time(source) < now_s || (!with_now && regular_time(source) == now_s))
        source->count++;
    set_next(source, regular_time(source));
}

static void follow(source_state *source) {
    if (source->config.kind == NUX_NETWORK_POISSON) {
        set_next(source, source->next_s + draw_exponential(source) / source->config.rate_hz);
    } else {
        source->count++;
        set_next(source, regular_time(source));
    }
}

bool nux_source_valid(const nux_network_source *config) {
    if (!(config->start_s >= 0 && config->start_s <= NUX_NETWORK_LAST_S) ||
        !(config->stop_s >= config->start_s) || config->reserved != 0)
        return false;
    if (config->kind == NUX_NETWORK_POISSON)
        return config->rate_hz >= 0 && config->rate_hz <= RATE_MAX_HZ && config->period_s == 0;
    return config->kind == NUX_NETWORK_REGULAR && config->period_s >= NUX_NETWORK_TICK_S &&
           config->period_s <= NUX_NETWORK_LAST_S && config->rate_hz == 0 && config->seed == 0;
}

// --- Heap of next times -------------------------------------------------------------------

static bool before(const source_set *sources, uint32_t a, uint32_t b) {
    double time_a = sources->source[a].next_s, time_b = sources->source[b].next_s;
    return time_a < time_b || (time_a == time_b && a < b);
}

static void sift_down(source_set *sources, size_t at) {
    uint32_t *heap = sources->heap, moved = heap[at];
    size_t child;
    while ((child = 2 * at + 1) < sources->heap_count) {
        if (child + 1 < sources->heap_count && before(sources, heap[child + 1], heap[child]))
            child++;
        if (!before(sources, heap[child], moved))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

static void build_heap(source_set *sources) {
    sources->heap_count = 0;
    for (uint32_t i = 0; i < sources->count; i++)
        if (sources->source[i].next_s < INFINITY)
            sources->heap[sources->heap_count++] = i;
    for (size_t at = sources->heap_count / 2; at-- > 0;)
        sift_down(sources, at);
}

bool nux_sources_restart(source_set *sources) {
    uint32_t *heap = realloc(sources->heap, (sources->capacity + 1) * sizeof *heap);
    if (heap == NULL)
        return false;
    sources->heap = heap;
    build_heap(sources);
    return true;
}

void nux_sources_fire(nux_hemisphere *of) {
    source_set *sources = &of->sources;
    source_state *source = &sources->source[sources->heap[0]];
    double t = source->next_s;
    follow(source);
    if (source->next_s == INFINITY)
        sources->heap[0] = sources->heap[--sources->heap_count];
    if (sources->heap_count > 0)
        sift_down(sources, 0);
    for (size_t i = 0; i < source->targets; i++)
        nux_network_row_event(of, sources->target[source->first_target + i], t);
}

// --- Adding, changing, removing -----------------------------------------------------------

static bool grow(source_set *sources, size_t targets) {
    if (targets > SIZE_MAX / (4 * sizeof *sources->target) - sources->target_count)
        return false;
    size_t needed = sources->target_count + targets;
    if (needed > sources->target_capacity) {
        nux_network_target *target = realloc(sources->target, 2 * needed * sizeof *target);
        if (target == NULL)
            return false;
        sources->target = target;
        sources->target_capacity = 2 * needed;
    }
    if (sources->count == sources->capacity) {
        size_t capacity = 2 * sources->capacity + 16;
        source_state *source = realloc(sources->source, capacity * sizeof *source);
        if (source == NULL)
            return false;
        sources->source = source;
        sources->capacity = capacity;
        return nux_sources_restart(sources);
    }
    return true;
}

// There is room.
static void add(nux_hemisphere *of, const nux_network_source *config, size_t n,
                const nux_network_target *targets) {
    source_set *sources = &of->sources;
    source_state *source = &sources->source[sources->count++];
    *source = (source_state){
        .config = *config, .id = ++sources->last_id, .first_target = sources->target_count};
    for (size_t i = 0; i < n; i++)
        if (targets[i].hemisphere == of->index)
            sources->target[sources->target_count++] = targets[i];
    source->targets = sources->target_count - source->first_target;
    start(source, of->now_s, true);
    if (source->next_s < INFINITY) { // sift up
        uint32_t added = (uint32_t)(sources->count - 1);
        size_t at = sources->heap_count++;
        for (; at > 0 && before(sources, added, sources->heap[(at - 1) / 2]); at = (at - 1) / 2)
            sources->heap[at] = sources->heap[(at - 1) / 2];
        sources->heap[at] = added;
    }
}

int64_t nux_network_add_source(nux_network *network, const nux_network_source *config, size_t n,
                               const nux_network_target *targets) {
    if (!nux_source_valid(config) || n == 0)
        return NUX_NETWORK_OUT_OF_RANGE;
    for (size_t i = 0; i < n; i++)
        if (!valid_target(targets[i]))
            return NUX_NETWORK_OUT_OF_RANGE;
    for (unsigned h = 0; h < HEMISPHERES; h++) {
        source_set *sources = &network->hemispheres[h].sources;
        if (sources->count >= UINT32_MAX || !grow(sources, n))
            return NUX_NETWORK_NO_MEMORY;
    }
    for (unsigned h = 0; h < HEMISPHERES; h++)
        add(&network->hemispheres[h], config, n, targets);
    return network->hemispheres[0].sources.last_id;
}

static source_state *find(const source_set *sources, int64_t id) {
    size_t low = 0, high = sources->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (sources->source[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sources->count && sources->source[low].id == id ? &sources->source[low] : NULL;
}

int nux_network_set_source(nux_network *network, int64_t id, const nux_network_source *config) {
    for (unsigned h = 0; h < HEMISPHERES; h++) {
        nux_hemisphere *of = &network->hemispheres[h];
        source_state *source = find(&of->sources, id);
        if (source == NULL)
            return NUX_NETWORK_UNKNOWN;
        if (!nux_source_valid(config) || config->kind != source->config.kind)
            return NUX_NETWORK_OUT_OF_RANGE;
        source->config = *config;
        start(source, of->now_s, false);
        build_heap(&of->sources);
    }
    return 0;
}

int nux_network_get_source(const nux_network *network, int64_t id, nux_network_source *config) {
    const source_state *source = find(&network->hemispheres[0].sources, id);
    if (source == NULL)
        return NUX_NETWORK_UNKNOWN;
    *config = source->config;
    return 0;
}

static void remove_source(source_set *sources, source_state *source) {
    size_t index = (size_t)(source - sources->source), removed = source->targets;
    size_t behind = source->first_target + removed;
    memmove(sources->target + source->first_target, sources->target + behind,
            (sources->target_count - behind) * sizeof *sources->target);
    sources->target_count -= removed;
    memmove(source, source + 1, (sources->count - index - 1) * sizeof *source);
    sources->count--;
    for (size_t i = index; i < sources->count; i++)
        sources->source[i].first_target -= removed;
    build_heap(sources);
}

int nux_network_remove_source(nux_network *network, int64_t id) {
    for (unsigned h = 0; h < HEMISPHERES; h++) {
        source_set *sources = &network->hemispheres[h].sources;
        source_state *source = find(sources, id);
        if (source == NULL)
            return NUX_NETWORK_UNKNOWN;
        remove_source(sources, source);
    }
    return 0;
}

void nux_sources_free(source_set *sources) {
    free(sources->source);
    free(sources->target);
    free(sources->heap);
}
