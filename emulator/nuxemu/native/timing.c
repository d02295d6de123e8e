/* SPDX-License-Identifier: BSD-3-Clause */
/* Timing of instructions that are executed natively. */
#include "cycles.h"
#include "processor.h"
#include "scalar_table.h"
#include <string.h>

/* Waits until an instruction can issue, and issues it unless it is a load or store, for which
 * the access must be known first. Not for vector instructions. */
void nux_time_issue(nux_processor *p, const nux_decoded *d) {
    nux_pipe *pipe = &p->timing.pipe;
    if (!nux_pipe_is_idle(pipe))
        p->cycles += nux_pipe_wait(pipe, &d->use);
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

void nux_timing_reset(nux_processor *p) {
    nux_vector_settle(p);
    memset(&p->timing, 0, sizeof p->timing);
    p->timing.pipe.now = NUX_PIPE_ORIGIN;
    nux_start_from(p, nux_pipe_find(p, &p->timing.pipe));
}
