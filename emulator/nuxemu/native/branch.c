/* SPDX-License-Identifier: BSD-3-Clause */
/* Branch predictor, as in the public RTL (nux, bcache_full.sv, inst_stream.sv): fully associative,
 * with two-bit counters and the target of the last time. A branch that was not taken loses its
 * target. When all places are used, the one that a counter of cycles points to is given up. The
 * instruction to which the fetch was redirected is never predicted to be a taken branch. */
#include "branch.h"
#include "cycles.h"

static uint32_t place_of(const nux_processor *p, uint32_t tag) {
    uint32_t place = 0;
    while (place < NUX_BRANCHES && p->timing.branches[place].tag != tag)
        place++;
    return place;
}

/* A place for a new branch, which counts as if it had often been taken. */
static uint32_t new_place(nux_processor *p, uint32_t tag) {
    nux_branch *branches = p->timing.branches;
    uint32_t place = branches[NUX_BRANCHES - 1].tag ? NUX_BRANCHES : place_of(p, 0);
    if (place == NUX_BRANCHES)
        place = (p->cycles + (uint32_t)p->progress) % NUX_BRANCHES;
    branches[place] = (nux_branch){.tag = tag, .counter = 3, .predicted = tag + 3};
    return place;
}

uint32_t nux_resolve_branch(nux_processor *p, uint32_t pc) {
    nux_plan *plan = p->previous->plan;
    uint32_t tag = plan->branch;
    if (tag == NO_BRANCH)
        return 0;
    uint32_t place = *plan->place;
    if (place == NO_SLOT)
        place = place_of(p, tag);
    if (place == NUX_BRANCHES || p->timing.branches[place].tag != tag)
        place = new_place(p, tag);
    *plan->place = plan->slot = (uint8_t)place;
    uint32_t how = nux_learn_branch(&p->timing.branches[place], pc);
    if (p->previous->unpredicted)
        how = pc != tag + 3 ? NUX_TAKEN | NUX_MISSED : 0;
    p->progress += (how & NUX_MISSED) * NUX_CYCLES_BRANCH_MISS;
    p->previous->missed += how & NUX_MISSED;
    return how;
}
