// SPDX-License-Identifier: BSD-3-Clause
// The on-chip bus (omnibus): registers and memories by their word address, also those of the
// other hemisphere. Addresses are in nux/memory_map.h (NUX_OMNIBUS_...).

#ifndef NUX_BUS_H
#define NUX_BUS_H

#include <stdint.h>

#include <nux/inline.h>
#include <nux/memory_map.h>

enum { NUX_TOP = 0, NUX_BOTTOM = 1 };

/// Pointer to a word of the bus. Access whole words.
NUX_INTRINSIC volatile uint32_t *nux_bus_word(uint32_t word) {
    return (volatile uint32_t *)(NUX_OMNIBUS_DATA_BASE | word << 2);
}

NUX_INTRINSIC uint32_t nux_bus_read(uint32_t word) { return *nux_bus_word(word); }
NUX_INTRINSIC void nux_bus_write(uint32_t word, uint32_t value) { *nux_bus_word(word) = value; }

/// Where a variable in the SRAM of a hemisphere's processor is on the bus. `local` is its
/// address there; in programs of the same image it is the same in both.
NUX_INTRINSIC volatile uint32_t *nux_sram_word(uint32_t hemisphere, const volatile void *local) {
    uint32_t base = NUX_OMNIBUS_SRAM_WORD + hemisphere * NUX_OMNIBUS_HEMISPHERE_WORD_STRIDE;
    return nux_bus_word(base + (uint32_t)local / 4);
}

#endif
