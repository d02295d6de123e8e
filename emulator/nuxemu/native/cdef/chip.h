/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole chip: what its two hemispheres share, and the on-chip bus between all units. */
#ifndef NUX_CDEF_CHIP_H
#define NUX_CDEF_CHIP_H
#include "cdef/array.h"
#include <stddef.h>
#include <stdint.h>

/* A chip without units; arrays and processors join when they are made. NULL without memory.
 * It lives until the last of its users (who made it, processors) has freed it. */
typedef struct nux_chip nux_chip;
nux_chip *nux_chip_new(void);
void nux_chip_free(nux_chip *);
/* Copies n bytes at a data-view address of the external memories (0x4000_0000, 0x5000_0000);
 * 0, or -1 if outside. */
int nux_external_read(nux_chip *, uint32_t address, uint8_t *out, size_t n);
int nux_external_write(nux_chip *, uint32_t address, const uint8_t *data, size_t n);
#endif
