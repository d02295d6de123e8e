/* SPDX-License-Identifier: BSD-3-Clause */
/* What a block of plain code costs, which depends on what is still under way at its start. A plan
 * remembers the costs for the states that it has seen. */
#include "processor.h"
#include <stdlib.h>

enum { MAX_COSTS = 64 };

uint64_t nux_cost_of(nux_processor *p, uint32_t pc, uint32_t instructions, nux_pipe *pipe) {
    uint32_t cycles = 0, latency = p->config.ideal_bus ? p->config.bus_latency : 0;
    const nux_decoded *d = nux_decoded_at(p, pc);
    for (uint32_t i = 0; i < instructions; i++, d++) {
        cycles += nux_pipe_wait(pipe, &d->use);
        cycles += nux_pipe_go(pipe, &d->use, latency);
    }
    return PROGRESS(instructions, cycles);
}

static void calculate(nux_processor *p, const nux_plan *plan, nux_cost *cost) {
    uint32_t instructions = nux_details(plan)->instructions;
    nux_pipe pipe = *cost->entry;
    /* The instruction that a jump goes to is never predicted to be a taken branch. */
    bool unpredicted = pipe.after_jump && instructions == 1;
    cost->branch = unpredicted ? NO_BRANCH : plan->ends_in_branch;
    cost->progress = nux_cost_of(p, (uint32_t)plan->key, instructions, &pipe);
    nux_pipe elsewhere = pipe;
    cost->exit[0] = nux_pipe_find(p, &pipe);
    cost->exit[1] = cost->exit[0];
    if (plan->ends_in_branch != NO_BRANCH) {
        nux_pipe_jump(&elsewhere);
        cost->exit[1] = nux_pipe_find(p, &elsewhere);
    }
}

void nux_forget_costs(nux_plan *plan) {
    for (nux_cost *cost = plan->cost.next, *next; cost; cost = next) {
        next = cost->next;
        free(cost);
    }
    plan->cost = (nux_cost){.entry = NULL};
}

/* The plan itself holds a copy of the cost that was used last. */
void nux_find_cost(nux_processor *p, nux_plan *plan, const nux_pipe *entry) {
    nux_cost *list = plan->cost.next;
    uint32_t n = 0;
    for (nux_cost *cost = list; cost; cost = cost->next, n++)
        if (cost->entry == entry) {
            plan->cost = *cost;
            plan->cost.next = list;
            return;
        }
    if (n == MAX_COSTS) {
        nux_forget_costs(plan);
        list = NULL;
    }
    nux_cost *cost = malloc(sizeof *cost);
    if (!cost)
        abort();
    *cost = (nux_cost){.entry = entry, .next = list};
    calculate(p, plan, cost);
    plan->cost = *cost;
    plan->cost.next = cost;
}
