/* SPDX-License-Identifier: BSD-3-Clause */
/* What the branch predictor learns from a branch. */
#ifndef NUX_BRANCH_H
#define NUX_BRANCH_H
#include "processor.h"

/* Returns NUX_TAKEN and NUX_MISSED. */
static inline uint32_t nux_learn_branch(nux_branch *b, uint32_t pc) {
    uint32_t behind = b->tag + 3, counter = b->counter;
    bool taken = pc != behind, missed = pc != b->predicted;
    counter = taken ? counter + (counter < 3) : counter - (counter > 0);
    b->counter = counter;
    b->predicted = counter < 2 ? behind : taken ? pc : NOWHERE;
    return taken * NUX_TAKEN + missed * NUX_MISSED;
}
#endif
