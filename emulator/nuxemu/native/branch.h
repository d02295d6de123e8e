/* SPDX-License-Identifier: BSD-3-Clause */
/* What the branch predictor learns from a branch. */
#ifndef NUX_BRANCH_H
#define NUX_BRANCH_H
#include "processor.h"

static inline uint32_t nux_steady(const nux_branch *b) {
    return b->counter == 0 || b->counter == 3 ? b->predicted : NOWHERE;
}

/* Returns NUX_TAKEN and NUX_MISSED. */
static inline uint32_t nux_learn_branch(nux_branch *b, uint32_t pc) {
    uint32_t behind = b->tag + 3, counter = b->counter;
    bool taken = pc != behind, missed = pc != b->predicted;
    counter = taken ? counter + (counter < 3) : counter - (counter > 0);
    b->counter = counter;
    b->predicted = counter < 2 ? behind : taken ? pc : NOWHERE;
    b->steady = nux_steady(b);
    return taken * NUX_TAKEN + missed * NUX_MISSED;
}
#endif
