/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls of functions that the host has marked. Those for floating point are not counted one by one:
 * each visit of a block knows how often it began, so that they cost nothing. */
#include "fields.h"
#include "profile.h"
#include "scalar_table.h"

enum { MOST_FRAMES = 16 };

void nux_processor_set_marks(nux_processor *p, const uint8_t *marks) {
    memcpy(p->marks, marks, sizeof p->marks);
    nux_forget_plans(p);
}

uint32_t nux_marks_at(const nux_processor *p, uint32_t pc) {
    return p->checks && pc < p->config.sram_size && pc / 4 < NUX_NUM_MARKS ? p->marks[pc / 4] : 0;
}

/* Where a call goes that the linker has led to a stub, for functions that are too far away:
 * lis r12; addi r12, r12; mtctr r12; bctr. */
static uint32_t behind_stub(nux_processor *p, uint32_t target) {
    const nux_region *region = nux_region_of(p, target);
    if (!region || region->size - (target - region->base) < 16)
        return target;
    const uint8_t *words = region->source + (target - region->base);
    uint32_t high = nux_get32(words), low = nux_get32(words + 4);
    bool is_stub = high >> 16 == 0x3d80 && low >> 16 == 0x398c &&
                   nux_get32(words + 8) == 0x7d8903a6 && nux_get32(words + 12) == 0x4e800420;
    return is_stub ? (high << 16) + SI(low) : target;
}

bool nux_calls_float(nux_processor *p, const nux_decoded *d, uint32_t pc) {
    uint32_t w = d->word, displacement = (uint32_t)((int32_t)(w << 6) >> 6) & ~3u, target;
    if (d->id == NUX_S_B)
        target = behind_stub(p, w & 2 ? displacement : pc + displacement);
    else if (d->id == NUX_S_BCCTR && w & 1)
        target = *p->ctr & ~3u;
    else
        return false;
    bool does =
        nux_marks_at(p, target) & NUX_MARK_FLOAT && !(nux_marks_at(p, pc) & NUX_MARK_LIBRARY);
    p->has_float_calls |= does;
    return does;
}

void nux_report_float_calls(nux_processor *p, const nux_visit *visit) {
    if (visit->plan->calls_float)
        nux_report_many(p, visit->plan->branch & ~3u, NUX_SITE_FLOAT, visit->count);
}

void nux_fold_float_calls(nux_processor *p) {
    if (!p->has_float_calls)
        return;
    if (p->profile) {
        nux_profile_fold(p);
        return;
    }
    for (uint32_t i = 1; i < p->num_visits; i++) {
        nux_visit *visit = &p->visits[i];
        if (visit->count)
            nux_report_float_calls(p, visit);
        visit->count = 0;
    }
}

static uint32_t word_at(const nux_processor *p, uint32_t address) {
    return address <= p->config.sram_size - 4 ? nux_get32(p->sram + address) : 0;
}

/* The call that led here, to a function without a frame, from outside of the library: along the
 * chain of frames, each of which has the address to return to at 4 bytes above the one before. */
static uint32_t calling(const nux_processor *p) {
    uint32_t call = *p->lr - 4, frame = p->gpr[1];
    for (int i = 0; i < MOST_FRAMES && nux_marks_at(p, call) & NUX_MARK_LIBRARY; i++) {
        frame = word_at(p, frame);
        call = word_at(p, frame + 4) - 4;
    }
    return call;
}

void nux_meet_mark(nux_processor *p, uint32_t pc) {
    if (nux_marks_at(p, pc) & NUX_MARK_LOST)
        nux_report(p, calling(p), NUX_SITE_LOST_TEXT);
    else
        nux_forget_stack(p, p->gpr[1]);
}

void nux_report_at_call(nux_processor *p, uint32_t pc, uint32_t kind) {
    nux_report(p, nux_marks_at(p, pc) & NUX_MARK_LEAF ? calling(p) : pc, kind);
}
