/* SPDX-License-Identifier: BSD-3-Clause */
/* The engine's view of the code.
 *
 * A page is decoded when the engine first fetches from it. Words are copied to the fetch view,
 * except that each native instruction becomes a branch to the end of its run. Native are:
 * what the table says, what the processor does not have, invalid forms, and loads and stores
 * whose address does not follow from the registers at the start of the stretch of code by
 * additions and shifts. After a native instruction every register is known again, since the
 * next block starts there.
 */
#include "fields.h"
#include "profile.h"
#include "scalar_table.h"
#include "values.h"
#include <stdlib.h>
#include <string.h>

/* Marks the words of a page that a direct branch of the page goes to. */
static void find_labels(const nux_decoded *words, bool labels[PAGE_WORDS]) {
    memset(labels, 0, PAGE_WORDS * sizeof *labels);
    for (uint32_t i = 0; i < PAGE_WORDS; i++) {
        uint32_t w = words[i].word;
        int32_t displacement = words[i].id == NUX_S_B ? (int32_t)(w << 6) >> 6 : (int16_t)w;
        bool direct = words[i].kind == NUX_KIND_BRANCH && !(w & 2) &&
                      (words[i].id == NUX_S_B || words[i].id == NUX_S_BC);
        int64_t target = (int64_t)i + (displacement >> 2);
        if (direct && target >= 0 && target < PAGE_WORDS)
            labels[target] = true;
    }
}

/* True if all checks of the plain code from word i on follow from these register values. */
static bool checkable_from(const nux_processor *p, const nux_decoded *words, uint32_t i,
                           const nux_value at_label[32]) {
    nux_value registers[32];
    memcpy(registers, at_label, sizeof registers);
    for (; i < PAGE_WORDS && !words[i].native && words[i].kind != NUX_KIND_BRANCH; i++) {
        nux_check c = nux_check_of(p, &words[i], registers);
        if (c.needed && !nux_can_check(&c))
            return false;
        nux_values_follow(&words[i], registers);
    }
    return true;
}

/* A store to an address below r1 that leaves r1 as it is. */
static bool is_below_r1(const nux_decoded *d) {
    return d->kind == NUX_KIND_STORE && RA(d->word) == 1 && d->word >> 26 != 31 &&
           !nux_scalar_rows[d->id].update && (int32_t)SI(d->word) < 0;
}

/* Decides which plain loads and stores must be native. */
static void choose_native(const nux_processor *p, nux_decoded *words) {
    bool labels[PAGE_WORDS];
    nux_value registers[32];
    find_labels(words, labels);
    nux_values_reset(registers);
    for (uint32_t i = 0; i < PAGE_WORDS; i++) {
        nux_decoded *d = &words[i];
        if (labels[i] && !checkable_from(p, words, i, registers)) {
            /* Code falls into a loop whose checks do not follow from the block that comes from
             * above: end that block before the loop. */
            if (i && !words[i - 1].native && words[i - 1].kind != NUX_KIND_BRANCH)
                words[i - 1].native = true;
            nux_values_reset(registers);
        }
        nux_check c = nux_check_of(p, d, registers);
        if (!d->native && c.needed && !nux_can_check(&c))
            d->native = true;
        if (is_below_r1(d))
            d->native = true;
        if (p->engine_branches_only && d->kind != NUX_KIND_BRANCH)
            d->native = true;
        if (d->native || d->kind == NUX_KIND_BRANCH)
            nux_values_reset(registers);
        else
            nux_values_follow(d, registers);
    }
}

/* Word that the engine fetches for a plain one: without the bits that the chip ignores. */
static uint32_t plain_word(const nux_decoded *d) {
    return d->word & ~nux_scalar_rows[d->id].reserved;
}

static void write_fetch_view(nux_region *region, uint32_t page) {
    const nux_decoded *words = region->pages[page];
    uint8_t *fetch = region->fetch + page * PAGE_BYTES;
    uint32_t end = PAGE_WORDS;
    for (uint32_t i = PAGE_WORDS; i-- > 0;) {
        if (words[i].native)
            nux_put32(fetch + 4 * i, 0x48000000 | (end - i) * 4);
        else {
            nux_put32(fetch + 4 * i, plain_word(&words[i]));
            end = i;
        }
    }
}

nux_region *nux_region_of(nux_processor *p, uint32_t pc) {
    for (int i = 0; i < 3; i++)
        if (pc - p->regions[i].base < p->regions[i].size)
            return &p->regions[i];
    return NULL;
}

/* Plans follow from the translation: after a change of it, none is valid. */
void nux_forget_plans(nux_processor *p) {
    nux_fold_float_calls(p);
    p->has_float_calls = false;
    if (p->profile)
        nux_profile_fold(p);
    nux_start_from(p, p->previous->exit[0]);
    p->num_visits = 1;
    for (uint32_t i = 0; i < NUM_PLANS; i++)
        while (p->plans[i] != &p->no_plan) {
            nux_plan *plan = p->plans[i];
            p->plans[i] = plan->next;
            free(plan);
        }
}

/* Decodes a page and fills its fetch view; 0, or -1 without memory. Words stay native or
 * executed if they were and have not changed. */
int nux_translate_page(nux_processor *p, nux_region *region, uint32_t page) {
    const uint8_t *source = region->source + page * PAGE_BYTES;
    nux_decoded *old = region->pages[page];
    nux_decoded *words = malloc(PAGE_WORDS * sizeof *words);
    if (!words)
        return -1;
    for (uint32_t i = 0; i < PAGE_WORDS; i++)
        nux_decode(&words[i], nux_get32(source + 4 * i));
    choose_native(p, words);
    for (uint32_t i = 0; old && i < PAGE_WORDS; i++)
        if (old[i].word == words[i].word) {
            words[i].native |= old[i].native;
            words[i].executed = old[i].executed;
        }
    if (old)
        nux_forget_plans(p);
    free(old);
    region->pages[page] = words;
    write_fetch_view(region, page);
    return 0;
}

const nux_decoded *nux_decoded_at(nux_processor *p, uint32_t pc) {
    nux_region *region = nux_region_of(p, pc);
    if (!region)
        return NULL;
    uint32_t offset = pc - region->base;
    const nux_decoded *words = region->pages[offset / PAGE_BYTES];
    return words ? &words[offset % PAGE_BYTES / 4] : NULL;
}

/* Takes one more instruction over from the engine. */
void nux_make_native(nux_processor *p, uint32_t pc) {
    nux_region *region = nux_region_of(p, pc);
    uint32_t offset = pc - region->base;
    region->pages[offset / PAGE_BYTES][offset % PAGE_BYTES / 4].native = true;
    write_fetch_view(region, offset / PAGE_BYTES);
    nux_forget_plans(p);
    p->flush = p->leave = true;
}

/* Bytes in fetch addresses changed: translate the pages again if code there has run. */
void nux_code_written(nux_processor *p, uint32_t address, uint32_t n) {
    nux_region *region = nux_region_of(p, address);
    if (!region || !n)
        return;
    uint32_t first = (address - region->base) / 4;
    uint32_t last = (address - region->base + n - 1) / 4;
    for (uint32_t i = first; i <= last && i < region->size / 4; i++) {
        uint32_t page = i / PAGE_WORDS;
        if (!region->pages[page]) {
            i = (page + 1) * PAGE_WORDS - 1;
            continue;
        }
        const nux_decoded *d = &region->pages[page][i % PAGE_WORDS];
        if (d->executed && d->word != nux_get32(region->source + 4 * i)) {
            p->stale = p->leave = true;
            return;
        }
    }
}

/* Forgets all translations, for a new program. */
void nux_translation_drop(nux_processor *p) {
    if (p->profile)
        nux_profile_fold(p);
    for (int r = 0; r < 3; r++) {
        nux_region *region = &p->regions[r];
        for (uint32_t page = 0; page < region->size / PAGE_BYTES; page++) {
            if (!region->pages[page])
                continue;
            free(region->pages[page]);
            region->pages[page] = NULL;
        }
    }
    nux_forget_plans(p);
    p->code_end = 0;
    p->flush = true;
    p->stale = false;
}
