/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks: vector instructions that are most likely a mistake, reported like other sites. */
#include "array.h"
#include "fxv_table.h"
#include "processor.h"
#include <string.h>

enum { WORD_BITS = 64 };

/* Rows of the instruction table. */
enum {
#define ROW(row, name, ...) row_##name = row,
    NUX_FXV_TABLE(ROW)
#undef ROW
};

/* What arithmetic instructions do to the accumulator and to correlation readings. */
enum {
    BYTES = 1,
    HALVES = 2,
    READS_ACC = 4,
    SUBTRACTS = 8,
    COMBINES = 16, /* adds or multiplies: with negative lanes, that is a subtraction too */
};
static const uint8_t traits[NUX_FXV_COUNT] = {
    [row_fxvaddbm] = BYTES | COMBINES,
    [row_fxvaddhm] = HALVES | COMBINES,
    [row_fxvaddbfs] = BYTES | COMBINES,
    [row_fxvaddhfs] = HALVES | COMBINES,
    [row_fxvsubbm] = SUBTRACTS,
    [row_fxvsubhm] = SUBTRACTS,
    [row_fxvsubbfs] = SUBTRACTS,
    [row_fxvsubhfs] = SUBTRACTS,
    [row_fxvmulbm] = BYTES | COMBINES,
    [row_fxvmulhm] = HALVES | COMBINES,
    [row_fxvmulbfs] = BYTES | COMBINES,
    [row_fxvmulhfs] = HALVES | COMBINES,
    [row_fxvmultacbm] = BYTES | COMBINES,
    [row_fxvmultachm] = HALVES | COMBINES,
    [row_fxvmultacbfs] = BYTES | COMBINES,
    [row_fxvmultachfs] = HALVES | COMBINES,
    [row_fxvaddtacb] = BYTES | COMBINES,
    [row_fxvaddtachm] = HALVES | COMBINES,
    [row_fxvmabm] = BYTES | COMBINES | READS_ACC,
    [row_fxvmahm] = HALVES | COMBINES | READS_ACC,
    [row_fxvmabfs] = BYTES | COMBINES | READS_ACC,
    [row_fxvmahfs] = HALVES | COMBINES | READS_ACC,
    [row_fxvmatacbm] = BYTES | COMBINES | READS_ACC,
    [row_fxvmatachm] = HALVES | COMBINES | READS_ACC,
    [row_fxvmatacbfs] = BYTES | COMBINES | READS_ACC,
    [row_fxvmatachfs] = HALVES | COMBINES | READS_ACC,
    [row_fxvaddacbm] = BYTES | COMBINES | READS_ACC,
    [row_fxvaddachm] = HALVES | COMBINES | READS_ACC,
    [row_fxvaddacbfs] = BYTES | COMBINES | READS_ACC,
    [row_fxvaddachfs] = HALVES | COMBINES | READS_ACC,
    [row_fxvaddactacb] = BYTES | COMBINES | READS_ACC,
    [row_fxvaddactachm] = HALVES | COMBINES | READS_ACC,
    [row_fxvaddactacbf] = BYTES | COMBINES | READS_ACC,
    [row_fxvaddactachf] = HALVES | COMBINES | READS_ACC,
};

#define REGISTER(r) (UINT64_C(1) << (r))
#define ACCUMULATOR REGISTER(NUX_ACCUMULATOR)
#define CONDITIONS REGISTER(NUX_CONDITIONS)

void nux_processor_set_checks(nux_processor *p, int checks) {
    p->checks = checks;
    if (!checks) /* nobody keeps account now: later checks are silent about it */
        memset(p->written, true, p->config.sram_size / 4);
    nux_forget_plans(p); /* some checks are built in */
}

void nux_processor_forget_written(nux_processor *p) {
    if (!p->checks)
        return;
    memset(p->written, false, p->config.sram_size / 4);
    nux_forget_plans(p);
}

void nux_forget_stack(nux_processor *p, uint32_t below) {
    if (p->checks && p->stack_limit && p->stack_limit < below && below <= NUX_STACK_TOP &&
        p->config.sram_size >= NUX_STACK_TOP)
        nux_set_written(p->written, p->stack_limit, below - p->stack_limit, false);
}

void nux_processor_vector_written(nux_processor *p, uint32_t index) {
    p->vectors_written |= REGISTER(index & 31);
    p->raw &= ~REGISTER(index & 31);
    p->weights &= ~REGISTER(index & 31);
}

void nux_check_load(nux_processor *p, uint32_t pc, uint32_t address, uint32_t size) {
    uint32_t at;
    const uint8_t *flags = nux_written_flags_of(p, address, size, &at);
    if (flags && !nux_all_written(flags, at, size))
        nux_report_at_call(p, pc, NUX_SITE_UNINITIALISED);
}

/* Whether any lane of a register or of the accumulator is negative. */
static bool any_negative(const nux_vstate *vectors, uint32_t r, bool bytes) {
    uint32_t found = 0;
    if (r == NUX_ACCUMULATOR)
        for (uint32_t i = 0; i < sizeof vectors->acc / sizeof *vectors->acc; i++)
            found |= vectors->acc[i] & (bytes ? 0x80008000u : 0x80000000u);
    else
        for (uint32_t lane = 0; lane < NUX_VECTOR_BYTES; lane += bytes ? 1 : 2)
            found |= vectors->vr[r][lane] & 0x80u;
    return found != 0;
}

/* What a calculation reads, as far as readings go through it. */
static uint64_t sources_of(const nux_vinsn *v) {
    bool moves = v->index == row_fxvsel && !v->cond; /* VRB as it is */
    return (moves ? 0 : REGISTER(v->ra)) | (v->reads == 2 ? REGISTER(v->rb) : 0) |
           (traits[v->index] & READS_ACC ? ACCUMULATOR : 0);
}

static bool has_baseline(const nux_processor *p, const nux_vinsn *v, uint64_t others) {
    uint8_t what = traits[v->index];
    if (what & SUBTRACTS)
        return true;
    for (uint32_t r = 0; what & COMBINES && others >> r; r++)
        if (others >> r & 1 && any_negative(p->vectors, r, what & BYTES))
            return true;
    return false;
}

/* A correlation reading stays raw until something is subtracted from it, or it from something but
 * a weight. If it is from a weight, what comes next in a sum may be the other side of the
 * difference. */
void nux_follow_reading(nux_processor *p, const nux_vinsn *v) {
    uint32_t to = v->writes ? v->rt : NUX_ACCUMULATOR;
    if (v->kind != NUX_VARITH) {
        p->raw &= ~REGISTER(to);
        return;
    }
    uint64_t sources = sources_of(v), raw = sources & p->raw, negated = raw & p->negated;
    bool calculates = traits[v->index] & (SUBTRACTS | COMBINES);
    bool lowers = raw && traits[v->index] & SUBTRACTS && p->weights & ~raw & REGISTER(v->ra);
    if (raw && (negated ? !calculates : lowers || !has_baseline(p, v, sources & ~raw))) {
        p->raw |= REGISTER(to);
        p->negated &= ~REGISTER(to);
        p->negated |= negated || lowers ? REGISTER(to) : 0;
        p->reading_at[to] = p->reading_at[__builtin_ctzll(raw)];
    } else if (raw || !(v->reads_condition && v->cond)) { /* else lanes keep what they were */
        p->raw &= ~REGISTER(to);
    }
}

static uint32_t mask_bit(uint32_t pc) { return pc / 4 % (NUX_MASK_WORDS * WORD_BITS); }

int nux_processor_mask_was_met(const nux_processor *p, uint32_t pc) {
    uint32_t bit = mask_bit(pc);
    return p->masks_met[bit / WORD_BITS] >> bit % WORD_BITS & 1;
}

nux_check_use nux_check_use_of(const nux_vinsn *v) {
    nux_check_use use = {0};
    bool compares = v->unit == NUX_UNIT_COMPARE;
    if (v->kind == NUX_VARITH)
        use.used = REGISTER(v->ra) | (v->reads == 2 ? REGISTER(v->rb) : 0) |
                   (traits[v->index] & READS_ACC ? ACCUMULATOR : 0);
    if (v->kind == NUX_VOUTX)
        use.used = REGISTER(v->rt);
    if (v->kind == NUX_VSTAX) /* compilers store registers that they keep for a caller */
        use.stored = REGISTER(v->rt);
    if (v->reads_condition && v->cond)
        use.used |= CONDITIONS;
    if (v->kind != NUX_VSTAX && v->kind != NUX_VOUTX)
        use.written = v->writes ? REGISTER(v->rt) : compares ? CONDITIONS : ACCUMULATOR;
    if (v->kind == NUX_VARITH && !compares)
        use.related = sources_of(v);
    use.related |= use.written & ~CONDITIONS;
    return use;
}

void nux_report_unwritten(nux_processor *p, const nux_check_use *use, uint32_t pc) {
    uint64_t used = use->used | (p->checks == NUX_CHECKS_STRICT ? use->stored : 0);
    uint64_t unwritten = used & ~p->vectors_written;
    if (unwritten && nux_marks_at(p, pc) & NUX_MARK_LIBRARY)
        return; /* an interrupt saves all registers */
    if (unwritten & ~CONDITIONS)
        nux_report(p, pc, NUX_SITE_UNWRITTEN);
    if (unwritten & CONDITIONS)
        nux_report(p, pc, NUX_SITE_NO_CONDITION);
}

static void check_mask(nux_processor *p, uint32_t pc, const uint8_t *enable) {
    uint8_t any = 0;
    for (uint32_t lane = 0; lane < NUX_VECTOR_BYTES; lane++)
        any |= enable[lane];
    uint32_t bit = mask_bit(pc);
    if (any)
        p->masks_met[bit / WORD_BITS] |= UINT64_C(1) << bit % WORD_BITS;
    else if (p->vectors_written & CONDITIONS) /* else it is reported for that */
        nux_report(p, pc, NUX_SITE_EMPTY_MASK);
}

static bool any_beyond(const uint8_t *lanes, const uint8_t *enable) {
    uint8_t beyond = 0;
    for (uint32_t lane = 0; lane < NUX_VECTOR_BYTES; lane++)
        beyond |= lanes[lane] & (enable ? enable[lane] : 0xff);
    return beyond > NUX_WEIGHT_MAX;
}

void nux_check_write(nux_processor *p, const nux_vinsn *v, uint32_t pc, uint32_t address,
                     const uint8_t *enable) {
    unsigned row, half;
    if (enable)
        check_mask(p, pc, enable);
    if (!nux_array_weights_at(address, &row, &half))
        return;
    if (any_beyond(p->vectors->vr[v->rt], enable))
        nux_report(p, pc, NUX_SITE_WEIGHT);
    if (p->raw & REGISTER(v->rt))
        nux_report(p, p->reading_at[v->rt], NUX_SITE_NO_BASELINE);
}

/* A reading of sensors. */
static void check_reading(nux_processor *p, const nux_vinsn *v, uint32_t pc, unsigned channel) {
    int32_t row = p->array->latched_row;
    if (row < 0)
        return;
    p->raw |= REGISTER(v->rt);
    p->negated &= ~REGISTER(v->rt);
    p->reading_at[v->rt] = pc;
    if (p->checks == NUX_CHECKS_STRICT && !(p->array->was_reset[row] >> channel & 1))
        nux_report(p, pc, NUX_SITE_NEVER_RESET);
}

void nux_check_read(nux_processor *p, const nux_vinsn *v, uint32_t pc, uint32_t address, int kind) {
    unsigned channel, row, half;
    if (kind != NUX_ARRAY_CONVERT && kind != NUX_ARRAY_BUFFERED) {
        if (nux_array_weights_at(address, &row, &half))
            p->weights |= REGISTER(v->rt);
        return;
    }
    if (kind == NUX_ARRAY_BUFFERED && !p->array->latched)
        nux_report(p, pc, NUX_SITE_NOT_LATCHED);
    bool of_row = nux_array_correlation_at(address, &channel, &row, &half);
    if (!nux_array_is_on_neurons(p->array, channel))
        check_reading(p, v, pc, channel);
    else if (of_row && (kind == NUX_ARRAY_CONVERT || half == 0)) /* a row counts once */
        nux_report(p, pc, row ? NUX_SITE_ON_NEURONS : NUX_SITE_NEURON_ROW);
}

static int32_t halfword(const uint8_t *lanes, uint32_t i) {
    return (int16_t)(lanes[2 * i] << 8 | lanes[2 * i + 1]);
}

static int64_t saturated(int64_t value, uint32_t bits) {
    int64_t limit = INT64_C(1) << (bits - 1);
    return value >= limit ? limit - 1 : value < -limit ? -limit : value;
}

/* What a saturating instruction would give without limits. */
static int64_t wide_result(uint8_t index, int64_t a, int64_t b, int64_t acc, uint32_t bits) {
    switch (index) {
    case row_fxvaddbfs:
    case row_fxvaddhfs:
        return a + b;
    case row_fxvsubbfs:
    case row_fxvsubhfs:
        return a - b;
    case row_fxvmulbfs: /* only minimum times minimum is beyond, as in all products */
    case row_fxvmulhfs:
        return a * b >> (bits - 1);
    case row_fxvmultacbfs:
    case row_fxvmultachfs:
        return 2 * a * b;
    case row_fxvmabfs:
    case row_fxvmahfs:
    case row_fxvmatacbfs:
    case row_fxvmatachfs:
        return acc + saturated(2 * a * b, 2 * bits);
    default:
        return acc + a * (INT64_C(1) << bits);
    }
}

typedef struct {
    uint8_t lane, limit; /* bits of a lane, and of what saturates */
} widths;

static widths widths_of(uint8_t index) {
    switch (index) {
    case row_fxvaddbfs:
    case row_fxvsubbfs:
    case row_fxvmulbfs:
        return (widths){8, 8};
    case row_fxvaddhfs:
    case row_fxvsubhfs:
    case row_fxvmulhfs:
        return (widths){16, 16};
    case row_fxvmultacbfs:
    case row_fxvmabfs:
    case row_fxvmatacbfs:
    case row_fxvaddacbfs:
    case row_fxvaddactacbf:
        return (widths){8, 16};
    case row_fxvmultachfs:
    case row_fxvmahfs:
    case row_fxvmatachfs:
    case row_fxvaddachfs:
    case row_fxvaddactachf:
        return (widths){16, 32};
    default:
        return (widths){0, 0};
    }
}

static int32_t accumulator(const nux_vstate *vectors, uint32_t i, uint32_t bits) {
    uint32_t word = vectors->acc[bits == 8 ? i / 2 : i];
    return bits == 16 ? (int32_t)word : (int16_t)(i % 2 ? word : word >> 16);
}

void nux_check_saturation(nux_processor *p, const nux_vinsn *v, uint32_t pc) {
    widths w = widths_of(v->index);
    if (!w.lane)
        return;
    const uint8_t *va = p->vectors->vr[v->ra], *vb = p->vectors->vr[v->rb];
    uint32_t count = 0, bits = w.lane;
    for (uint32_t i = 0; i < NUX_VECTOR_BYTES * 8 / bits; i++) {
        int32_t a = bits == 8 ? (int8_t)va[i] : halfword(va, i);
        int32_t b = bits == 8 ? (int8_t)vb[i] : halfword(vb, i);
        int64_t wide = wide_result(v->index, a, b, accumulator(p->vectors, i, bits), bits);
        bool enabled = !v->cond || p->vectors->vcr[i * bits / 8] == v->cond;
        count += enabled && wide != saturated(wide, w.limit);
    }
    if (count)
        nux_report_many(p, pc, NUX_SITE_SATURATED, count);
}
