/* SPDX-License-Identifier: BSD-3-Clause */
/* What a block of plain code costs depends on what is still under way at its start. Each state in
 * which a block is entered makes a visit, which remembers the cost and the state at the end. */
#include "processor.h"
#include <stdlib.h>
#include <sys/mman.h>

enum { MANY_VISITS = 64 }; /* of one block */

bool nux_visits_open(nux_processor *p) {
    p->visits = nux_reserve(NUX_MAX_VISITS * sizeof *p->visits);
    if (!p->visits)
        return false;
    p->num_visits = 1;
    p->no_plan.branch = NO_BRANCH;
    p->visits[0].plan = p->previous_plan = &p->no_plan;
    p->previous = p->visits;
    return true;
}

void nux_visits_close(nux_processor *p) {
    if (p->visits)
        munmap(p->visits, NUX_MAX_VISITS * sizeof *p->visits);
}

void nux_start_from(nux_processor *p, const nux_pipe *pipe) {
    p->visits[0].exit[0] = p->visits[0].exit[1] = pipe;
    p->previous = p->visits;
    p->previous_plan = &p->no_plan;
}

uint64_t nux_cost_of(nux_processor *p, uint32_t pc, uint32_t instructions, nux_pipe *pipe) {
    uint32_t cycles = 0, latency = p->config.ideal_bus ? p->config.bus_latency : 0;
    const nux_decoded *d = nux_decoded_at(p, pc);
    for (uint32_t i = 0; i < instructions; i++, d++) {
        cycles += nux_pipe_wait(pipe, &d->use);
        cycles += nux_pipe_go(pipe, &d->use, latency);
    }
    return PROGRESS(instructions, cycles);
}

static void calculate(nux_processor *p, nux_visit *visit) {
    const nux_plan *plan = visit->plan;
    nux_pipe pipe = *visit->entry;
    visit->cycles = (uint32_t)nux_cost_of(p, (uint32_t)plan->key, plan->instructions, &pipe);
    nux_pipe elsewhere = pipe;
    visit->exit[0] = visit->exit[1] = nux_pipe_find(p, &pipe);
    if (plan->branch != NO_BRANCH) {
        nux_pipe_jump(&elsewhere);
        visit->exit[1] = nux_pipe_find(p, &elsewhere);
    }
}

nux_visit *nux_find_visit(nux_processor *p, nux_plan *plan, const nux_pipe *entry, bool jumped) {
    bool unpredicted = jumped && plan->instructions == 1 && plan->branch != NO_BRANCH;
    uint32_t n = 0;
    for (uint32_t i = plan->visits; i; i = p->visits[i].other, n++)
        if (p->visits[i].entry == entry && p->visits[i].unpredicted == unpredicted)
            return &p->visits[i];
    nux_visit *visit = &p->visits[p->num_visits];
    *visit = (nux_visit){
        .plan = plan, .entry = entry, .other = plan->visits, .unpredicted = unpredicted};
    plan->visits = p->num_visits++;
    calculate(p, visit);
    p->crowded |=
        n >= MANY_VISITS || p->pipes.count >= NUX_MAX_PIPES || p->num_visits == NUX_MAX_VISITS;
    return visit;
}
