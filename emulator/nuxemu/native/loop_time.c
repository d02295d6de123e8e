/* SPDX-License-Identifier: BSD-3-Clause */
#include "cdef/loop_time.h"
#include "cycles.h"
#include "fields.h"
#include "scalar_table.h"
#include <stdlib.h>

enum { BEGIN = 1 << 16 }; /* the vector unit takes cycle 0 for long ago */

typedef struct {
    nux_pipe pipe;
    nux_vector_timing vector;
    uint64_t cycles;
} clocks;

static uint32_t scalar_latency(int place) {
    return place == NUX_PLACE_EXTERNAL ? NUX_CYCLES_EXTERNAL_SCALAR
           : place == NUX_PLACE_BUS    ? NUX_CYCLES_BUS
                                       : 0;
}

static nux_vector_access vector_access(const nux_vinsn *v, int place) {
    nux_vector_access access = {0};
    bool store = v->kind == NUX_VSTAX || v->kind == NUX_VOUTX;
    if (v->kind == NUX_VLAX || v->kind == NUX_VSTAX) {
        access.words = NUX_VECTOR_BYTES / NUX_CYCLES_VECTOR_WORD;
        if (place == NUX_PLACE_SRAM)
            access.extra = store ? NUX_CYCLES_VECTOR_STORE : NUX_CYCLES_VECTOR_LOAD;
        access.latency = scalar_latency(place);
    } else if (place == NUX_PLACE_EXTERNAL) {
        access.latency = store ? NUX_CYCLES_EXTERNAL_VECTOR_STORE : NUX_CYCLES_EXTERNAL_VECTOR_LOAD;
        access.hold = NUX_CYCLES_EXTERNAL_VECTOR_HOLD;
    } else if (place == NUX_PLACE_CONVERSION) {
        access.latency = NUX_CYCLES_CADC_CONVERT;
    } else {
        access.latency = store ? NUX_CYCLES_SYNRAM_WRITE : NUX_CYCLES_SYNRAM_READ;
    }
    return access;
}

static void issue_vector(clocks *c, const nux_decoded *d, int place) {
    nux_vector_access access = vector_access(&d->vector, place);
    c->cycles += nux_pipe_wait(&c->pipe, &d->use);
    uint32_t wait = 0;
    if (place == NUX_PLACE_CONVERSION || (place == NUX_PLACE_ARRAY && d->vector.kind == NUX_VOUTX))
        wait = nux_vector_bus_wait(c->vector.bus_answered, c->cycles);
    c->cycles += wait;
    nux_pipe_stall(&c->pipe, wait);
    wait = nux_vector_wait(&c->vector, c->cycles);
    c->cycles += wait;
    nux_pipe_stall(&c->pipe, wait);
    nux_vector_go(&c->vector, &d->vector, c->cycles, &access);
    c->cycles += nux_pipe_go(&c->pipe, &d->use, 0);
}

/* lmw and stmw: a transfer for each register. */
static void issue_multiple(clocks *c, const nux_decoded *d, int place) {
    bool load = d->kind == NUX_KIND_LOAD;
    nux_use one = d->use;
    one.cycles = 1;
    for (uint32_t r = RT(d->word); r < 32; r++) {
        one.dest = load ? (uint8_t)r : NUX_PIPE_NONE;
        one.reads = load ? 0 : UINT64_C(1) << r;
        c->cycles += nux_pipe_wait(&c->pipe, &one);
        c->cycles += nux_pipe_go(&c->pipe, &one, scalar_latency(place));
    }
}

static void issue_scalar(clocks *c, const nux_decoded *d, int place) {
    c->cycles += nux_pipe_wait(&c->pipe, &d->use);
    if (nux_is_memory(d) && nux_scalar_rows[d->id].size < 0)
        issue_multiple(c, d, place);
    else if (!d->use.drains || d->id == NUX_S_MTMSR)
        c->cycles += nux_pipe_go(&c->pipe, &d->use, nux_is_memory(d) ? scalar_latency(place) : 0);
    if (d->use.drains) {
        uint64_t empty = c->vector.empty;
        c->cycles +=
            nux_pipe_drain(&c->pipe, empty > c->cycles ? (uint32_t)(empty - c->cycles) : 0);
    }
}

uint64_t nux_time_loop(const uint32_t *words, const uint8_t *places, size_t n, size_t rounds) {
    clocks c = {.pipe = {.now = NUX_PIPE_ORIGIN}, .cycles = BEGIN};
    uint64_t half = BEGIN;
    nux_decoded *body = calloc(n ? n : 1, sizeof *body);
    if (!body)
        return UINT64_MAX;
    for (size_t i = 0; i < n; i++)
        nux_decode(&body[i], words[i]);
    for (size_t round = 0; round < rounds; round++) {
        if (round == rounds / 2)
            half = c.cycles;
        for (size_t i = 0; i < n; i++)
            if (body[i].kind == NUX_KIND_VECTOR)
                issue_vector(&c, &body[i], places[i]);
            else
                issue_scalar(&c, &body[i], places[i]);
    }
    free(body);
    return c.cycles - half;
}
