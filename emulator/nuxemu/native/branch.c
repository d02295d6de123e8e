/* SPDX-License-Identifier: BSD-3-Clause */
/* Branch predictor, as in the public RTL (nux, bcache_full.sv, inst_stream.sv): fully associative,
 * with two-bit counters and the target of the last time. A branch that was not taken loses its
 * target. When all places are used, the one that a counter of cycles points to is given up. The
 * instruction to which the fetch was redirected is never predicted to be a taken branch. */
#include "branch.h"
#include "cycles.h"

static uint32_t place_of(const nux_branches *b, uint32_t branch) {
    uint32_t place = 0;
    while (place < NUX_BRANCHES && b->branch[place] != branch)
        place++;
    return place;
}

/* A place for a new branch, which counts as if it had often been taken. */
static uint32_t new_place(nux_processor *p, uint32_t branch) {
    nux_branches *b = &p->timing.branches;
    uint32_t place = b->branch[NUX_BRANCHES - 1] ? NUX_BRANCHES : place_of(b, 0);
    if (place == NUX_BRANCHES)
        place = (p->cycles + (uint32_t)p->progress) % NUX_BRANCHES;
    b->branch[place] = branch;
    b->counter[place] = 3;
    b->predicted[place] = branch + 3;
    return place;
}

uint32_t nux_resolve_branch(nux_processor *p, uint32_t pc) {
    nux_visit *visit = p->previous;
    const nux_visit_details *details = nux_details(p, visit);
    uint32_t branch = details->plan->ends_in_branch;
    if (branch == NO_BRANCH)
        return 0;
    nux_branches *b = &p->timing.branches;
    uint32_t place = *details->plan->slot;
    if (place == NO_SLOT)
        place = place_of(b, branch);
    if (place == NUX_BRANCHES || b->branch[place] != branch)
        place = new_place(p, branch);
    *details->plan->slot = (uint8_t)place;
    visit->slot = (uint8_t)place;
    uint32_t how = nux_learn_branch(b, place, pc);
    if (details->unpredicted)
        how = pc != branch + 3 ? NUX_TAKEN | NUX_MISSED : 0;
    p->progress += (how & NUX_MISSED) * NUX_CYCLES_BRANCH_MISS;
    return how;
}
