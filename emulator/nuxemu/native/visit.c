/* SPDX-License-Identifier: BSD-3-Clause */
/* What a block of plain code costs depends on what is still under way at its start. Each state in
 * which a block is entered makes a visit, which remembers the cost and the state at the end. */
#include "processor.h"
#include <stdlib.h>
#include <sys/mman.h>

enum { MANY_VISITS = 64 }; /* of one block */

bool nux_visits_open(nux_processor *p) {
    p->visits = nux_reserve(NUX_MAX_VISITS * sizeof *p->visits);
    p->details = nux_reserve(NUX_MAX_VISITS * sizeof *p->details);
    if (!p->visits || !p->details)
        return false;
    p->num_visits = 1;
    p->visits[0].branch = p->no_plan.ends_in_branch = NO_BRANCH;
    p->details[0].plan = &p->no_plan;
    p->previous = p->visits;
    return true;
}

void nux_visits_close(nux_processor *p) {
    if (p->visits)
        munmap(p->visits, NUX_MAX_VISITS * sizeof *p->visits);
    if (p->details)
        munmap(p->details, NUX_MAX_VISITS * sizeof *p->details);
}

void nux_start_from(nux_processor *p, const nux_pipe *pipe) {
    p->details[0].exit[0] = p->details[0].exit[1] = pipe;
    p->previous = p->visits;
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

static void fill_in(nux_processor *p, nux_visit *visit, nux_visit_details *details) {
    const nux_plan *plan = details->plan;
    uint32_t quick = plan->num_simple < NUX_QUICK_GUARDS ? plan->num_simple : NUX_QUICK_GUARDS;
    nux_pipe pipe = *details->entry;
    uint64_t cost = nux_cost_of(p, (uint32_t)plan->key, plan->instructions, &pipe);
    nux_pipe elsewhere = pipe;
    details->exit[0] = details->exit[1] = nux_pipe_find(p, &pipe);
    if (plan->ends_in_branch != NO_BRANCH) {
        nux_pipe_jump(&elsewhere);
        details->exit[1] = nux_pipe_find(p, &elsewhere);
    }
    *visit = (nux_visit){
        .key = plan->key,
        .branch = details->unpredicted ? NO_BRANCH : plan->ends_in_branch,
        .cycles = (uint32_t)cost,
        .instructions = (uint16_t)plan->instructions,
        .has_more_guards = plan->num_guards > quick,
    };
    for (uint32_t i = 0; i < NUX_QUICK_GUARDS; i++) {
        const nux_guard *g = &plan->guards[i];
        visit->quick[i].low = i < quick ? g->low : 0;
        visit->quick[i].bound = i < quick ? g->bound : UINT32_MAX;
        visit->a[i] = i < quick ? (uint8_t)(g->a - p->gpr) : 0;
        visit->align[i] = i < quick ? (uint8_t)g->align : 0;
    }
}

nux_visit *nux_find_visit(nux_processor *p, nux_plan *plan, const nux_pipe *entry, bool jumped) {
    bool unpredicted = jumped && plan->instructions == 1 && plan->ends_in_branch != NO_BRANCH;
    uint32_t n = 0;
    for (uint32_t i = plan->visits; i; i = p->details[i].other, n++)
        if (p->details[i].entry == entry && p->details[i].unpredicted == unpredicted)
            return &p->visits[i];
    uint32_t new = p->num_visits++;
    p->details[new] = (nux_visit_details){
        .plan = plan, .entry = entry, .other = plan->visits, .unpredicted = unpredicted};
    plan->visits = new;
    fill_in(p, &p->visits[new], &p->details[new]);
    p->crowded |= n >= MANY_VISITS || p->pipes.count >= NUX_MAX_PIPES ||
                  p->num_visits == NUX_MAX_VISITS;
    return &p->visits[new];
}
