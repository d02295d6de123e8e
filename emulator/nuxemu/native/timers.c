/* SPDX-License-Identifier: BSD-3-Clause */
/* Time base, decrementer, fixed-interval timer, and the entry to interrupts.
 *
 * TB       counts processor cycles.
 * DEC      counts down one a cycle, stops at 0; on 1 -> 0 sets TSR.DIS and reloads from DECAR
 *          if TCR.ARE is set. Writing 0 gives no event.
 * FIT      TSR.FIS on the rising edge of TBL bit 8, 12, 16 or 20 (TCR.FP = 0..3).
 * Interrupt entry: SRR0 = return address, SRR1 = MSR, MSR keeps CE, ME, DE.
 */
#include "processor.h"

uint64_t nux_time_base(const nux_processor *p) { return p->cycles + p->time_base_offset; }

uint32_t nux_dec(const nux_processor *p) {
    return p->dec_zero > p->cycles ? (uint32_t)(p->dec_zero - p->cycles) : p->dec_value;
}

void nux_set_dec(nux_processor *p, uint32_t value) {
    nux_update_timers(p);
    p->dec_value = 0;
    p->dec_zero = value ? p->cycles + value : 0;
    nux_schedule(p);
}

static uint64_t fit_period(const nux_processor *p) {
    return UINT64_C(2) << (8 + 4 * (p->tcr >> 24 & 3));
}

/* Next cycle after `from` at which the selected bit of TBL rises. */
static uint64_t next_fit(const nux_processor *p, uint64_t from) {
    uint64_t period = fit_period(p), time = from + p->time_base_offset;
    uint64_t rise = time / period * period + period / 2;
    if (rise <= time)
        rise += period;
    return from + (rise - time);
}

/* Brings TSR up to the present cycle. */
void nux_update_timers(nux_processor *p) {
    while (p->dec_zero && p->cycles >= p->dec_zero) {
        p->tsr |= TSR_DIS;
        p->dec_value = 0;
        if (p->tcr & TCR_ARE && p->decar) {
            uint64_t late = p->cycles - p->dec_zero;
            p->dec_zero += (uint64_t)p->decar * (late / p->decar + 1);
        } else {
            p->dec_zero = 0;
        }
    }
    if (next_fit(p, p->timers_seen) <= p->cycles)
        p->tsr |= TSR_FIS;
    p->timers_seen = p->cycles;
}

static bool timer_request(const nux_processor *p) {
    return (p->tsr & TSR_DIS && p->tcr & TCR_DIE) || (p->tsr & TSR_FIS && p->tcr & TCR_FIE);
}

/* Cycle at which a timer next requests an interrupt; UINT64_MAX: never. */
uint64_t nux_next_timer_event(const nux_processor *p) {
    uint64_t next = UINT64_MAX;
    if (timer_request(p))
        return p->cycles;
    if (p->tcr & TCR_DIE && p->dec_zero)
        next = p->dec_zero;
    if (p->tcr & TCR_FIE) {
        uint64_t fit = next_fit(p, p->timers_seen);
        next = fit < next ? fit : next;
    }
    return next;
}

/* Recomputes the cycle at which the block hook must look up. */
void nux_schedule(nux_processor *p) {
    p->next_event = p->max_cycles < p->next_wall_check ? p->max_cycles : p->next_wall_check;
    if (p->msr & MSR_EE) {
        uint64_t timer = nux_next_timer_event(p);
        if (timer < p->next_event)
            p->next_event = timer;
    }
}

void nux_enter_interrupt(nux_processor *p, uint32_t vector, uint32_t srr0, uint32_t esr) {
    p->srr0 = srr0;
    p->srr1 = p->msr;
    p->msr &= MSR_KEPT_BY_INTERRUPT;
    p->esr = esr;
    p->resume_pc = vector;
    p->cycles += 5; /* refetch, as a taken branch */
    nux_schedule(p);
}

/* Enters the interrupt of a pending, enabled timer; false: there is none. */
bool nux_take_interrupt(nux_processor *p, uint32_t next_pc) {
    nux_update_timers(p);
    if (!(p->msr & MSR_EE) || !timer_request(p))
        return false;
    bool fit = p->tsr & TSR_FIS && p->tcr & TCR_FIE;
    nux_enter_interrupt(p, fit ? NUX_EXCEPTION_FIT : NUX_EXCEPTION_DECREMENTER, next_pc, p->esr);
    return true;
}
