/* SPDX-License-Identifier: BSD-3-Clause */
/* The stack: how deep it went, and stores below it.
 *
 * The checks of accesses through r1 that the plan of a block has are those against the end of the
 * stack. To follow the depth without work in each block, their floor is raised to the lowest
 * address that is accounted for. Where such a check fails although the access is inside the stack,
 * the stack has grown, or the block is new: its stores are looked at one by one, and the floor is
 * lowered to what the block reaches now.
 */
#include "fields.h"
#include "scalar_table.h"
#include "values.h"

static bool is_in_stack(const nux_processor *p, uint32_t address) {
    return p->stack_limit && address >= p->stack_limit && address <= NUX_STACK_TOP;
}

static void lower(nux_processor *p, uint32_t pc, uint32_t address) {
    if (!is_in_stack(p, address) || address >= p->deepest.lowest)
        return;
    p->deepest.lowest = address;
    p->deepest.pc = pc;
}

uint32_t nux_processor_stack_limit(const nux_processor *p) { return p->stack_limit; }
uint32_t nux_processor_stack_lowest(const nux_processor *p) { return p->deepest.lowest; }
uint32_t nux_processor_stack_lowest_pc(const nux_processor *p) { return p->deepest.pc; }

/* An interrupt may put its frame there at any time. What the stack never reached is left to the
 * program. */
void nux_check_below_stack(nux_processor *p, uint32_t pc, uint32_t address, uint32_t n) {
    uint32_t r1 = p->gpr[1];
    if (is_in_stack(p, r1) && address < r1 && address + n > p->deepest.lowest)
        nux_report(p, pc, NUX_SITE_RED_ZONE);
}

void nux_stack_stored(nux_processor *p, uint32_t w, uint32_t pc, uint32_t address) {
    if (RA(w) == 1)
        lower(p, pc, address);
}

/* Follows the plain stores of a block that is about to run. */
static void follow_stores(nux_processor *p, uint32_t pc, uint32_t bytes) {
    const nux_decoded *d = nux_decoded_at(p, pc);
    nux_value registers[32];
    nux_values_reset(registers);
    for (uint32_t end = pc + bytes, address; pc != end && !d->native; pc += 4, d++) {
        if (d->kind == NUX_KIND_BRANCH)
            break;
        bool known = nux_is_memory(d) && nux_address_now(p, d, registers, &address);
        if (known && nux_is_byte_load(d) && address >= p->config.sram_size)
            break; /* the engine will stop here, and begin a new block */
        if (known && d->kind == NUX_KIND_STORE && RA(d->word) == 1)
            lower(p, pc, address);
        nux_values_follow(d, registers);
    }
}

static uint32_t value_of(const nux_guard *g) {
    uint32_t x = (*g->a << g->as) + g->low;
    return g->b ? x + (*g->b << g->bs) : x;
}

/* Raises the floor of a check to the lowest address that is accounted for, if the access is inside
 * the stack. */
static void raise_floor(const nux_processor *p, nux_guard *g) {
    uint32_t floor = p->stack_limit > p->code_end ? p->stack_limit : p->code_end;
    uint32_t above = value_of(g) + g->raised, bound = g->bound + g->raised;
    uint32_t accounted = p->deepest.lowest > floor ? (p->deepest.lowest - floor) & ~3u : 0;
    uint32_t raised = above < accounted ? above : accounted;
    if (above > bound || raised > bound)
        return;
    g->low += g->raised - raised;
    g->bound = bound - raised;
    g->raised = raised;
}

void nux_follow_stack(nux_processor *p, nux_plan *plan, uint32_t pc, uint32_t bytes) {
    bool any = false;
    for (uint32_t i = 0; i < plan->num_guards; i++)
        any |= plan->guards[i].stack;
    if (!any)
        return;
    follow_stores(p, pc, bytes);
    for (uint32_t i = 0; i < plan->num_guards; i++) {
        nux_guard *g = &plan->guards[i];
        if (!g->stack)
            continue;
        raise_floor(p, g);
        if (i < NUX_QUICK_GUARDS && !g->b && !g->as) {
            plan->quick[i].low = g->low;
            plan->quick[i].bound = g->bound;
        }
    }
}

bool nux_stores_hold(const nux_processor *p, const nux_plan *plan) {
    const nux_store_guard *g = plan->store_guards;
    for (const nux_store_guard *end = g + plan->num_store_guards; g != end; g++) {
        uint32_t last = (*g->a << g->as) + (*g->b << g->bs) + g->low + g->span - p->deepest.lowest;
        uint32_t left = p->gpr[1] + g->lowered - p->deepest.lowest; /* by frames that are gone */
        if (last < left + g->span && left - 1 < NUX_SRAM_SIZE)
            return false;
    }
    return true;
}

void nux_take_over_stores(nux_processor *p, uint32_t pc, uint32_t bytes) {
    const nux_decoded *d = nux_decoded_at(p, pc);
    for (uint32_t end = pc + bytes; pc != end && !d->native; pc += 4, d++) {
        if (d->kind == NUX_KIND_BRANCH)
            break;
        if (d->kind == NUX_KIND_STORE && RA(d->word) != 1)
            nux_make_native(p, pc);
    }
}
