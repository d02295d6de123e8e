/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside of the chip: its units, and how an access of one reaches another. */
#ifndef NUX_CHIP_H
#define NUX_CHIP_H
#include "cdef/chip.h"
#include "cdef/processor.h"
#include <stdbool.h>

enum { NUX_HEMISPHERES = 2 };

struct nux_chip {
    uint8_t *ext;  /* 128 KiB */
    uint8_t *dram; /* 256 MiB, backed by memory only where touched */
    nux_array *array[NUX_HEMISPHERES];
    nux_processor *ppu[NUX_HEMISPHERES];
    uint32_t users; /* the one who made it, and processors */
};

/* external.c: bytes from a data-view address on, NULL if [address, address + n) is not inside
 * one of the two memories; to be called after writing there, as code may have changed. */
uint8_t *nux_external_bytes(nux_chip *, uint32_t address, size_t n);
void nux_external_written(nux_chip *, uint32_t address, uint32_t n);

/* bus.c: one word of the on-chip bus, by word address, at a hardware time (s); byte_mask 0
 * reads, else writes the selected bytes. 0 or an enum nux_reason. */
int nux_bus_access(nux_chip *, uint32_t word, uint32_t *value, uint32_t byte_mask, double now_s);
#endif
