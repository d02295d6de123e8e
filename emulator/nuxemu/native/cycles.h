/* SPDX-License-Identifier: BSD-3-Clause */
/* Cycle costs that are not of one instruction: an estimate. docs/cycles.md has them with their
 * sources. */
#ifndef NUX_CYCLES_H
#define NUX_CYCLES_H

/* --- Scalar pipeline (RTL) --- */
#define NUX_CYCLES_BRANCH_MISS 4       /* refill after a branch that was not predicted */
#define NUX_CYCLES_TO_BUS 3            /* from the issue of a load or store to its bus request */
#define NUX_CYCLES_UPDATE 2            /* address register of an access with update */
#define NUX_CYCLES_LOAD_SLOT 3         /* a load keeps clear of the write this much later */
#define NUX_CYCLES_LOAD_STORE_QUEUE 15 /* loads and stores under way at which another one waits */

/* --- Vector unit (RTL) --- */
#define NUX_CYCLES_TO_VECTOR_QUEUE 3
#define NUX_CYCLES_TO_VECTOR_BUS 6 /* from the issue of a vector instruction to its bus request */
#define NUX_CYCLES_VECTOR_QUEUE 2  /* instructions in the queue at which another one waits */
#define NUX_CYCLES_VECTOR_READ_LOCK 2 /* from a read to the next write of the register */
#define NUX_CYCLES_VECTOR_ARITH 6     /* from the start of the operation to its result */
#define NUX_CYCLES_VECTOR_COMPARE 1
#define NUX_CYCLES_VECTOR_PERMUTE 2
#define NUX_CYCLES_VECTOR_WORD 4 /* bytes of a transfer of fxvlax and fxvstax */

/* --- Memories of the chip: extra cycles, fitted to the vendor's measurements --- */
#define NUX_CYCLES_SYNRAM_READ 7
#define NUX_CYCLES_SYNRAM_WRITE 6
#define NUX_CYCLES_CADC_CONVERT 387
#define NUX_CYCLES_VECTOR_LOAD 5  /* fxvlax from SRAM, all transfers together */
#define NUX_CYCLES_VECTOR_STORE 3 /* fxvstax to SRAM */
#define NUX_CYCLES_EXTERNAL_VECTOR_STORE 25
#define NUX_CYCLES_EXTERNAL_VECTOR_HOLD 91    /* until the next posted store is taken */
#define NUX_CYCLES_EXTERNAL_VECTOR_SECOND 171 /* the same, for the second one in a row */
#define NUX_CYCLES_EXTERNAL_VECTOR_LOAD 332

/* --- Chosen: not published --- */
#define NUX_CYCLES_EXTERNAL_SCALAR 43 /* one of the eight transfers of the vector load above */
#define NUX_CYCLES_BUS 18
/* What acts on the array waits outside of the queue for answers later than that. */
#define NUX_CYCLES_LONG_ANSWER 64
#endif
