/* SPDX-License-Identifier: BSD-3-Clause */
/* External memory and DRAM, shared by both processors and the host. */
#include "chip.h"
#include "memory_map.h"
#include "processor.h"
#include <string.h>

uint8_t *nux_external_bytes(nux_chip *chip, uint32_t address, size_t n) {
    if (address >= NUX_EXTMEM_DATA_BASE && n <= NUX_EXTMEM_SIZE &&
        address - NUX_EXTMEM_DATA_BASE <= NUX_EXTMEM_SIZE - n)
        return chip->ext + (address - NUX_EXTMEM_DATA_BASE);
    if (address >= NUX_DRAM_DATA_BASE && n <= NUX_DRAM_SIZE &&
        address - NUX_DRAM_DATA_BASE <= NUX_DRAM_SIZE - n)
        return chip->dram + (address - NUX_DRAM_DATA_BASE);
    return NULL;
}

/* Code that a processor has translated may have changed. */
void nux_external_written(nux_chip *chip, uint32_t address, uint32_t n) {
    uint32_t fetch = address < NUX_DRAM_DATA_BASE
                         ? address - NUX_EXTMEM_DATA_BASE + NUX_EXTMEM_FETCH_BASE
                         : address - NUX_DRAM_DATA_BASE + NUX_DRAM_FETCH_BASE;
    for (int i = 0; i < NUX_HEMISPHERES; i++)
        if (chip->ppu[i])
            nux_code_written(chip->ppu[i], fetch, n);
}

int nux_external_read(nux_chip *chip, uint32_t address, uint8_t *out, size_t n) {
    const uint8_t *bytes = nux_external_bytes(chip, address, n);
    if (!bytes)
        return -1;
    memcpy(out, bytes, n);
    return 0;
}

int nux_external_write(nux_chip *chip, uint32_t address, const uint8_t *data, size_t n) {
    uint8_t *bytes = nux_external_bytes(chip, address, n);
    if (!bytes)
        return -1;
    memcpy(bytes, data, n);
    nux_external_written(chip, address, (uint32_t)n);
    return 0;
}
