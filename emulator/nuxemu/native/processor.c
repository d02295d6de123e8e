/* SPDX-License-Identifier: BSD-3-Clause */
/* Life of a processor, and what the host reads and writes of it. */
#include "processor.h"
#include "array.h"
#include "debug.h"
#include "profile.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static bool make_region(nux_region *r, uint32_t base, uint32_t size, uint64_t physical,
                        const uint8_t *source) {
    uint32_t pages = size / PAGE_BYTES;
    *r = (nux_region){.base = base, .size = size, .physical = physical, .source = source};
    r->fetch = nux_reserve(size);
    r->pages = calloc(pages, sizeof *r->pages);
    return r->fetch && r->pages;
}

nux_processor *nux_processor_new(const nux_engine_api *api, const nux_processor_config *config,
                                 nux_chip *chip, nux_array *array, char *error, size_t error_size) {
    nux_processor *p = calloc(1, sizeof *p);
    if (!p) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    p->config = *config;
    p->sram_mask = config->sram_size - 1;
    p->chip = chip;
    chip->users++;
    for (uint32_t i = 0; i < NUM_PLANS; i++)
        p->plans[i] = &p->no_plan;
    p->array = array;
    p->sram = nux_reserve(config->sram_size);
    p->written = malloc(NUX_WRITTEN_SIZE(config->sram_size));
    p->vectors = aligned_alloc(64, (sizeof *p->vectors + 63) / 64 * 64);
    bool ok =
        p->sram && p->written && p->vectors && nux_visits_open(p) &&
        make_region(&p->regions[0], NUX_SRAM_BASE, config->sram_size, 0x01000000, p->sram) &&
        make_region(&p->regions[1], NUX_EXTMEM_FETCH_BASE, NUX_EXTMEM_SIZE, 0x02000000,
                    chip->ext) &&
        make_region(&p->regions[2], NUX_DRAM_FETCH_BASE, NUX_DRAM_SIZE, 0x10000000, chip->dram);
    if (!ok)
        snprintf(error, error_size, "out of memory");
    else
        ok = nux_engine_open(p, api, error, error_size) == 0;
    if (!ok) {
        nux_processor_free(p);
        return NULL;
    }
    chip->ppu[config->hemisphere] = p;
    chip->control[config->hemisphere] = NUX_INHIBIT_RESET;
    chip->array[config->hemisphere] = array;
    memset(p->vectors, 0, sizeof *p->vectors);
    memset(p->written, true, NUX_WRITTEN_SIZE(config->sram_size));
    nux_processor_reset(p);
    return p;
}

void nux_processor_free(nux_processor *p) {
    if (!p)
        return;
    nux_profile_free(p);
    nux_debug_free(p);
    if (p->chip->ppu[p->config.hemisphere] == p) {
        p->chip->ppu[p->config.hemisphere] = NULL;
        p->chip->array[p->config.hemisphere] = NULL;
    }
    nux_chip_free(p->chip);
    if (p->engine)
        p->uc_close(p->engine);
    if (p->regions[2].pages)
        nux_translation_drop(p);
    nux_visits_close(p);
    nux_pipe_forget_all(p);
    nux_vector_states_forget(p);
    for (int i = 0; i < 3; i++) {
        if (p->regions[i].fetch)
            munmap(p->regions[i].fetch, p->regions[i].size);
        free(p->regions[i].pages);
    }
    if (p->sram)
        munmap(p->sram, p->config.sram_size);
    free(p->written);
    free(p->vectors);
    free(p);
}

/* State after reset: registers, accumulator and condition register zero; the vector registers
 * and the memories keep their contents, the input pins what is applied to them. */
void nux_processor_reset(nux_processor *p) {
    nux_registers zero = {.gin = p->gin};
    nux_translation_drop(p);
    nux_timing_reset(p);
    p->origin = nux_chip_now(p->chip);
    p->cycles = p->instructions = p->timers_seen = 0;
    p->stop = (nux_stop){.reason = NUX_RUNNING};
    nux_processor_set_registers(p, &zero);
    memset(p->vectors->acc, 0, sizeof p->vectors->acc);
    memset(p->vectors->vcr, 0, sizeof p->vectors->vcr);
    p->num_unsynced = 0;
    p->deepest.lowest = NUX_STACK_TOP;
    p->deepest.pc = 0;
    p->vectors_written = p->raw = p->negated = p->weights = 0;
    memset(p->reading_at, 0, sizeof p->reading_at);
    nux_forget_stack(p, NUX_STACK_TOP);
    memset(p->masks_met, 0, sizeof p->masks_met);
    nux_forget_sites(p);
    if (p->profile)
        nux_profile_clear(p);
}

void nux_processor_get_registers(nux_processor *p, nux_registers *r) {
    nux_update_timers(p);
    *r = (nux_registers){.lr = *p->lr,
                         .ctr = *p->ctr,
                         .pc = p->pc,
                         .msr = p->msr,
                         .srr0 = p->srr0,
                         .srr1 = p->srr1,
                         .csrr0 = p->csrr0,
                         .csrr1 = p->csrr1,
                         .mcsrr0 = p->mcsrr0,
                         .mcsrr1 = p->mcsrr1,
                         .dec = nux_dec(p),
                         .decar = p->decar,
                         .tcr = p->tcr,
                         .tsr = p->tsr,
                         .esr = p->esr,
                         .dear = p->dear,
                         .gin = p->gin,
                         .gout = p->gout,
                         .goe = p->goe,
                         .iccr = p->iccr,
                         .requests = p->requests,
                         .asleep = p->asleep,
                         .time_base = nux_time_base(p),
                         .xer =
                             (*p->so ? XER_SO : 0) | (*p->ov ? XER_OV : 0) | (*p->ca ? XER_CA : 0)};
    memcpy(r->gpr, p->gpr, sizeof r->gpr);
    for (int i = 0; i < 8; i++)
        r->cr = r->cr << 4 | (p->crf[i] & 15);
}

void nux_processor_set_registers(nux_processor *p, const nux_registers *r) {
    memcpy(p->gpr, r->gpr, sizeof r->gpr);
    for (int i = 0; i < 8; i++)
        p->crf[i] = r->cr >> (28 - 4 * i) & 15;
    *p->so = r->xer >> 31;
    *p->ov = r->xer >> 30 & 1;
    *p->ca = r->xer >> 29 & 1;
    *p->lr = r->lr;
    *p->ctr = r->ctr;
    p->pc = r->pc;
    p->msr = r->msr & MSR_WRITABLE;
    p->srr0 = r->srr0;
    p->srr1 = r->srr1;
    p->csrr0 = r->csrr0;
    p->csrr1 = r->csrr1;
    p->mcsrr0 = r->mcsrr0;
    p->mcsrr1 = r->mcsrr1;
    p->decar = r->decar;
    p->tcr = r->tcr;
    p->tsr = r->tsr;
    p->esr = r->esr;
    p->dear = r->dear;
    p->gin = r->gin;
    p->gout = r->gout;
    p->goe = r->goe;
    p->iccr = r->iccr;
    p->requests = r->requests;
    p->asleep = r->asleep;
    p->dec_value = 0;
    p->dec_zero = r->dec ? p->cycles + r->dec : 0;
    p->time_base_offset = r->time_base - p->cycles;
}

uint8_t *nux_processor_sram(nux_processor *p) { return p->sram; }
nux_vstate *nux_processor_vectors(nux_processor *p) { return p->vectors; }
void nux_processor_set_code_end(nux_processor *p, uint32_t address) {
    nux_set_code_end(p, address);
}

const nux_stop *nux_processor_stop(const nux_processor *p) { return &p->stop; }
uint64_t nux_processor_cycles(nux_processor *p) { return p->cycles; }
uint64_t nux_processor_instructions(nux_processor *p) { return p->instructions; }

void nux_processor_set_stack_limit(nux_processor *p, uint32_t address) {
    p->stack_limit = address;
    nux_forget_plans(p);
}

void nux_processor_set_engine_branches_only(nux_processor *p, int on) {
    p->engine_branches_only = on;
    nux_translation_drop(p);
}

void nux_processor_set_plain_vector_timing(nux_processor *p, int on) {
    nux_vector_states_forget(p);
    p->vector_states.off = on;
}

void nux_processor_forget_plans(nux_processor *p) { nux_forget_plans(p); }

void nux_processor_set_parallel_bus(nux_processor *p, nux_parallel_bus bus, void *user) {
    p->parallel_bus = bus;
    p->parallel_bus_user = user;
}

void nux_processor_set_vector_step(nux_processor *p, nux_vector_step_fn step, void *user) {
    p->vector_step = step;
    p->vector_step_user = user;
}
