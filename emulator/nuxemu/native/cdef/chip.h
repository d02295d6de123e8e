/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole chip: what its two hemispheres share, and the on-chip bus between all units. */
#ifndef NUX_CDEF_CHIP_H
#define NUX_CDEF_CHIP_H
#include "cdef/array.h"
#include "cdef/network.h"
#include <stddef.h>
#include <stdint.h>

/* A chip without units; arrays and processors join when they are made. NULL without memory.
 * It lives until the last of its users (who made it, processors) has freed it. */
typedef struct nux_chip nux_chip;
nux_chip *nux_chip_new(void);
void nux_chip_free(nux_chip *);
/* The network becomes a unit of the chip (NULL: none); it must outlive the chip. */
void nux_chip_set_network(nux_chip *, nux_network *);
/* Copies n bytes at a data-view address of the external memories (0x4000_0000, 0x5000_0000);
 * 0, or -1 if outside. */
int nux_external_read(nux_chip *, uint32_t address, uint8_t *out, size_t n);
int nux_external_write(nux_chip *, uint32_t address, const uint8_t *data, size_t n);

/* A range of word addresses of the on-chip bus that belongs to one unit. */
typedef struct {
    const char *name;
    uint32_t first, last;        /* word addresses */
    uint32_t stride;             /* words from one register to the next */
    uint32_t used;               /* first words of a stride that are registers */
    uint32_t readable, writable; /* neither: the model does not have the unit */
} nux_bus_block;
/* All blocks, by address. */
size_t nux_bus_num_blocks(void);
const nux_bus_block *nux_bus_block_at(size_t index);

/* One word of the bus, as a processor or the host accesses it at a hardware time (s); byte_mask 0
 * reads, else writes the selected bytes. 0 or an enum nux_reason; the extra cycles that it takes.
 */
int nux_bus_access(nux_chip *, uint32_t word, uint32_t *value, uint32_t byte_mask, double now_s,
                   uint32_t *latency);
/* State of the external memories: returns the bytes needed, writes them if they fit. */
size_t nux_external_save(nux_chip *, uint8_t *out, size_t capacity);
/* 0, or -1 if that is not such a state; nothing is changed then. */
int nux_external_load(nux_chip *, const uint8_t *data, size_t n);
/* The same for the clock and the registers that belong to no other unit. */
size_t nux_chip_save(nux_chip *, uint8_t *out, size_t capacity);
int nux_chip_load(nux_chip *, const uint8_t *data, size_t n);

/* Why a run of the chip ended. */
enum nux_chip_end {
    NUX_CHIP_REACHED,     /* the cycle to run to */
    NUX_CHIP_IDLE,        /* none of the awaited processors is at work any more */
    NUX_CHIP_STOPPED,     /* a processor hit a trap */
    NUX_CHIP_WALL_LIMIT,  /* */
    NUX_CHIP_INTERRUPTED, /* the host asked */
};

/* Runs both processors, and all else, up to a cycle of the chip's clock; with awaited (bit 0 top,
 * bit 1 bottom) only until none of these processors is at work. Returns enum nux_chip_end.
 * max_wall_s <= 0: no limit. */
int nux_chip_run(nux_chip *, uint64_t until_cycle, unsigned awaited, double max_wall_s);
/* From another thread or a signal handler: end the run soon. */
void nux_chip_interrupt(nux_chip *);
/* Cycle of the chip's clock (250 MHz) that has been reached. */
uint64_t nux_chip_now(const nux_chip *);
/* A processor that is not in reset, asleep for good or stopped by a trap. */
int nux_chip_at_work(const nux_chip *, unsigned hemisphere);
/* Releases a processor from reset, or puts it back: its program starts at address 0 with
 * fresh registers; memories keep their contents. */
void nux_chip_start(nux_chip *, unsigned hemisphere);
void nux_chip_hold(nux_chip *, unsigned hemisphere);
#endif
