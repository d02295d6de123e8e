/* SPDX-License-Identifier: BSD-3-Clause */
/* Saved state of a processor: its registers, timers, vector unit, SRAM and reports. */
#include "processor.h"
#include "state.h"
#include <stdlib.h>

/* What is neither in the registers nor in memory. No padding: equal states give equal bytes. */
typedef struct {
    nux_registers registers;
    uint64_t origin, cycles, instructions, dec_zero, timers_seen, raw, negated, weights,
        vectors_written;
    uint32_t dec_value, stack_limit, stack_lowest, stack_lowest_pc, held, num_unsynced;
    uint64_t masks_met[NUX_MASK_WORDS];
    nux_stretch unsynced[MAX_UNSYNCED];
    nux_stop stop;
    uint32_t reading_at[NUX_RAW_REGISTERS];
    uint32_t num_sites, none;
    uint64_t num_unlisted;
} fixed_part;
_Static_assert(sizeof(fixed_part) == sizeof(nux_registers) +
                                         (10 + NUX_MASK_WORDS) * sizeof(uint64_t) +
                                         (8 + NUX_RAW_REGISTERS) * sizeof(uint32_t) +
                                         MAX_UNSYNCED * sizeof(nux_stretch) + sizeof(nux_stop),
               "no padding");

static fixed_part fixed_part_of(nux_processor *p) {
    nux_fold_float_calls(p);
    fixed_part f = {
        .origin = p->origin,
        .cycles = p->cycles,
        .instructions = p->instructions,
        .stack_limit = p->stack_limit,
        .stack_lowest = p->deepest.lowest,
        .stack_lowest_pc = p->deepest.pc,
        .held = p->held,
        .num_unsynced = p->num_unsynced,
        .vectors_written = p->vectors_written,
        .raw = p->raw,
        .negated = p->negated,
        .weights = p->weights,
        .stop = p->stop,
        .num_sites = (uint32_t)p->num_sites,
        .num_unlisted = p->num_unlisted,
    };
    nux_processor_get_registers(p, &f.registers); /* brings the timers up to date */
    f.dec_zero = p->dec_zero;
    f.timers_seen = p->timers_seen;
    f.dec_value = p->dec_value;
    memcpy(f.masks_met, p->masks_met, sizeof f.masks_met);
    memcpy(f.reading_at, p->reading_at, sizeof f.reading_at);
    memcpy(f.unsynced, p->unsynced, p->num_unsynced * sizeof *p->unsynced);
    return f;
}

size_t nux_processor_save(nux_processor *p, uint8_t *out, size_t capacity) {
    nux_writer w = {.out = out, .capacity = capacity};
    fixed_part f = fixed_part_of(p);
    nux_write_state(&w, &f, sizeof f);
    nux_timing_write(p, &w);
    nux_write_state(&w, p->sites, p->num_sites * sizeof *p->sites);
    nux_write_state(&w, p->vectors->vr, sizeof p->vectors->vr);
    nux_write_state(&w, p->vectors->acc, sizeof p->vectors->acc);
    nux_write_state(&w, p->vectors->vcr, sizeof p->vectors->vcr);
    nux_write_state(&w, p->sram, p->config.sram_size);
    nux_write_state(&w, p->written, p->config.sram_size / 4);
    nux_write_state(&w, p->marks, sizeof p->marks);
    return w.used;
}

static bool is_consistent(const fixed_part *f, const nux_vstate *vectors) {
    for (size_t lane = 0; lane < sizeof vectors->vcr; lane++)
        if (vectors->vcr[lane] > 3)
            return false;
    return f->num_unsynced <= MAX_UNSYNCED && f->num_sites <= NUX_MAX_SITES && f->held <= 1 &&
           f->vectors_written >> NUX_CONDITIONS <= 1 && f->raw >> NUX_RAW_REGISTERS == 0 &&
           f->negated >> NUX_RAW_REGISTERS == 0 && f->weights >> NUX_RAW_REGISTERS == 0 &&
           !f->none && f->registers.requests < 4 && f->registers.asleep <= 1 &&
           f->registers.pc % 4 == 0 && f->stop.reason >= NUX_RUNNING &&
           f->stop.reason <= NUX_TRAP_ENGINE;
}

static void apply(nux_processor *p, const fixed_part *f) {
    nux_processor_reset(p);
    p->origin = f->origin;
    p->cycles = f->cycles;
    p->instructions = f->instructions;
    nux_processor_set_registers(p, &f->registers);
    p->dec_zero = f->dec_zero;
    p->timers_seen = f->timers_seen;
    p->dec_value = f->dec_value;
    p->stack_limit = f->stack_limit;
    p->deepest.lowest = f->stack_lowest;
    p->deepest.pc = f->stack_lowest_pc;
    p->held = f->held;
    p->num_unsynced = f->num_unsynced;
    p->vectors_written = f->vectors_written;
    p->raw = f->raw;
    p->negated = f->negated;
    p->weights = f->weights;
    memcpy(p->masks_met, f->masks_met, sizeof p->masks_met);
    memcpy(p->reading_at, f->reading_at, sizeof p->reading_at);
    memcpy(p->unsynced, f->unsynced, sizeof p->unsynced);
    p->stop = f->stop;
}

int nux_processor_load(nux_processor *p, const uint8_t *data, size_t n) {
    nux_reader r = {.data = data, .left = n};
    fixed_part f = {.num_sites = 0};
    nux_read_state(&r, &f, sizeof f);
    size_t num_sites = r.failed || f.num_sites > NUX_MAX_SITES ? 0 : f.num_sites;
    nux_site *sites = calloc(num_sites + 1, sizeof *sites);
    nux_vstate *vectors = calloc(1, sizeof *vectors);
    uint8_t *sram = malloc(p->config.sram_size), *written = malloc(p->config.sram_size / 4);
    uint8_t marks[NUX_NUM_MARKS];
    bool ok = sites && vectors && sram && written;
    nux_timing_state timing;
    if (ok) {
        ok = nux_timing_read(&r, &timing, f.cycles);
        nux_read_state(&r, sites, num_sites * sizeof *sites);
        nux_read_state(&r, vectors->vr, sizeof vectors->vr);
        nux_read_state(&r, vectors->acc, sizeof vectors->acc);
        nux_read_state(&r, vectors->vcr, sizeof vectors->vcr);
        nux_read_state(&r, sram, p->config.sram_size);
        nux_read_state(&r, written, p->config.sram_size / 4);
        nux_read_state(&r, marks, sizeof marks);
        ok &= !r.failed && !r.left && is_consistent(&f, vectors);
    }
    if (ok) {
        apply(p, &f);
        p->timing = timing;
        memcpy(p->vectors, vectors, sizeof *vectors);
        nux_processor_write(p, NUX_SRAM_BASE, sram, p->config.sram_size);
        if (p->checks)
            memcpy(p->written, written, p->config.sram_size / 4);
        memcpy(p->marks, marks, sizeof marks);
        nux_restore_sites(p, sites, num_sites, f.num_unlisted);
    }
    free(sites);
    free(vectors);
    free(sram);
    free(written);
    return ok ? 0 : -1;
}
