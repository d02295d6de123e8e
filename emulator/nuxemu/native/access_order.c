/* SPDX-License-Identifier: BSD-3-Clause */
/* While both processors are at work: which accesses end the slice of one, to be made later. In the
 * first part of a step it is confined to its own SRAM, and to its own array before the end of the
 * step; in the second part nothing may be met that is behind or ahead of its cycle (chip.c). */
#include "fields.h"
#include "scalar_table.h"
#include "vector_issue.h"

/* Waiting once more takes no time. */
static void wait_for_issue(nux_processor *p, const nux_decoded *d) {
    if (d->kind == NUX_KIND_VECTOR)
        nux_vector_time_wait(p, d);
    else if (!nux_pipe_is_idle(&p->timing.pipe))
        p->cycles += nux_pipe_wait(&p->timing.pipe, &d->use);
}

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

static bool vector_stays(const nux_processor *p, const nux_decoded *d) {
    uint32_t address = nux_vaddress(&d->vector, p->gpr);
    switch (d->vector.kind) {
    case NUX_VLAX:
    case NUX_VSTAX:
        return is_own_memory(p, address & ~3u, 16 * p->config.slices);
    case NUX_VINX:
    case NUX_VOUTX:
        return address < NUX_VECTOR_EXTMEM;
    default:
        return true;
    }
}

/* Only its own SRAM and array. */
static bool stays(const nux_processor *p, const nux_decoded *d) {
    return d->kind == NUX_KIND_VECTOR ? vector_stays(p, d)
                                      : !nux_is_memory(d) || scalar_stays(p, d);
}

/* Data address of a unit on the bus that is no memory. */
static bool is_unit(uint32_t address) {
    uint32_t word = (address & ~NUX_OMNIBUS_DATA_BASE) >> 2;
    uint32_t top = word & ~(uint32_t)NUX_OMNIBUS_HEMISPHERE_WORD_STRIDE;
    return address & NUX_OMNIBUS_DATA_BASE &&
           (top < NUX_OMNIBUS_SRAM_WORD || top >= NUX_OMNIBUS_SRAM_WORD + NUX_SRAM_SIZE / 4);
}

/* An access to what both processors and the analog part share. */
static bool is_shared(const nux_processor *p, const nux_decoded *d) {
    if (d->kind != NUX_KIND_VECTOR)
        return nux_is_memory(d) && is_unit(nux_scalar_address(p, d));
    int kind = d->vector.kind;
    if (kind == NUX_VLAX || kind == NUX_VSTAX)
        return is_unit(nux_vaddress(&d->vector, p->gpr));
    return nux_acts_on_array(p, &d->vector);
}

/* The other processor, at work too, is behind the cycle of a shared access: it goes first, so that
 * it does not find the future there. */
static bool other_goes_first(nux_processor *p, const nux_decoded *d) {
    if (!is_shared(p, d))
        return false;
    wait_for_issue(p, d);
    return nux_chip_cycle(p) > nux_chip_cycle(p->other);
}

/* A confined processor's access to its array would come behind the end of its slice. */
static bool is_late(nux_processor *p, const nux_decoded *d) {
    if (d->kind != NUX_KIND_VECTOR || !nux_acts_on_array(p, &d->vector))
        return false;
    wait_for_issue(p, d);
    return p->cycles >= p->max_cycles;
}

bool nux_is_put_off(nux_processor *p, const nux_decoded *d) {
    bool own = stays(p, d);
    if (p->confined)
        return !own || is_late(p, d);
    p->chip->met = p->chip->met || !own;
    return other_goes_first(p, d);
}
