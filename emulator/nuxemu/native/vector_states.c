/* SPDX-License-Identifier: BSD-3-Clause */
#include "vector_states.h"
#include "processor.h"
#include <stdlib.h>
#include <string.h>

enum {
    MAX_STATES = 2048,
    MAX_STEPS = 16384,
    MAX_SPENT = 1024,
    INSTRUCTIONS_PER_NEW = 64,   /* a new step costs about as much as following that many */
    PLAIN_INSTRUCTIONS = 1 << 16 /* followed when there are too many new steps */
};
static const nux_vector_access no_access;

uint32_t nux_vector_use(const nux_vinsn *i) {
    bool condition = i->reads_condition && i->cond;
    return 1u | i->rt << 1 | i->ra << 6 | i->rb << 11 | i->kind << 16 | i->unit << 20 |
           i->reads << 24 | i->writes << 28 | condition << 29;
}

static uint32_t hash(const nux_vector_timing *v) {
    uint64_t h = 0;
    const uint64_t *words = (const uint64_t *)v;
    for (size_t i = 0; i < sizeof *v / sizeof *words; i++)
        h += words[i] * (UINT64_C(0x9e3779b97f4a7c15) + 2 * i); /* odd */
    return (uint32_t)(h >> 32) % NUX_VECTOR_BUCKETS;
}

/* The one copy of a state; NULL: there is none, and no room for it. */
static nux_vector_state *find_state(nux_vector_states *s, const nux_vector_timing *v) {
    nux_vector_state **bucket = &s->buckets[hash(v)];
    for (nux_vector_state *state = *bucket; state; state = state->next)
        if (!memcmp(&state->timing, v, sizeof *v))
            return state;
    uint64_t settled = nux_vector_settled(v);
    nux_vector_state *state = settled > INT32_MAX ? NULL : calloc(1, sizeof *state);
    if (!state)
        return NULL;
    state->settled = (uint32_t)settled;
    state->next = *bucket;
    state->timing = *v;
    *bucket = state;
    s->num_states++;
    return state;
}

void nux_vector_settle(nux_processor *p) {
    nux_vector_states *s = &p->vector_states;
    if (!s->at)
        return;
    p->timing.vector = s->at->timing;
    nux_vector_timing_shift(&p->timing.vector, s->since - NUX_VECTOR_ORIGIN);
    s->at = NULL;
}

/* A cycle of the state that is kept, 0: never, as one of the processor. */
static uint64_t cycle_of(const nux_vector_states *s, uint64_t cycle) {
    return cycle ? cycle - NUX_VECTOR_ORIGIN + s->since : 0;
}

uint64_t nux_vector_empty(const nux_processor *p) {
    const nux_vector_states *s = &p->vector_states;
    return s->at ? cycle_of(s, s->at->timing.empty) : p->timing.vector.empty;
}

uint64_t nux_vector_bus_answer(const nux_processor *p) {
    const nux_vector_states *s = &p->vector_states;
    return s->at ? cycle_of(s, s->at->timing.bus_answered) : p->timing.vector.bus_answered;
}

void nux_vector_states_forget(nux_processor *p) {
    nux_vector_states *s = &p->vector_states;
    nux_vector_settle(p);
    for (uint32_t i = 0; i < NUX_VECTOR_BUCKETS; i++) {
        for (nux_vector_state *state = s->buckets[i], *next; state; state = next) {
            for (nux_vector_step *step = state->steps, *other; step; step = other) {
                other = step->other;
                free(step);
            }
            next = state->next;
            free(state);
        }
        s->buckets[i] = NULL;
    }
    s->num_states = s->num_steps = 0;
}

/* From a plain state to one that is kept, if that is worth while. */
static void enter(nux_processor *p) {
    nux_vector_states *s = &p->vector_states;
    if (s->off)
        return;
    if (s->plain) {
        s->plain--;
        return;
    }
    if (s->num_states >= MAX_STATES)
        nux_vector_states_forget(p);
    nux_vector_timing v = p->timing.vector;
    nux_vector_timing_rebase(&v, p->cycles);
    s->at = find_state(s, &v);
    s->since = p->cycles;
}

static nux_vector_step *find_step(nux_vector_state *state, uint64_t key) {
    nux_vector_step *step = state->steps;
    while (step && step->key != key)
        step = step->other;
    return step;
}

uint32_t nux_vector_ask(nux_processor *p, uint32_t use) {
    nux_vector_states *s = &p->vector_states;
    if (!s->at)
        enter(p);
    if (!s->at)
        return nux_vector_wait(&p->timing.vector, p->cycles);
    uint64_t cycles = p->cycles - s->since;
    if (cycles > s->at->settled)
        cycles = s->at->settled;
    s->key = VECTOR_STEP(cycles, use);
    const nux_vector_step *step = find_step(s->at, s->key);
    s->wait = step ? step->wait : nux_vector_wait(&s->at->timing, NUX_VECTOR_ORIGIN + cycles);
    return s->wait;
}

/* True if so many steps are new that following each instruction is faster. */
static bool too_many_are_new(nux_processor *p) {
    nux_vector_states *s = &p->vector_states;
    uint64_t paid = (p->instructions - s->last_new) / INSTRUCTIONS_PER_NEW;
    s->last_new = p->instructions;
    s->spent = paid < s->spent ? s->spent - (uint32_t)paid : 0;
    if (++s->spent <= MAX_SPENT)
        return false;
    s->plain = PLAIN_INSTRUCTIONS;
    return true;
}

/* Follows the instruction, and keeps where it led. NULL: it cannot be kept. */
static nux_vector_step *new_step(nux_processor *p, const nux_vinsn *i,
                                 const nux_vector_access *access) {
    nux_vector_states *s = &p->vector_states;
    if (too_many_are_new(p) || s->num_states >= MAX_STATES || s->num_steps >= MAX_STEPS)
        return NULL;
    nux_vector_timing v = s->at->timing;
    uint64_t now = NUX_VECTOR_ORIGIN + (s->key >> 32) + s->wait;
    nux_vector_go(&v, i, now, access);
    nux_vector_timing_rebase(&v, now);
    nux_vector_state *to = find_state(s, &v);
    nux_vector_step *step = to ? malloc(sizeof *step) : NULL;
    if (!step)
        return NULL;
    *step = (nux_vector_step){s->key, s->wait, *access, to, s->at->steps};
    s->at->steps = step;
    s->num_steps++;
    return step;
}

void nux_vector_issue(nux_processor *p, const nux_vinsn *i, const nux_vector_access *access) {
    nux_vector_states *s = &p->vector_states;
    access = access ? access : &no_access;
    if (s->at) {
        nux_vector_step *step = s->at->steps;
        while (step && (step->key != s->key || !nux_same_access(&step->access, access)))
            step = step->other;
        if (!step)
            step = new_step(p, i, access);
        if (step) {
            s->at->last = *step;
            s->at = step->to;
            s->since = p->cycles;
            return;
        }
        if (s->plain)
            nux_vector_settle(p);
        else
            nux_vector_states_forget(p);
    }
    nux_vector_go(&p->timing.vector, i, p->cycles, access);
}
