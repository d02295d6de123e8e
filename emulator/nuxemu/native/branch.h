/* SPDX-License-Identifier: BSD-3-Clause */
/* What the branch predictor learns from a branch. */
#ifndef NUX_BRANCH_H
#define NUX_BRANCH_H
#include "processor.h"

static inline void nux_learn_branch(nux_branch *branch, uint32_t pc) {
    uint32_t behind = branch->branch + 3, counter = branch->counter;
    bool taken = pc != behind;
    counter = taken ? counter + (counter < 3) : counter - (counter > 0);
    branch->counter = counter;
    branch->predicted = counter < 2 ? behind : taken ? pc : NOWHERE;
}
#endif
