/* SPDX-License-Identifier: BSD-3-Clause */
/* Life of the chip, and time.
 *
 * Time goes in steps on a fixed grid: long ones while one processor is at work or none, with two
 * those of NUX_QUANTUM_CYCLES. The one that is behind runs, the top one first, to the end of the
 * step or to an access to a unit for which the other one must come first (run.c). A step of both
 * that the host's run does not reach the end of is left for the next run, so that it makes no
 * difference where the host stops in between. The analog part follows, and goes ahead where a
 * processor looks at it. */
#include "chip.h"
#include "memory_map.h"
#include "processor.h"
#include "state.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

nux_chip *nux_chip_new(void) {
    nux_chip *chip = calloc(1, sizeof *chip);
    if (!chip)
        return NULL;
    chip->users = 1;
    nux_registers_reset(&chip->registers);
    chip->ext = nux_reserve(NUX_EXTMEM_SIZE);
    chip->dram = nux_reserve(NUX_DRAM_SIZE);
    if (!chip->ext || !chip->dram) {
        nux_chip_free(chip);
        return NULL;
    }
    return chip;
}

/* Gone when the last user has let go of it: they come to their ends in any order. */
void nux_chip_free(nux_chip *chip) {
    if (!chip || --chip->users)
        return;
    if (chip->ext)
        munmap(chip->ext, NUX_EXTMEM_SIZE);
    if (chip->dram)
        munmap(chip->dram, NUX_DRAM_SIZE);
    free(chip);
}

void nux_chip_set_network(nux_chip *chip, nux_network *network) { chip->network = network; }

void nux_chip_advance(nux_chip *chip, double now_s) {
    if (chip->network && chip->running)
        nux_network_run(chip->network, now_s);
    else if (chip->network)
        nux_network_advance(chip->network, now_s);
    for (int h = 0; h < NUX_HEMISPHERES; h++)
        if (chip->array[h])
            nux_array_advance(chip->array[h], now_s);
}

static double wall_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void nux_begin_host_limits(nux_chip *chip, double max_wall_s) {
    chip->wall_deadline = max_wall_s > 0 ? wall_s() + max_wall_s : 0;
    chip->interrupt_request = 0;
}

int nux_host_ends_run(const nux_chip *chip) {
    if (chip->interrupt_request)
        return NUX_INTERRUPTED;
    return chip->wall_deadline > 0 && wall_s() >= chip->wall_deadline ? NUX_WALL_LIMIT : 0;
}

void nux_chip_interrupt(nux_chip *chip) { chip->interrupt_request = 1; }

uint64_t nux_chip_now(const nux_chip *chip) {
    return chip->active ? nux_chip_cycle(chip->active) : chip->now;
}

/* At work: not in reset, and neither asleep for good nor stopped by a trap. */
static bool at_work(const nux_processor *p) {
    if (!p || p->held)
        return false;
    if (p->stop.reason == NUX_FINISHED)
        return nux_next_wake(p) != UINT64_MAX;
    return p->stop.reason < NUX_TRAP_UNDEFINED;
}

static bool both_at_work(const nux_chip *chip) {
    return at_work(chip->ppu[0]) && at_work(chip->ppu[1]);
}

/* With one processor, or none: how often the host's limits and the analog part get a turn. */
enum { LONG_STEP_CYCLES = 50 * NUX_QUANTUM_CYCLES };

static uint64_t end_of_step(uint64_t cycle, uint64_t step) { return (cycle / step + 1) * step; }

static uint64_t earlier(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* The processor whose turn it is, and the cycle up to which; NULL: none has to run before. */
static nux_processor *next_to_run(const nux_chip *chip, uint64_t until, uint64_t *end) {
    nux_processor *top = chip->ppu[0], *bottom = chip->ppu[1];
    if (both_at_work(chip)) {
        nux_processor *behind = nux_chip_cycle(top) <= nux_chip_cycle(bottom) ? top : bottom;
        *end = end_of_step(nux_chip_cycle(behind), NUX_QUANTUM_CYCLES);
        return *end > until ? NULL : behind;
    }
    nux_processor *p = at_work(top) ? top : at_work(bottom) ? bottom : NULL;
    uint64_t begin = p ? nux_chip_cycle(p) : chip->now;
    *end = earlier(until, end_of_step(begin, LONG_STEP_CYCLES));
    return p && begin < *end ? p : NULL;
}

/* Brings the analog part up to where no processor will change it any more, at most to `limit`. */
static void follow(nux_chip *chip, uint64_t limit) {
    bool works = false;
    for (int h = 0; h < NUX_HEMISPHERES; h++)
        if (at_work(chip->ppu[h])) {
            limit = earlier(limit, nux_chip_cycle(chip->ppu[h]));
            works = true;
        }
    nux_chip_advance(chip, (double)(works ? limit : earlier(limit, chip->now)) / NUX_PPU_CLOCK_HZ);
}

/* Where all stand after a run that ended early. */
static void leave_at_latest(nux_chip *chip) {
    for (int h = 0; h < NUX_HEMISPHERES; h++)
        if (chip->ppu[h] && !chip->ppu[h]->held && nux_chip_cycle(chip->ppu[h]) > chip->now)
            chip->now = nux_chip_cycle(chip->ppu[h]);
}

static int end_of_slice(const nux_processor *p) {
    if (p->stop.reason >= NUX_TRAP_UNDEFINED)
        return NUX_CHIP_STOPPED;
    return p->stop.reason == NUX_WALL_LIMIT    ? NUX_CHIP_WALL_LIMIT
           : p->stop.reason == NUX_INTERRUPTED ? NUX_CHIP_INTERRUPTED
                                               : NUX_CHIP_REACHED;
}

static bool is_awaited_at_work(const nux_chip *chip, unsigned awaited) {
    for (unsigned h = 0; h < NUX_HEMISPHERES; h++)
        if (awaited >> h & 1 && at_work(chip->ppu[h]))
            return true;
    return false;
}

/* One step, or a processor's part of it; false: `until` has been reached, as far as steps go. */
static bool run_step(nux_chip *chip, uint64_t until, int *end) {
    uint64_t step_end;
    nux_processor *p = next_to_run(chip, until, &step_end);
    if (p) {
        chip->active = p;
        p->other = both_at_work(chip) ? chip->ppu[chip->ppu[0] == p] : NULL;
        nux_run_slice(p, step_end - p->origin);
        p->other = NULL;
        chip->active = NULL;
        *end = end_of_slice(p);
        return true;
    }
    if (both_at_work(chip) || chip->now >= until)
        return false;
    int reason = nux_host_ends_run(chip);
    if (reason) {
        *end = reason == NUX_INTERRUPTED ? NUX_CHIP_INTERRUPTED : NUX_CHIP_WALL_LIMIT;
        return true;
    }
    chip->now = step_end;
    return true;
}

int nux_chip_run(nux_chip *chip, uint64_t until, unsigned awaited, double max_wall_s) {
    nux_begin_host_limits(chip, max_wall_s);
    int end = NUX_CHIP_REACHED;
    chip->running = true;
    do {
        follow(chip, until);
        if (awaited && !is_awaited_at_work(chip, awaited))
            end = NUX_CHIP_IDLE;
    } while (end == NUX_CHIP_REACHED && run_step(chip, until, &end));
    if (end != NUX_CHIP_REACHED)
        leave_at_latest(chip);
    else if (until > chip->now)
        chip->now = until;
    chip->running = false;
    follow(chip, chip->now);
    return end;
}

int nux_chip_at_work(const nux_chip *chip, unsigned hemisphere) {
    return at_work(chip->ppu[hemisphere]);
}

void nux_chip_start(nux_chip *chip, unsigned hemisphere) {
    nux_processor *p = chip->ppu[hemisphere];
    uint64_t chip_cycle = nux_chip_now(chip);
    nux_processor_reset(p);
    p->held = false;
    chip->control[hemisphere] |= NUX_INHIBIT_RESET;
    if (chip->active && chip->active != p && chip->running)
        chip->active->other = p;
    if (chip->active && chip->active != p)
        nux_shorten_slice(chip->active,
                          end_of_step(chip_cycle, NUX_QUANTUM_CYCLES) - chip->active->origin);
}

void nux_chip_hold(nux_chip *chip, unsigned hemisphere) {
    nux_processor *p = chip->ppu[hemisphere];
    p->held = true;
    chip->control[hemisphere] &= ~(uint32_t)NUX_INHIBIT_RESET;
    if (chip->active == p) { /* it wrote its own control register */
        nux_stop_at(p, NUX_HELD, p->resume_pc, 0);
        p->leave = true;
    }
}

void nux_chip_set_control(nux_chip *chip, unsigned hemisphere, uint32_t value) {
    bool run = value & NUX_INHIBIT_RESET;
    bool held = !(chip->control[hemisphere] & NUX_INHIBIT_RESET);
    chip->control[hemisphere] = value & NUX_CONTROL_BITS;
    if (run && held)
        nux_chip_start(chip, hemisphere);
    else if (!run && !held)
        nux_chip_hold(chip, hemisphere);
}

uint32_t nux_chip_status(const nux_chip *chip, unsigned hemisphere) {
    const nux_processor *p = chip->ppu[hemisphere];
    return p && !p->held && p->asleep;
}

size_t nux_chip_save(nux_chip *chip, uint8_t *out, size_t capacity) {
    nux_writer w = {.out = out, .capacity = capacity};
    nux_write_state(&w, &chip->now, sizeof chip->now);
    nux_write_state(&w, chip->control, sizeof chip->control);
    nux_write_state(&w, &chip->registers, sizeof chip->registers);
    return w.used;
}

int nux_chip_load(nux_chip *chip, const uint8_t *data, size_t n) {
    nux_reader r = {.data = data, .left = n};
    uint64_t now = 0;
    uint32_t control[NUX_HEMISPHERES] = {0};
    nux_chip_registers registers;
    nux_read_state(&r, &now, sizeof now);
    nux_read_state(&r, control, sizeof control);
    nux_read_state(&r, &registers, sizeof registers);
    if (r.failed || r.left || (control[0] | control[1]) & ~(uint32_t)NUX_CONTROL_BITS)
        return -1;
    chip->now = now;
    chip->registers = registers;
    memcpy(chip->control, control, sizeof control);
    return 0;
}
