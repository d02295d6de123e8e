/* SPDX-License-Identifier: BSD-3-Clause */
/* Native execution of scalar instructions, as the chip does them.
 *
 * Used where the chip differs from the engine (divide, shifts, SPRs, MSR, interrupts, traps),
 * for loads and stores whose address could not be checked beforehand, and for the plain
 * instruction before a loop head when the engine's block must end there.
 */
#include "cycles.h"
#include "fields.h"
#include "processor.h"
#include "scalar_table.h"

#define HAS_RC(w) ((w) & 1)
#define HAS_OE(w) ((w) >> 10 & 1)

static uint32_t gpr_or_zero(const nux_processor *p, uint32_t r) { return r ? p->gpr[r] : 0; }

static void set_cr(nux_processor *p, uint32_t field, int less, int greater) {
    p->crf[field] = (less ? 8u : greater ? 4u : 2u) | (*p->so ? 1u : 0u);
}

static void record(nux_processor *p, uint32_t value) {
    set_cr(p, 0, (int32_t)value < 0, (int32_t)value > 0);
}

static void set_overflow(nux_processor *p, bool overflow) {
    *p->ov = overflow;
    *p->so |= overflow;
}

static uint32_t rotate_left(uint32_t v, uint32_t n) { return n ? v << n | v >> (32 - n) : v; }

static uint32_t rotate_mask(uint32_t w) {
    uint32_t mb = w >> 6 & 31, me = w >> 1 & 31;
    uint32_t from = 0xffffffffu >> mb, to = 0xffffffffu << (31 - me);
    return mb <= me ? from & to : from | to;
}

static uint32_t get_cr(const nux_processor *p) {
    uint32_t cr = 0;
    for (int i = 0; i < 8; i++)
        cr = cr << 4 | p->crf[i];
    return cr;
}

static uint32_t cr_bit(const nux_processor *p, uint32_t bit) {
    return p->crf[bit >> 2] >> (3 - (bit & 3)) & 1;
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
        nux_report(p, pc, NUX_SITE_DIVIDE);
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

static bool trap_condition(const nux_processor *p, uint32_t w, int id) {
    uint32_t a = p->gpr[RA(w)], b = id == NUX_S_TWI ? SI(w) : p->gpr[RB(w)], to = RT(w);
    return (to & 16 && (int32_t)a < (int32_t)b) || (to & 8 && (int32_t)a > (int32_t)b) ||
           (to & 4 && a == b) || (to & 2 && a < b) || (to & 1 && a > b);
}

static uint32_t read_spr(nux_processor *p, uint32_t number) {
    switch (number) {
    case NUX_SPR_XER:
        return (*p->so ? XER_SO : 0) | (*p->ov ? XER_OV : 0) | (*p->ca ? XER_CA : 0);
    case NUX_SPR_LR:
        return *p->lr;
    case NUX_SPR_CTR:
        return *p->ctr;
    case NUX_SPR_DEC:
        nux_update_timers(p);
        return nux_dec(p);
    case NUX_SPR_SRR0:
        return p->srr0;
    case NUX_SPR_SRR1:
        return p->srr1;
    case NUX_SPR_DECAR:
        return p->decar;
    case NUX_SPR_CSRR0:
        return p->csrr0;
    case NUX_SPR_CSRR1:
        return p->csrr1;
    case NUX_SPR_DEAR:
        return p->dear;
    case NUX_SPR_ESR:
        return p->esr;
    case NUX_SPR_GIN:
        return p->gin;
    case NUX_SPR_GOUT:
        return p->gout;
    case NUX_SPR_GOE:
        return p->goe;
    case NUX_SPR_TBL:
        return (uint32_t)nux_time_base(p);
    case NUX_SPR_TBU:
        return (uint32_t)(nux_time_base(p) >> 32);
    case NUX_SPR_TSR:
        nux_update_timers(p);
        return p->tsr;
    case NUX_SPR_TCR:
        return p->tcr;
    case NUX_SPR_MCSRR0:
        return p->mcsrr0;
    case NUX_SPR_MCSRR1:
        return p->mcsrr1;
    default:
        return 0; /* ICCR is write-only; the RTL's read is undefined */
    }
}

static void write_time_base(nux_processor *p, uint64_t value) {
    nux_update_timers(p);
    p->time_base_offset = value - p->cycles;
}

static void write_spr(nux_processor *p, uint32_t number, uint32_t value) {
    switch (number) {
    case NUX_SPR_XER:
        *p->so = value >> 31;
        *p->ov = value >> 30 & 1;
        *p->ca = value >> 29 & 1;
        break;
    case NUX_SPR_LR:
        *p->lr = value;
        break;
    case NUX_SPR_CTR:
        *p->ctr = value;
        break;
    case NUX_SPR_DEC:
        nux_set_dec(p, value);
        break;
    case NUX_SPR_SRR0:
        p->srr0 = value;
        break;
    case NUX_SPR_SRR1:
        p->srr1 = value;
        break;
    case NUX_SPR_DECAR:
        p->decar = value;
        break;
    case NUX_SPR_CSRR0:
        p->csrr0 = value;
        break;
    case NUX_SPR_CSRR1:
        p->csrr1 = value;
        break;
    case NUX_SPR_DEAR:
        p->dear = value;
        break;
    case NUX_SPR_ESR:
        p->esr = value & ESR_WRITABLE;
        break;
    case NUX_SPR_GOUT:
        p->gout = value;
        break;
    case NUX_SPR_GOE:
        p->goe = value;
        break;
    case NUX_SPR_ICCR:
        p->iccr = value;
        break;
    case NUX_SPR_TBL:
        write_time_base(p, (nux_time_base(p) & ~UINT64_C(0xffffffff)) | value);
        break;
    case NUX_SPR_TBU:
        write_time_base(p, (nux_time_base(p) & 0xffffffff) | (uint64_t)value << 32);
        break;
    case NUX_SPR_TSR:
        nux_update_timers(p);
        p->tsr &= ~value;
        break;
    case NUX_SPR_TCR:
        nux_update_timers(p);
        p->tcr = value;
        break;
    case NUX_SPR_MCSRR0:
        p->mcsrr0 = value;
        break;
    case NUX_SPR_MCSRR1:
        p->mcsrr1 = value;
        break;
    default:
        break; /* GIN is read-only */
    }
    nux_schedule(p);
}

static bool return_from_interrupt(nux_processor *p, uint32_t srr0, uint32_t srr1) {
    p->msr = srr1 & MSR_WRITABLE;
    p->resume_pc = srr0 & ~3u;
    nux_schedule(p);
    return false;
}

/* The RTL test bench takes the final state this many cycles after the processor fell asleep. */
#define TEST_BENCH_SLEEP 64

/* Sleeps until a timer wakes the processor; without one, the program has ended. */
static bool wait_for_timer(nux_processor *p, uint32_t pc) {
    nux_update_timers(p);
    uint64_t wake = nux_next_timer_event(p);
    bool sampled_asleep = p->config.flat_memory && wake > p->cycles + TEST_BENCH_SLEEP;
    if (wake == UINT64_MAX || sampled_asleep) {
        nux_stop_at(p, NUX_FINISHED, pc, 0);
        return false;
    }
    if (wake > p->max_cycles) {
        p->cycles = p->max_cycles;
        nux_stop_at(p, NUX_CYCLE_LIMIT, pc, 0);
        return false;
    }
    p->cycles = wake > p->cycles ? wake : p->cycles;
    p->resume_pc = pc + 4;
    nux_update_timers(p);
    nux_schedule(p);
    return false; /* what follows is a block of its own */
}

/* Stops the run, or in hardware mode enters the interrupt. */
static bool refuse_access(nux_processor *p, int reason, uint32_t pc, uint32_t address,
                          uint32_t size, bool store) {
    if (reason == NUX_TRAP_MISALIGNED && p->config.hardware) {
        nux_report(p, pc, NUX_SITE_MISALIGNED);
        nux_enter_interrupt(p, NUX_EXCEPTION_ALIGNMENT, pc, 0);
        return false;
    }
    nux_stop_at(p, reason, pc, address);
    p->stop.size = size;
    p->stop.store = store;
    return false;
}

/* Reports a scalar access to vector data that no sync has made visible yet. */
static void check_sync(nux_processor *p, uint32_t pc, uint32_t address, uint32_t size) {
    if (nux_is_unsynced(p, address, size))
        nux_report(p, pc, NUX_SITE_NO_SYNC);
}

/* A store through the stack pointer that leaves the stack stops the run; false then. */
static bool check_stack(nux_processor *p, uint32_t w, uint32_t pc, uint32_t address,
                        uint32_t size) {
    bool outside = address < p->stack_limit || address >= p->config.sram_size;
    if (RA(w) != 1 || !p->stack_limit || !outside)
        return true;
    return refuse_access(p, NUX_TRAP_STACK, pc, address, size, true);
}

/* A load into RA moves the base of the words after it. */
static bool load_store_multiple(nux_processor *p, uint32_t w, uint32_t pc, bool store) {
    bool unsynced = false;
    for (uint32_t r = RT(w); r < 32; r++) {
        uint32_t address = gpr_or_zero(p, RA(w)) + SI(w) + 4 * (r - RT(w));
        if (store && !check_stack(p, w, pc, address, 4))
            return false;
        unsynced |= nux_is_unsynced(p, address, 4);
        int reason =
            store ? nux_store(p, address, 4, p->gpr[r]) : nux_load(p, address, 4, &p->gpr[r]);
        if (reason)
            return refuse_access(p, reason, pc, address, 4, store);
        p->cycles++;
    }
    if (unsynced)
        nux_report(p, pc, NUX_SITE_NO_SYNC);
    return true;
}

static bool load_store(nux_processor *p, const nux_scalar_row *row, uint32_t w, uint32_t pc) {
    bool store = row->kind == NUX_KIND_STORE, indexed = w >> 26 == 31;
    if (row->size < 0)
        return load_store_multiple(p, w, pc, store);
    uint32_t size = (uint32_t)row->size;
    uint32_t base = gpr_or_zero(p, RA(w));
    bool is_lha = !indexed && (w >> 26 == 42 || w >> 26 == 43);
    uint32_t displacement = indexed ? p->gpr[RB(w)] : SI(w);
    if (is_lha && w & 0x8000) { /* the RTL forgets to extend the sign */
        displacement = UI(w);
        nux_report(p, pc, NUX_SITE_LHA);
    }
    uint32_t address = base + displacement, value = p->gpr[RT(w)];
    if (store && !check_stack(p, w, pc, address, size))
        return false;
    check_sync(p, pc, address, size);
    int reason = store ? nux_store(p, address, size, value) : nux_load(p, address, size, &value);
    if (reason)
        return refuse_access(p, reason, pc, address, size, store);
    if (!store) {
        bool algebraic = is_lha || (indexed && (w >> 1 & 0x3ff & ~32u) == 343);
        p->gpr[RT(w)] = algebraic ? (uint32_t)(int32_t)(int16_t)value : value;
    }
    if (row->update) /* wins where RA is RT, an invalid form */
        p->gpr[RA(w)] = address;
    return true;
}

static bool system_instruction(nux_processor *p, uint32_t w, uint32_t pc, int id) {
    uint32_t spr = SPR(w);
    switch (id) {
    case NUX_S_MFSPR:
        p->gpr[RT(w)] = read_spr(p, spr);
        return true;
    case NUX_S_MTSPR:
        write_spr(p, spr, p->gpr[RT(w)]);
        return true;
    case NUX_S_MFMSR:
        p->gpr[RT(w)] = p->msr;
        return true;
    case NUX_S_MTMSR:
        p->msr = p->gpr[RT(w)] & MSR_WRITABLE;
        nux_schedule(p);
        return true;
    case NUX_S_RFI:
        return return_from_interrupt(p, p->srr0, p->srr1);
    case NUX_S_RFCI:
        return return_from_interrupt(p, p->csrr0, p->csrr1);
    case NUX_S_RFMCI:
        return return_from_interrupt(p, p->mcsrr0, p->mcsrr1);
    case NUX_S_SYNC:
        p->num_unsynced = 0;
        return true;
    case NUX_S_WAIT:
        return wait_for_timer(p, pc);
    case NUX_S_MFCR:
        p->gpr[RT(w)] = get_cr(p);
        return true;
    case NUX_S_MFOCRF:
        for (uint32_t i = 0; i < 8; i++)
            if (w >> (19 - i) & 1) {
                uint32_t low = 28 - 4 * i;
                p->gpr[RT(w)] = (p->gpr[RT(w)] & ~(15u << low)) | p->crf[i] << low;
            }
        return true;
    case NUX_S_MTCRF:
        for (uint32_t i = 0; i < 8; i++)
            if (w >> (19 - i) & 1)
                p->crf[i] = p->gpr[RT(w)] >> (28 - 4 * i) & 15;
        return true;
    default: /* NUX_S_MCRF */
        p->crf[w >> 23 & 7] = p->crf[w >> 18 & 7];
        return true;
    }
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

bool nux_execute_scalar(nux_processor *p, const nux_decoded *d, uint32_t pc) {
    uint32_t w = d->word, value;
    int id = d->id;
    const nux_scalar_row *row = &nux_scalar_rows[id];
    p->cycles += row->issue;
    p->resume_pc = pc + 4;
    if (row->kind == NUX_KIND_LOAD || row->kind == NUX_KIND_STORE)
        return load_store(p, row, w, pc);
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
    case NUX_S_TW:
    case NUX_S_TWI:
        if (!trap_condition(p, w, id))
            return true;
        if (p->config.hardware)
            nux_enter_interrupt(p, NUX_EXCEPTION_PROGRAM, pc, ESR_PTR);
        else
            nux_stop_at(p, NUX_TRAP_INSTRUCTION, pc, 0);
        return false;
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
        if (row->dest != NUX_DEST_RA) {
            if (id >= NUX_S_ADDI && id <= NUX_S_NEG) {
                arithmetic(p, w, id);
                return true;
            }
            return system_instruction(p, w, pc, id);
        }
        value = logic(p, w, id);
    }
    p->gpr[RA(w)] = value;
    if (id == NUX_S_ANDI_RC || id == NUX_S_ANDIS_RC || (row->records && HAS_RC(w)))
        record(p, value);
    return true;
}

/* A bcctr that decrements: the chip compares CTR with 1, but does not write it. */
static bool branch_to_count(nux_processor *p, uint32_t w, uint32_t pc) {
    uint32_t bo = RT(w);
    bool counted = (*p->ctr != 1) != (bo >> 1 & 1);
    bool condition = bo & 16 || cr_bit(p, RA(w)) == (bo >> 3 & 1);
    uint32_t target = *p->ctr & ~3u;
    if (w & 1)
        *p->lr = pc + 4;
    if (!counted || !condition)
        return true;
    p->cycles += NUX_CYCLES_BRANCH_MISS;
    p->resume_pc = target;
    return false;
}

/* Hardware mode: no register is written, except that mfspr of a register that does not exist
 * reads 0, and that words with primary opcode 31 leave the flags of RA + RB where their OE and
 * Rc bits ask for it. False: leave the block at resume_pc. */
bool nux_execute_undefined(nux_processor *p, const nux_decoded *d, uint32_t pc) {
    enum { XO_WAIT = 62, XO_ECIWX = 310, XO_ECOWX = 438 };
    uint32_t w = d->word, xo = w >> 1 & 0x3ff;
    nux_report(p, pc, NUX_SITE_UNDEFINED);
    p->cycles++;
    p->resume_pc = pc + 4;
    if (d->id == NUX_S_BCCTR)
        return branch_to_count(p, w, pc);
    if (d->id == NUX_S_MFSPR)
        p->gpr[RT(w)] = 0;
    if (w >> 26 != 31 || d->id == NUX_S_MFSPR || d->id == NUX_S_MTSPR)
        return true;
    uint32_t a = p->gpr[RA(w)], b = p->gpr[RB(w)], sum = a + b;
    bool overflow = (~(a ^ b) & (a ^ sum)) >> 31;
    if (HAS_OE(w))
        set_overflow(p, overflow);
    if (HAS_RC(w) && xo != XO_WAIT && xo != XO_ECIWX && xo != XO_ECOWX)
        record(p, sum);
    return true;
}
