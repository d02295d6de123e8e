// SPDX-License-Identifier: BSD-3-Clause
// Which of the two processors is this? There is no register that tells.

#ifndef NUX_LOCATION_H
#define NUX_LOCATION_H

#include <stdint.h>

#include <nux/bus.h>
#include <nux/vector.h>

/// Hemisphere of the processor that asks: NUX_TOP or NUX_BOTTOM. It writes to the SRAM of the
/// top processor over the bus and looks whether it sees that at home; the word below the
/// return code is kept free for this. Both processors may ask at the same time.
static inline uint32_t nux_find_hemisphere(void) {
    volatile uint32_t *probe = (volatile uint32_t *)(NUX_RETURN_CODE_ADDRESS - 4);
    *probe = 0;
    nux_sync();
    *nux_sram_word(NUX_TOP, probe) = 1;
    nux_sync();
    return *probe ? NUX_TOP : NUX_BOTTOM;
}

#endif
