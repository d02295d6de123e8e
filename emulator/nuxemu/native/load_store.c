/* SPDX-License-Identifier: BSD-3-Clause */
/* Loads and stores, executed natively and checked one by one. */
#include "fields.h"
#include "flags.h"
#include "processor.h"
#include "scalar_table.h"

/* Stops the run, or in hardware mode enters the interrupt. */
static bool refuse_access(nux_processor *p, int reason, uint32_t pc, uint32_t address,
                          uint32_t size, bool store) {
    if (reason == NUX_TRAP_MISALIGNED && p->config.hardware) {
        nux_report(p, pc, NUX_SITE_MISALIGNED);
        nux_enter_interrupt(p, NUX_EXCEPTION_ALIGNMENT, pc, 0);
        return false;
    }
    nux_stop_at(p, reason, pc, address);
    p->stop.size = size;
    p->stop.store = store;
    return false;
}

/* Reports a scalar access to vector data that no sync has made visible yet. */
static void check_sync(nux_processor *p, uint32_t pc, uint32_t address, uint32_t size) {
    if (nux_is_unsynced(p, address, size))
        nux_report(p, pc, NUX_SITE_NO_SYNC);
}

/* A store through the stack pointer that leaves the stack stops the run; false then. */
static bool check_stack(nux_processor *p, uint32_t w, uint32_t pc, uint32_t address,
                        uint32_t size) {
    bool outside = address < p->stack_limit || address >= p->config.sram_size;
    if (RA(w) != 1 || !p->stack_limit || !outside)
        return true;
    return refuse_access(p, NUX_TRAP_STACK, pc, address, size, true);
}

/* A store that moves r1 makes the frame that it is in. */
static void follow_store(nux_processor *p, uint32_t w, uint32_t pc, uint32_t address, uint32_t size,
                         bool update) {
    nux_stack_stored(p, w, pc, address);
    if (RA(w) == 1 ? p->checks && !update : p->checks == NUX_CHECKS_STRICT)
        nux_check_below_stack(p, pc, address, size);
}

static bool is_lha(const nux_decoded *d) { return d->word >> 26 == 42 || d->word >> 26 == 43; }

/* Address of a load or store; of several words, that of the first one. */
uint32_t nux_scalar_address(const nux_processor *p, const nux_decoded *d) {
    uint32_t w = d->word, base = gpr_or_zero(p, RA(w));
    if (w >> 26 == 31)
        return base + p->gpr[RB(w)];
    return base + (is_lha(d) ? UI(w) : SI(w)); /* the RTL forgets to extend the sign */
}

/* A load into RA moves the base of the words after it. */
static bool load_store_multiple(nux_processor *p, uint32_t w, uint32_t pc, bool store) {
    bool unsynced = false;
    nux_use one = {.dest = NUX_PIPE_NONE,
                   .updated = NUX_PIPE_NONE,
                   .cycles = 1,
                   .is_load = !store,
                   .is_store = store,
                   .stays = true};
    for (uint32_t r = RT(w); r < 32; r++) {
        uint32_t address = gpr_or_zero(p, RA(w)) + SI(w) + 4 * (r - RT(w));
        if (store && !check_stack(p, w, pc, address, 4))
            return false;
        if (store)
            follow_store(p, w, pc, address, 4, false);
        one.dest = store ? NUX_PIPE_NONE : (uint8_t)r;
        one.reads = store ? UINT64_C(1) << r : 0;
        p->cycles += nux_pipe_wait(&p->timing.pipe, &one);
        unsynced |= nux_is_unsynced(p, address, 4);
        if (p->checks && !store)
            nux_check_load(p, pc, address, 4);
        int reason =
            store ? nux_store(p, address, 4, p->gpr[r]) : nux_load(p, address, 4, &p->gpr[r]);
        if (reason)
            return refuse_access(p, reason, pc, address, 4, store);
        nux_time_access(p, &one);
    }
    if (unsynced)
        nux_report(p, pc, NUX_SITE_NO_SYNC);
    return true;
}

/* False: leave the block at resume_pc. */
bool nux_execute_load_store(nux_processor *p, const nux_decoded *d, uint32_t pc) {
    const nux_scalar_row *row = &nux_scalar_rows[d->id];
    uint32_t w = d->word;
    bool store = row->kind == NUX_KIND_STORE;
    if (row->size < 0)
        return load_store_multiple(p, w, pc, store);
    uint32_t size = (uint32_t)row->size;
    uint32_t address = nux_scalar_address(p, d), value = p->gpr[RT(w)];
    if (is_lha(d) && w & 0x8000)
        nux_report(p, pc, NUX_SITE_LHA);
    if (store && !check_stack(p, w, pc, address, size))
        return false;
    if (store)
        follow_store(p, w, pc, address, size, row->update);
    check_sync(p, pc, address, size);
    if (p->checks && !store)
        nux_check_load(p, pc, address, size);
    int reason = store ? nux_store(p, address, size, value) : nux_load(p, address, size, &value);
    if (reason)
        return refuse_access(p, reason, pc, address, size, store);
    if (!store) {
        bool algebraic = is_lha(d) || (w >> 26 == 31 && (w >> 1 & 0x3ff & ~32u) == 343);
        p->gpr[RT(w)] = algebraic ? (uint32_t)(int32_t)(int16_t)value : value;
    }
    nux_time_access(p, &d->use);
    if (row->update) /* wins where RA is RT, an invalid form */
        p->gpr[RA(w)] = address;
    return true;
}
