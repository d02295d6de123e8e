/* SPDX-License-Identifier: BSD-3-Clause */
/* The run loop and the hook at the start of each engine block. */
#define _GNU_SOURCE
#include "cycles.h"
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

void nux_stop_at(nux_processor *p, int reason, uint32_t pc, uint32_t address) {
    const nux_decoded *d = nux_decoded_at(p, pc);
    p->stop = (nux_stop){
        .reason = reason, .pc = pc, .from_pc = pc, .address = address, .word = d ? d->word : 0};
    p->resume_pc = pc;
}

static bool execute(nux_processor *p, const nux_decoded *d, uint32_t pc) {
    if (d->kind == NUX_KIND_VECTOR)
        return nux_execute_vector(p, d, pc);
    if (d->kind != NUX_KIND_UNDEFINED)
        return nux_execute_scalar(p, d, pc);
    if (p->config.hardware)
        return nux_execute_undefined(p, d, pc);
    nux_stop_at(p, NUX_TRAP_UNDEFINED, pc, 0);
    return false;
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
    if (nux_take_interrupt(p, pc))
        return false;
    nux_schedule(p);
    return true;
}

/* Executes the native instructions in [from, to); false: leave, to resume_pc. */
static bool run_native(nux_processor *p, const nux_decoded *d, uint32_t from, uint32_t to) {
    for (uint32_t pc = from; pc != to; pc += 4, d++) {
        if (p->cycles >= p->next_event && !look_up(p, pc))
            return false;
        p->instructions++;
        if (!execute(p, d, pc))
            return false;
        if (p->leave) { /* code changed under us */
            p->resume_pc = pc + 4;
            return false;
        }
    }
    return true;
}

static inline uint32_t guard_value(const nux_guard *g) {
    uint32_t x = (*g->a << g->as) + g->low;
    return g->b ? x + (*g->b << g->bs) : x;
}

/* A block with a failed check: what was checked becomes native, which checks again, one by one
 * and exactly. */
static void take_over_checked(nux_processor *p, uint32_t pc, uint32_t bytes) {
    for (uint32_t end = pc + bytes; pc != end; pc += 4) {
        const nux_decoded *d = nux_decoded_at(p, pc);
        if (!d->native && nux_is_checked(d))
            nux_make_native(p, pc);
    }
}

static void leave(nux_processor *p) {
    p->leave = true;
    p->previous = &p->start;
    p->uc_emu_stop(p->engine);
}

static inline bool checks_hold(const nux_plan *plan) {
    const nux_guard *g = plan->guards;
    for (; g != plan->simple_end; g++) {
        uint32_t x = *g->a + g->low;
        if (x & g->align || x > g->bound)
            return false;
    }
    for (; g != plan->guards_end; g++) {
        uint32_t x = guard_value(g);
        if (x & g->align || x > g->bound)
            return false;
    }
    return true;
}

/* Adds what the hook counted to the counters. */
static void fold_progress(nux_processor *p) {
    p->cycles += (uint32_t)p->progress;
    p->instructions += p->progress >> 32;
    p->progress = 0;
    p->budget = 0;
}

/* Cycles until the hook must leave its plain path again. */
static void set_budget(nux_processor *p) {
    uint64_t left = p->next_event > p->cycles ? p->next_event - p->cycles : 0;
    p->budget = p->num_unsynced ? 0 : left < MAX_BUDGET ? left : MAX_BUDGET;
}

/* Plain instructions of a block that begins now, up to and with the one during which a request
 * comes; 0: none comes, or only with the branch at the end. */
static uint32_t instructions_before_interrupt(nux_processor *p, const nux_plan *plan, uint32_t pc) {
    uint32_t n = (uint32_t)(plan->progress >> 32);
    if (p->cycles + (uint32_t)plan->progress < p->next_interrupt)
        return 0;
    for (uint32_t i = 1; i <= n && nux_decoded_at(p, pc + 4 * (i - 1))->kind != NUX_KIND_BRANCH;
         i++)
        if (p->cycles + (uint32_t)nux_block_progress(p, pc, 4 * i) >= p->next_interrupt)
            return i;
    return 0;
}

/* Executes the first plain instructions of a block, whose checks hold, and leaves. */
static void run_part_of_block(nux_processor *p, uint32_t pc, uint32_t n) {
    uint64_t end = p->cycles + (uint32_t)nux_block_progress(p, pc, 4 * n);
    for (uint32_t i = 0; i < n && !p->leave; i++) {
        p->instructions++;
        execute(p, nux_decoded_at(p, pc + 4 * i), pc + 4 * i); /* leaves resume_pc behind it */
    }
    p->cycles = end;
    leave(p);
}

/* The rest of the hook: whatever is not the plain case. */
static __attribute__((noinline)) void begin_block(nux_processor *p, uint32_t pc, uint32_t size) {
    const nux_plan *previous = p->previous;
    p->previous = &p->start;
    fold_progress(p);
    if (previous->native && !run_native(p, previous->native, nux_details(previous)->end_pc, pc)) {
        leave(p);
        return;
    }
    p->resume_pc = pc;
    if (p->cycles >= p->next_event && !look_up(p, pc)) {
        leave(p);
        return;
    }
    nux_plan *plan = p->plans[pc / 4 % NUM_PLANS];
    if (plan->key != PLAN_KEY(pc, size))
        plan = nux_make_plan(p, pc, size);
    if (!plan) {
        leave(p);
        return;
    }
    if (!checks_hold(plan)) {
        take_over_checked(p, pc, size);
        leave(p);
        return;
    }
    if (p->num_unsynced && !nux_check_block_sync(p, pc, size)) {
        leave(p);
        return;
    }
    uint32_t part = instructions_before_interrupt(p, plan, pc);
    if (part) {
        run_part_of_block(p, pc, part);
        return;
    }
    set_budget(p);
    p->progress = plan->progress;
    p->previous = plan;
}

/* Called at the start of each engine block. A branch that does not go where it went last time
 * refills the pipeline; one to a register always does. */
void nux_on_block(void *engine, uint64_t address, uint32_t size, void *user) {
    (void)engine;
    nux_processor *p = user;
    uint32_t pc = (uint32_t)address;
    nux_plan *previous = p->previous, *plan = p->plans[pc / 4 % NUM_PLANS];
    /* Without a branch of our own, which would be mispredicted whenever the program's is. */
    uint64_t progress = p->progress + (pc != previous->expected) * NUX_CYCLES_BRANCH_MISS;
    previous->expected =
        (pc & previous->predictable) | (previous->expected & ~previous->predictable);
    if (previous->native || plan->key != PLAN_KEY(pc, size) ||
        (uint32_t)(progress + plan->progress) >= p->budget || !checks_hold(plan)) {
        p->progress = progress;
        begin_block(p, pc, size);
        return;
    }
    p->progress = progress + plan->progress;
    p->previous = plan;
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
    const nux_plan *previous = p->previous;
    fold_progress(p);
    uint32_t from = previous == &p->start ? target : nux_details(previous)->end_pc;
    if (previous->native) {
        if (!run_native(p, previous->native, nux_details(previous)->end_pc, target))
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
    const nux_plan *plan = p->previous;
    uint32_t begin = (uint32_t)plan->key;
    p->progress += nux_block_progress(p, begin, pc - begin) - plan->progress;
    fold_progress(p);
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
    p->previous = &p->start;
    p->resume_pc = p->pc;
    if (p->asleep)
        nux_sleep(p, p->pc);
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
        p->start.expected = p->resume_pc;
        p->uc_emu_start(p->engine, p->resume_pc, NEVER, 0, 0);
        if (p->leave || p->stop.reason != NUX_RUNNING)
            continue;
        if (p->data_failed)
            retry_access(p);
        else
            fetch_failed(p, p->fetch_failed ? p->bad_fetch : p->resume_pc);
    }
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
