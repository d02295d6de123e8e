/* SPDX-License-Identifier: BSD-3-Clause */
/* Sites: instructions that did something remarkable, and how often.
 *
 * Found by a hash table of fixed size; what a program does at more than NUX_MAX_SITES places is
 * only counted, so that no program can fill the memory or slow its own run down without bound.
 */
#include "processor.h"
#include <string.h>

static uint32_t slot_of(uint32_t pc, uint32_t kind) {
    return ((pc / 4 * 16 + kind) * 2654435761u >> 16) % NUX_SITE_SLOTS;
}

void nux_report_many(nux_processor *p, uint32_t pc, uint32_t kind, uint64_t count) {
    uint32_t slot = slot_of(pc, kind);
    for (; p->site_at[slot]; slot = (slot + 1) % NUX_SITE_SLOTS) {
        nux_site *site = &p->sites[p->site_at[slot] - 1];
        if (site->pc == pc && site->kind == kind) {
            site->count += count;
            return;
        }
    }
    if (p->num_sites == NUX_MAX_SITES) {
        p->num_unlisted += count;
        return;
    }
    p->sites[p->num_sites++] = (nux_site){pc, kind, count};
    p->site_at[slot] = (uint16_t)p->num_sites;
}

void nux_report(nux_processor *p, uint32_t pc, uint32_t kind) { nux_report_many(p, pc, kind, 1); }

void nux_restore_sites(nux_processor *p, const nux_site *sites, size_t n, uint64_t unlisted) {
    nux_forget_sites(p);
    for (size_t i = 0; i < n; i++)
        nux_report_many(p, sites[i].pc, sites[i].kind, sites[i].count);
    p->num_unlisted = unlisted;
}

void nux_forget_sites(nux_processor *p) {
    memset(p->site_at, 0, sizeof p->site_at);
    p->num_sites = p->num_unlisted = 0;
}

size_t nux_processor_num_sites(nux_processor *p) {
    nux_fold_float_calls(p);
    return p->num_sites;
}
const nux_site *nux_processor_sites(nux_processor *p) { return p->sites; }
uint64_t nux_processor_num_unlisted(nux_processor *p) { return p->num_unlisted; }
