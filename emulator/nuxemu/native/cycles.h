/* SPDX-License-Identifier: BSD-3-Clause */
/* Cycle costs of accesses, an estimate.
 *
 * The first block is the vendor's hardware measurement (libnux test_speed_memory), which
 * includes the closing sync; the sync's own 2 cycles are taken off here. */
#ifndef NUX_CYCLES_H
#define NUX_CYCLES_H

#define NUX_CYCLES_SYNC 2
#define NUX_CYCLES_SYNRAM (20 - NUX_CYCLES_SYNC)       /* weight vector load, store */
#define NUX_CYCLES_VECTOR_LOAD (49 - NUX_CYCLES_SYNC)  /* fxvlax from SRAM */
#define NUX_CYCLES_VECTOR_STORE (47 - NUX_CYCLES_SYNC) /* fxvstax to SRAM */
/* A row of the CADC, both channels: 410 cycles for the conversion and three buffered reads. */
#define NUX_CYCLES_CADC_ROW 410
#define NUX_CYCLES_CADC_BUFFERED 20
#define NUX_CYCLES_CADC_CONVERT (NUX_CYCLES_CADC_ROW - NUX_CYCLES_CADC_BUFFERED - NUX_CYCLES_SYNC)
#define NUX_CYCLES_EXTERNAL_VECTOR_STORE (38 - NUX_CYCLES_SYNC)
#define NUX_CYCLES_EXTERNAL_VECTOR_LOAD (344 - NUX_CYCLES_SYNC)

/* Scalar access to external memory and to the on-chip bus: not published; the external load is
 * taken as one bus transaction of the vector load above, the bus as a synapse-array access. */
#define NUX_CYCLES_EXTERNAL_SCALAR 43
#define NUX_CYCLES_BUS 18

/* RTL with ideal memories, one slice (timing.md): per transfer, plus latency L per beat. */
#define NUX_CYCLES_IDEAL_LAX(latency) (10 + 4 * (latency))
#define NUX_CYCLES_IDEAL_INX(latency) (3 + (latency))
#define NUX_CYCLES_IDEAL_OUTX(latency) ((latency) > 1 ? 2 + (latency) : 4)

/* A branch that does not go where it was predicted to, beyond its own cycle. */
#define NUX_CYCLES_BRANCH_MISS 4
#endif
