/* SPDX-License-Identifier: BSD-3-Clause */
/* The states of the vector unit's timing that occurred, each kept once, and where each instruction
 * led from there: a program that does the same again costs a comparison. What is kept follows from
 * vector_timing.c alone; without it every cycle is the same. */
#ifndef NUX_VECTOR_STATES_H
#define NUX_VECTOR_STATES_H
#include "vector_timing.h"

typedef struct nux_vector_state nux_vector_state;

/* An instruction that is issued in a state. */
typedef struct nux_vector_step {
    uint64_t key;  /* VECTOR_STEP of when it came, and what it was */
    uint32_t wait; /* cycles until it was issued */
    nux_vector_access access;
    nux_vector_state *to;
    struct nux_vector_step *other; /* of the same state */
} nux_vector_step;
#define VECTOR_STEP(cycles, use) ((uint64_t)(cycles) << 32 | (use))

struct nux_vector_state {
    nux_vector_step last;     /* the step taken last; its key is 0 if there was none */
    uint32_t settled;         /* cycles after which nothing is under way any more */
    nux_vector_step *steps;   /* all */
    nux_vector_state *next;   /* in the same bucket */
    nux_vector_timing timing; /* rebased to NUX_VECTOR_ORIGIN */
};

enum { NUX_VECTOR_BUCKETS = 1024 };
typedef struct {
    nux_vector_state *at; /* NULL: the state is a plain nux_vector_timing */
    uint64_t since;       /* cycle at which it was entered, with its last instruction */
    uint64_t key;         /* of the step under way */
    uint32_t wait;        /* of it */
    uint32_t plain;       /* instructions until states are looked for again */
    uint32_t spent;       /* new steps, less those paid for by steps that were not: too many? */
    uint64_t last_new;    /* instructions of the processor when a step was new last */
    bool off;             /* for tests: every instruction is followed */
    uint32_t num_states, num_steps;
    nux_vector_state *buckets[NUX_VECTOR_BUCKETS];
} nux_vector_states;

static inline bool nux_same_access(const nux_vector_access *a, const nux_vector_access *b) {
    return a->words == b->words && a->latency == b->latency && a->extra == b->extra &&
           a->hold == b->hold;
}

/* What the timing of an instruction depends on beside its access; never 0. */
uint32_t nux_vector_use(const nux_vinsn *);
#endif
