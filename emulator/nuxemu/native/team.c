// SPDX-License-Identifier: BSD-3-Clause
// The caller does the steps of the top hemisphere, a helper those of the bottom one, and after each
// they wait for each other. There is one helper in a process, for one caller at a time; another one
// does without. It looks for work for a while after it has done some, then it sleeps; until it is
// awake the caller does a few steps of both at a time. When it does not begin soon, or is late for
// steps, as on a machine whose processors are all busy, callers do without it for a while, which
// becomes longer each time.
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
    LOOKS = 64, // between two readings of the clock
    FEW = 4,    // steps until the helper is awake
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
    _Alignas(NUX_APART) atomic_uint twice;
} progress;

static struct {
    // Of the caller.
    atomic_bool taken;
    unsigned skips, next_skips;
    unsigned generation; // of processes, in which the helper was made; 0: none
    // The work.
    nux_step *step;
    nux_meeting *meet;
    void *user;
    unsigned n;
    progress progress[HEMISPHERES];
    _Alignas(NUX_APART) atomic_int offer;
    _Alignas(NUX_APART) atomic_int state; // of the helper
    pthread_mutex_t mutex;
    pthread_cond_t woken;
} team = {.next_skips = LEAST_SKIPS,
          .mutex = PTHREAD_MUTEX_INITIALIZER,
          .woken = PTHREAD_COND_INITIALIZER};

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

// The helper is one of the process that this one was forked from.
static void forget_helper(void) {
    pthread_mutex_init(&team.mutex, NULL);
    pthread_cond_init(&team.woken, NULL);
    team.skips = team.generation = 0;
    team.next_skips = LEAST_SKIPS;
    atomic_store(&team.offer, NOTHING);
    atomic_store(&team.state, ASLEEP);
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
static bool do_steps(unsigned hemisphere) {
    progress *own = &team.progress[hemisphere], *other = &team.progress[1 - hemisphere];
    bool in_time = true;
    for (unsigned k = 0; k < team.n; k++) {
        bool last = team.step(team.user, hemisphere, k);
        atomic_store_explicit(&own->twice, 2 * (k + 1) + last, memory_order_release);
        in_time = wait_for(other, k + 1) && in_time;
        team.meet(team.user, hemisphere, k);
        // If the other one is further, this step was not its last one.
        if (last || atomic_load_explicit(&other->twice, memory_order_relaxed) == 2 * (k + 1) + 1)
            break;
    }
    return in_time;
}

// --- The helper ---------------------------------------------------------------------------

static void search(void) {
    int64_t since = clock_ns();
    for (unsigned looks = 1;; looks++) {
        int offered = OFFERED;
        if (atomic_load_explicit(&team.offer, memory_order_relaxed) == OFFERED &&
            atomic_compare_exchange_strong_explicit(&team.offer, &offered, BEGUN,
                                                    memory_order_acquire, memory_order_relaxed)) {
            do_steps(1);
            atomic_store_explicit(&team.offer, DONE, memory_order_release);
            since = clock_ns();
        }
        if (looks % LOOKS == 0 && clock_ns() - since > SEARCH_NS)
            return;
        relax();
    }
}

static void *help(void *unused) {
    for (;;) {
        atomic_store(&team.state, SEARCHING);
        search();
        pthread_mutex_lock(&team.mutex);
        atomic_store(&team.state, ASLEEP);
        while (atomic_load(&team.state) == ASLEEP)
            pthread_cond_wait(&team.woken, &team.mutex);
        pthread_mutex_unlock(&team.mutex);
    }
    return unused;
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
static void make_helper(void) {
    sigset_t all, before;
    pthread_t helper;
    sigfillset(&all);
    atomic_store(&team.state, WOKEN);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool made = pthread_create(&helper, NULL, help, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (made) {
        pthread_detach(helper);
        team.generation = atomic_load(&generation);
    } else {
        atomic_store(&team.state, ASLEEP);
        team.skips = MOST_SKIPS;
    }
}

static void wake_helper(void) {
    pthread_mutex_lock(&team.mutex);
    atomic_store(&team.state, WOKEN);
    pthread_cond_signal(&team.woken);
    pthread_mutex_unlock(&team.mutex);
}

// --- The caller ---------------------------------------------------------------------------

static void do_without(void) {
    team.skips = team.next_skips;
    team.next_skips = 2 * team.skips < MOST_SKIPS ? 2 * team.skips : MOST_SKIPS;
}

// Offers the work to the helper; false: it has not begun, and will not.
static bool offer(void) {
    if (team.skips > 0) {
        team.skips--;
        return false;
    }
    int state = atomic_load_explicit(&team.state, memory_order_relaxed);
    if (state == ASLEEP && !has_processors())
        team.skips = MOST_SKIPS;
    else if (state == ASLEEP && team.generation == 0)
        make_helper();
    else if (state == ASLEEP)
        wake_helper();
    if (state != SEARCHING) {
        team.n = team.n < FEW ? team.n : FEW;
        return false;
    }
    atomic_store_explicit(&team.offer, OFFERED, memory_order_release);
    int64_t since = clock_ns();
    for (unsigned looks = 1; atomic_load_explicit(&team.offer, memory_order_relaxed) == OFFERED;
         looks++) {
        relax();
        if (looks % LOOKS == 0 && clock_ns() - since > BEGIN_NS)
            break;
    }
    int offered = OFFERED;
    if (!atomic_compare_exchange_strong(&team.offer, &offered, NOTHING))
        return true;
    do_without();
    return false;
}

static unsigned do_both(nux_step *step, nux_meeting *meet, void *user, unsigned n) {
    for (unsigned k = 0; k < n; k++) {
        bool last = step(user, 0, k);
        last = step(user, 1, k) || last;
        meet(user, 0, k);
        meet(user, 1, k);
        if (last)
            return k + 1;
    }
    return n;
}

// With the helper; 0: it has not begun.
static unsigned do_together(void) {
    for (unsigned h = 0; h < HEMISPHERES; h++)
        atomic_store_explicit(&team.progress[h].twice, 0, memory_order_relaxed);
    if (!offer())
        return 0;
    bool in_time = do_steps(0);
    while (atomic_load_explicit(&team.offer, memory_order_acquire) != DONE)
        sched_yield();
    atomic_store_explicit(&team.offer, NOTHING, memory_order_relaxed);
    if (in_time)
        team.next_skips = LEAST_SKIPS;
    else
        do_without();
    return atomic_load(&team.progress[0].twice) / 2;
}

unsigned nux_team_run(nux_step *step, nux_meeting *meet, void *user, unsigned n, bool together) {
    n = n < NUX_TEAM_STEPS ? n : NUX_TEAM_STEPS;
    pthread_once(&once, watch_forks);
    if (!together || atomic_exchange_explicit(&team.taken, true, memory_order_acquire))
        return do_both(step, meet, user, n);
    if (team.generation != 0 && team.generation != atomic_load(&generation))
        forget_helper();
    team.step = step;
    team.meet = meet;
    team.user = user;
    team.n = n;
    unsigned done = do_together();
    n = team.n;
    atomic_store_explicit(&team.taken, false, memory_order_release);
    return done > 0 ? done : do_both(step, meet, user, n);
}
