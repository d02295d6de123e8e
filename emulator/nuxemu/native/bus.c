/* SPDX-License-Identifier: BSD-3-Clause */
/* On-chip bus (omnibus): which unit is at a word address. */
#include "array.h"
#include "chip.h"
#include "memory_map.h"
#include "processor.h"

static int access_sram(nux_processor *owner, uint32_t word, uint32_t *value, uint32_t byte_mask) {
    uint8_t *bytes = owner->sram + 4 * word;
    if (!byte_mask) {
        *value = nux_get32(bytes);
        return 0;
    }
    nux_put32(bytes, (nux_get32(bytes) & ~byte_mask) | (*value & byte_mask));
    nux_code_written(owner, 4 * word, 4);
    return 0;
}

static int access_array(nux_array *array, uint32_t word, uint32_t *value, uint32_t byte_mask,
                        double now_s) {
    int kind = byte_mask ? nux_array_bus_write(array, word, now_s, *value, byte_mask)
                         : nux_array_bus_read(array, word, now_s, value);
    return kind < 0 ? NUX_TRAP_BUS : 0;
}

int nux_bus_access(nux_chip *chip, uint32_t word, uint32_t *value, uint32_t byte_mask,
                   double now_s) {
    for (uint32_t hemisphere = 0; hemisphere < NUX_HEMISPHERES; hemisphere++) {
        uint32_t base = hemisphere * NUX_OMNIBUS_HEMISPHERE_WORD_STRIDE;
        uint32_t sram_word = word - (NUX_OMNIBUS_SRAM_WORD + base);
        nux_processor *ppu = chip->ppu[hemisphere];
        if (ppu && sram_word < NUX_SRAM_SIZE / 4)
            return access_sram(ppu, sram_word, value, byte_mask);
        uint32_t array_word = word - (NUX_OMNIBUS_SYNRAM_WORD + base);
        nux_array *array = chip->array[hemisphere];
        if (array && array_word < NUX_OMNIBUS_HEMISPHERE_WORD_STRIDE / 4)
            return access_array(array, array_word, value, byte_mask, now_s);
    }
    return NUX_TRAP_BUS;
}
