/* SPDX-License-Identifier: BSD-3-Clause */
/* Time base, decrementer and fixed-interval timer.
 *
 * TB       counts processor cycles.
 * DEC      counts down one a cycle, stops at 0; on 1 -> 0 sets TSR.DIS and reloads from DECAR
 *          if TCR.ARE is set. Writing 0 gives no event.
 * FIT      TSR.FIS on the rising edge of TBL bit 8, 12, 16 or 20 (TCR.FP = 0..3), also by a write.
 * Bits of TSR are set whether their interrupts are enabled or not. The watchdog fields of TCR
 * are stored and have no function.
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

void nux_set_time_base(nux_processor *p, uint64_t value) {
    nux_update_timers(p);
    if (~nux_time_base(p) & value & fit_period(p) / 2)
        p->tsr |= TSR_FIS;
    p->time_base_offset = value - p->cycles;
}

/* A timer asks for attention: a bit of TSR whose interrupt TCR enables. */
bool nux_fit_requests(const nux_processor *p) { return p->tsr & TSR_FIS && p->tcr & TCR_FIE; }
bool nux_dec_requests(const nux_processor *p) { return p->tsr & TSR_DIS && p->tcr & TCR_DIE; }

/* Cycle at which a timer next requests an interrupt; UINT64_MAX: never. */
uint64_t nux_next_timer_event(const nux_processor *p) {
    uint64_t next = UINT64_MAX;
    if (nux_fit_requests(p) || nux_dec_requests(p))
        return p->cycles;
    if (p->tcr & TCR_DIE && p->dec_zero)
        next = p->dec_zero;
    if (p->tcr & TCR_FIE) {
        uint64_t fit = next_fit(p, p->timers_seen);
        next = fit < next ? fit : next;
    }
    return next;
}
