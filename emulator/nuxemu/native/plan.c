/* SPDX-License-Identifier: BSD-3-Clause */
/* The plan of a block of plain code: its cost, and what must be checked before it runs. */
#include "fields.h"
#include "scalar_table.h"
#include "values.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_GUARDS = 64, MAX_STORE_GUARDS = 64, MAX_TOUCHES = 64, MAX_TOUCHED = 1024 };

typedef struct {
    nux_guard guards[MAX_GUARDS];
    nux_guard_origin origins[MAX_GUARDS];
    uint32_t count;
    nux_store_guard stores[MAX_STORE_GUARDS];
    uint32_t num_stores;
} guard_list;

typedef struct {
    nux_touch touches[MAX_TOUCHES];
    uint32_t count;
} touch_list;

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

static const uint32_t zero; /* in place of a register */

/* Adds the check that a store does not meet the stack below r1; false if that cannot be done. */
static bool add_store_guard(const nux_processor *p, guard_list *list, const nux_decoded *d,
                            const nux_check *c, const nux_value *r1) {
    const nux_value *v = &c->v;
    uint32_t span = c->size - 1 + v->slack;
    bool follows_r1 =
        r1->known && r1->first == 1 && !r1->first_shift && r1->second == NO_REGISTER && !r1->slack;
    bool looked_at = p->checks == NUX_CHECKS_STRICT && p->stack_limit;
    if (d->kind != NUX_KIND_STORE || RA(d->word) == 1 || !looked_at)
        return true;
    if (!follows_r1)
        return false;
    if (v->first == NO_REGISTER &&
        (v->offset + span < p->stack_limit || v->offset >= NUX_STACK_TOP))
        return true;
    if (v->first == 1 && !v->first_shift && v->second == NO_REGISTER &&
        (int32_t)(v->offset - r1->offset) >= 0)
        return true;
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

/* Adds words to a touch of words with the same registers, `distance` words from its first one;
 * false: they do not fit in. */
static bool extend(nux_touch *t, int32_t distance, uint64_t words, uint32_t n) {
    int32_t used = 8 - __builtin_clzll(t->mask) / 8;
    if (distance >= 0 && distance + (int32_t)n <= NUX_WRITTEN_WORDS) {
        t->mask |= words << 8 * distance;
        return true;
    }
    if (distance >= 0 || used - distance > NUX_WRITTEN_WORDS)
        return false;
    t->mask = t->mask << -8 * distance | words;
    t->low += 4 * (uint32_t)distance;
    return true;
}

static bool have_same_registers(const nux_touch *t, const nux_touch *u) {
    return t->a == u->a && t->b == u->b && t->as == u->as && t->bs == u->bs;
}

/* Adds n words, from that of the byte `low` of a value on. Where the value is known to lie in a
 * word is known of whole words only. */
static bool add_words(const nux_processor *p, touch_list *list, const nux_value *v, uint32_t low,
                      uint32_t n, bool is_word) {
    nux_touch new = {
        .a = v->first == NO_REGISTER ? &zero : p->gpr + v->first,
        .b = v->second == NO_REGISTER ? NULL : p->gpr + v->second,
        .low = low,
        .as = v->first_shift,
        .bs = v->second_shift,
        .is_word = is_word,
    };
    for (uint32_t i = 0; i < n; i++)
        new.mask |= NUX_WRITTEN_FLAG(i);
    for (uint32_t i = 0; i < list->count; i++) {
        nux_touch *t = &list->touches[i];
        int32_t distance = (int32_t)(low - t->low);
        bool fits = t->is_word ? !is_word || !(distance & 3) : distance == 0 && !is_word;
        if (fits && have_same_registers(t, &new) && extend(t, distance >> 2, new.mask, n))
            return true;
    }
    if (list->count == MAX_TOUCHES)
        return false;
    list->touches[list->count++] = new;
    return true;
}

/* A load of one byte whose address is not known before the block runs: the engine needs no check of
 * it, and what it reads is looked at by strict checks only. */
static bool is_free(const nux_processor *p, const nux_decoded *d, const nux_value *address) {
    return nux_is_byte_load(d) && !address->known && p->checks != NUX_CHECKS_STRICT;
}

/* Adds the bytes that an access may reach; false: too many. */
static bool add_touch(const nux_processor *p, touch_list *list, const nux_decoded *d,
                      const nux_value registers[32]) {
    nux_value v = nux_address_of(d, registers);
    uint32_t size = (uint32_t)nux_scalar_rows[d->id].size + v.slack;
    if (is_free(p, d, &v))
        return true;
    if (!v.known || size > MAX_TOUCHED)
        return false;
    if (v.first == NO_REGISTER && v.offset < p->config.sram_size &&
        size <= p->config.sram_size - v.offset && nux_all_written(p->written, v.offset, size))
        return true;
    if (!v.slack)
        return add_words(p, list, &v, v.offset, 1, size == 4);
    const uint32_t step = 4 * (NUX_WRITTEN_WORDS - 1); /* it may begin within a word */
    for (uint32_t at = 0; at < size; at += step) {
        uint32_t left = size - at < step ? size - at : step;
        if (!add_words(p, list, &v, v.offset + at, (left + 6) / 4, false))
            return false;
    }
    return true;
}

void nux_set_code_end(nux_processor *p, uint32_t code_end) {
    p->code_end = code_end;
    nux_forget_plans(p); /* their checks of stores have it built in */
}

/* An access whose address the registers do not tell exactly need not be looked at. */
static bool may_be_anywhere(const nux_processor *p, const nux_decoded *d, const nux_value *v,
                            uint32_t lowest) {
    if (p->num_unsynced)
        return false;
    uint32_t span = (uint32_t)nux_scalar_rows[d->id].size + v->slack;
    return is_free(p, d, v) ||
           (v->known && span <= p->config.sram_size && lowest <= p->config.sram_size - span &&
            nux_all_written(p->written, lowest, span));
}

static void check_access(nux_processor *p, const nux_decoded *d, uint32_t pc, uint32_t address) {
    uint32_t size = (uint32_t)nux_scalar_rows[d->id].size;
    if (nux_is_unsynced(p, address, size))
        nux_report(p, pc, NUX_SITE_NO_SYNC);
    if (!p->checks)
        return;
    if (d->kind == NUX_KIND_LOAD)
        nux_check_load(p, pc, address, size);
    else if (address < p->config.sram_size)
        nux_set_written(p->written, address, size, true);
}

/* Looks at the plain accesses of a block: whether one has an address that the registers at the
 * start do not tell exactly, whose place is left in *pc; or, with `check`, whether they meet
 * vector data that no sync has made visible yet, or memory that nobody has written. */
static bool scan_accesses(nux_processor *p, uint32_t *pc, uint32_t bytes, bool check) {
    const nux_decoded *d = nux_decoded_at(p, *pc);
    nux_value registers[32];
    nux_values_reset(registers);
    for (uint32_t end = *pc + bytes, address; *pc != end && !d->native; *pc += 4, d++) {
        if (d->kind == NUX_KIND_BRANCH)
            break;
        if (nux_is_memory(d)) {
            bool exact = nux_address_now(p, d, registers, &address);
            nux_value v = nux_address_of(d, registers);
            if (!exact && !may_be_anywhere(p, d, &v, address))
                return true;
            if (exact && nux_is_byte_load(d) && address >= p->config.sram_size)
                break; /* the engine will stop here, and begin a new block */
            if (exact && check)
                check_access(p, d, *pc, address);
        }
        nux_values_follow(d, registers);
    }
    return false;
}

/* False: the engine must not run the block now, because an access of unknown address had to become
 * native to be looked at. */
bool nux_check_block(nux_processor *p, uint32_t pc, uint32_t bytes) {
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

/* Fills a plan's touches, and those that are more or not simple into `more`. */
static void store_touches(nux_plan *plan, const touch_list *list, nux_touch *more) {
    uint32_t quick = 0;
    plan->more_touches = more;
    for (uint32_t i = 0; i < list->count; i++) {
        const nux_touch *t = &list->touches[i];
        if (!t->b && !t->as && quick < NUX_QUICK_TOUCHES)
            plan->touches[quick++] = *t;
        else
            more[plan->num_more_touches++] = *t;
    }
    for (; quick < NUX_QUICK_TOUCHES; quick++)
        plan->touches[quick].a = &zero;
}

/* Copies a plan, its checks and its touches into one piece of memory. */
static nux_plan *store_plan(const nux_processor *p, const nux_plan *plan, const guard_list *list,
                            const touch_list *touches) {
    size_t guards = sizeof *plan + list->count * sizeof *list->guards;
    size_t stores = guards + list->num_stores * sizeof *list->stores;
    size_t size = stores + touches->count * sizeof *touches->touches;
    nux_plan *result = aligned_alloc(64, (size + 63) / 64 * 64);
    if (!result)
        return NULL;
    *result = *plan;
    result->num_guards = list->count;
    result->num_store_guards = list->num_stores;
    result->store_guards = (nux_store_guard *)((uint8_t *)result + guards);
    memcpy(result->store_guards, list->stores, list->num_stores * sizeof *list->stores);
    store_touches(result, touches, (nux_touch *)((uint8_t *)result + stores));
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
    result->has_more = list->count > quick || list->num_stores || result->num_more_touches;
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
    touch_list touches;
    list.count = list.num_stores = touches.count = 0;
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
        if ((c.needed &&
             (!add_guard(p, &list, &c) || !add_store_guard(p, &list, d, &c, &registers[1]))) ||
            (p->checks && nux_is_memory(d) && !add_touch(p, &touches, d, registers))) {
            nux_make_native(p, end_pc);
            return NULL;
        }
        nux_values_follow(d, registers);
    }
    plan.end_pc = end_pc;
    plan.is_marked = nux_marks_at(p, pc) & (NUX_MARK_LOST | NUX_MARK_ANEW);
    nux_plan **place = &p->plans[pc / 4 % NUM_PLANS];
    plan.next = *place;
    nux_plan *result = store_plan(p, &plan, &list, &touches);
    if (result)
        *place = result;
    return result;
}
