// SPDX-License-Identifier: BSD-3-Clause
// The caller does the steps of the top hemisphere, a helper those of the bottom one, and after each
// they wait for each other. The helper looks for work for a while after it has done some, then it
// sleeps. When it does not begin soon, or is late for steps, as on a machine whose processors are
// all busy, the caller does without it for a while, which becomes longer each time.
#define _GNU_SOURCE // sched_getaffinity
#include "team.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    APART = 128, // bytes between what two threads write: two lines of the cache
    LOOKS = 64,  // between two readings of the clock
    FEW = 4,     // steps until the helper is awake
    // Times that the caller does without a helper that did not begin.
    LEAST_SKIPS = 1,
    MOST_SKIPS = 1 << 10,
};
#define SEARCH_NS 100000 // for which the helper looks for work before it sleeps
#define BEGIN_NS 20000   // in which it has to begin
#define LATE_NS 100000   // waiting for a step, after which it counts as late

enum offer { NOTHING, OFFERED, BEGUN, DONE };
enum helper { ASLEEP, WOKEN, SEARCHING };
enum { HEMISPHERES = 2 };

// How far a hemisphere is: twice the steps done, and one more if no other shall follow.
typedef struct {
    _Alignas(APART) atomic_uint twice;
} progress;

struct nux_team {
    // Of the caller.
    unsigned skips, next_skips;
    unsigned generation; // of processes, in which the helper was made; 0: none
    pthread_t helper;
    // The work.
    nux_step *step;
    nux_meeting *meet;
    void *user;
    unsigned n;
    progress progress[HEMISPHERES];
    _Alignas(APART) atomic_int offer;
    _Alignas(APART) atomic_int state; // of the helper
    atomic_bool end;
    pthread_mutex_t mutex;
    pthread_cond_t woken;
};

// Threads do not survive a fork: counts up in the child.
static atomic_uint generation = 1;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void count_process(void) { atomic_fetch_add(&generation, 1); }
static void watch_forks(void) { pthread_atfork(NULL, NULL, count_process); }

static void relax(void) {
#ifdef __SSE2__
    _mm_pause();
#endif
}

static int64_t clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void init_shared(nux_team *team) {
    team->skips = 0;
    team->next_skips = LEAST_SKIPS;
    team->generation = 0;
    atomic_init(&team->offer, NOTHING);
    atomic_init(&team->state, ASLEEP);
    atomic_init(&team->end, false);
}

nux_team *nux_team_new(void) {
    nux_team *team = aligned_alloc(APART, sizeof *team);
    if (team == NULL)
        return NULL;
    memset(team, 0, sizeof *team);
    init_shared(team);
    pthread_once(&once, watch_forks);
    return team;
}

// --- Steps --------------------------------------------------------------------------------

// Waits until the other hemisphere has done so many steps; false: for too long.
static bool wait_for(const progress *other, unsigned steps) {
    int64_t since = 0;
    bool in_time = true;
    for (unsigned looks = 1; atomic_load_explicit(&other->twice, memory_order_acquire) < 2 * steps;
         looks++) {
        relax();
        if (looks % LOOKS != 0)
            continue;
        int64_t now = clock_ns();
        since = since == 0 ? now : since;
        if (now - since < LATE_NS)
            continue;
        in_time = false;
        sched_yield();
    }
    return in_time;
}

// All steps of a hemisphere, beside the other one; false: it was late.
static bool do_steps(nux_team *team, unsigned hemisphere) {
    progress *own = &team->progress[hemisphere], *other = &team->progress[1 - hemisphere];
    bool in_time = true;
    for (unsigned k = 0; k < team->n; k++) {
        bool last = team->step(team->user, hemisphere, k);
        atomic_store_explicit(&own->twice, 2 * (k + 1) + last, memory_order_release);
        in_time = wait_for(other, k + 1) && in_time;
        team->meet(team->user, hemisphere, k);
        // If the other one is further, this step was not its last one.
        if (last || atomic_load_explicit(&other->twice, memory_order_relaxed) == 2 * (k + 1) + 1)
            break;
    }
    return in_time;
}

// --- The helper ---------------------------------------------------------------------------

static void search(nux_team *team) {
    int64_t since = clock_ns();
    for (unsigned looks = 1; !atomic_load_explicit(&team->end, memory_order_relaxed); looks++) {
        int offered = OFFERED;
        if (atomic_load_explicit(&team->offer, memory_order_relaxed) == OFFERED &&
            atomic_compare_exchange_strong_explicit(&team->offer, &offered, BEGUN,
                                                    memory_order_acquire, memory_order_relaxed)) {
            do_steps(team, 1);
            atomic_store_explicit(&team->offer, DONE, memory_order_release);
            since = clock_ns();
        }
        if (looks % LOOKS == 0 && clock_ns() - since > SEARCH_NS)
            return;
        relax();
    }
}

static void *help(void *team_) {
    nux_team *team = team_;
    while (!atomic_load(&team->end)) {
        atomic_store(&team->state, SEARCHING);
        search(team);
        pthread_mutex_lock(&team->mutex);
        atomic_store(&team->state, ASLEEP);
        while (atomic_load(&team->state) == ASLEEP && !atomic_load(&team->end))
            pthread_cond_wait(&team->woken, &team->mutex);
        pthread_mutex_unlock(&team->mutex);
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
static void make_helper(nux_team *team) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_mutex_init(&team->mutex, NULL);
    pthread_cond_init(&team->woken, NULL);
    atomic_store(&team->state, WOKEN);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool made = pthread_create(&team->helper, NULL, help, team) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    team->generation = made ? atomic_load(&generation) : 0;
    if (!made) {
        atomic_store(&team->state, ASLEEP);
        team->skips = MOST_SKIPS;
    }
}

static void wake_helper(nux_team *team) {
    pthread_mutex_lock(&team->mutex);
    atomic_store(&team->state, WOKEN);
    pthread_cond_signal(&team->woken);
    pthread_mutex_unlock(&team->mutex);
}

// --- The caller ---------------------------------------------------------------------------

void nux_team_free(nux_team *team) {
    if (team == NULL)
        return;
    if (team->generation == atomic_load(&generation)) {
        pthread_mutex_lock(&team->mutex);
        atomic_store(&team->end, true);
        pthread_cond_signal(&team->woken);
        pthread_mutex_unlock(&team->mutex);
        pthread_join(team->helper, NULL);
        pthread_cond_destroy(&team->woken);
        pthread_mutex_destroy(&team->mutex);
    }
    free(team);
}

static void do_without(nux_team *team) {
    team->skips = team->next_skips;
    team->next_skips = 2 * team->skips < MOST_SKIPS ? 2 * team->skips : MOST_SKIPS;
}

// Offers the work to the helper; false: it has not begun, and will not.
static bool offer(nux_team *team) {
    if (team->skips > 0) {
        team->skips--;
        return false;
    }
    int state = atomic_load_explicit(&team->state, memory_order_relaxed);
    if (state == ASLEEP && !has_processors())
        team->skips = MOST_SKIPS;
    else if (state == ASLEEP && team->generation == 0)
        make_helper(team);
    else if (state == ASLEEP)
        wake_helper(team);
    if (state != SEARCHING) {
        team->n = team->n < FEW ? team->n : FEW;
        return false;
    }
    atomic_store_explicit(&team->offer, OFFERED, memory_order_release);
    int64_t since = clock_ns();
    for (unsigned looks = 1; atomic_load_explicit(&team->offer, memory_order_relaxed) == OFFERED;
         looks++) {
        relax();
        if (looks % LOOKS == 0 && clock_ns() - since > BEGIN_NS)
            break;
    }
    int offered = OFFERED;
    if (!atomic_compare_exchange_strong(&team->offer, &offered, NOTHING))
        return true;
    do_without(team);
    return false;
}

unsigned nux_team_run(nux_team *team, nux_step *step, nux_meeting *meet, void *user, unsigned n,
                      bool together) {
    if (team->generation != 0 && team->generation != atomic_load(&generation))
        init_shared(team); // the helper is one of the process that this one was forked from
    team->step = step;
    team->meet = meet;
    team->user = user;
    team->n = n < NUX_TEAM_STEPS ? n : NUX_TEAM_STEPS;
    for (unsigned h = 0; h < HEMISPHERES; h++)
        atomic_init(&team->progress[h].twice, 0);
    if (together && offer(team)) {
        bool in_time = do_steps(team, 0);
        while (atomic_load_explicit(&team->offer, memory_order_acquire) != DONE)
            sched_yield();
        atomic_store_explicit(&team->offer, NOTHING, memory_order_relaxed);
        if (in_time)
            team->next_skips = LEAST_SKIPS;
        else
            do_without(team);
        return atomic_load(&team->progress[0].twice) / 2;
    }
    for (unsigned k = 0; k < team->n; k++) {
        bool last = step(user, 0, k);
        last = step(user, 1, k) || last;
        meet(user, 0, k);
        meet(user, 1, k);
        if (last)
            return k + 1;
    }
    return team->n;
}
