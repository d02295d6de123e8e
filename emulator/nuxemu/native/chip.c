/* SPDX-License-Identifier: BSD-3-Clause */
/* Life of the chip, and time.
 *
 * Time goes in steps on a fixed grid: long ones while one processor is at work or none. With two
 * they are those of NUX_QUANTUM_CYCLES, or shorter ones than the shortest delay between neurons of
 * one hemisphere and synapses of the other. In such a step first both run, each with the analog
 * part of its own hemisphere, up to the end of the step or to the first access to what they share
 * (access_order.c); they may do so on two threads. Then the one that is behind runs, the top one
 * first, to the end of the step or to an access to a unit for which the other one must come first.
 * Steps have the second part only if something shared was accessed in the one before, or if they
 * would be shorter than LEAST_APART_CYCLES. A step of both that the host's run does not reach the
 * end of is left for the next run, so that it makes no difference where the host stops in between.
 * The analog part follows, and goes ahead where a processor looks at it. */
#include "chip.h"
#include "memory_map.h"
#include "network.h"
#include "processor.h"
#include "state.h"
#include "team.h"
#include "written.h"
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
    chip->ext_flags = nux_reserve(NUX_WRITTEN_SIZE(NUX_EXTMEM_SIZE));
    chip->dram_flags = nux_reserve(NUX_WRITTEN_SIZE(NUX_DRAM_SIZE));
    if (!chip->ext || !chip->dram || !chip->ext_flags || !chip->dram_flags) {
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
    if (chip->ext_flags)
        munmap(chip->ext_flags, NUX_WRITTEN_SIZE(NUX_EXTMEM_SIZE));
    if (chip->dram_flags)
        munmap(chip->dram_flags, NUX_WRITTEN_SIZE(NUX_DRAM_SIZE));
    free(chip);
}

void nux_chip_set_network(nux_chip *chip, nux_network *network) { chip->network = network; }

void nux_chip_advance_own(nux_chip *chip, unsigned hemisphere, double now_s) {
    if (chip->network)
        nux_network_run_alone(chip->network, hemisphere, now_s);
    else if (chip->array[hemisphere])
        nux_array_advance(chip->array[hemisphere], now_s);
}

void nux_chip_advance(nux_chip *chip, double now_s) {
    if (chip->network)
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

enum {
    /* With one processor, or none: how often the host's limits and the analog part get a turn. */
    LONG_STEP_CYCLES = 50 * NUX_QUANTUM_CYCLES,
    /* Steps of both processors that are not worth a part in which both run. */
    LEAST_APART_CYCLES = 50,
};

static uint64_t end_of_step(uint64_t cycle, uint64_t step) { return (cycle / step + 1) * step; }

static uint64_t earlier(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* Cycles of a step in which nothing of one hemisphere reaches the other one; 0: too few. */
static uint64_t cycles_apart(const nux_chip *chip) {
    double shortest_s = chip->network ? chip->network->routing.shortest_s : INFINITY;
    double cycles = shortest_s * NUX_PPU_CLOCK_HZ - 1; /* one less: rounding */
    return cycles >= NUX_QUANTUM_CYCLES   ? NUX_QUANTUM_CYCLES
           : cycles >= LEAST_APART_CYCLES ? (uint64_t)cycles
                                          : 0;
}

static uint64_t cycles_of_step(const nux_chip *chip) {
    uint64_t apart = cycles_apart(chip);
    return apart ? apart : NUX_QUANTUM_CYCLES;
}

/* End of the step of both that is under way. */
static uint64_t end_of_both(const nux_chip *chip) {
    uint64_t begin = earlier(nux_chip_cycle(chip->ppu[0]), nux_chip_cycle(chip->ppu[1]));
    return end_of_step(begin, cycles_of_step(chip));
}

/* The processor whose turn it is, and the cycle up to which; NULL: none has to run before. */
static nux_processor *next_to_run(const nux_chip *chip, uint64_t until, uint64_t *end) {
    nux_processor *top = chip->ppu[0], *bottom = chip->ppu[1];
    if (both_at_work(chip)) {
        *end = end_of_both(chip);
        if (*end > until)
            return NULL;
        return nux_chip_cycle(top) <= nux_chip_cycle(bottom) ? top : bottom;
    }
    nux_processor *p = at_work(top) ? top : at_work(bottom) ? bottom : NULL;
    uint64_t begin = p ? nux_chip_cycle(p) : chip->now;
    *end = earlier(until, end_of_step(begin, LONG_STEP_CYCLES));
    return p && begin < *end ? p : NULL;
}

static int end_of_slice(const nux_processor *p) {
    if (p->stop.reason >= NUX_TRAP_UNDEFINED)
        return NUX_CHIP_STOPPED;
    return p->stop.reason == NUX_WALL_LIMIT    ? NUX_CHIP_WALL_LIMIT
           : p->stop.reason == NUX_INTERRUPTED ? NUX_CHIP_INTERRUPTED
                                               : NUX_CHIP_REACHED;
}

/* Several steps of both processors. */
typedef struct {
    nux_chip *chip;
    uint64_t first_end, step;
    bool tells; /* who is at work, for the trace */
} steps;

/* The first part of a step; true: it was not the whole step, or the last one. */
static bool run_apart(void *steps_, unsigned hemisphere, unsigned k) {
    const steps *of = steps_;
    nux_chip *chip = of->chip;
    nux_processor *p = chip->ppu[hemisphere];
    uint64_t end = of->first_end + k * of->step;
    if (chip->network)
        nux_network_begin_step(chip->network, hemisphere, k);
    if (nux_chip_cycle(p) < end) {
        if (of->tells)
            chip->active = p;
        p->confined = true;
        nux_run_slice(p, end - p->origin);
        p->confined = false;
        if (of->tells)
            chip->active = NULL;
    }
    uint64_t reached = earlier(end, nux_chip_cycle(p));
    nux_chip_advance_own(chip, hemisphere, (double)reached / NUX_PPU_CLOCK_HZ);
    return reached < end || !at_work(p) || end_of_slice(p) != NUX_CHIP_REACHED;
}

static void meet(void *steps_, unsigned hemisphere, unsigned k) {
    const steps *of = steps_;
    if (of->chip->network)
        nux_network_meet(of->chip->network, hemisphere, k);
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

/* The processors at work, a bit each. */
static unsigned all_at_work(const nux_chip *chip) {
    unsigned found = 0;
    for (unsigned h = 0; h < NUX_HEMISPHERES; h++)
        found |= (unsigned)at_work(chip->ppu[h]) << h;
    return found;
}

static bool has_trapped(const nux_chip *chip, unsigned hemispheres) {
    for (unsigned h = 0; h < NUX_HEMISPHERES; h++)
        if (hemispheres >> h & 1 && end_of_slice(chip->ppu[h]) == NUX_CHIP_STOPPED)
            return true;
    return false;
}

/* Whether a second thread may run one of the processors: nothing of the host is called by them. */
static bool may_share_work(const nux_chip *chip) {
    for (int h = 0; h < NUX_HEMISPHERES; h++)
        if (chip->ppu[h]->vector_step || chip->ppu[h]->debug)
            return false;
    return !chip->trace;
}

/* The first part of steps of both, up to one that is not whole with it. */
static int run_both_apart(nux_chip *chip, uint64_t until) {
    uint64_t step = cycles_apart(chip), left = (until - chip->step_end) / step + 1;
    bool shared = may_share_work(chip);
    steps of = {chip, chip->step_end, step, !shared};
    unsigned n = left < NUX_TEAM_STEPS ? (unsigned)left : NUX_TEAM_STEPS;
    n = nux_team_run(run_apart, meet, &of, n, shared);
    chip->step_end += (n - 1) * step;
    for (unsigned h = 0; h < NUX_HEMISPHERES; h++)
        chip->met |= nux_chip_cycle(chip->ppu[h]) < chip->step_end;
    int end = end_of_slice(chip->ppu[0]);
    return end == NUX_CHIP_REACHED ? end_of_slice(chip->ppu[1]) : end;
}

/* A part of a step, of one processor or both; false: `until` has been reached, as far as steps go.
 */
static bool run_part(nux_chip *chip, uint64_t until, int *end) {
    uint64_t step_end;
    nux_processor *p = next_to_run(chip, until, &step_end);
    bool both = both_at_work(chip);
    if (p && both && step_end != chip->step_end) {
        chip->step_end = step_end;
        chip->met_before = chip->met;
        chip->met = false;
    }
    if (p && both && !chip->met && !chip->met_before && cycles_apart(chip)) {
        *end = run_both_apart(chip, until);
        return true;
    }
    if (p) {
        chip->active = p;
        p->other = both ? chip->ppu[chip->ppu[0] == p] : NULL;
        nux_run_slice(p, step_end - p->origin);
        p->other = NULL;
        chip->active = NULL;
        *end = end_of_slice(p);
        return true;
    }
    if (both || chip->now >= until)
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
    unsigned others = 0; /* at work, and not awaited */
    chip->running = true;
    do {
        follow(chip, until);
        unsigned work = all_at_work(chip);
        if (awaited && !(work & awaited) && !has_trapped(chip, others))
            end = NUX_CHIP_IDLE;
        others = work & ~awaited;
    } while (end == NUX_CHIP_REACHED && run_part(chip, until, &end));
    chip->running = false;
    if (end != NUX_CHIP_REACHED)
        leave_at_latest(chip);
    else if (until > chip->now)
        chip->now = until;
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
                          end_of_step(chip_cycle, cycles_of_step(chip)) - chip->active->origin);
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
    /* Which step it is makes a difference only then. */
    uint32_t met = chip->met | (uint32_t)chip->met_before << 1;
    uint64_t step_end = met ? chip->step_end : 0;
    nux_write_state(&w, &step_end, sizeof step_end);
    nux_write_state(&w, &met, sizeof met);
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
    uint64_t step_end = 0;
    uint32_t met = 0;
    nux_read_state(&r, &step_end, sizeof step_end);
    nux_read_state(&r, &met, sizeof met);
    if (r.failed || r.left || met > 3 || (control[0] | control[1]) & ~(uint32_t)NUX_CONTROL_BITS)
        return -1;
    chip->step_end = step_end;
    chip->met = met & 1;
    chip->met_before = met >> 1;
    chip->now = now;
    chip->registers = registers;
    memcpy(chip->control, control, sizeof control);
    return 0;
}
