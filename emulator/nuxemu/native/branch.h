/* SPDX-License-Identifier: BSD-3-Clause */
/* What the branch predictor learns from a branch. */
#ifndef NUX_BRANCH_H
#define NUX_BRANCH_H
#include "processor.h"

/* Notes where a branch goes when nothing of its place in the predictor changes. */
static inline void nux_set_steady(nux_branches *b, uint32_t place) {
    bool changes = (b->counter[place] + 1) & 2; /* 1 or 2 */
    b->steady[place] = BRANCH_TO(b->branch[place], changes ? NOWHERE : b->predicted[place]);
}

/* Returns NUX_TAKEN and NUX_MISSED. */
static inline uint32_t nux_learn_branch(nux_branches *b, uint32_t place, uint32_t pc) {
    uint32_t behind = b->branch[place] + 3, counter = b->counter[place];
    bool taken = pc != behind, missed = pc != b->predicted[place];
    counter = taken ? counter + (counter < 3) : counter - (counter > 0);
    b->counter[place] = counter;
    b->predicted[place] = counter < 2 ? behind : taken ? pc : NOWHERE;
    nux_set_steady(b, place);
    return taken * NUX_TAKEN + missed * NUX_MISSED;
}
#endif
