/* SPDX-License-Identifier: BSD-3-Clause */
/* Branch predictor, as in the public RTL (nux, bcache_full.sv): fully associative, with two-bit
 * counters and the target of the last time. A branch that was not taken loses its target. When
 * all places are used, the one that a counter of cycles points to is given up. */
#include "branch.h"

static nux_branch *place_of(nux_processor *p, nux_plan *plan) {
    for (uint32_t i = 0; i < NUX_BRANCHES; i++)
        if (p->timing.branches[i].branch == plan->ends_in_branch) {
            plan->slot = i;
            return &p->timing.branches[i];
        }
    return NULL;
}

static nux_branch *free_place(nux_processor *p, nux_plan *plan) {
    uint32_t i = 0;
    while (i < NUX_BRANCHES && p->timing.branches[i].branch)
        i++;
    if (i == NUX_BRANCHES)
        i = (p->cycles + (uint32_t)p->progress) % NUX_BRANCHES;
    plan->slot = i;
    return &p->timing.branches[i];
}

const nux_pipe *nux_resolve_branch(nux_processor *p, uint32_t pc) {
    nux_plan *plan = p->previous;
    if (plan->ends_in_branch == NO_BRANCH)
        return plan->cost.exit[0];
    uint32_t behind = plan->ends_in_branch + 3;
    bool predictable = plan->cost.branch != NO_BRANCH, missed;
    nux_branch *branch = place_of(p, plan);
    if (branch) {
        missed = pc != (predictable ? branch->predicted : behind);
        nux_learn_branch(branch, pc);
    } else {
        missed = pc != behind;
        branch = free_place(p, plan);
        *branch = (nux_branch){.branch = plan->ends_in_branch, .counter = 3};
        nux_learn_branch(branch, pc);
    }
    p->progress += missed * NUX_CYCLES_BRANCH_MISS;
    return plan->cost.exit[missed];
}
