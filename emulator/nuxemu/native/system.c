/* SPDX-License-Identifier: BSD-3-Clause */
/* Special registers, MSR, traps, interrupts and sleep, executed natively. */
#include "fields.h"
#include "flags.h"
#include "processor.h"
#include "scalar_table.h"
#include "trace.h"

static uint32_t get_cr(const nux_processor *p) {
    uint32_t cr = 0;
    for (int i = 0; i < 8; i++)
        cr = cr << 4 | p->crf[i];
    return cr;
}

static bool trap_condition(const nux_processor *p, uint32_t w, int id) {
    uint32_t a = p->gpr[RA(w)], b = id == NUX_S_TWI ? SI(w) : p->gpr[RB(w)], to = RT(w);
    return (to & 16 && (int32_t)a < (int32_t)b) || (to & 8 && (int32_t)a > (int32_t)b) ||
           (to & 4 && a == b) || (to & 2 && a < b) || (to & 1 && a > b);
}

/* Stops the run, or in hardware mode enters the interrupt. */
static bool trap(nux_processor *p, uint32_t pc) {
    if (p->config.hardware)
        nux_enter_interrupt(p, NUX_EXCEPTION_PROGRAM, pc, ESR_PTR);
    else
        nux_stop_at(p, NUX_TRAP_INSTRUCTION, pc, 0);
    return false;
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
        return 0;
    }
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
        nux_update_timers(p); /* earlier events have reloaded the old one */
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
        nux_set_time_base(p, (nux_time_base(p) & ~UINT64_C(0xffffffff)) | value);
        break;
    case NUX_SPR_TBU:
        nux_set_time_base(p, (nux_time_base(p) & 0xffffffff) | (uint64_t)value << 32);
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
    p->resume_pc = srr0 & ~3u;
    if (NUX_IS_TRACED(p->chip))
        nux_trace_interrupt(p, NUX_TRACE_RETURN, p->executing, p->resume_pc);
    nux_set_msr(p, srr1);
    return false;
}

/* False: leave the block at resume_pc. */
bool nux_execute_system(nux_processor *p, const nux_decoded *d, uint32_t pc) {
    uint32_t w = d->word, spr = SPR(w);
    int id = d->id;
    switch (id) {
    case NUX_S_TW:
    case NUX_S_TWI:
        return !trap_condition(p, w, id) || trap(p, pc);
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
        nux_set_msr(p, p->gpr[RT(w)]);
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
        nux_sleep(p, pc);
        return false; /* what follows is a block of its own */
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
