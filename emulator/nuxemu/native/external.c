/* SPDX-License-Identifier: BSD-3-Clause */
/* External memory and DRAM, shared by both processors and the host. */
#include "chip.h"
#include "memory_map.h"
#include "processor.h"
#include "state.h"
#include "written.h"
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
    if (address < NUX_DRAM_DATA_BASE)
        nux_set_written(chip->ext_flags, address - NUX_EXTMEM_DATA_BASE, n, true);
    else
        nux_set_written(chip->dram_flags, address - NUX_DRAM_DATA_BASE, n, true);
    if (address >= NUX_DRAM_DATA_BASE && n) {
        uint32_t first = (address - NUX_DRAM_DATA_BASE) / NUX_DRAM_PAGE;
        uint32_t last = (address - NUX_DRAM_DATA_BASE + n - 1) / NUX_DRAM_PAGE;
        memset(chip->dram_written + first, 1, last - first + 1);
    }
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

static bool is_zero(const uint8_t *page) {
    return !page[0] && !memcmp(page, page + 1, NUX_DRAM_PAGE - 1);
}

/* Flags of the words of one page of DRAM, and of the external memory. */
enum { PAGE_FLAGS = NUX_DRAM_PAGE / 4, EXT_FLAGS = NUX_EXTMEM_SIZE / 4 };

static uint8_t *flags_of_page(const nux_chip *chip, uint32_t page) {
    return chip->dram_flags + (size_t)page * PAGE_FLAGS;
}

static bool is_untouched(const nux_chip *chip, uint32_t page) {
    static const uint8_t none[PAGE_FLAGS];
    return is_zero(chip->dram + (size_t)page * NUX_DRAM_PAGE) &&
           !memcmp(flags_of_page(chip, page), none, PAGE_FLAGS);
}

/* Number, content and flags of each page of DRAM that was written, behind the external memory. */
size_t nux_external_save(nux_chip *chip, uint8_t *out, size_t capacity) {
    nux_writer w = {.out = out, .capacity = capacity};
    nux_write_state(&w, chip->ext, NUX_EXTMEM_SIZE);
    nux_write_state(&w, chip->ext_flags, EXT_FLAGS);
    for (uint32_t page = 0; page < sizeof chip->dram_written; page++) {
        if (!chip->dram_written[page] || is_untouched(chip, page))
            continue;
        nux_write_state(&w, &page, sizeof page);
        nux_write_state(&w, chip->dram + (size_t)page * NUX_DRAM_PAGE, NUX_DRAM_PAGE);
        nux_write_state(&w, flags_of_page(chip, page), PAGE_FLAGS);
    }
    return w.used;
}

static void clear_dram(nux_chip *chip) {
    for (uint32_t page = 0; page < sizeof chip->dram_written; page++)
        if (chip->dram_written[page]) {
            memset(chip->dram + (size_t)page * NUX_DRAM_PAGE, 0, NUX_DRAM_PAGE);
            nux_external_written(chip, NUX_DRAM_DATA_BASE + page * NUX_DRAM_PAGE, NUX_DRAM_PAGE);
            memset(flags_of_page(chip, page), 0, PAGE_FLAGS);
        }
}

static bool are_flags(const uint8_t *data, size_t n) {
    uint8_t any = 0;
    for (size_t i = 0; i < n; i++)
        any |= data[i];
    return any <= 1;
}

int nux_external_load(nux_chip *chip, const uint8_t *data, size_t n) {
    const size_t begin = NUX_EXTMEM_SIZE + EXT_FLAGS;
    const size_t entry = sizeof(uint32_t) + NUX_DRAM_PAGE + PAGE_FLAGS;
    if (n < begin || (n - begin) % entry)
        return -1;
    uint32_t page;
    if (!are_flags(data + NUX_EXTMEM_SIZE, EXT_FLAGS))
        return -1;
    for (size_t at = begin, next = 0; at < n; at += entry, next = page + 1) {
        memcpy(&page, data + at, sizeof page);
        if (page < next || page >= sizeof chip->dram_written ||
            !are_flags(data + at + entry - PAGE_FLAGS, PAGE_FLAGS))
            return -1;
    }
    clear_dram(chip);
    nux_external_write(chip, NUX_EXTMEM_DATA_BASE, data, NUX_EXTMEM_SIZE);
    memcpy(chip->ext_flags, data + NUX_EXTMEM_SIZE, EXT_FLAGS);
    for (size_t at = begin; at < n; at += entry) {
        memcpy(&page, data + at, sizeof page);
        const uint8_t *content = data + at + sizeof page;
        nux_external_write(chip, NUX_DRAM_DATA_BASE + page * NUX_DRAM_PAGE, content, NUX_DRAM_PAGE);
        memcpy(flags_of_page(chip, page), content + NUX_DRAM_PAGE, PAGE_FLAGS);
    }
    return 0;
}
