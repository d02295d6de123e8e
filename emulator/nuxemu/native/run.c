/* SPDX-License-Identifier: BSD-3-Clause */
/* The run loop and the hook at the start of each engine block. */
#define _GNU_SOURCE
#include "branch.h"
#include "cycles.h"
#include "debug.h"
#include "profile.h"
#include "trace.h"
#include "values.h"
#include <stdlib.h>
#include <string.h>

enum {
    UC_PPC_REG_PC = 1,
    UC_CTL_TB_FLUSH = 10 | 1 << 30,
    UC_CTL_TLB_FLUSH = 11 | 1 << 30,
    UC_MEM_READ = 16,
    UC_MEM_WRITE = 17,
    WALL_CHECK_CYCLES = 1 << 18,
    WALL_CHECK_CYCLES_SLOW = 1 << 10, /* with vector arithmetic from outside */
    MAX_BUDGET = 1 << 30
};
#define NEVER 0xfffffffeu /* end address that no program reaches */

/* The word is that in memory: the page may not be translated yet, as in a processor that has just
 * been restored. */
void nux_stop_at(nux_processor *p, int reason, uint32_t pc, uint32_t address) {
    const nux_region *region = nux_region_of(p, pc);
    uint32_t word = region ? nux_get32(region->source + (pc - region->base)) : 0;
    p->stop =
        (nux_stop){.reason = reason, .pc = pc, .from_pc = pc, .address = address, .word = word};
    p->resume_pc = pc;
}

static bool execute(nux_processor *p, const nux_decoded *d, uint32_t pc) {
    if (d->kind == NUX_KIND_VECTOR)
        return nux_execute_vector(p, d, pc);
    NUX_TRACE_EXECUTES(p, pc);
    nux_time_issue(p, d);
    if (d->kind != NUX_KIND_UNDEFINED)
        return nux_execute_scalar(p, d, pc);
    if (p->config.hardware)
        return nux_execute_undefined(p, d, pc);
    nux_stop_at(p, NUX_TRAP_UNDEFINED, pc, 0);
    return false;
}

static bool execute_counted(nux_processor *p, const nux_decoded *d, uint32_t pc) {
    p->instructions++;
    bool goes_on = execute(p, d, pc);
    if (__builtin_expect(p->profile != NULL, 0))
        nux_profile_instruction(p, d, pc);
    return goes_on;
}

/* Ends the run when the host wants so or its wall time is over; true: ended. */
static bool host_ends_run(nux_processor *p, uint32_t pc) {
    p->next_wall_check = p->cycles + (p->vector_step ? WALL_CHECK_CYCLES_SLOW : WALL_CHECK_CYCLES);
    int reason = nux_host_ends_run(p->chip);
    if (reason)
        nux_stop_at(p, reason, pc, 0);
    return p->stop.reason != NUX_RUNNING;
}

/* Limits, wall time, interrupts; false: leave, to resume_pc. */
static bool look_up(nux_processor *p, uint32_t pc) {
    if (p->cycles >= p->max_cycles) {
        nux_stop_at(p, NUX_CYCLE_LIMIT, pc, 0);
        return false;
    }
    if (p->cycles >= p->next_wall_check && host_ends_run(p, pc))
        return false;
    if (nux_take_interrupt(p, pc)) {
        if (p->profile)
            nux_profile_gap(p, p->resume_pc, NUX_WAIT_INTERRUPT);
        return false;
    }
    nux_schedule(p);
    return true;
}

/* Executes the instructions in [from, to); false: leave, to resume_pc. */
static bool run_instructions(nux_processor *p, const nux_decoded *d, uint32_t from, uint32_t to) {
    for (uint32_t pc = from; pc != to; pc += 4, d++) {
        if (p->cycles >= p->next_event && !look_up(p, pc))
            return false;
        if ((p->confined || p->other) && nux_is_put_off(p, d)) {
            nux_stop_at(p, NUX_CYCLE_LIMIT, pc, 0);
            return false;
        }
        if (__builtin_expect(p->debug != NULL, 0) && nux_debug_stops(p, pc))
            return false;
        if (!execute_counted(p, d, pc))
            return false;
        if (p->leave) { /* code changed under us */
            p->resume_pc = pc + 4;
            return false;
        }
    }
    return true;
}

/* The same, from the state of the pipeline that is there. */
static bool run_native(nux_processor *p, const nux_decoded *d, uint32_t from, uint32_t to) {
    p->timing.pipe = *p->visits[0].exit[0];
    p->timing.jumped = 0;
    bool goes_on = run_instructions(p, d, from, to);
    nux_start_from(p, nux_pipe_find(p, &p->timing.pipe));
    return goes_on;
}

static inline uint32_t guard_value(const nux_guard *g) {
    uint32_t x = (*g->a << g->as) + g->low;
    return g->b ? x + (*g->b << g->bs) : x;
}

static bool guards_hold(const nux_plan *plan) {
    const nux_guard *g = plan->guards;
    for (const nux_guard *end = g + plan->num_guards; g != end; g++) {
        uint32_t x = guard_value(g);
        if (x & g->align || x > g->bound)
            return false;
    }
    return true;
}

static bool checks_hold(const nux_processor *p, const nux_plan *plan) {
    return guards_hold(plan) && (!plan->num_store_guards || nux_stores_hold(p, plan));
}

/* A block with a failed check: what was checked becomes native, which checks again, one by one
 * and exactly. */
static void take_over_checked(nux_processor *p, const nux_plan *plan, uint32_t pc, uint32_t bytes) {
    if (guards_hold(plan)) {
        nux_take_over_stores(p, pc, bytes);
        return;
    }
    for (uint32_t end = pc + bytes; pc != end; pc += 4) {
        const nux_decoded *d = nux_decoded_at(p, pc);
        if (!d->native && nux_is_checked(d))
            nux_make_native(p, pc);
    }
}

/* Words that a block touches and that may not have been written. The addresses lie in the SRAM if
 * the block's other checks hold; a byte that is loaded from elsewhere is looked at by
 * nux_check_block. */
static inline uint64_t unwritten(const nux_processor *p, const nux_touch *t, uint32_t address) {
    return (nux_written_flags(p->written, address & p->sram_mask) & t->mask) ^ t->mask;
}

static inline bool quick_are_written(const nux_processor *p, const nux_plan *plan) {
    const nux_touch *t = plan->touches;
    _Static_assert(NUX_QUICK_TOUCHES == 2, "both are looked at here");
    return !(unwritten(p, &t[0], *t[0].a + t[0].low) | unwritten(p, &t[1], *t[1].a + t[1].low));
}

static bool more_are_written(const nux_processor *p, const nux_plan *plan) {
    const nux_touch *t = plan->more_touches;
    for (const nux_touch *end = t + plan->num_more_touches; t != end; t++) {
        uint32_t address = (*t->a << t->as) + t->low;
        if (unwritten(p, t, t->b ? address + (*t->b << t->bs) : address))
            return false;
    }
    return true;
}

static __attribute__((noinline)) bool more_hold(const nux_processor *p, const nux_plan *plan) {
    return checks_hold(p, plan) && more_are_written(p, plan);
}

static void leave(nux_processor *p) {
    p->leave = true;
    p->uc_emu_stop(p->engine);
}

/* Adds what the hook counted to the counters. */
static void fold_progress(nux_processor *p) {
    p->cycles += (uint32_t)p->progress;
    if (__builtin_expect(p->profile != NULL, 0))
        nux_profile_counted(p, (uint32_t)p->progress);
    p->instructions += p->progress >> 32;
    p->progress = 0;
    p->budget = 0;
}

/* Cycles until the hook must leave its plain path again. */
static void set_budget(nux_processor *p) {
    uint64_t left = p->next_event > p->cycles ? p->next_event - p->cycles : 0;
    p->budget = p->num_unsynced || p->debug ? 0 : left < MAX_BUDGET ? left : MAX_BUDGET;
}

/* Plain instructions of a block that begins now, up to and with the one during which a request or
 * the limit comes; 0: none comes, or only with the branch at the end. So a run stops behind the
 * same instruction however the code is divided into blocks. */
static uint32_t instructions_before_event(nux_processor *p, const nux_visit *visit, uint32_t pc) {
    uint64_t event = p->next_interrupt < p->max_cycles ? p->next_interrupt : p->max_cycles;
    if (p->cycles + visit->cycles < event)
        return 0;
    uint32_t n = visit->plan->instructions - (visit->plan->branch != NO_BRANCH);
    nux_pipe pipe = *visit->entry;
    uint64_t cycles = p->cycles;
    for (uint32_t i = 1; i <= n; i++) {
        cycles += (uint32_t)nux_cost_of(p, pc + 4 * (i - 1), 1, &pipe);
        if (cycles >= event)
            return i;
    }
    return 0;
}

/* Executes the first plain instructions of a block, whose checks hold, and leaves. */
static void run_part_of_block(nux_processor *p, uint32_t pc, uint32_t n) {
    p->timing.pipe = *p->visits[0].exit[0];
    p->timing.jumped = 0;
    for (uint32_t i = 0; i < n && !p->leave && p->cycles < p->next_event; i++) {
        p->resume_pc = pc + 4 * (i + 1);
        if (!execute_counted(p, nux_decoded_at(p, pc + 4 * i), pc + 4 * i))
            break;
    }
    nux_start_from(p, nux_pipe_find(p, &p->timing.pipe));
    leave(p);
}

static nux_plan *plan_of(nux_processor *p, uint32_t pc, uint32_t size) {
    nux_plan *plan = p->plans[pc / 4 % NUM_PLANS];
    while (plan != &p->no_plan && plan->key != PLAN_KEY(pc, size))
        plan = plan->next;
    return plan == &p->no_plan ? NULL : plan;
}

static void forget_all(nux_processor *p) {
    nux_pipe now = *p->visits[0].exit[0];
    nux_forget_plans(p);
    nux_pipe_forget_all(p);
    nux_start_from(p, nux_pipe_find(p, &now));
    p->crowded = false;
}

/* The block that ran last is done with. */
static void end_visit(nux_processor *p, uint32_t how) {
    if (p->previous != p->visits)
        p->timing.jumped = how & NUX_MISSED;
    nux_start_from(p, p->previous->exit[how & NUX_MISSED]);
}

/* Whether the engine may run a block now; if not, its translation has changed. */
static bool may_run(nux_processor *p, nux_plan *plan, uint32_t pc, uint32_t size, bool is_new) {
    bool hold = checks_hold(p, plan);
    if (is_new || !hold) {
        nux_follow_stack(p, plan, pc, size);
        hold = checks_hold(p, plan);
    }
    if (!hold)
        take_over_checked(p, plan, pc, size);
    return hold;
}

/* Whatever is not the plain case. */
static void begin_block(nux_processor *p, uint32_t pc, uint32_t size, uint32_t how) {
    const nux_plan *previous = p->previous->plan;
    end_visit(p, how);
    fold_progress(p);
    if (previous->native && !run_native(p, previous->native, previous->end_pc, pc)) {
        leave(p);
        return;
    }
    p->resume_pc = pc;
    if ((p->cycles >= p->next_event && !look_up(p, pc)) || (p->debug && nux_debug_stops(p, pc))) {
        leave(p);
        return;
    }
    if (p->crowded)
        forget_all(p);
    nux_plan *plan = plan_of(p, pc, size);
    bool is_new = !plan;
    if (is_new)
        plan = nux_make_plan(p, pc, size);
    if (!plan) {
        leave(p);
        return;
    }
    nux_depth before = p->deepest;
    if (!may_run(p, plan, pc, size, is_new)) {
        p->deepest = before;
        leave(p);
        return;
    }
    if (plan->is_marked)
        nux_meet_mark(p, pc);
    nux_visit *visit = nux_find_visit(p, plan, p->visits[0].exit[0], p->timing.jumped);
    uint32_t part = instructions_before_event(p, visit, pc);
    if (part) {
        bool deeper = p->deepest.lowest != before.lowest;
        p->deepest = before;
        run_part_of_block(p, pc, part);
        if (deeper)
            nux_forget_plans(p); /* their checks know of the whole block */
        return;
    }
    bool is_written = !p->checks || (quick_are_written(p, plan) && more_are_written(p, plan));
    if ((p->num_unsynced || !is_written) && !nux_check_block(p, pc, size)) {
        p->deepest = before;
        leave(p);
        return;
    }
    set_budget(p);
    p->progress = PROGRESS(plan->instructions, visit->cycles);
    visit->count++;
    p->previous = visit;
    p->previous_plan = visit->unpredicted ? &p->no_plan : plan;
}

/* Begins a visit in the plain case; false: it is not. */
static inline bool begin_visit(nux_processor *p, nux_plan *plan, nux_visit *visit) {
    uint64_t progress = p->progress + PROGRESS(plan->instructions, visit->cycles);
    bool ok = (uint32_t)progress < p->budget;
    for (uint32_t i = 0; i < NUX_QUICK_GUARDS; i++) {
        uint32_t x = p->gpr[plan->a[i]] + plan->quick[i].low;
        ok &= !(x & plan->align[i]) & (x <= plan->quick[i].bound);
    }
    if (__builtin_expect(!ok, 0) || (plan->has_more && !more_hold(p, plan)) ||
        (p->checks && __builtin_expect(!quick_are_written(p, plan), 0)))
        return false;
    p->progress = progress;
    visit->count++;
    p->previous = visit;
    p->previous_plan = plan;
    return true;
}

/* A block in another state than last time, or not the plain case. */
static __attribute__((noinline)) void begin_other(nux_processor *p, uint32_t pc, uint32_t size,
                                                  uint32_t how) {
    nux_plan *plan = p->previous->plan->native || p->crowded ? NULL : plan_of(p, pc, size);
    if (plan && !plan->is_marked && p->previous != p->visits) {
        uint32_t missed = how & NUX_MISSED;
        nux_visit *visit = nux_find_visit(p, plan, p->previous->exit[missed], missed);
        if (!visit->unpredicted)
            plan->last[how] = (uint32_t)(visit - p->visits);
        if (begin_visit(p, plan, visit)) {
            if (visit->unpredicted)
                p->previous_plan = &p->no_plan;
            return;
        }
    }
    begin_block(p, pc, size, how);
}

/* The plan follows from the address alone, and the visit is guessed and then checked, so that the
 * host can work on several blocks at a time. */
static inline void begin(nux_processor *p, uint32_t pc, uint32_t size, uint32_t how) {
    nux_plan *plan = p->plans[pc / 4 % NUM_PLANS];
    nux_visit *visit = &p->visits[plan->last[how]];
    if (plan->key != PLAN_KEY(pc, size) || visit->entry != p->previous->exit[how & NUX_MISSED] ||
        !begin_visit(p, plan, visit))
        begin_other(p, pc, size, how);
}

/* The branch predictor learns from the branch before the block. */
static __attribute__((noinline)) void begin_unsteady(nux_processor *p, uint32_t pc, uint32_t size) {
    nux_branch *branch = &p->timing.branches[p->previous_plan->slot];
    uint32_t how;
    if (branch->tag == p->previous_plan->branch) {
        how = nux_learn_branch(branch, pc);
        p->progress += (how & NUX_MISSED) * NUX_CYCLES_BRANCH_MISS;
        p->previous->missed += how & NUX_MISSED;
    } else {
        how = nux_resolve_branch(p, pc);
    }
    begin(p, pc, size, how);
}

/* Called at the start of each engine block. */
void nux_on_block(void *engine, uint64_t address, uint32_t size, void *user) {
    (void)engine;
    nux_processor *p = user;
    uint32_t pc = (uint32_t)address, tag = p->previous_plan->branch;
    const nux_branch *branch = &p->timing.branches[p->previous_plan->slot];
    if (branch->tag == tag && branch->steady == pc)
        begin(p, pc, size, (pc != tag + 3) * NUX_TAKEN);
    else
        begin_unsteady(p, pc, size);
}

/* Fetches and data accesses go to different memories of the engine. */
bool nux_on_tlb(void *engine, uint64_t address, int type, void *result, void *user) {
    (void)engine;
    nux_processor *p = user;
    struct {
        uint64_t physical;
        int permissions;
    } *entry = result;
    uint32_t at = (uint32_t)address & ~(PAGE_BYTES - 1);
    if (type == UC_MEM_READ || type == UC_MEM_WRITE) {
        entry->physical = SRAM_DATA_PHYSICAL + at;
        entry->permissions = 3;
        p->data_failed = at >= p->config.sram_size;
        return !p->data_failed;
    }
    nux_region *region = nux_region_of(p, at);
    if (region) {
        uint32_t page = (at - region->base) / PAGE_BYTES;
        if (region->pages[page] || !nux_translate_page(p, region, page)) {
            entry->physical = region->physical + (at - region->base);
            entry->permissions = 4;
            return true;
        }
    }
    if (!p->fetch_failed) /* later ones are the engine's own exception vectors */
        p->uc_reg_read(p->engine, UC_PPC_REG_PC, &p->bad_fetch);
    p->fetch_failed = true;
    return false;
}

/* The engine could not fetch: first what was pending before the jump, then the trap. */
static void fetch_failed(nux_processor *p, uint32_t target) {
    const nux_visit *visit = p->previous;
    const nux_plan *previous = visit->plan;
    end_visit(p, nux_resolve_branch(p, target));
    fold_progress(p);
    uint32_t from = visit == p->visits ? target : previous->end_pc;
    if (previous->native) {
        if (!run_native(p, previous->native, previous->end_pc, target))
            return;
        from = target - 4;
    }
    bool outside = !nux_region_of(p, target);
    nux_stop_at(p, outside ? NUX_TRAP_FETCH : NUX_TRAP_ENGINE, target, target);
    p->stop.from_pc = from;
}

/* The engine met a load that misses the SRAM: that instruction becomes native, and is tried
 * again. The block was counted whole; what did not run is taken back. */
static void retry_access(nux_processor *p) {
    uint32_t pc;
    p->uc_reg_read(p->engine, UC_PPC_REG_PC, &pc);
    nux_visit *visit = p->previous;
    uint32_t begin = (uint32_t)visit->plan->key;
    nux_pipe pipe = *visit->entry;
    p->progress += nux_cost_of(p, begin, (pc - begin) / 4, &pipe) -
                   PROGRESS(visit->plan->instructions, visit->cycles);
    visit->count--;
    if (p->profile)
        nux_profile_block(p, visit, (pc - begin) / 4, 1);
    fold_progress(p);
    if (pc != begin)
        p->timing.jumped = 0;
    nux_start_from(p, nux_pipe_find(p, &pipe));
    nux_make_native(p, pc);
    p->resume_pc = pc;
}

/* Translates changed code anew. */
static void refresh(nux_processor *p) {
    for (int r = 0; r < 3; r++) {
        nux_region *region = &p->regions[r];
        for (uint32_t page = 0; page < region->size / PAGE_BYTES; page++) {
            const nux_decoded *words = region->pages[page];
            for (uint32_t i = 0; words && i < PAGE_WORDS; i++)
                if (words[i].word != nux_get32(region->source + page * PAGE_BYTES + 4 * i)) {
                    nux_translate_page(p, region, page);
                    break;
                }
        }
    }
    p->stale = false;
    p->flush = true;
}

void nux_run_slice(nux_processor *p, uint64_t max_cycles) {
    p->max_cycles = max_cycles;
    p->stop = (nux_stop){.reason = NUX_RUNNING};
    nux_start_from(p, nux_pipe_find(p, &p->timing.pipe));
    p->resume_pc = p->pc;
    if (p->asleep) {
        nux_sleep(p, p->pc);
        if (p->profile)
            nux_profile_gap(p, p->pc, NUX_WAIT_SLEEP);
    }
    /* Leaving the engine is slow (changed code): look at the clock each time. */
    while (p->stop.reason == NUX_RUNNING && !host_ends_run(p, p->resume_pc)) {
        nux_schedule(p);
        if (p->stale)
            refresh(p);
        if (p->flush) {
            p->uc_ctl(p->engine, UC_CTL_TB_FLUSH);
            p->uc_ctl(p->engine, UC_CTL_TLB_FLUSH); /* pages are translated at the first fetch */
            p->flush = false;
        }
        p->leave = p->fetch_failed = p->data_failed = false;
        p->uc_emu_start(p->engine, p->resume_pc, NEVER, 0, 0);
        if (p->leave || p->stop.reason != NUX_RUNNING)
            continue;
        if (p->data_failed)
            retry_access(p);
        else
            fetch_failed(p, p->fetch_failed ? p->bad_fetch : p->resume_pc);
    }
    p->timing.pipe = *p->visits[0].exit[0];
    p->pc = p->resume_pc;
}

void nux_shorten_slice(nux_processor *p, uint64_t max_cycles) {
    if (max_cycles < p->max_cycles)
        p->max_cycles = max_cycles;
    nux_schedule(p);
}

void nux_processor_run(nux_processor *p, uint64_t max_cycles, double max_wall_s, nux_stop *stop) {
    nux_begin_host_limits(p->chip, max_wall_s);
    p->chip->active = p;
    nux_run_slice(p, max_cycles);
    p->chip->active = NULL;
    *stop = p->stop;
}
