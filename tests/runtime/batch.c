// SPDX-License-Identifier: BSD-3-Clause
// The program around an operation over arrays; see batch.h.

#include "batch.h"

volatile uint32_t operation;
volatile uint32_t count;
NUX_EXTERNAL_BUFFER struct batch batch;

int start(void) { return run_operation(operation, count) ? 0 : 1; }
