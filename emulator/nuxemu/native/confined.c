/* SPDX-License-Identifier: BSD-3-Clause */
/* What a processor may do while the other one is at work on another thread: reach its own SRAM, and
 * its own synapse array before the end of the slice. */
#include "fields.h"
#include "scalar_table.h"
#include "vector_issue.h"

static bool is_own_memory(const nux_processor *p, uint32_t address, uint32_t n) {
    return address < p->config.sram_size && n <= p->config.sram_size - address;
}

static bool scalar_stays(const nux_processor *p, const nux_decoded *d) {
    int size = nux_scalar_rows[d->id].size;
    uint32_t w = d->word, address = nux_scalar_address(p, d) & ~3u;
    if (size >= 0)
        return is_own_memory(p, address, 4);
    bool moves_base = d->kind == NUX_KIND_LOAD && RA(w) >= RT(w);
    return !moves_base && is_own_memory(p, address, 4 * (32 - RT(w)));
}

static bool vector_stays(nux_processor *p, const nux_decoded *d) {
    uint32_t address = nux_vaddress(&d->vector, p->gpr);
    switch (d->vector.kind) {
    case NUX_VLAX:
    case NUX_VSTAX:
        return is_own_memory(p, address & ~3u, 16 * p->config.slices);
    case NUX_VINX:
    case NUX_VOUTX:
        if (address >= NUX_VECTOR_EXTMEM)
            return false;
        nux_vector_time_wait(p, d);
        return p->cycles < p->max_cycles;
    default:
        return true;
    }
}

bool nux_is_put_off(nux_processor *p, const nux_decoded *d) {
    if (d->kind == NUX_KIND_VECTOR)
        return !vector_stays(p, d);
    return nux_is_memory(d) && !scalar_stays(p, d);
}
