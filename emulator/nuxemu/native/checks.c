/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks: vector instructions that are most likely a mistake, reported like other sites. */
#include "array.h"
#include "processor.h"

enum { WORD_BITS = 64 };

void nux_processor_set_checks(nux_processor *p, int checks) { p->checks = checks; }

void nux_processor_vector_written(nux_processor *p, uint32_t index) {
    p->vectors_written |= 1u << (index & 31);
}

static uint32_t mask_bit(uint32_t pc) { return pc / 4 % (NUX_MASK_WORDS * WORD_BITS); }

int nux_processor_mask_was_met(const nux_processor *p, uint32_t pc) {
    uint32_t bit = mask_bit(pc);
    return p->masks_met[bit / WORD_BITS] >> bit % WORD_BITS & 1;
}

/* Compilers store registers that they keep for a caller, which may never have written them. */
static uint32_t registers_used(const nux_vinsn *v, bool strict) {
    switch (v->kind) {
    case NUX_VARITH:
        return 1u << v->ra | (v->reads == 2 ? 1u << v->rb : 0);
    case NUX_VOUTX:
        return 1u << v->rt;
    case NUX_VSTAX:
        return strict ? 1u << v->rt : 0;
    default:
        return 0;
    }
}

void nux_check_vector(nux_processor *p, const nux_vinsn *v, uint32_t pc) {
    if (registers_used(v, p->checks == NUX_CHECKS_STRICT) & ~p->vectors_written)
        nux_report(p, pc, NUX_SITE_UNWRITTEN);
    if (v->reads_condition && v->cond && !p->condition_set)
        nux_report(p, pc, NUX_SITE_NO_CONDITION);
    if (v->writes)
        p->vectors_written |= 1u << v->rt;
    if (v->unit == NUX_UNIT_COMPARE)
        p->condition_set = 1;
}

static void check_mask(nux_processor *p, uint32_t pc, const uint8_t *enable) {
    uint8_t any = 0;
    for (uint32_t lane = 0; lane < NUX_VECTOR_BYTES; lane++)
        any |= enable[lane];
    uint32_t bit = mask_bit(pc);
    if (any)
        p->masks_met[bit / WORD_BITS] |= UINT64_C(1) << bit % WORD_BITS;
    else
        nux_report(p, pc, NUX_SITE_EMPTY_MASK);
}

static bool any_beyond(const uint8_t *lanes, const uint8_t *enable) {
    uint8_t beyond = 0;
    for (uint32_t lane = 0; lane < NUX_VECTOR_BYTES; lane++)
        beyond |= lanes[lane] & (enable ? enable[lane] : 0xff);
    return beyond > NUX_WEIGHT_MAX;
}

void nux_check_write(nux_processor *p, uint32_t pc, uint32_t address, const uint8_t *lanes,
                     const uint8_t *enable) {
    unsigned row, half;
    if (enable)
        check_mask(p, pc, enable);
    if (nux_array_weights_at(address, &row, &half) && any_beyond(lanes, enable))
        nux_report(p, pc, NUX_SITE_WEIGHT);
}

void nux_check_read(nux_processor *p, uint32_t pc, int kind) {
    if (kind == NUX_ARRAY_BUFFERED && !p->array->latched)
        nux_report(p, pc, NUX_SITE_NOT_LATCHED);
}
