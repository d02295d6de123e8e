/* SPDX-License-Identifier: BSD-3-Clause */
/* Timing of the scalar part; pipeline.h says how. Facts: public RTL (nux), inst_track.sv,
 * schedule_single.sv, frontend_single.sv, bus_access.sv. */
#include "pipeline.h"
#include "cycles.h"
#include <string.h>

static void extend(uint16_t *time, uint32_t t) {
    if (*time < t)
        *time = (uint16_t)t;
}

static bool slot_taken(const nux_pipe *p, uint32_t cycle) {
    uint32_t i = cycle - p->now;
    return i < 16 && p->slots >> i & 1;
}

/* Moves the origin of `slots` along. */
static void advance(nux_pipe *p, uint32_t to) {
    uint32_t n = to - p->now;
    p->slots = n < 16 ? p->slots >> n : 0;
    p->now = (uint16_t)to;
}

/* Completes the oldest transfer if that happens up to a cycle; else returns false. */
static bool complete_oldest(nux_pipe *p, uint32_t limit) {
    const nux_transfer *t = &p->queue[0];
    uint32_t request = t->start > p->response ? t->start : p->response;
    uint32_t response = request + 1 + t->latency;
    if (response < p->written)
        response = p->written; /* taken over by the load before */
    uint32_t done = response + 1;
    if (t->dest != NUX_PIPE_NONE) {
        if (done < p->from)
            done = p->from;
        while (slot_taken(p, done))
            done++;
    }
    if (done > limit)
        return false;
    if (t->dest != NUX_PIPE_NONE) {
        p->written = (uint16_t)done;
        p->ready[t->dest] = (uint16_t)done;
    }
    p->response = (uint16_t)response;
    extend(&p->empty, done + 1);
    extend(&p->latest, done + 1);
    memmove(p->queue, p->queue + 1, --p->count * sizeof *p->queue);
    return true;
}

static uint32_t ready_at(nux_pipe *p, uint32_t resource) {
    while (p->ready[resource] == NUX_PIPE_PENDING)
        complete_oldest(p, UINT32_MAX);
    return p->ready[resource];
}

uint32_t nux_pipe_wait(nux_pipe *p, const nux_use *use) {
    uint32_t before = p->now, t = before;
    if (!nux_pipe_is_idle(p)) {
        if (t < p->xer_ready)
            t = p->xer_ready;
        uint64_t resources = use->reads;
        if (use->dest < NUX_PIPE_CR)
            resources |= UINT64_C(1) << use->dest;
        for (; resources; resources &= resources - 1) {
            uint32_t ready = ready_at(p, (uint32_t)__builtin_ctzll(resources));
            if (t < ready)
                t = ready;
        }
        if (use->dest < NUX_PIPE_CR)
            while (slot_taken(p, t + 1 + (use->is_load ? NUX_CYCLES_LOAD_SLOT : use->latency)))
                t++;
        if (use->is_load || use->is_store)
            while (p->count >= NUX_CYCLES_LOAD_STORE_QUEUE) {
                if (complete_oldest(p, t))
                    continue;
                t++;
            }
        while (p->count && complete_oldest(p, t + 1))
            ;
        advance(p, t);
    }
    return t - before;
}

static void write_register(nux_pipe *p, uint32_t resource, uint32_t issue, uint32_t latency) {
    uint32_t slot = issue + 1 + latency - p->now;
    p->ready[resource] = (uint16_t)(issue + latency);
    if (slot < 16)
        p->slots |= (uint16_t)(1 << slot);
}

uint32_t nux_pipe_go(nux_pipe *p, const nux_use *use, uint32_t latency) {
    if (p->now >= 0x8000)
        nux_pipe_normalize(p);
    uint32_t t = p->now, end = t + 2 + use->latency;
    p->from = (uint16_t)(t + 2);
    if (!use->stays) {
        advance(p, t + use->cycles);
        return use->cycles;
    }
    if (use->is_load || use->is_store) {
        p->queue[p->count++] = (nux_transfer){
            (uint16_t)(t + NUX_CYCLES_TO_BUS),
            (uint16_t)latency,
            use->is_load ? use->dest : NUX_PIPE_NONE,
        };
        if (use->updated < NUX_PIPE_CR)
            write_register(p, use->updated, t, use->update_latency);
        if (use->is_load) /* after the update, which may be of the same register */
            p->ready[use->dest] = NUX_PIPE_PENDING;
        end = t + 2 + use->update_latency;
    } else if (use->dest < NUX_PIPE_CR) {
        write_register(p, use->dest, t, use->latency);
    } else if (use->dest < NUX_PIPE_NONE) {
        p->ready[use->dest] = (uint16_t)(t + 1 + use->latency);
    }
    for (uint32_t fields = use->cr_writes; fields; fields &= fields - 1)
        p->ready[NUX_PIPE_CR + __builtin_ctz(fields)] = (uint16_t)(t + 1 + use->latency);
    if (use->writes_xer)
        p->xer_ready = (uint16_t)end;
    extend(&p->empty, end);
    extend(&p->latest, end);
    advance(p, t + use->cycles);
    return use->cycles;
}

uint32_t nux_pipe_drain(nux_pipe *p, uint32_t vectors) {
    uint32_t before = p->now, t = before + 1;
    while (p->count)
        complete_oldest(p, UINT32_MAX);
    if (t < p->empty)
        t = p->empty;
    if (t < before + vectors)
        t = before + vectors;
    if (t + 1 >= 0x10000) { /* a long wait for the vector unit: nothing is left behind it */
        *p = (nux_pipe){.now = NUX_PIPE_ORIGIN};
        return t + 1 - before;
    }
    advance(p, t + 1);
    return t + 1 - before;
}

void nux_pipe_stall(nux_pipe *p, uint32_t cycles) {
    for (uint32_t n; cycles; cycles -= n) {
        n = cycles < 0x4000 ? cycles : 0x4000;
        if (p->now >= 0x8000)
            nux_pipe_normalize(p);
        while (p->count && complete_oldest(p, p->now + n + 1))
            ;
        advance(p, p->now + n);
    }
}

void nux_pipe_jump(nux_pipe *p) { advance(p, p->now + NUX_CYCLES_BRANCH_MISS); }

/* A time for the new origin; what lies up to `slack` from now makes no difference. */
static uint16_t from_now(const nux_pipe *p, uint16_t t, int32_t slack) {
    return t > p->now + slack ? (uint16_t)(t - p->now + NUX_PIPE_ORIGIN) : 0;
}

void nux_pipe_normalize(nux_pipe *p) {
    if (nux_pipe_is_idle(p)) {
        *p = (nux_pipe){.now = NUX_PIPE_ORIGIN};
        return;
    }
    uint16_t now = p->now, latest = 0;
    for (uint32_t i = 0; i < NUX_PIPE_RESOURCES; i++) {
        uint16_t t = p->ready[i], moved = t > now ? (uint16_t)(t - now + NUX_PIPE_ORIGIN) : 0;
        p->ready[i] = t == NUX_PIPE_PENDING ? t : moved;
        moved = t == NUX_PIPE_PENDING ? 0 : moved;
        latest = moved > latest ? moved : latest;
    }
    uint32_t written_by_none = p->count ? (p->from > now ? p->from - now : 0) : 2;
    p->slots &= (uint16_t)~((1u << written_by_none) - 1); /* nothing to come writes that early */
    p->xer_ready = from_now(p, p->xer_ready, 0);
    p->empty = from_now(p, p->empty, 1);
    if (p->count) { /* what the oldest transfer waits for is in its start from now on */
        nux_transfer *oldest = &p->queue[0];
        extend(&oldest->start, p->response);
        oldest->start = (uint16_t)(oldest->start + oldest->latency);
        oldest->latency = 0;
        if (p->written > oldest->start + 1)
            oldest->start = (uint16_t)(p->written - 1);
        if (p->from <= oldest->start + 2) /* it is not written before anyway */
            p->from = 0;
    }
    p->from = p->count ? from_now(p, p->from, -NUX_PIPE_ORIGIN) : 0;
    p->response = p->count ? 0 : from_now(p, p->response, NUX_CYCLES_TO_BUS);
    p->written = p->count ? 0 : from_now(p, p->written, NUX_CYCLES_TO_BUS + 1);
    for (uint32_t i = 0; i < NUX_PIPE_QUEUE; i++)
        if (i < p->count)
            p->queue[i].start = from_now(p, p->queue[i].start, -NUX_PIPE_ORIGIN);
        else
            p->queue[i] = (nux_transfer){0, 0, 0};
    p->now = NUX_PIPE_ORIGIN;
    p->latest = latest;
    extend(&p->latest, p->empty);
    extend(&p->latest, p->xer_ready);
}
