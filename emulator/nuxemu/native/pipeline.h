/* SPDX-License-Identifier: BSD-3-Clause */
/* Timing of the scalar part: when an instruction can issue, in cycles.
 *
 * Single issue, in order. What an instruction waits for, as the public RTL does it:
 *
 * operands   General registers are ready `latency` cycles after the issue of their writer; fields
 *            of CR, CTR and LR one cycle later. A register that is still to be written may not be
 *            the destination of the next instruction either.
 * XER        Every instruction waits until a write to XER has left the pipeline.
 * write port There is one to the general registers. Of two writes with known latency the later
 *            instruction waits; the result of a load waits for the first free cycle.
 * loads and  They enter a queue and do not stall. One transaction at a time goes over the bus; its
 * stores     response holds the bus until a load has written its register.
 * sync       waits until everything has left the pipelines and queues, as do wait, mtmsr and traps.
 */
#ifndef NUX_PIPELINE_H
#define NUX_PIPELINE_H
#include <stdbool.h>
#include <stdint.h>

enum {
    NUX_PIPE_CR = 32, /* resources: 32 general registers, then 8 fields of CR */
    NUX_PIPE_CTR = 40,
    NUX_PIPE_LR,
    NUX_PIPE_RESOURCES,
    NUX_PIPE_NONE = NUX_PIPE_RESOURCES,
    NUX_PIPE_QUEUE = 16,  /* loads and stores under way */
    NUX_PIPE_ORIGIN = 128 /* now, in a state of normal form: transfers may have begun before */
};

/* What an instruction needs of the pipeline. */
typedef struct {
    uint64_t reads; /* resources, one bit each */
    uint8_t dest, latency;
    uint8_t updated, update_latency; /* address register that it writes back */
    uint8_t cr_writes;               /* fields of CR, one bit each */
    uint8_t cycles;                  /* until the next instruction may issue */
    bool writes_xer, is_load, is_store, drains;
    bool stays; /* in the pipeline for a while, as all that write something or branch do */
} nux_use;

/* A load or store under way. */
typedef struct {
    uint16_t start;   /* earliest cycle on the bus */
    uint16_t latency; /* extra cycles of its memory */
    uint16_t dest;    /* register, or NUX_PIPE_NONE for a store */
} nux_transfer;

/* State between two instructions. Cycles count from an arbitrary origin; nux_pipe_normalize moves
 * it to `now` and gives states that make no difference the same bytes. */
typedef struct {
    uint16_t now;                       /* earliest issue of the next instruction */
    uint16_t ready[NUX_PIPE_RESOURCES]; /* NUX_PIPE_PENDING: when its load has a result */
    uint16_t xer_ready, empty;          /* empty: of the writes already scheduled */
    uint16_t slots;                     /* cycles now + i at which a register is written */
    uint16_t from;                      /* no load that is under way is written before */
    uint16_t response, written;         /* of the last transfer, of the last load that is done */
    uint16_t latest;                    /* of all these */
    uint16_t count;
    nux_transfer queue[NUX_PIPE_QUEUE];
} nux_pipe;
#define NUX_PIPE_PENDING 0xffffu

/* Nothing is under way that the next instruction could wait for. */
static inline bool nux_pipe_is_idle(const nux_pipe *p) { return !p->count && p->now >= p->latest; }
/* Waits until the instruction can issue; returns how long. */
uint32_t nux_pipe_wait(nux_pipe *, const nux_use *);
/* Issues it; returns the cycles until the next one may. `latency`: extra cycles of its memory. */
uint32_t nux_pipe_go(nux_pipe *, const nux_use *, uint32_t latency);
/* Waits until everything has left, and a vector unit that is empty `vectors` cycles from now;
 * returns how long. */
uint32_t nux_pipe_drain(nux_pipe *, uint32_t vectors);
/* Something else holds the instruction back. */
void nux_pipe_stall(nux_pipe *, uint32_t cycles);
/* The fetch goes elsewhere than predicted. */
void nux_pipe_jump(nux_pipe *);
void nux_pipe_normalize(nux_pipe *);
#endif
