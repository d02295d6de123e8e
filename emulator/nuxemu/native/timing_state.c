/* SPDX-License-Identifier: BSD-3-Clause */
/* Timing as part of a saved state: branch predictor, pipeline, vector unit. */
#include "branch.h"
#include "state.h"

enum { MAX_AHEAD = 1 << 24 }; /* cycles; nothing takes as long */

void nux_timing_write(nux_processor *p, nux_writer *w) {
    nux_timing_state *t = &p->timing;
    uint32_t jumped = t->jumped;
    nux_vector_settle(p);
    nux_vector_timing_normalize(&t->vector, p->cycles);
    nux_write_state(w, t->branches, sizeof t->branches);
    nux_write_state(w, &t->pipe, sizeof t->pipe);
    nux_write_state(w, &jumped, sizeof jumped);
    nux_write_state(w, &t->vector, sizeof t->vector);
}

static bool branches_ok(const nux_branch *b) {
    for (uint32_t i = 0; i < NUX_BRANCHES; i++) {
        if (b[i].counter > 3 || (b[i].tag && b[i].tag % 4 != 1) ||
            (b[i].tag && b[i].steady != nux_steady(&b[i])))
            return false;
        for (uint32_t j = 0; j < i; j++)
            if (b[i].tag && b[i].tag == b[j].tag)
                return false;
    }
    return true;
}

static bool is_time(uint16_t t) { return t < 0x8000; }

/* A register waits for a load exactly if there is one under way to it. */
static bool pipe_ok(const nux_pipe *p) {
    uint32_t loads[NUX_PIPE_CR] = {0};
    if (p->now != NUX_PIPE_ORIGIN || p->count > NUX_PIPE_QUEUE - 1)
        return false;
    for (uint32_t i = 0; i < p->count; i++) {
        const nux_transfer *t = &p->queue[i];
        if (!is_time(t->start) || !is_time(t->latency) ||
            (t->dest >= NUX_PIPE_CR && t->dest != NUX_PIPE_NONE))
            return false;
        if (t->dest < NUX_PIPE_CR)
            loads[t->dest]++;
    }
    for (uint32_t i = 0; i < NUX_PIPE_RESOURCES; i++) {
        bool pending = p->ready[i] == NUX_PIPE_PENDING;
        if (pending ? i >= NUX_PIPE_CR || loads[i] != 1
                    : !is_time(p->ready[i]) || (i < NUX_PIPE_CR && loads[i]))
            return false;
    }
    return is_time(p->xer_ready) && is_time(p->empty) && is_time(p->from) && is_time(p->response) &&
           is_time(p->written) && is_time(p->latest);
}

static bool vector_ok(const nux_vector_timing *v, uint64_t now) {
    nux_vector_timing copy = *v;
    nux_vector_timing_normalize(&copy, now);
    if (v->mask > NUX_VECTOR_UNITS || memcmp(&copy, v, sizeof copy))
        return false;
    copy.port = 0; /* not a time */
    for (const uint64_t *time = (uint64_t *)&copy; time != (uint64_t *)(&copy + 1); time++)
        if (*time > now + MAX_AHEAD)
            return false;
    return true;
}

bool nux_timing_read(nux_reader *r, nux_timing_state *t, uint64_t cycles) {
    uint32_t jumped = 0;
    memset(t, 0, sizeof *t);
    nux_read_state(r, t->branches, sizeof t->branches);
    nux_read_state(r, &t->pipe, sizeof t->pipe);
    nux_read_state(r, &jumped, sizeof jumped);
    nux_read_state(r, &t->vector, sizeof t->vector);
    t->jumped = (uint16_t)jumped;
    return !r->failed && jumped <= 1 && branches_ok(t->branches) && pipe_ok(&t->pipe) &&
           vector_ok(&t->vector, cycles);
}
