/* SPDX-License-Identifier: BSD-3-Clause */
/* Hooks of the debugger. Calls are for a processor that has one. */
#ifndef NUX_DEBUG_H
#define NUX_DEBUG_H
#include "cdef/debug.h"
#include "processor.h"

void nux_debug_free(nux_processor *);
/* True: the run stops before the instruction at pc. */
bool nux_debug_stops(nux_processor *, uint32_t pc);
/* Something was written over the bus, by any processor: it may be a weight. */
void nux_debug_array_written(nux_chip *);
#endif
