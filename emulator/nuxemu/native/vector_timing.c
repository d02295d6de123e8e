/* SPDX-License-Identifier: BSD-3-Clause */
/* Timing of the vector unit; vector_timing.h says how. Each instruction is followed to its end
 * when it is issued, so older ones come first at the port. Facts: public RTL (nux),
 * vector_ctrl.sv, vector_reservation_station.sv and the controls of the units. */
#include "vector_timing.h"
#include "cycles.h"
#include <stddef.h>
#include <string.h>

enum { PORT_REACH = 32 }; /* cycles that the port looks ahead before it drops older ones */

static const uint8_t station_places[NUX_VECTOR_UNITS] = {4, 2, 2, 16, 2};

static uint64_t later(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* Bits of the port from cycle t on; keeps some before it for requests that come late. */
static inline uint64_t port_at(nux_vector_timing *v, uint64_t t) {
    enum { BITS = 64, KEPT = 24 };
    if (t - v->port_from >= PORT_REACH) { /* or before what is known */
        if (t < v->port_from)
            return 0;
        uint64_t n = t - KEPT - v->port_from;
        v->port = n < BITS ? v->port >> n : 0;
        v->port_from += n;
    }
    return v->port >> (t - v->port_from);
}

static inline void take_port(nux_vector_timing *v, uint64_t t) {
    if (t - v->port_from < 64)
        v->port |= UINT64_C(1) << (t - v->port_from);
}

/* First cycle from t on in which a unit gets the port. Each request moves the mask. */
static inline uint64_t use_port(nux_vector_timing *v, enum nux_vunit unit, uint64_t t) {
    for (;;) {
        t += (uint64_t)__builtin_ctzll(~port_at(v, t));
        bool allowed = unit == NUX_UNIT_ARITH || v->mask <= (uint64_t)unit;
        v->mask = v->mask == NUX_VECTOR_UNITS ? 0 : v->mask + 1;
        if (allowed)
            break;
        t++;
    }
    take_port(v, t);
    return t;
}

uint32_t nux_vector_wait(const nux_vector_timing *v, uint64_t now) {
    uint64_t t = now;
    if (v->left[1] < now)
        return 0; /* no two are left in it */
    for (uint32_t i = 0; i + 1 < NUX_VECTOR_ISSUED; i++)
        if (v->entered[i] <= t && v->left[i + 1] >= t && v->left[i + 1]) {
            t = v->left[i + 1] + 1; /* two are in the queue: until the older one leaves */
            i = UINT32_MAX;         /* and others may have entered */
        }
    return (uint32_t)(t - now);
}

static void push(uint64_t queue[NUX_VECTOR_ISSUED], uint64_t t) {
    for (uint32_t i = NUX_VECTOR_ISSUED - 1; i; i--)
        queue[i] = queue[i - 1];
    queue[0] = t;
}

static inline void retire(nux_vector_timing *v, enum nux_vunit unit, uint64_t t) {
    uint64_t place = v->next[unit];
    t = later(t, v->retired_last[unit]);
    v->retired[unit][place] = v->retired_last[unit] = t;
    v->next[unit] = place + 1 == station_places[unit] ? 0 : place + 1;
    v->empty = later(v->empty, t + 1);
}

/* Cycle in which an instruction leaves the queue. */
static inline uint64_t leave_queue(nux_vector_timing *v, const nux_vinsn *i, enum nux_vunit unit,
                                   uint64_t entered) {
    uint64_t t = later(entered, v->left[0] + 1);
    t = later(t, v->retired[unit][v->next[unit]] + 1);
    if (i->writes)
        t = later(t, later(v->written[i->rt] + 1, v->read[i->rt] + NUX_CYCLES_VECTOR_READ_LOCK));
    if (unit == NUX_UNIT_COMPARE)
        t = later(t, later(v->condition, v->condition_read + 1));
    return t;
}

/* Cycle in which a bus takes a request. Behind one that is not answered yet it waits; the second
 * one to external memory in a row waits longer, and later ones make up for that. */
static inline uint64_t accept(nux_vector_timing *v, uint64_t t, const nux_vector_access *access) {
    bool waits = t <= v->bus_answered;
    bool external = access->hold;
    t = waits ? later(t, v->bus_free) : t;
    bool second = waits && external && v->bus_second > t;
    t = second ? v->bus_second : t;
    v->bus_second = external && !waits ? t + NUX_CYCLES_EXTERNAL_VECTOR_SECOND : 0;
    v->bus_free =
        t + (second ? 2 * access->hold - NUX_CYCLES_EXTERNAL_VECTOR_SECOND : access->hold);
    v->bus_accepted = t;
    return t;
}

/* From the cycle in which the operation starts to the one in which its result is there. */
static inline uint64_t result_at(nux_vector_timing *v, const nux_vinsn *i, enum nux_vunit unit,
                                 uint64_t start, const nux_vector_access *access) {
    switch (unit) {
    case NUX_UNIT_ARITH:
        return start + NUX_CYCLES_VECTOR_ARITH;
    case NUX_UNIT_COMPARE:
        v->condition = start + NUX_CYCLES_VECTOR_COMPARE + 1;
        return start + NUX_CYCLES_VECTOR_COMPARE;
    case NUX_UNIT_PERMUTE:
        return start + NUX_CYCLES_VECTOR_PERMUTE;
    case NUX_UNIT_MEMORY: {
        uint64_t done = start + 2 + (uint64_t)access->words * (1 + access->latency) + access->extra;
        done += i->kind == NUX_VLAX;
        v->memory_started = start;
        v->memory_ready = done + 1;
        return done;
    }
    default: /* NUX_UNIT_BUS */
        return accept(v, start + 1, access) + 2 + access->latency;
    }
}

static inline __attribute__((always_inline)) void follow(nux_vector_timing *v, const nux_vinsn *i,
                                                         uint64_t now,
                                                         const nux_vector_access *access,
                                                         enum nux_vunit unit, uint32_t reads) {
    uint64_t entered = now + NUX_CYCLES_TO_VECTOR_QUEUE;
    uint64_t left = leave_queue(v, i, unit, entered);
    push(v->entered, entered);
    push(v->left, left);

    uint64_t t = later(left + 1, v->idle[unit]);
    uint8_t sources[2] = {i->kind == NUX_VSTAX || i->kind == NUX_VOUTX ? i->rt : i->ra, i->rb};
    for (uint32_t n = 0; n < reads; n++)
        t = later(t, v->written[sources[n]] + 1);
    if (i->reads_condition && i->cond)
        t = later(t, v->condition);
    if (unit == NUX_UNIT_MEMORY && t > v->memory_started)
        t = later(t, v->memory_ready);
    for (uint32_t n = 0; n < reads; n++) {
        t++;
        if (unit == NUX_UNIT_MEMORY)
            t = later(t, v->memory_ready);
        t = use_port(v, unit, t);
        v->read[sources[n]] = later(v->read[sources[n]], t);
    }
    t++; /* executes */
    if (unit == NUX_UNIT_MEMORY)
        t = later(t, v->memory_ready);
    if (unit == NUX_UNIT_BUS)
        t = later(t, v->bus_accepted);
    if (i->reads_condition && i->cond)
        v->condition_read = t;
    v->idle[unit] = t + 1;

    uint64_t result = result_at(v, i, unit, t + 1, access);
    if (i->writes) {
        result = use_port(v, unit, result);
        v->written[i->rt] = result;
        if (unit == NUX_UNIT_MEMORY)
            v->memory_ready = later(v->memory_ready, result);
    }
    if (unit == NUX_UNIT_BUS) {
        v->bus_answered = result;
        v->bus_free = later(v->bus_free, result);
    }
    retire(v, unit, result);
}

/* The most frequent ones have code of their own. */
void nux_vector_go(nux_vector_timing *v, const nux_vinsn *i, uint64_t now,
                   const nux_vector_access *access) {
    if (i->unit != NUX_UNIT_ARITH)
        follow(v, i, now, access, (enum nux_vunit)i->unit, i->reads);
    else if (i->reads == 2)
        follow(v, i, now, access, NUX_UNIT_ARITH, 2);
    else
        follow(v, i, now, access, NUX_UNIT_ARITH, 1);
}

/* Oldest first from place 0 on. */
static void straighten(nux_vector_timing *v, uint32_t unit) {
    uint64_t old[NUX_VECTOR_STATION];
    memcpy(old, v->retired[unit], sizeof old);
    for (uint32_t i = 0; i < station_places[unit]; i++)
        v->retired[unit][i] = old[(v->next[unit] + i) % station_places[unit]];
    v->next[unit] = 0;
}

/* Sets all times before `now` to 0, and leaves what is not a time. */
static void drop_past(nux_vector_timing *v, uint64_t now) {
    nux_vector_timing old = *v;
    for (uint64_t *time = (uint64_t *)v; time != (uint64_t *)(v + 1); time++)
        if (*time < now)
            *time = 0;
    v->mask = old.mask;
    v->port = old.port;
    v->port_from = old.port_from;
}

void nux_vector_timing_shift(nux_vector_timing *v, uint64_t cycles) {
    nux_vector_timing old = *v;
    for (uint64_t *time = (uint64_t *)v; time != (uint64_t *)(v + 1); time++)
        if (*time)
            *time += cycles;
    memcpy(v->next, old.next, sizeof v->next);
    v->mask = old.mask;
    v->port = old.port;
    v->port_from = old.port_from + cycles;
}

/* Any request comes after `now`, so nothing before is asked for, and the port takes up the next one
 * anew if it knows less than PORT_REACH cycles behind now. */
void nux_vector_timing_rebase(nux_vector_timing *v, uint64_t now) {
    for (uint32_t unit = 0; unit < NUX_VECTOR_UNITS; unit++)
        straighten(v, unit);
    drop_past(v, now);
    if (now >= v->port_from) {
        uint64_t behind = now - v->port_from;
        if (behind >= PORT_REACH) {
            uint64_t n = behind - (PORT_REACH - 1);
            v->port = n < 64 ? v->port >> n : 0;
            v->port_from += n;
            behind = PORT_REACH - 1;
        }
        v->port &= UINT64_MAX << behind;
    }
    nux_vector_timing_shift(v, NUX_VECTOR_ORIGIN - now);
}

void nux_vector_timing_normalize(nux_vector_timing *v, uint64_t now) {
    nux_vector_timing_rebase(v, now);
    nux_vector_timing_shift(v, now - NUX_VECTOR_ORIGIN);
}

uint64_t nux_vector_settled(const nux_vector_timing *v) {
    uint64_t last = v->port_from + 64;
    const uint64_t *words = (const uint64_t *)v;
    for (size_t i = 0; i < offsetof(nux_vector_timing, port) / sizeof *words; i++)
        last = later(last, words[i] + 1);
    return later(last, v->empty + 1) - NUX_VECTOR_ORIGIN;
}
