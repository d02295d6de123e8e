/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a processor's cycles go, by instruction. */
#ifndef NUX_CDEF_PROFILE_H
#define NUX_CDEF_PROFILE_H
#include "cdef/processor.h"
#include <stddef.h>
#include <stdint.h>

/* What an instruction waited for. */
enum nux_wait {
    NUX_WAIT_SCALAR,    /* the scalar pipeline: operands, refetch behind a jump */
    NUX_WAIT_BRANCH,    /* a branch that went elsewhere than predicted */
    NUX_WAIT_VECTOR,    /* vector arithmetic */
    NUX_WAIT_SRAM,      /* vector loads and stores of the SRAM */
    NUX_WAIT_ARRAY,     /* synapse array: weights, labels, buffered readings, resets */
    NUX_WAIT_CADC,      /* conversions */
    NUX_WAIT_EXTERNAL,  /* vector accesses of external memory and DRAM */
    NUX_WAIT_BUS,       /* scalar accesses, or vector loads and stores, beyond the SRAM */
    NUX_WAIT_SLEEP,     /* `wait` */
    NUX_WAIT_INTERRUPT, /* entry to an interrupt */
    NUX_NUM_WAITS
};

typedef struct {
    uint64_t pc; /* of the instruction; 2^32 - 1: where there was no memory to count */
    uint64_t executed, cycles;
    uint64_t waits[10]; /* part of the cycles, by enum nux_wait */
} nux_profile_site;

/* Counts from now on, or from the next reset on; 0, or -1 without memory. Off: counts are lost. */
int nux_processor_set_profile(nux_processor *, int on);
/* Instructions that ran, by ascending address: returns how many there are, writes them if they
 * fit. */
size_t nux_processor_profile(nux_processor *, nux_profile_site *out, size_t capacity);
#endif
