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
    nux_registers_reset(&chip->registers);
    for (int h = 0; h < NUX_HEMISPHERES; h++)
        chip->control[h] = NUX_INHIBIT_RESET;
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

void nux_chip_set_control(nux_chip *chip, unsigned hemisphere, uint32_t value) {
    chip->control[hemisphere] = value & NUX_CONTROL_BITS;
}

uint32_t nux_chip_status(const nux_chip *chip, unsigned hemisphere) {
    return chip->ppu[hemisphere]->stop.reason == NUX_FINISHED;
}

void nux_chip_set_network(nux_chip *chip, nux_network *network) { chip->network = network; }

void nux_chip_advance(nux_chip *chip, double now_s) {
    if (chip->network)
        nux_network_advance(chip->network, now_s);
    for (int h = 0; h < NUX_HEMISPHERES; h++)
        if (chip->array[h])
            nux_array_advance(chip->array[h], now_s);
}
