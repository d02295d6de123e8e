/* SPDX-License-Identifier: BSD-3-Clause */
/* The plan of a block of plain code: its cost, and what must be checked before it runs. */
#include "fields.h"
#include "scalar_table.h"
#include "values.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_GUARDS = 64, MAX_STORE_GUARDS = 64 };

typedef struct {
    nux_guard guards[MAX_GUARDS];
    nux_guard_origin origins[MAX_GUARDS];
    uint32_t count;
    nux_store_guard stores[MAX_STORE_GUARDS];
    uint32_t num_stores;
} guard_list;

/* Lowest address of a check, for registers of value 0. */
static uint32_t lowest_of(const guard_list *list, uint32_t i) {
    return list->guards[i].low + list->origins[i].floor;
}

static void set_range(guard_list *list, uint32_t i, uint32_t lowest, uint32_t span) {
    nux_guard_origin *origin = &list->origins[i];
    origin->span = span;
    list->guards[i].low = lowest - origin->floor;
    list->guards[i].bound = origin->limit - 1 - span - origin->floor;
}

/* The range [floor, limit) has room for more than `span` bytes. */
static bool has_room(const nux_check *c, uint32_t span) {
    return (c->limit ? c->limit : UINT64_C(1) << 32) > (uint64_t)c->floor + span;
}

static bool same_registers(const nux_guard *a, const nux_guard *b) {
    return a->a == b->a && a->b == b->b && a->as == b->as && a->bs == b->bs && a->stack == b->stack;
}

/* Widens a check with the same registers so that it covers a new one too. */
static bool widen(guard_list *list, uint32_t i, const nux_guard *new, const nux_check *c,
                  uint32_t span) {
    const nux_guard_origin *origin = &list->origins[i];
    int64_t distance = (int32_t)(c->v.offset - lowest_of(list, i));
    if (!same_registers(&list->guards[i], new) || origin->floor != c->floor ||
        origin->limit != c->limit || new->align > list->guards[i].align ||
        distance & list->guards[i].align)
        return false;
    int64_t begin = distance < 0 ? distance : 0;
    int64_t end = distance + span > origin->span ? distance + span : origin->span;
    if (end - begin > PAGE_BYTES || !has_room(c, (uint32_t)(end - begin)))
        return false;
    set_range(list, i, lowest_of(list, i) + (uint32_t)begin, (uint32_t)(end - begin));
    return true;
}

/* Adds a check; false if it cannot be done, or never holds. */
static bool add_guard(const nux_processor *p, guard_list *list, const nux_check *c) {
    const nux_value *v = &c->v;
    uint32_t span = c->size - 1 + v->slack;
    if (!nux_can_check(c) || !has_room(c, span))
        return false;
    if (v->first == NO_REGISTER) { /* a constant: checked here and now */
        uint32_t x = v->offset - c->floor;
        return !(x & (c->size - 1)) && x <= c->limit - 1 - span - c->floor;
    }
    nux_guard new = {
        .a = p->gpr + v->first,
        .b = v->second == NO_REGISTER ? NULL : p->gpr + v->second,
        .as = v->first_shift,
        .bs = v->second_shift,
        .align = (uint8_t)(c->size - 1),
        .stack = c->stack,
    };
    for (uint32_t i = 0; i < list->count; i++)
        if (widen(list, i, &new, c, span))
            return true;
    if (list->count == MAX_GUARDS)
        return false;
    list->guards[list->count] = new;
    list->origins[list->count] = (nux_guard_origin){
        .floor = c->floor,
        .limit = c->limit,
    };
    set_range(list, list->count++, v->offset, span);
    return true;
}

/* Adds the check that a store does not meet the stack below r1; false if that cannot be done. */
static bool add_store_guard(const nux_processor *p, guard_list *list, const nux_decoded *d,
                            const nux_check *c, const nux_value *r1) {
    const nux_value *v = &c->v;
    uint32_t span = c->size - 1 + v->slack;
    bool follows_r1 =
        r1->known && r1->first == 1 && !r1->first_shift && r1->second == NO_REGISTER && !r1->slack;
    if (d->kind != NUX_KIND_STORE || RA(d->word) == 1 || !p->stack_limit || !p->checks)
        return true;
    if (!follows_r1)
        return false;
    if (v->first == NO_REGISTER &&
        (v->offset + span < p->stack_limit || v->offset >= NUX_STACK_TOP))
        return true;
    if (v->first == 1 && !v->first_shift && v->second == NO_REGISTER &&
        (int32_t)(v->offset - r1->offset) >= 0)
        return true;
    static const uint32_t zero;
    nux_store_guard new = {
        .a = v->first == NO_REGISTER ? &zero : p->gpr + v->first,
        .b = v->second == NO_REGISTER ? &zero : p->gpr + v->second,
        .as = v->first_shift,
        .bs = v->second_shift,
        .low = v->offset,
        .span = span,
        .lowered = r1->offset,
    };
    for (uint32_t i = 0; i < list->num_stores; i++) {
        nux_store_guard *g = &list->stores[i];
        int64_t distance = (int32_t)(new.low - g->low);
        if (g->a != new.a || g->b != new.b || g->as != new.as || g->bs != new.bs ||
            g->lowered != new.lowered || distance < -PAGE_BYTES || distance > PAGE_BYTES)
            continue;
        int64_t begin = distance < 0 ? distance : 0;
        int64_t end = distance + span > g->span ? distance + span : g->span;
        g->low += (uint32_t)begin;
        g->span = (uint32_t)(end - begin);
        return true;
    }
    if (list->num_stores == MAX_STORE_GUARDS)
        return false;
    list->stores[list->num_stores++] = new;
    return true;
}

void nux_set_code_end(nux_processor *p, uint32_t code_end) {
    p->code_end = code_end;
    nux_forget_plans(p); /* their checks of stores have it built in */
}

/* Looks at the plain accesses of a block: whether one has an address that the registers at the
 * start do not tell exactly, whose place is left in *pc; or, with `report`, which of them meet
 * vector data that no sync has made visible yet. */
static bool scan_accesses(nux_processor *p, uint32_t *pc, uint32_t bytes, bool report) {
    const nux_decoded *d = nux_decoded_at(p, *pc);
    nux_value registers[32];
    nux_values_reset(registers);
    for (uint32_t end = *pc + bytes, address; *pc != end && !d->native; *pc += 4, d++) {
        if (d->kind == NUX_KIND_BRANCH)
            break;
        if (nux_is_memory(d)) {
            if (!nux_address_now(p, d, registers, &address))
                return true;
            if (nux_is_byte_load(d) && address >= p->config.sram_size)
                break; /* the engine will stop here, and begin a new block */
            if (report && nux_is_unsynced(p, address, (uint32_t)nux_scalar_rows[d->id].size))
                nux_report(p, *pc, NUX_SITE_NO_SYNC);
        }
        nux_values_follow(d, registers);
    }
    return false;
}

/* Reports the plain accesses of a block to unsynced vector data. False: the engine must not run
 * it now, because an access of unknown address had to become native to be checked. */
bool nux_check_block_sync(nux_processor *p, uint32_t pc, uint32_t bytes) {
    uint32_t at = pc;
    if (scan_accesses(p, &at, bytes, false)) {
        nux_make_native(p, at);
        return false;
    }
    at = pc;
    scan_accesses(p, &at, bytes, true);
    return true;
}

static bool is_simple(const nux_guard *g) { return !g->b && !g->as; }

/* Copies a plan and its checks into one piece of memory. */
static nux_plan *store_plan(const nux_processor *p, const nux_plan *plan, const guard_list *list) {
    size_t guards = sizeof *plan + list->count * sizeof *list->guards;
    size_t size = guards + list->num_stores * sizeof *list->stores;
    nux_plan *result = aligned_alloc(64, (size + 63) / 64 * 64);
    if (!result)
        return NULL;
    *result = *plan;
    result->num_guards = list->count;
    result->num_store_guards = list->num_stores;
    result->store_guards = (nux_store_guard *)((uint8_t *)result + guards);
    memcpy(result->store_guards, list->stores, list->num_stores * sizeof *list->stores);
    uint32_t n = 0, num_simple = 0;
    for (int simple = 1; simple >= 0; simple--) {
        for (uint32_t i = 0; i < list->count; i++)
            if (is_simple(&list->guards[i]) == simple)
                result->guards[n++] = list->guards[i];
        if (simple)
            num_simple = n;
    }
    uint32_t quick = num_simple < NUX_QUICK_GUARDS ? num_simple : NUX_QUICK_GUARDS;
    for (uint32_t i = 0; i < NUX_QUICK_GUARDS; i++)
        result->quick[i].bound = UINT32_MAX;
    for (uint32_t i = 0; i < quick; i++) {
        const nux_guard *g = &result->guards[i];
        result->quick[i].low = g->low;
        result->quick[i].bound = g->bound;
        result->a[i] = (uint8_t)(g->a - p->gpr);
        result->align[i] = g->align;
    }
    result->has_more_guards = list->count > quick || list->num_stores;
    return result;
}

/* A native instruction behind which its run does not go on. */
static bool ends_run(const nux_processor *p, const nux_decoded *d) {
    if (d->kind == NUX_KIND_UNDEFINED)
        return !p->config.hardware;
    return d->kind == NUX_KIND_NATIVE && (d->id == NUX_S_WAIT || d->id == NUX_S_RFI ||
                                          d->id == NUX_S_RFCI || d->id == NUX_S_RFMCI);
}

/* Makes the plan of a block; NULL when the engine must not run it, because its translation
 * had to change or is stale. */
nux_plan *nux_make_plan(nux_processor *p, uint32_t pc, uint32_t bytes) {
    nux_region *region = nux_region_of(p, pc);
    uint32_t offset = pc - region->base, end_pc = pc;
    nux_decoded *words = &region->pages[offset / PAGE_BYTES][offset % PAGE_BYTES / 4];
    guard_list list;
    list.count = list.num_stores = 0;
    nux_value registers[32];
    nux_plan plan = {.key = PLAN_KEY(pc, bytes), .branch = NO_BRANCH};
    uint32_t whole = bytes; /* with the native instructions behind its end */
    while (words[whole / 4 - 1].native && !ends_run(p, &words[whole / 4 - 1]) &&
           (offset + whole) % PAGE_BYTES && words[whole / 4].native)
        whole += 4;
    for (uint32_t i = 0; i < whole / 4; i++) {
        if (words[i].word != nux_get32(region->source + offset + 4 * i)) {
            p->stale = p->leave = true;
            return NULL;
        }
        words[i].executed = true;
    }
    if (region == &p->regions[0] && offset + whole > p->code_end)
        nux_set_code_end(p, offset + whole);
    nux_values_reset(registers);
    for (uint32_t i = 0; i < bytes / 4; i++) {
        nux_decoded *d = &words[i];
        end_pc = pc + 4 * i;
        if (d->native) {
            plan.native = d;
            break;
        }
        plan.instructions++;
        if (d->kind == NUX_KIND_BRANCH) {
            plan.branch = BRANCH_TAG(end_pc);
            plan.place = &d->slot;
            plan.calls_float = nux_calls_float(p, d, end_pc);
            break;
        }
        nux_check c = nux_check_of(p, d, registers);
        if (c.needed &&
            (!add_guard(p, &list, &c) || !add_store_guard(p, &list, d, &c, &registers[1]))) {
            nux_make_native(p, end_pc);
            return NULL;
        }
        nux_values_follow(d, registers);
    }
    plan.end_pc = end_pc;
    plan.is_marked = nux_marks_at(p, pc) & NUX_MARK_LOST;
    nux_plan **place = &p->plans[pc / 4 % NUM_PLANS];
    plan.next = *place;
    nux_plan *result = store_plan(p, &plan, &list);
    if (result)
        *place = result;
    return result;
}
