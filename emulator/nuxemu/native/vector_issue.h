/* SPDX-License-Identifier: BSD-3-Clause */
/* When a vector instruction issues: the case that the timing has a kept state, in which the same
 * instruction came last time, is done here. */
#ifndef NUX_VECTOR_ISSUE_H
#define NUX_VECTOR_ISSUE_H
#include "array.h"
#include "processor.h"

/* Cycles until a vector instruction can issue. */
static inline uint32_t nux_vector_delay(nux_processor *p, uint32_t use) {
    nux_vector_states *s = &p->vector_states;
    if (!s->at)
        return nux_vector_ask(p, use);
    uint64_t cycles = p->cycles - s->since;
    s->key = VECTOR_STEP(cycles < s->at->settled ? cycles : s->at->settled, use);
    return s->at->last.key == s->key ? s->wait = s->at->last.wait : nux_vector_ask(p, use);
}

static inline void nux_vector_enter(nux_processor *p, const nux_decoded *d,
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

/* An access to the array that depends on its time: conversions, and whatever is written. */
static inline bool nux_acts_on_array(const nux_processor *p, const nux_vinsn *v) {
    if (v->kind != NUX_VINX && v->kind != NUX_VOUTX)
        return false;
    uint32_t address = nux_vaddress(v, p->gpr);
    return v->kind == NUX_VOUTX ? address < NUX_VECTOR_EXTMEM : nux_array_reads_now(address);
}

/* Waits until the instruction can issue. */
static inline void nux_vector_time_wait(nux_processor *p, const nux_decoded *d) {
    nux_pipe *pipe = &p->timing.pipe;
    bool idle = nux_pipe_is_idle(pipe);
    if (!idle)
        p->cycles += nux_pipe_wait(pipe, &d->use);
    uint32_t wait = 0;
    if (nux_acts_on_array(p, &d->vector) && !p->parallel_bus)
        wait = nux_vector_bus_wait(nux_vector_bus_answer(p), p->cycles);
    p->cycles += wait;
    if (!idle && wait)
        nux_pipe_stall(pipe, wait);
    wait = nux_vector_delay(p, d->vector_use);
    p->cycles += wait;
    if (!idle && wait)
        nux_pipe_stall(pipe, wait);
}

/* Issues it. It leaves nothing in the scalar pipeline: an idle one remains so. */
static inline void nux_vector_time_issue(nux_processor *p, const nux_decoded *d,
                                         const nux_vector_access *access) {
    nux_pipe *pipe = &p->timing.pipe;
    nux_vector_enter(p, d, access);
    p->cycles += nux_pipe_is_idle(pipe) ? d->use.cycles : nux_pipe_go(pipe, &d->use, 0);
}
#endif
