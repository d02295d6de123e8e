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
    uint32_t first, last; /* word addresses */
    uint32_t stride;      /* words from one register to the next */
    uint32_t used;        /* first words of a stride that are registers */
    uint32_t readable, writable; /* neither: the model does not have the unit */
} nux_bus_block;
/* All blocks, by address. */
size_t nux_bus_num_blocks(void);
const nux_bus_block *nux_bus_block_at(size_t index);

/* One word of the bus, as a processor or the host accesses it at a hardware time (s); byte_mask 0
 * reads, else writes the selected bytes. 0 or an enum nux_reason. */
int nux_bus_access(nux_chip *, uint32_t word, uint32_t *value, uint32_t byte_mask, double now_s);
#endif
