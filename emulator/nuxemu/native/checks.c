/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks: vector instructions that are most likely a mistake, reported like other sites. */
#include "array.h"
#include "fxv_table.h"
#include "processor.h"

enum { WORD_BITS = 64 };

/* Rows of the instruction table. */
enum {
#define ROW(row, name, ...) row_##name = row,
    NUX_FXV_TABLE(ROW)
#undef ROW
};

void nux_processor_set_checks(nux_processor *p, int checks) {
    p->checks = checks;
    nux_forget_plans(p); /* some checks are built in */
}

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

void nux_check_read(nux_processor *p, uint32_t pc, uint32_t address, int kind) {
    unsigned channel;
    if (kind == NUX_ARRAY_BUFFERED && !p->array->latched)
        nux_report(p, pc, NUX_SITE_NOT_LATCHED);
    if (kind == NUX_ARRAY_CONVERT && nux_array_correlation_at(address, &channel) &&
        nux_array_is_on_neurons(p->array, channel))
        nux_report(p, pc, NUX_SITE_ON_NEURONS);
}

static int32_t halfword(const uint8_t *lanes, uint32_t i) {
    return (int16_t)(lanes[2 * i] << 8 | lanes[2 * i + 1]);
}

/* Sums, differences and products; those with the accumulator are not looked at. */
static int32_t wide_result(uint8_t index, int32_t a, int32_t b, uint32_t bits) {
    switch (index) {
    case row_fxvaddbfs:
    case row_fxvaddhfs:
        return a + b;
    case row_fxvsubbfs:
    case row_fxvsubhfs:
        return a - b;
    default: /* fractional products: only minimum times minimum is beyond */
        return a * b >> (bits - 1);
    }
}

static uint32_t lane_bits(uint8_t index) {
    switch (index) {
    case row_fxvaddbfs:
    case row_fxvsubbfs:
    case row_fxvmulbfs:
        return 8;
    case row_fxvaddhfs:
    case row_fxvsubhfs:
    case row_fxvmulhfs:
        return 16;
    default:
        return 0;
    }
}

void nux_check_saturation(nux_processor *p, const nux_vinsn *v, uint32_t pc) {
    uint32_t bits = lane_bits(v->index);
    if (!bits)
        return;
    const uint8_t *va = p->vectors->vr[v->ra], *vb = p->vectors->vr[v->rb];
    uint32_t count = 0;
    for (uint32_t i = 0; i < NUX_VECTOR_BYTES * 8 / bits; i++) {
        int32_t a = bits == 8 ? (int8_t)va[i] : halfword(va, i);
        int32_t b = bits == 8 ? (int8_t)vb[i] : halfword(vb, i);
        int32_t wide = wide_result(v->index, a, b, bits), limit = 1 << (bits - 1);
        bool enabled = !v->cond || p->vectors->vcr[i * bits / 8] == v->cond;
        count += enabled && (wide >= limit || wide < -limit);
    }
    if (count)
        nux_report_many(p, pc, NUX_SITE_SATURATED, count);
}
