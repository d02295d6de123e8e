/* SPDX-License-Identifier: BSD-3-Clause */
/* What a block of plain code costs depends on what is still under way at its start. Each state in
 * which a block is entered makes a visit, which remembers the cost and the state at the end. */
#include "processor.h"
#include <stdlib.h>

enum { MANY_VISITS = 64 }; /* of one block */

uint64_t nux_cost_of(nux_processor *p, uint32_t pc, uint32_t instructions, nux_pipe *pipe) {
    uint32_t cycles = 0, latency = p->config.ideal_bus ? p->config.bus_latency : 0;
    const nux_decoded *d = nux_decoded_at(p, pc);
    for (uint32_t i = 0; i < instructions; i++, d++) {
        cycles += nux_pipe_wait(pipe, &d->use);
        cycles += nux_pipe_go(pipe, &d->use, latency);
    }
    return PROGRESS(instructions, cycles);
}

static nux_visit *make_visit(nux_processor *p, nux_plan *plan, const nux_pipe *entry,
                             bool unpredicted) {
    nux_visit *visit = aligned_alloc(64, (sizeof *visit + 63) / 64 * 64);
    if (!visit)
        abort();
    nux_pipe pipe = *entry;
    uint32_t quick = plan->num_simple < NUX_QUICK_GUARDS ? plan->num_simple : NUX_QUICK_GUARDS;
    *visit = (nux_visit){
        .key = plan->key,
        .progress = nux_cost_of(p, (uint32_t)plan->key, plan->instructions, &pipe),
        .branch = unpredicted ? NO_BRANCH : plan->ends_in_branch,
        .has_more_guards = plan->num_guards > quick,
        .next = {&p->start, &p->start, &p->start, &p->start},
        .plan = plan,
        .entry = entry,
        .other = plan->visits,
        .unpredicted = unpredicted,
    };
    for (uint32_t i = 0; i < NUX_QUICK_GUARDS; i++) {
        const nux_guard *g = &plan->guards[i];
        visit->quick[i].a = i < quick ? g->a : p->gpr;
        visit->quick[i].low = i < quick ? g->low : 0;
        visit->quick[i].bound = i < quick ? g->bound : UINT32_MAX;
        visit->quick[i].align = i < quick ? g->align : 0;
    }
    nux_pipe elsewhere = pipe;
    visit->exit[0] = visit->exit[1] = nux_pipe_find(p, &pipe);
    if (plan->ends_in_branch != NO_BRANCH) {
        nux_pipe_jump(&elsewhere);
        visit->exit[1] = nux_pipe_find(p, &elsewhere);
    }
    return plan->visits = visit;
}

nux_visit *nux_find_visit(nux_processor *p, nux_plan *plan, const nux_pipe *entry, bool jumped) {
    bool unpredicted = jumped && plan->instructions == 1 && plan->ends_in_branch != NO_BRANCH;
    uint32_t n = 0;
    for (nux_visit *visit = plan->visits; visit; visit = visit->other, n++)
        if (visit->entry == entry && visit->unpredicted == unpredicted)
            return visit;
    p->crowded |= n >= MANY_VISITS || p->pipes.count >= NUX_MAX_PIPES;
    return make_visit(p, plan, entry, unpredicted);
}

void nux_forget_visits(nux_plan *plan) {
    for (nux_visit *visit = plan->visits, *other; visit; visit = other) {
        other = visit->other;
        free(visit);
    }
}
