/* SPDX-License-Identifier: BSD-3-Clause */
/* Branch predictor, as in the public RTL (nux, bcache_full.sv, inst_stream.sv): fully associative,
 * with two-bit counters and the target of the last time. A branch that was not taken loses its
 * target. When all places are used, the one that a counter of cycles points to is given up. The
 * instruction to which the fetch was redirected is never predicted to be a taken branch. */
#include "branch.h"
#include "cycles.h"

static uint32_t place_of(const nux_branches *b, uint32_t branch) {
    uint32_t found = NUX_BRANCHES;
    for (uint32_t i = 0; i < NUX_BRANCHES; i++)
        found = b->branch[i] == branch ? i : found;
    return found;
}

/* A place for a new branch, which counts as if it had often been taken. */
static uint32_t new_place(nux_processor *p, uint32_t branch) {
    nux_branches *b = &p->timing.branches;
    uint32_t place = place_of(b, 0);
    if (place == NUX_BRANCHES)
        place = (p->cycles + (uint32_t)p->progress) % NUX_BRANCHES;
    b->branch[place] = branch;
    b->counter[place] = 3;
    b->predicted[place] = branch + 3;
    return place;
}

uint32_t nux_resolve_branch(nux_processor *p, uint32_t pc) {
    nux_visit *visit = p->previous;
    uint32_t branch = visit->plan->ends_in_branch;
    if (branch == NO_BRANCH)
        return 0;
    uint32_t place = place_of(&p->timing.branches, branch);
    if (place == NUX_BRANCHES)
        place = new_place(p, branch);
    visit->slot = (uint16_t)place;
    uint32_t how = nux_learn_branch(&p->timing.branches, place, pc);
    if (visit->unpredicted)
        how = pc != branch + 3 ? NUX_TAKEN | NUX_MISSED : 0;
    p->progress += (how & NUX_MISSED) * NUX_CYCLES_BRANCH_MISS;
    return how;
}
