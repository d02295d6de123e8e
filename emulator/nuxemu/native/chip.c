/* SPDX-License-Identifier: BSD-3-Clause */
/* Life of the chip. */
#include "chip.h"
#include "memory_map.h"
#include "processor.h"
#include <stdlib.h>
#include <sys/mman.h>

nux_chip *nux_chip_new(void) {
    nux_chip *chip = calloc(1, sizeof *chip);
    if (!chip)
        return NULL;
    chip->users = 1;
    chip->ext = nux_reserve(NUX_EXTMEM_SIZE);
    chip->dram = nux_reserve(NUX_DRAM_SIZE);
    if (!chip->ext || !chip->dram) {
        nux_chip_free(chip);
        return NULL;
    }
    return chip;
}

/* Gone when the last user has let go of it: they come to their ends in any order. */
void nux_chip_free(nux_chip *chip) {
    if (!chip || --chip->users)
        return;
    if (chip->ext)
        munmap(chip->ext, NUX_EXTMEM_SIZE);
    if (chip->dram)
        munmap(chip->dram, NUX_DRAM_SIZE);
    free(chip);
}
