/* SPDX-License-Identifier: BSD-3-Clause */
/* Timing of the vector unit, which runs beside the scalar part.
 *
 * Instructions enter a queue in order; the scalar part waits while it holds two or more. Each
 * leaves it for the reservation station of its unit when there is room, its destination is no
 * longer to be read or written by older ones, and, for a compare, the condition register is free.
 * A unit executes in order: it waits for the operands, reads them one a cycle, executes, and
 * writes the result. All reads and writes share one port to the registers; who may use it is
 * decided by a mask that rotates with the requests.
 */
#ifndef NUX_VECTOR_TIMING_H
#define NUX_VECTOR_TIMING_H
#include "cycles.h"
#include "vector.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    NUX_VECTOR_UNITS = 5,
    NUX_VECTOR_ISSUED = 4,  /* last instructions that may still be in the queue */
    NUX_VECTOR_STATION = 16 /* places of the largest reservation station */
};

/* Cycles of the processor; what lies in the past may be 0. */
typedef struct {
    uint64_t entered[NUX_VECTOR_ISSUED], left[NUX_VECTOR_ISSUED]; /* the queue; newest first */
    uint64_t retired[NUX_VECTOR_UNITS][NUX_VECTOR_STATION];       /* last instructions of a unit */
    uint64_t next[NUX_VECTOR_UNITS]; /* place of the next one there, where the oldest is */
    uint64_t retired_last[NUX_VECTOR_UNITS];
    uint64_t idle[NUX_VECTOR_UNITS]; /* when the unit can begin with its next instruction */
    uint64_t written[32], read[32];  /* last cycle of a write, of a read */
    uint64_t condition, condition_read;
    uint64_t memory_started, memory_ready; /* transfer of the memory unit */
    uint64_t bus_accepted, bus_answered;   /* the last request to the bus */
    uint64_t bus_free;        /* a request that comes before the answer is accepted then */
    uint64_t bus_second;      /* or then, if both are to external memory and this is the second */
    uint64_t port, port_from; /* bits: port taken in cycle port_from + i */
    uint64_t empty;           /* everything is done */
    uint64_t mask;            /* number of units that the mask shuts out */
} nux_vector_timing;

/* What a memory or bus instruction costs. */
typedef struct {
    uint32_t words;   /* transfers one after the other (fxvlax, fxvstax) */
    uint32_t latency; /* extra cycles of each */
    uint32_t extra;   /* and of all of them together */
    uint32_t hold;    /* cycles after which the next one is accepted, if it already waits */
} nux_vector_access;

/* Cycles that the scalar part must wait at `now` until it can issue a vector instruction. */
uint32_t nux_vector_wait(const nux_vector_timing *, uint64_t now);
/* Cycles that it waits before if it acts on the array at its time, and the bus is taken by a
 * conversion or a load from external memory, whose answer comes at `answer`. */
static inline uint32_t nux_vector_bus_wait(uint64_t answer, uint64_t now) {
    return answer > now + NUX_CYCLES_LONG_ANSWER
               ? (uint32_t)(answer - now - NUX_CYCLES_TO_VECTOR_BUS)
               : 0;
}
/* Issues it. */
void nux_vector_go(nux_vector_timing *, const nux_vinsn *, uint64_t now,
                   const nux_vector_access *access);
/* Gives states after which every cycle is the same the same bytes. */
void nux_vector_timing_normalize(nux_vector_timing *, uint64_t now);

#define NUX_VECTOR_ORIGIN (UINT64_C(1) << 32)
/* The same, and moves `now` to NUX_VECTOR_ORIGIN. */
void nux_vector_timing_rebase(nux_vector_timing *, uint64_t now);
/* Adds cycles, modulo 2^64, to all that is not past. */
void nux_vector_timing_shift(nux_vector_timing *, uint64_t cycles);
/* Cycles after NUX_VECTOR_ORIGIN from which on a rebased state remains the same. */
uint64_t nux_vector_settled(const nux_vector_timing *);
#endif
