/* SPDX-License-Identifier: BSD-3-Clause */
/* Timing of instructions that are executed natively. */
#include "cycles.h"
#include "processor.h"
#include "scalar_table.h"
#include <string.h>

/* Cycles until a vector instruction can issue. */
static inline uint32_t vector_wait(nux_processor *p, uint32_t use) {
    nux_vector_states *s = &p->vector_states;
    if (!s->at)
        return nux_vector_ask(p, use);
    uint64_t cycles = p->cycles - s->since;
    s->key = VECTOR_STEP(cycles < s->at->settled ? cycles : s->at->settled, use);
    return s->at->last.key == s->key ? s->wait = s->at->last.wait : nux_vector_ask(p, use);
}

static inline void vector_go(nux_processor *p, const nux_decoded *d,
                             const nux_vector_access *access) {
    nux_vector_states *s = &p->vector_states;
    if (!s->at || s->at->last.key != s->key ||
        (access && !nux_same_access(&s->at->last.access, access))) {
        nux_vector_issue(p, &d->vector, access);
        return;
    }
    s->at = s->at->last.to;
    s->since = p->cycles;
}

/* Waits until an instruction can issue, and issues it unless it is a load, store or vector
 * instruction, for which the access must be known first. */
void nux_time_issue(nux_processor *p, const nux_decoded *d) {
    nux_pipe *pipe = &p->timing.pipe;
    bool idle = nux_pipe_is_idle(pipe);
    if (!idle)
        p->cycles += nux_pipe_wait(pipe, &d->use);
    if (d->kind == NUX_KIND_VECTOR) {
        uint32_t wait = vector_wait(p, d->vector_use);
        p->cycles += wait;
        if (!idle && wait)
            nux_pipe_stall(pipe, wait);
        return;
    }
    if (nux_is_memory(d))
        return;
    if (!d->use.drains || d->id == NUX_S_MTMSR)
        p->cycles += nux_pipe_go(pipe, &d->use, 0);
    if (d->use.drains) {
        uint64_t empty = nux_vector_empty(p);
        p->cycles += nux_pipe_drain(pipe, empty > p->cycles ? (uint32_t)(empty - p->cycles) : 0);
    }
}

void nux_time_access(nux_processor *p, const nux_use *use) {
    p->cycles += nux_pipe_go(&p->timing.pipe, use, p->access_latency);
}

void nux_time_vector(nux_processor *p, const nux_decoded *d, const nux_vector_access *access) {
    vector_go(p, d, access);
    nux_pipe *pipe = &p->timing.pipe;
    /* It leaves nothing in the scalar pipeline: an idle one remains so. */
    p->cycles += nux_pipe_is_idle(pipe) ? d->use.cycles : nux_pipe_go(pipe, &d->use, 0);
}

void nux_timing_reset(nux_processor *p) {
    nux_vector_settle(p);
    memset(&p->timing, 0, sizeof p->timing);
    p->timing.pipe.now = NUX_PIPE_ORIGIN;
    nux_start_from(p, nux_pipe_find(p, &p->timing.pipe));
}
