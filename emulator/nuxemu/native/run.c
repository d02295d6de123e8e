/* SPDX-License-Identifier: BSD-3-Clause */
/* The run loop and the hook at the start of each engine block. */
#define _GNU_SOURCE
#include "cycles.h"
#include "processor.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { UC_CTL_TB_FLUSH = 10 | 1 << 30, UC_MEM_READ = 16, UC_MEM_WRITE = 17, WALL_CHECK_CYCLES = 1 << 18 };
#define SRAM_DATA_PHYSICAL 0x00100000u
#define NEVER 0xfffffffeu /* end address that no program reaches */

static double wall_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void nux_stop_at(nux_processor *p, int reason, uint32_t pc, uint32_t address) {
    const nux_decoded *d = nux_decoded_at(p, pc);
    p->stop = (nux_stop){.reason = reason,
                         .pc = pc,
                         .from_pc = pc,
                         .address = address,
                         .word = d ? d->word : 0};
    p->resume_pc = pc;
}

void nux_report(nux_processor *p, uint32_t pc, int kind) {
    for (size_t i = 0; i < p->num_sites; i++)
        if (p->sites[i].pc == pc && p->sites[i].kind == (uint32_t)kind) {
            p->sites[i].count++;
            return;
        }
    if (p->num_sites == p->max_sites) {
        size_t n = p->max_sites ? 2 * p->max_sites : 16;
        nux_site *sites = realloc(p->sites, n * sizeof *sites);
        if (!sites)
            return;
        p->sites = sites;
        p->max_sites = n;
    }
    p->sites[p->num_sites++] = (nux_site){pc, (uint32_t)kind, 1};
}

/* Executes the native instructions in [from, to); false: leave, to resume_pc. */
static bool run_native(nux_processor *p, uint32_t from, uint32_t to) {
    for (uint32_t pc = from; pc != to; pc += 4) {
        const nux_decoded *d = nux_decoded_at(p, pc);
        bool goes_on;
        p->instructions++;
        if (d->kind == NUX_KIND_VECTOR) {
            goes_on = nux_execute_vector(p, d, pc);
        } else if (d->kind != NUX_KIND_UNDEFINED) {
            goes_on = nux_execute_scalar(p, d, pc);
        } else if (p->config.hardware) {
            nux_execute_undefined(p, d, pc);
            goes_on = true;
        } else {
            nux_stop_at(p, NUX_TRAP_UNDEFINED, pc, 0);
            goes_on = false;
        }
        if (!goes_on)
            return false;
        if (p->leave) { /* code changed under us */
            p->resume_pc = pc + 4;
            return false;
        }
    }
    return true;
}

/* Limits, wall time, interrupts; false: leave, to resume_pc. */
static bool look_up(nux_processor *p, uint32_t pc) {
    if (p->cycles >= p->max_cycles) {
        nux_stop_at(p, NUX_CYCLE_LIMIT, pc, 0);
        return false;
    }
    if (p->cycles >= p->next_wall_check) {
        p->next_wall_check = p->cycles + WALL_CHECK_CYCLES;
        if (p->interrupt_request) {
            nux_stop_at(p, NUX_INTERRUPTED, pc, 0);
            return false;
        }
        if (p->wall_deadline > 0 && wall_s() >= p->wall_deadline) {
            nux_stop_at(p, NUX_WALL_LIMIT, pc, 0);
            return false;
        }
    }
    if (nux_take_interrupt(p, pc))
        return false;
    nux_schedule(p);
    return true;
}

static uint32_t guard_address(const nux_guard *g) {
    return (*g->a << g->as) + (*g->b << g->bs) + g->low;
}

static bool guard_holds(const nux_processor *p, const nux_guard *g) {
    uint32_t ea = guard_address(g);
    uint32_t lowest = g->store ? (g->stack && p->stack_limit > p->code_end ? p->stack_limit
                                                                           : p->code_end)
                               : 0;
    return !(ea & g->align) && ea >= lowest && ea < p->config.sram_size &&
           g->span < p->config.sram_size - ea;
}

/* Reports plain accesses to vector data that no sync has made visible yet. */
static void check_block_sync(nux_processor *p, const nux_plan *plan) {
    for (uint32_t i = 0; i < plan->num_guards; i++) {
        uint32_t ea = guard_address(&plan->guards[i]);
        if (ea < p->unsynced_high && ea + plan->guards[i].span >= p->unsynced_low)
            nux_report(p, plan->guards[i].pc, NUX_SITE_NO_SYNC);
    }
}

/* A block with a failed check: its loads and stores on those registers become native, which
 * check again, one by one and exactly. */
static void take_over_accesses(nux_processor *p, const nux_plan *plan) {
    for (uint32_t pc = plan->pc; pc != plan->pc + plan->bytes; pc += 4) {
        const nux_decoded *d = nux_decoded_at(p, pc);
        if (!d->native && (d->kind == NUX_KIND_LOAD || d->kind == NUX_KIND_STORE))
            nux_make_native(p, pc);
    }
}

/* Branches taken without being in the branch cache, and the reverse, refill the pipeline. */
static void account_branch(nux_processor *p, uint32_t branch_pc, bool taken) {
    bool predicted = false;
    uint32_t slot = 0;
    for (uint32_t i = 0; i < 4; i++)
        if (p->predicted[i] == branch_pc) {
            predicted = true;
            slot = i;
        }
    if (taken == predicted)
        return;
    p->cycles += NUX_CYCLES_BRANCH_MISS;
    if (predicted) {
        p->predicted[slot] = NO_ADDRESS;
    } else {
        p->predicted[p->predicted_next] = branch_pc;
        p->predicted_next = (p->predicted_next + 1) & 3;
    }
}

static void leave(nux_processor *p) {
    p->leave = true;
    p->pending = NO_ADDRESS;
    p->previous = NULL;
    p->uc_emu_stop(p->engine);
}

void nux_on_block(void *engine, uint64_t address, uint32_t size, void *user) {
    (void)engine;
    nux_processor *p = user;
    uint32_t pc = (uint32_t)address;
    const nux_plan *previous = p->previous;
    if (p->pending != NO_ADDRESS) {
        uint32_t from = p->pending;
        p->pending = NO_ADDRESS;
        if (!run_native(p, from, pc)) {
            leave(p);
            return;
        }
    } else if (previous && previous->branch_pc != NO_ADDRESS) {
        account_branch(p, previous->branch_pc, pc != previous->branch_pc + 4);
    }
    p->resume_pc = pc;
    if (p->cycles >= p->next_event && !look_up(p, pc)) {
        leave(p);
        return;
    }
    nux_plan *plan = nux_plan_get(p, pc, size);
    if (!plan) {
        leave(p);
        return;
    }
    for (uint32_t i = 0; i < plan->num_guards; i++)
        if (!guard_holds(p, &plan->guards[i])) {
            take_over_accesses(p, plan);
            leave(p);
            return;
        }
    if (p->unsynced_high)
        check_block_sync(p, plan);
    p->cycles += plan->cycles;
    p->instructions += plan->instructions;
    p->pending = plan->pending;
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
        return at < p->config.sram_size;
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
    p->bad_fetch = (uint32_t)address;
    return false;
}

/* The engine could not fetch: first what was pending before the jump, then the trap. */
static void fetch_failed(nux_processor *p, uint32_t target, int engine_error) {
    uint32_t from = p->previous ? p->previous->pc : target;
    if (p->previous && p->previous->branch_pc != NO_ADDRESS)
        from = p->previous->branch_pc;
    if (p->pending != NO_ADDRESS) {
        uint32_t pending = p->pending;
        p->pending = NO_ADDRESS;
        if (!run_native(p, pending, target))
            return;
        from = target - 4;
    }
    bool outside = !nux_region_of(p, target);
    nux_stop_at(p, outside ? NUX_TRAP_FETCH : NUX_TRAP_ENGINE, target, target);
    p->stop.from_pc = from;
    p->stop.engine_error = engine_error;
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

void nux_processor_run(nux_processor *p, double start_s, uint64_t max_cycles, double max_wall_s,
                       nux_stop *stop) {
    p->start_s = start_s;
    p->max_cycles = max_cycles;
    p->wall_deadline = max_wall_s > 0 ? wall_s() + max_wall_s : 0;
    p->next_wall_check = p->cycles + WALL_CHECK_CYCLES;
    p->stop = (nux_stop){.reason = NUX_RUNNING};
    p->previous = NULL;
    p->pending = NO_ADDRESS;
    p->resume_pc = p->pc;
    nux_schedule(p);
    while (p->stop.reason == NUX_RUNNING) {
        if (p->stale)
            refresh(p);
        if (p->flush) {
            p->uc_ctl(p->engine, UC_CTL_TB_FLUSH);
            p->flush = false;
        }
        p->leave = false;
        int status = p->uc_emu_start(p->engine, p->resume_pc, NEVER, 0, 0);
        if (p->stop.reason == NUX_RUNNING && !p->leave)
            fetch_failed(p, status ? p->bad_fetch : p->resume_pc, status);
    }
    p->pc = p->resume_pc;
    p->interrupt_request = 0;
    *stop = p->stop;
}

void nux_processor_interrupt(nux_processor *p) { p->interrupt_request = 1; }
