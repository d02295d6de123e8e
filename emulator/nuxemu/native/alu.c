/* SPDX-License-Identifier: BSD-3-Clause */
/* Arithmetic, logic, shifts, compares and condition logic, executed natively. */
#include "fields.h"
#include "flags.h"
#include "processor.h"
#include "scalar_table.h"

static uint32_t rotate_left(uint32_t v, uint32_t n) { return n ? v << n | v >> (32 - n) : v; }

static uint32_t rotate_mask(uint32_t w) {
    uint32_t mb = w >> 6 & 31, me = w >> 1 & 31;
    uint32_t from = 0xffffffffu >> mb, to = 0xffffffffu << (31 - me);
    return mb <= me ? from & to : from | to;
}

/* a + b + carry with the carry, overflow and record effects that the word asks for. */
static uint32_t add(nux_processor *p, uint32_t w, uint32_t a, uint32_t b, uint32_t carry,
                    bool sets_carry, bool xo_form) {
    uint64_t sum = (uint64_t)a + b + carry;
    uint32_t result = (uint32_t)sum;
    if (sets_carry)
        *p->ca = (uint32_t)(sum >> 32);
    if (xo_form && HAS_OE(w))
        set_overflow(p, (~(a ^ b) & (a ^ result)) >> 31);
    if (xo_form && HAS_RC(w))
        record(p, result);
    p->gpr[RT(w)] = result;
    return result;
}

/* Quotients of the special cases are those of the chip's divider. */
static void divide(nux_processor *p, uint32_t w, uint32_t pc, bool is_signed) {
    uint32_t a = p->gpr[RA(w)], b = p->gpr[RB(w)], q;
    bool special = b == 0 || (is_signed && a == 0x80000000u && b == 0xffffffffu);
    if (!special)
        q = is_signed ? (uint32_t)((int32_t)a / (int32_t)b) : a / b;
    else if (b)
        q = 0x80000000u;
    else
        q = is_signed && (int32_t)a < 0 ? 0 : 0xffffffffu;
    if (special)
        nux_report_at_call(p, pc, NUX_SITE_DIVIDE);
    if (HAS_OE(w))
        set_overflow(p, special);
    if (HAS_RC(w))
        record(p, q);
    p->gpr[RT(w)] = q;
}

static uint32_t shift(nux_processor *p, uint32_t w, uint32_t pc, int id) {
    uint32_t value = p->gpr[RT(w)], n = id == NUX_S_SRAWI ? RB(w) : p->gpr[RB(w)];
    if (id != NUX_S_SRAWI && n & 0x20)
        nux_report(p, pc, NUX_SITE_SHIFT);
    n &= 31;
    if (id == NUX_S_SLW)
        return value << n;
    if (id == NUX_S_SRW)
        return value >> n;
    *p->ca = (int32_t)value < 0 && (value & ((1u << n) - 1)) != 0;
    return (uint32_t)((int32_t)value >> n);
}

static uint32_t parity(uint32_t value) { /* of the bytes' lowest bits */
    return (value ^ value >> 8 ^ value >> 16 ^ value >> 24) & 1;
}

static uint32_t count_bytes(uint32_t value) {
    uint32_t result = 0;
    for (int i = 0; i < 32; i += 8)
        result |= (uint32_t)__builtin_popcount(value >> i & 0xff) << i;
    return result;
}

static uint32_t logic(const nux_processor *p, uint32_t w, int id) {
    uint32_t s = p->gpr[RT(w)], b = p->gpr[RB(w)];
    switch (id) {
    case NUX_S_ANDI_RC:
        return s & UI(w);
    case NUX_S_ANDIS_RC:
        return s & UI(w) << 16;
    case NUX_S_ORI:
        return s | UI(w);
    case NUX_S_ORIS:
        return s | UI(w) << 16;
    case NUX_S_XORI:
        return s ^ UI(w);
    case NUX_S_XORIS:
        return s ^ UI(w) << 16;
    case NUX_S_AND:
        return s & b;
    case NUX_S_ANDC:
        return s & ~b;
    case NUX_S_OR:
        return s | b;
    case NUX_S_ORC:
        return s | ~b;
    case NUX_S_XOR:
        return s ^ b;
    case NUX_S_NAND:
        return ~(s & b);
    case NUX_S_NOR:
        return ~(s | b);
    case NUX_S_EQV:
        return ~(s ^ b);
    case NUX_S_EXTSB:
        return (uint32_t)(int32_t)(int8_t)s;
    case NUX_S_EXTSH:
        return (uint32_t)(int32_t)(int16_t)s;
    case NUX_S_CNTLZW:
        return s ? (uint32_t)__builtin_clz(s) : 32;
    case NUX_S_POPCNTB:
        return count_bytes(s);
    case NUX_S_PRTYW:
        return parity(s);
    case NUX_S_RLWINM:
        return rotate_left(s, RB(w)) & rotate_mask(w);
    case NUX_S_RLWNM:
        return rotate_left(s, b & 31) & rotate_mask(w);
    default: /* NUX_S_RLWIMI */
        return (rotate_left(s, RB(w)) & rotate_mask(w)) | (p->gpr[RA(w)] & ~rotate_mask(w));
    }
}

static void condition_logic(nux_processor *p, uint32_t w, int id) {
    uint32_t a = cr_bit(p, RA(w)), b = cr_bit(p, RB(w)), t = RT(w), r;
    switch (id) {
    case NUX_S_CRAND:
        r = a & b;
        break;
    case NUX_S_CRANDC:
        r = a & !b;
        break;
    case NUX_S_CREQV:
        r = a == b;
        break;
    case NUX_S_CRNAND:
        r = !(a & b);
        break;
    case NUX_S_CRNOR:
        r = !(a | b);
        break;
    case NUX_S_CROR:
        r = a | b;
        break;
    case NUX_S_CRORC:
        r = a | !b;
        break;
    default:
        r = a ^ b; /* NUX_S_CRXOR */
    }
    uint32_t bit = 8u >> (t & 3);
    p->crf[t >> 2] = r ? p->crf[t >> 2] | bit : p->crf[t >> 2] & ~bit;
}

static void compare(nux_processor *p, uint32_t w, int id) {
    uint32_t a = p->gpr[RA(w)], field = w >> 23 & 7;
    bool is_signed = id == NUX_S_CMPWI || id == NUX_S_CMPW;
    uint32_t b = id == NUX_S_CMPWI ? SI(w) : id == NUX_S_CMPLWI ? UI(w) : p->gpr[RB(w)];
    if (is_signed)
        set_cr(p, field, (int32_t)a<(int32_t)b, (int32_t)a>(int32_t) b);
    else
        set_cr(p, field, a<b, a> b);
}

static void multiply(nux_processor *p, uint32_t w, int id) {
    uint32_t a = p->gpr[RA(w)], b = id == NUX_S_MULLI ? SI(w) : p->gpr[RB(w)];
    int64_t product = (int64_t)(int32_t)a * (int32_t)b;
    uint32_t result = (uint32_t)product;
    if (id == NUX_S_MULHW)
        result = (uint32_t)((uint64_t)product >> 32);
    else if (id == NUX_S_MULHWU)
        result = (uint32_t)((uint64_t)a * b >> 32);
    else if (id == NUX_S_MULLW && HAS_OE(w))
        set_overflow(p, product != (int32_t)product);
    if (id != NUX_S_MULLI && HAS_RC(w))
        record(p, result);
    p->gpr[RT(w)] = result;
}

static void arithmetic(nux_processor *p, uint32_t w, int id) {
    uint32_t a = p->gpr[RA(w)], b = p->gpr[RB(w)], ca = *p->ca;
    switch (id) {
    case NUX_S_ADDI:
        p->gpr[RT(w)] = gpr_or_zero(p, RA(w)) + SI(w);
        break;
    case NUX_S_ADDIS:
        p->gpr[RT(w)] = gpr_or_zero(p, RA(w)) + (w << 16);
        break;
    case NUX_S_ADDIC:
        add(p, w, a, SI(w), 0, true, false);
        break;
    case NUX_S_ADDIC_RC:
        record(p, add(p, w, a, SI(w), 0, true, false));
        break;
    case NUX_S_SUBFIC:
        add(p, w, ~a, SI(w), 1, true, false);
        break;
    case NUX_S_ADD:
        add(p, w, a, b, 0, false, true);
        break;
    case NUX_S_ADDC:
        add(p, w, a, b, 0, true, true);
        break;
    case NUX_S_ADDE:
        add(p, w, a, b, ca, true, true);
        break;
    case NUX_S_ADDME:
        add(p, w, a, ~0u, ca, true, true);
        break;
    case NUX_S_ADDZE:
        add(p, w, a, 0, ca, true, true);
        break;
    case NUX_S_SUBF:
        add(p, w, ~a, b, 1, false, true);
        break;
    case NUX_S_SUBFC:
        add(p, w, ~a, b, 1, true, true);
        break;
    case NUX_S_SUBFE:
        add(p, w, ~a, b, ca, true, true);
        break;
    case NUX_S_SUBFME:
        add(p, w, ~a, ~0u, ca, true, true);
        break;
    case NUX_S_SUBFZE:
        add(p, w, ~a, 0, ca, true, true);
        break;
    default:
        add(p, w, ~a, 0, 1, false, true); /* NUX_S_NEG */
    }
}

/* True if the instruction is one of these. */
bool nux_execute_alu(nux_processor *p, const nux_decoded *d, uint32_t pc) {
    uint32_t w = d->word, value;
    int id = d->id;
    const nux_scalar_row *row = &nux_scalar_rows[id];
    switch (id) {
    case NUX_S_DIVW:
    case NUX_S_DIVWU:
        divide(p, w, pc, id == NUX_S_DIVW);
        return true;
    case NUX_S_MULLI:
    case NUX_S_MULLW:
    case NUX_S_MULHW:
    case NUX_S_MULHWU:
        multiply(p, w, id);
        return true;
    case NUX_S_CMPWI:
    case NUX_S_CMPLWI:
    case NUX_S_CMPW:
    case NUX_S_CMPLW:
        compare(p, w, id);
        return true;
    case NUX_S_CRAND:
    case NUX_S_CRANDC:
    case NUX_S_CREQV:
    case NUX_S_CRNAND:
    case NUX_S_CRNOR:
    case NUX_S_CROR:
    case NUX_S_CRORC:
    case NUX_S_CRXOR:
        condition_logic(p, w, id);
        return true;
    case NUX_S_SLW:
    case NUX_S_SRW:
    case NUX_S_SRAW:
    case NUX_S_SRAWI:
        value = shift(p, w, pc, id);
        break;
    default:
        if (id >= NUX_S_ADDI && id <= NUX_S_NEG) {
            arithmetic(p, w, id);
            return true;
        }
        if (row->dest != NUX_DEST_RA)
            return false;
        value = logic(p, w, id);
    }
    p->gpr[RA(w)] = value;
    if (id == NUX_S_ANDI_RC || id == NUX_S_ANDIS_RC || (row->records && HAS_RC(w)))
        record(p, value);
    return true;
}
