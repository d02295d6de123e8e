// SPDX-License-Identifier: BSD-3-Clause
// Each array has a queue of spikes, of which one thread at a time takes some and processes them in
// their order. So it makes no difference to the result which thread takes them and when.
//
// The network's thread fills the queues. It takes part when one is full and at the end, so that it
// never depends on the helper. The helper is made when there is enough to do. It looks for work
// for a while, then sleeps until enough spikes have come: more and more of them when it had little
// to do, and many when the network's thread had to wait for it, as on a machine whose processors
// are all busy.
#define _GNU_SOURCE // sched_getaffinity
#include "sensor_work.h"

#include "array.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ARRAYS = 2,
    CACHE_LINE = 64,
    ROOM = 1024, // spikes in a queue, a power of two
    PORTION = 16,
    // Spikes that come while the helper sleeps before it is woken; and when it had little to do, or
    // had to be waited for.
    LEAST_TO_WAKE = 64,
    MOST_TO_WAKE = 1 << 12,
    MOST_TO_TRUST = 1 << 18,
    LITTLE = 32, // spikes for which it should not have been woken
    LOOKS = 64,  // at the queues between two readings of the clock,
    YIELDS = 64, // and after so many more, the helper has no processor
};
#define SEARCH_NS 50000 // for which the helper looks for work before it sleeps

typedef struct {
    nux_array *array;
    nux_array_spike spikes[ROOM];
    _Alignas(CACHE_LINE) atomic_size_t added;
    _Alignas(CACHE_LINE) atomic_size_t done;
    atomic_bool taken; // a thread is processing spikes
} queue;

struct nux_sensor_work {
    queue queue[ARRAYS];
    // Of the network's thread.
    _Alignas(CACHE_LINE) size_t missed; // spikes since the helper sleeps, or before it is there
    unsigned generation;                // of processes, in which the helper was made; 0: none
    pthread_t helper;
    // Of both.
    _Alignas(CACHE_LINE) atomic_bool asleep;
    atomic_bool end;
    atomic_bool late;     // the network's thread had to wait for the helper
    atomic_size_t helped; // spikes that the helper has processed since it was woken
    pthread_mutex_t mutex;
    pthread_cond_t woken;
};

// Threads do not survive a fork: counts up in the child.
static atomic_uint generation = 1;
// Spikes that wake a helper: of all networks, as they share processors.
static atomic_size_t to_wake = LEAST_TO_WAKE;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void count_process(void) { atomic_fetch_add(&generation, 1); }
static void watch_forks(void) { pthread_atfork(NULL, NULL, count_process); }

static void relax(void) {
#ifdef __SSE2__
    _mm_pause();
#endif
}

static void init_shared(nux_sensor_work *work) {
    for (unsigned i = 0; i < ARRAYS; i++)
        atomic_init(&work->queue[i].taken, false);
    work->missed = 0;
    work->generation = 0;
    atomic_init(&work->asleep, true);
    atomic_init(&work->end, false);
    atomic_init(&work->late, false);
    atomic_init(&work->helped, LITTLE);
}

nux_sensor_work *nux_sensor_work_new(nux_array *const array[2]) {
    nux_sensor_work *work = aligned_alloc(CACHE_LINE, sizeof *work);
    if (work == NULL)
        return NULL;
    memset(work, 0, sizeof *work);
    for (unsigned i = 0; i < ARRAYS; i++) {
        work->queue[i].array = array[i];
        array[i]->work = work;
        atomic_init(&work->queue[i].added, 0);
        atomic_init(&work->queue[i].done, 0);
    }
    init_shared(work);
    pthread_once(&once, watch_forks);
    return work;
}

static size_t left(queue *queue) {
    return atomic_load_explicit(&queue->added, memory_order_acquire) -
           atomic_load_explicit(&queue->done, memory_order_acquire);
}

// Process some spikes of a queue, unless another thread does; returns how many.
static size_t take_some(queue *queue) {
    if (left(queue) == 0 || atomic_exchange_explicit(&queue->taken, true, memory_order_acquire))
        return 0;
    size_t done = atomic_load_explicit(&queue->done, memory_order_relaxed), n = left(queue);
    nux_array *array = queue->array;
    n = n < PORTION ? n : PORTION;
    for (size_t i = 0; i < n; i++) {
        nux_array_spike spike = queue->spikes[done++ % ROOM];
        nux_array_advance_before(array, spike.time_s);
        if (spike.label < 0)
            nux_array_post_spike(array, spike.line, spike.time_s);
        else
            nux_array_pre_spike(array, spike.line, (unsigned)spike.label, spike.time_s);
        atomic_store_explicit(&queue->done, done, memory_order_release);
    }
    atomic_store_explicit(&queue->taken, false, memory_order_release);
    return n;
}

// --- The helper ---------------------------------------------------------------------------

static int64_t clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void search(nux_sensor_work *work) {
    size_t helped = 0;
    int64_t begin = 0;
    unsigned looks = 0; // since the last spike
    while (!atomic_load_explicit(&work->end, memory_order_relaxed)) {
        if (atomic_load_explicit(&work->late, memory_order_relaxed))
            break;
        size_t n = take_some(&work->queue[0]) + take_some(&work->queue[1]);
        helped += n;
        looks = n > 0 ? 0 : looks + 1;
        if (looks == 1)
            begin = clock_ns();
        else if (looks % LOOKS == LOOKS - 1 && clock_ns() - begin > SEARCH_NS)
            break;
        if (looks > 0)
            relax();
    }
    atomic_store_explicit(&work->helped, helped, memory_order_relaxed);
}

static void *help(void *work_) {
    nux_sensor_work *work = work_;
    while (!atomic_load(&work->end)) {
        search(work);
        pthread_mutex_lock(&work->mutex);
        atomic_store(&work->asleep, true);
        while (atomic_load(&work->asleep) && !atomic_load(&work->end))
            pthread_cond_wait(&work->woken, &work->mutex);
        pthread_mutex_unlock(&work->mutex);
    }
    return NULL;
}

// Processes that share a machine, such as those of a sweep, are told to have one thread each.
static bool has_processors(void) {
    const char *threads = getenv("OMP_NUM_THREADS");
    if (threads != NULL && strcmp(threads, "1") == 0)
        return false;
    cpu_set_t usable;
    return sched_getaffinity(0, sizeof usable, &usable) == 0 && CPU_COUNT(&usable) > 1;
}

// Signals are for the process's own threads.
static bool make_helper(nux_sensor_work *work) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_mutex_init(&work->mutex, NULL);
    pthread_cond_init(&work->woken, NULL);
    atomic_store(&work->asleep, false);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool made = pthread_create(&work->helper, NULL, help, work) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    atomic_store(&work->asleep, !made);
    work->generation = made ? atomic_load(&generation) : 0;
    return made;
}

static void wake_later(size_t least, size_t most) {
    size_t twice = 2 * atomic_load(&to_wake);
    twice = twice < least ? least : twice;
    atomic_store(&to_wake, twice < most ? twice : most);
}

// Many spikes have come while nobody helped.
static void wake_helper(nux_sensor_work *work) {
    bool too_little = atomic_load(&work->helped) < LITTLE;
    work->missed = 0;
    if (atomic_exchange(&work->late, false))
        wake_later(MOST_TO_WAKE, MOST_TO_TRUST);
    else if (too_little)
        wake_later(0, MOST_TO_WAKE);
    else
        atomic_store(&to_wake, LEAST_TO_WAKE);
    if (!has_processors())
        return;
    if (work->generation == 0) {
        make_helper(work);
        return;
    }
    pthread_mutex_lock(&work->mutex);
    atomic_store(&work->asleep, false);
    pthread_cond_signal(&work->woken);
    pthread_mutex_unlock(&work->mutex);
}

// --- The network's thread -----------------------------------------------------------------

void nux_sensor_work_free(nux_sensor_work *work) {
    if (work == NULL)
        return;
    for (unsigned i = 0; i < ARRAYS; i++)
        if (work->queue[i].array != NULL)
            nux_array_leave(work->queue[i].array);
    if (work->generation == atomic_load(&generation)) {
        pthread_mutex_lock(&work->mutex);
        atomic_store(&work->end, true);
        pthread_cond_signal(&work->woken);
        pthread_mutex_unlock(&work->mutex);
        pthread_join(work->helper, NULL);
        pthread_cond_destroy(&work->woken);
        pthread_mutex_destroy(&work->mutex);
    }
    free(work);
}

// Wait for spikes that the helper is processing: how often so far.
static void wait_for_helper(nux_sensor_work *work, unsigned times) {
    if (times < LOOKS) {
        relax();
        return;
    }
    sched_yield();
    if (times == LOOKS + YIELDS)
        atomic_store(&work->late, true);
}

static void take_part(nux_sensor_work *work) {
    for (unsigned turns = 0; left(&work->queue[0]) + left(&work->queue[1]) > 0; turns++) {
        if (take_some(&work->queue[0]) + take_some(&work->queue[1]) > 0)
            turns = 0;
        else
            wait_for_helper(work, turns);
    }
}

// Without the helper of the process that this one was forked from.
void nux_sensor_work_begin(nux_sensor_work *work) {
    if (work->generation != 0 && work->generation != atomic_load(&generation))
        init_shared(work);
}

void nux_sensor_work_add(nux_sensor_work *work, unsigned hemisphere, nux_array_spike spike) {
    queue *queue = &work->queue[hemisphere];
    size_t added = atomic_load_explicit(&queue->added, memory_order_relaxed);
    if (left(queue) == ROOM)
        take_part(work);
    queue->spikes[added % ROOM] = spike;
    atomic_store_explicit(&queue->added, added + 1, memory_order_release);
    if (atomic_load_explicit(&work->asleep, memory_order_relaxed) &&
        ++work->missed >= atomic_load_explicit(&to_wake, memory_order_relaxed))
        wake_helper(work);
}

static queue *queue_of(const nux_array *array) {
    return &array->work->queue[array == array->work->queue[1].array];
}

void nux_array_leave(nux_array *array) {
    if (array->work == NULL)
        return;
    nux_array_catch_up(array);
    queue_of(array)->array = NULL;
    array->work = NULL;
}

void nux_array_catch_up(const nux_array *array) {
    if (array->work == NULL)
        return;
    queue *queue = queue_of(array);
    for (unsigned turns = 0; left(queue) > 0; turns++)
        if (take_some(queue) == 0)
            wait_for_helper(array->work, turns);
}

void nux_sensor_work_finish(nux_sensor_work *work) { take_part(work); }
