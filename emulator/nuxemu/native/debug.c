/* SPDX-License-Identifier: BSD-3-Clause */
#include "debug.h"
#include "array.h"
#include "fields.h"
#include "scalar_table.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_BREAKPOINTS = 4096, MAX_WATCHES = 64 };

struct nux_debug {
    uint32_t breakpoints[MAX_BREAKPOINTS]; /* ascending */
    size_t num_breakpoints;
    nux_watch watches[MAX_WATCHES];
    size_t num_watches;
    uint8_t weights[NUX_NUM_ROWS * NUX_NUM_COLUMNS]; /* as they were when last looked at */
    bool step;
    uint64_t from; /* instructions when the processor was resumed, and where */
    uint32_t from_pc;
    nux_debug_stop met, stop; /* a watch that was met; why the run stopped */
};

static void look_at_weights(nux_processor *p) {
    for (uint32_t row = 0; row < NUX_NUM_ROWS; row++)
        memcpy(p->debug->weights + row * NUX_NUM_COLUMNS, p->array->weights[row], NUX_NUM_COLUMNS);
}

void nux_debug_free(nux_processor *p) {
    if (p->debug)
        p->chip->debuggers--;
    free(p->debug);
    p->debug = NULL;
}

int nux_processor_set_debug(nux_processor *p, int on) {
    nux_debug_free(p);
    if (on) {
        p->debug = calloc(1, sizeof *p->debug);
        if (!p->debug)
            return -1;
        p->chip->debuggers++;
        nux_processor_resume(p, 0);
    }
    nux_processor_set_engine_branches_only(p, on);
    return 0;
}

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

int nux_processor_set_breakpoints(nux_processor *p, const uint32_t *pcs, size_t n) {
    if (n > MAX_BREAKPOINTS)
        return -1;
    memcpy(p->debug->breakpoints, pcs, n * sizeof *pcs);
    p->debug->num_breakpoints = n;
    qsort(p->debug->breakpoints, n, sizeof *pcs, compare);
    return 0;
}

int nux_processor_set_watches(nux_processor *p, const nux_watch *watches, size_t n) {
    if (n > MAX_WATCHES)
        return -1;
    memcpy(p->debug->watches, watches, n * sizeof *watches);
    p->debug->num_watches = n;
    look_at_weights(p);
    return 0;
}

void nux_processor_resume(nux_processor *p, int step) {
    p->debug->step = step;
    p->debug->from = p->instructions;
    p->debug->from_pc = p->pc;
    p->debug->met.kind = p->debug->stop.kind = NUX_DEBUG_NOTHING;
    look_at_weights(p); /* the host may have changed them */
}

const nux_debug_stop *nux_processor_debug_stop(const nux_processor *p) { return &p->debug->stop; }

static bool has_breakpoint(const nux_debug *debug, uint32_t pc) {
    return bsearch(&pc, debug->breakpoints, debug->num_breakpoints, sizeof pc, compare);
}

/* What an instruction is about to touch. */
typedef struct {
    uint32_t space, first, size, step; /* bytes first, first + step, ... below first + size */
    bool write;
} touch;

static bool touches_scalar(const nux_processor *p, const nux_decoded *d, touch *t) {
    if (!nux_is_memory(d))
        return false;
    int size = nux_scalar_rows[d->id].size; /* below 0: all words from RT on */
    t->first = nux_scalar_address(p, d);
    t->size = size < 0 ? 4 * (32 - RT(d->word)) : (uint32_t)size;
    t->write = d->kind == NUX_KIND_STORE;
    return true;
}

static bool touches_vector(const nux_processor *p, const nux_decoded *d, touch *t) {
    const nux_vinsn *v = &d->vector;
    if (d->kind != NUX_KIND_VECTOR)
        return false;
    t->write = v->kind == NUX_VSTAX || v->kind == NUX_VOUTX;
    uint32_t address = nux_vaddress(v, p->gpr);
    if (v->kind == NUX_VLAX || v->kind == NUX_VSTAX) {
        t->first = address & ~3u;
        t->size = 16 * p->config.slices;
        return true;
    }
    unsigned row, half;
    if ((v->kind != NUX_VINX && v->kind != NUX_VOUTX) || address >= NUX_VECTOR_EXTMEM ||
        !nux_array_weights_at(address, &row, &half))
        return false;
    *t = (touch){NUX_WATCH_WEIGHTS, row * NUX_NUM_COLUMNS + half, NUX_NUM_COLUMNS, 2, t->write};
    return true;
}

/* First byte of a touch that lies in a watch; false: none does. */
static bool meets(const nux_watch *w, const touch *t, uint32_t *address) {
    if (w->space != t->space || !(t->write ? w->writes : w->reads))
        return false;
    for (uint32_t at = 0; at < t->size; at += t->step)
        if (t->first + at - w->first < w->size) {
            *address = t->first + at;
            return true;
        }
    return false;
}

static void meet(nux_debug *debug, size_t watch, uint32_t address) {
    if (debug->met.kind == NUX_DEBUG_NOTHING)
        debug->met = (nux_debug_stop){NUX_DEBUG_WATCH, (uint32_t)watch, address};
}

static void look_ahead(nux_processor *p, uint32_t pc) {
    nux_debug *debug = p->debug;
    const nux_decoded *d = nux_decoded_at(p, pc);
    touch t = {.space = NUX_WATCH_MEMORY, .step = 1};
    uint32_t address;
    if (!d || !(touches_scalar(p, d, &t) || touches_vector(p, d, &t)))
        return;
    for (size_t i = 0; i < debug->num_watches; i++)
        if (meets(&debug->watches[i], &t, &address))
            meet(debug, i, address);
}

bool nux_debug_stops(nux_processor *p, uint32_t pc) {
    nux_debug *debug = p->debug;
    bool is_first = p->instructions == debug->from && pc == debug->from_pc;
    if (debug->num_watches)
        look_ahead(p, pc);
    debug->stop = debug->met;
    /* GDB takes points away to step over them: one that is still there at the first is new. */
    if (debug->met.kind == NUX_DEBUG_NOTHING)
        debug->stop.kind = has_breakpoint(debug, pc)  ? NUX_DEBUG_BREAKPOINT
                           : debug->step && !is_first ? NUX_DEBUG_STEP
                                                      : NUX_DEBUG_NOTHING;
    if (debug->stop.kind == NUX_DEBUG_NOTHING)
        return false;
    nux_stop_at(p, NUX_INTERRUPTED, pc, 0);
    return true;
}

static void find_changes(nux_processor *p) {
    nux_debug *debug = p->debug;
    for (size_t i = 0; i < debug->num_watches; i++) {
        const nux_watch *w = &debug->watches[i];
        if (w->space != NUX_WATCH_WEIGHTS || !w->writes)
            continue;
        for (uint32_t at = w->first; at - w->first < w->size && at < sizeof debug->weights; at++)
            if (p->array->weights[at / NUX_NUM_COLUMNS][at % NUX_NUM_COLUMNS] !=
                debug->weights[at]) {
                meet(debug, i, at);
                break;
            }
    }
    look_at_weights(p);
}

void nux_debug_array_written(nux_chip *chip) {
    for (int h = 0; h < NUX_HEMISPHERES; h++)
        if (chip->ppu[h] && chip->ppu[h]->debug && chip->ppu[h]->debug->num_watches)
            find_changes(chip->ppu[h]);
}
