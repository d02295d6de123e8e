/* SPDX-License-Identifier: BSD-3-Clause */
#include "profile.h"
#include "scalar_table.h"
#include <stdlib.h>
#include <string.h>

_Static_assert(NUX_NUM_WAITS == 10, "nux_profile_site.waits");

/* Accesses of the vector unit that may not be done yet, in the order in which they end. */
typedef struct {
    uint64_t end; /* cycle at which it and all before it are done; 0: no access */
    int cause;
} access;
enum { MAX_UNDER_WAY = 8 };

struct nux_profile {
    nux_profile_site **pages[3];           /* of the regions; NULL: nothing ran there */
    nux_profile_site elsewhere;            /* pages without memory */
    uint64_t seen;                         /* cycle up to which all is counted */
    access under_way[MAX_UNDER_WAY], last; /* the last one is of the present instruction */
    uint32_t num_under_way;
};

static uint32_t num_pages(const nux_region *region) { return region->size / PAGE_BYTES; }

static void forget_pages(nux_processor *p) {
    for (int r = 0; r < 3; r++)
        for (uint32_t page = 0; p->profile->pages[r] && page < num_pages(&p->regions[r]); page++) {
            free(p->profile->pages[r][page]);
            p->profile->pages[r][page] = NULL;
        }
}

void nux_profile_free(nux_processor *p) {
    if (!p->profile)
        return;
    forget_pages(p);
    for (int r = 0; r < 3; r++)
        free(p->profile->pages[r]);
    free(p->profile);
    p->profile = NULL;
}

void nux_profile_clear(nux_processor *p) {
    nux_forget_plans(p); /* their visits have counted */
    forget_pages(p);
    p->profile->elsewhere = (nux_profile_site){.pc = NO_ADDRESS};
    p->profile->seen = p->cycles;
    p->profile->num_under_way = 0;
    p->profile->last.end = 0;
}

int nux_processor_set_profile(nux_processor *p, int on) {
    nux_profile_free(p);
    if (!on)
        return 0;
    nux_forget_plans(p); /* their visits have counted before */
    p->profile = calloc(1, sizeof *p->profile);
    bool ok = p->profile;
    for (int r = 0; ok && r < 3; r++) {
        p->profile->pages[r] = calloc(num_pages(&p->regions[r]), sizeof *p->profile->pages[r]);
        ok = p->profile->pages[r];
    }
    if (!ok) {
        nux_profile_free(p);
        return -1;
    }
    nux_profile_clear(p);
    return 0;
}

static nux_profile_site *site_at(nux_processor *p, uint32_t pc) {
    const nux_region *region = nux_region_of(p, pc);
    if (!region)
        return &p->profile->elsewhere;
    uint32_t offset = pc - region->base;
    nux_profile_site **page = &p->profile->pages[region - p->regions][offset / PAGE_BYTES];
    if (!*page) {
        *page = calloc(PAGE_WORDS, sizeof **page);
        if (!*page)
            return &p->profile->elsewhere;
        for (uint32_t i = 0; i < PAGE_WORDS; i++)
            (*page)[i].pc = (pc & ~(PAGE_BYTES - 1)) + 4 * i;
    }
    return &(*page)[offset % PAGE_BYTES / 4];
}

static void add(nux_profile_site *site, uint64_t times, uint64_t cycles, uint64_t wait, int cause) {
    site->executed += times;
    site->cycles += cycles;
    site->waits[cause] += wait;
}

void nux_profile_block(nux_processor *p, const nux_visit *visit, uint32_t instructions,
                       uint64_t times) {
    nux_pipe pipe = *visit->entry;
    uint32_t pc = (uint32_t)visit->plan->key;
    uint32_t latency = p->config.ideal_bus ? p->config.bus_latency : 0;
    const nux_decoded *d = nux_decoded_at(p, pc);
    for (uint32_t i = 0; i < instructions; i++, d++, pc += 4) {
        uint64_t wait = nux_pipe_wait(&pipe, &d->use);
        uint64_t cycles = wait + nux_pipe_go(&pipe, &d->use, latency);
        add(site_at(p, pc), times, times * cycles, times * wait, NUX_WAIT_SCALAR);
    }
}

void nux_profile_fold(nux_processor *p) {
    for (uint32_t i = 1; i < p->num_visits; i++) {
        nux_visit *visit = &p->visits[i];
        if (visit->count)
            nux_profile_block(p, visit, visit->plan->instructions, visit->count);
        if (visit->count)
            nux_report_float_calls(p, visit);
        uint64_t lost = visit->missed * NUX_CYCLES_BRANCH_MISS;
        if (lost)
            add(site_at(p, visit->plan->branch & ~3u), 0, lost, lost, NUX_WAIT_BRANCH);
        visit->count = visit->missed = 0;
    }
}

void nux_profile_counted(nux_processor *p, uint64_t cycles) { p->profile->seen += cycles; }

void nux_profile_gap(nux_processor *p, uint32_t pc, int cause) {
    uint64_t cycles = p->cycles - p->profile->seen;
    p->profile->seen = p->cycles;
    if (cycles)
        add(site_at(p, pc), 0, cycles, cycles, cause);
}

void nux_profile_access(nux_processor *p, const nux_vinsn *v, uint32_t address,
                        const nux_vector_access *access) {
    int cause;
    if (v->kind == NUX_VLAX || v->kind == NUX_VSTAX)
        cause = address < p->config.sram_size ? NUX_WAIT_SRAM : NUX_WAIT_BUS;
    else if (access->hold)
        cause = NUX_WAIT_EXTERNAL;
    else
        cause = access->latency >= NUX_CYCLES_CADC_CONVERT ? NUX_WAIT_CADC : NUX_WAIT_ARRAY;
    p->profile->last.end = nux_vector_empty(p);
    p->profile->last.cause = cause;
}

/* Cycles of waiting for the vector unit, which began at `from`: each belongs to the first access
 * that was not done then. */
static void add_vector_wait(nux_profile *profile, nux_profile_site *site, uint64_t from,
                            uint64_t wait) {
    uint64_t to = from + wait;
    for (uint32_t i = 0; i < profile->num_under_way; i++) {
        const access *a = &profile->under_way[i];
        uint64_t end = a->end < to ? a->end : to;
        if (end > from) {
            site->waits[a->cause] += end - from;
            from = end;
        }
    }
    site->waits[NUX_WAIT_VECTOR] += to - from;
}

/* Forgets what is done, and takes up the access that has just begun. */
static void follow_accesses(nux_profile *profile, uint64_t now) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < profile->num_under_way; i++)
        if (profile->under_way[i].end > now)
            profile->under_way[n++] = profile->under_way[i];
    if (profile->last.end > now) {
        n -= n == MAX_UNDER_WAY;
        profile->under_way[n++] = profile->last;
    }
    profile->num_under_way = n;
    profile->last.end = 0;
}

void nux_profile_instruction(nux_processor *p, const nux_decoded *d, uint32_t pc) {
    nux_profile *profile = p->profile;
    nux_profile_site *site = site_at(p, pc);
    uint64_t cycles = p->cycles - profile->seen, own = d->use.cycles ? d->use.cycles : 1;
    uint64_t wait = cycles > own ? cycles - own : 0;
    site->executed++;
    site->cycles += cycles;
    if (d->kind == NUX_KIND_NATIVE && d->id == NUX_S_WAIT)
        site->waits[NUX_WAIT_SLEEP] += wait;
    else if (d->kind == NUX_KIND_VECTOR || d->use.drains)
        add_vector_wait(profile, site, profile->seen, wait);
    else if (nux_is_memory(d) && p->access_latency)
        site->waits[NUX_WAIT_BUS] += wait;
    else
        site->waits[NUX_WAIT_SCALAR] += wait;
    profile->seen = p->cycles;
    follow_accesses(profile, p->cycles);
}

size_t nux_processor_profile(nux_processor *p, nux_profile_site *out, size_t capacity) {
    size_t n = 0;
    if (!p->profile)
        return 0;
    nux_profile_fold(p);
    for (int r = 0; r < 3; r++)
        for (uint32_t page = 0; page < num_pages(&p->regions[r]); page++) {
            const nux_profile_site *sites = p->profile->pages[r][page];
            for (uint32_t i = 0; sites && i < PAGE_WORDS; i++)
                if (sites[i].executed || sites[i].cycles) {
                    if (n < capacity)
                        out[n] = sites[i];
                    n++;
                }
        }
    if (p->profile->elsewhere.executed || p->profile->elsewhere.cycles) {
        if (n < capacity)
            out[n] = p->profile->elsewhere;
        n++;
    }
    return n;
}
