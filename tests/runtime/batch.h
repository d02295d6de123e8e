// SPDX-License-Identifier: BSD-3-Clause
// One operation over arrays of operands in external memory.
//
// The host writes `operation`, `count` and the operands, runs the program, and reads the
// results. Every operand and result is one 64-bit word; 32-bit ones are in its lower half.

#ifndef BATCH_H
#define BATCH_H

#include <nux/nux.h>

#define BATCH_SIZE 4096

struct batch {
    uint64_t a[BATCH_SIZE];
    uint64_t b[BATCH_SIZE];
    uint64_t result[BATCH_SIZE];
};

extern volatile uint32_t operation;
extern volatile uint32_t count;
extern struct batch batch;

// Return false if there is no such operation.
bool run_operation(uint32_t which, uint32_t operands);

#endif
