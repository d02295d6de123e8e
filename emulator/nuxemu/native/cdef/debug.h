/* SPDX-License-Identifier: BSD-3-Clause */
/* A processor under a debugger: it stops before instructions, and behind accesses. */
#ifndef NUX_CDEF_DEBUG_H
#define NUX_CDEF_DEBUG_H
#include "cdef/processor.h"
#include <stddef.h>
#include <stdint.h>

enum nux_debug_kind {
    NUX_DEBUG_NOTHING,    /* */
    NUX_DEBUG_STEP,       /* an instruction was executed */
    NUX_DEBUG_BREAKPOINT, /* before an instruction with a breakpoint */
    NUX_DEBUG_WATCH       /* before an access to what is watched, or behind a change over the bus */
};

enum nux_watch_space {
    NUX_WATCH_MEMORY, /* data addresses of this processor; its own accesses */
    NUX_WATCH_WEIGHTS /* weights of its hemisphere, row * 256 + column; changes by whomever */
};

typedef struct {
    uint32_t space, first, size; /* enum nux_watch_space; bytes */
    uint32_t reads, writes;      /* 1: stop at these */
} nux_watch;

typedef struct {
    int32_t kind;     /* enum nux_debug_kind */
    uint32_t watch;   /* number of the watch that was met, */
    uint32_t address; /* and where */
} nux_debug_stop;

/* On: every instruction but branches is executed natively; cycles stay the same. 0, or -1
 * without memory. */
int nux_processor_set_debug(nux_processor *, int on);
/* Replace all; -1: there are too many. */
int nux_processor_set_breakpoints(nux_processor *, const uint32_t *pcs, size_t n);
int nux_processor_set_watches(nux_processor *, const nux_watch *, size_t n);
/* The next run goes on from here, for one instruction or until something is met. */
void nux_processor_resume(nux_processor *, int step);
/* Why the debugger stopped the run, since the processor was resumed. */
const nux_debug_stop *nux_processor_debug_stop(const nux_processor *);
#endif
