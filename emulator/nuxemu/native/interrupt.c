/* SPDX-License-Identifier: BSD-3-Clause */
/* Interrupts: requests of pins, doorbell and timers, entry, and what wakes a sleeping processor.
 *
 * As in the public RTL (electronicvisions/nux, modules Interrupt_ctrl and Int_sched):
 *   priority   external input, fixed interval, decrementer, doorbell
 *   pins       0 to 3. ICCR holds for each a mask bit (8..11), the polarity (12..15, 1: low or
 *              falling) and the sense (16..19, 1: level, 0: edge).
 *   latches    a request of the pins or of the doorbell is latched only while MSR.EE is set, and
 *              is dropped when EE is cleared, as the entry to any interrupt does: what rings
 *              then is lost, but a level that is still there requests again. ICCR.doorbell_en
 *              is stored and has no function.
 *   entry      SRR0 = return address, SRR1 = MSR, MSR keeps CE, ME, DE.
 *   wake-up    by any request; those of timers also while EE is clear.
 */
#include "trace.h"

enum { NUM_PINS = 4, PIN_MASK = (1 << NUM_PINS) - 1 };

static uint32_t enabled_pins(const nux_processor *p) { return p->iccr >> 8 & PIN_MASK; }
static uint32_t inverted_pins(const nux_processor *p) { return p->iccr >> 12 & PIN_MASK; }
static uint32_t level_pins(const nux_processor *p) { return p->iccr >> 16 & PIN_MASK; }

/* Pins that request by their present level. */
static uint32_t active_levels(const nux_processor *p) {
    return (p->gin ^ inverted_pins(p)) & level_pins(p) & enabled_pins(p);
}

static bool listens(const nux_processor *p) { return p->msr & MSR_EE; }

static bool pins_request(const nux_processor *p) {
    return listens(p) && (p->requests & NUX_REQUEST_PINS || active_levels(p));
}

static bool doorbell_requests(const nux_processor *p) {
    return listens(p) && p->requests & NUX_REQUEST_DOORBELL;
}

void nux_set_msr(nux_processor *p, uint32_t value) {
    p->msr = value & MSR_WRITABLE;
    if (!listens(p))
        p->requests = 0;
    nux_schedule(p);
}

/* Time of the chip may have passed while the processor slept with nothing to wake it. */
static void catch_up(nux_processor *p) {
    uint64_t now = nux_chip_now(p->chip);
    if (p->asleep && !p->held && now > nux_chip_cycle(p)) {
        nux_update_timers(p);
        uint64_t cycles = now - p->origin, wake = nux_next_wake(p);
        p->cycles = wake < cycles ? wake : cycles; /* it wakes in a step that is not over */
    }
}

/* Each call is a moment of its own: two in a row make a pulse. */
void nux_processor_set_inputs(nux_processor *p, uint32_t pins) {
    catch_up(p);
    uint32_t invert = inverted_pins(p);
    uint32_t edges = (~p->gin ^ invert) & (pins ^ invert) & ~level_pins(p);
    p->gin = pins;
    if (listens(p) && ((edges & enabled_pins(p)) || active_levels(p)))
        p->requests |= NUX_REQUEST_PINS;
    nux_schedule(p);
}

uint32_t nux_processor_outputs(const nux_processor *p) { return p->held ? 0 : p->gout & ~p->goe; }

void nux_processor_ring_doorbell(nux_processor *p) {
    catch_up(p);
    if (listens(p))
        p->requests |= NUX_REQUEST_DOORBELL;
    nux_schedule(p);
}

/* Cycle of the next request that wakes the processor; UINT64_MAX: none without help. */
uint64_t nux_next_wake(const nux_processor *p) {
    if (pins_request(p) || doorbell_requests(p))
        return p->cycles;
    return nux_next_timer_event(p);
}

/* The RTL test bench takes the final state this many cycles after the processor fell asleep. */
#define TEST_BENCH_SLEEP 64

/* Sleeps at the `wait` at pc until a request, and goes on behind it. If none will come by itself,
 * or not before the limit, the run ends with the processor asleep, and the next run begins here
 * again: the host may have woken it meanwhile. */
void nux_sleep(nux_processor *p, uint32_t pc) {
    nux_update_timers(p);
    uint64_t wake = nux_next_wake(p);
    p->asleep = true;
    if (wake == UINT64_MAX || (p->config.flat_memory && wake > p->cycles + TEST_BENCH_SLEEP)) {
        nux_stop_at(p, NUX_FINISHED, pc, 0);
        return;
    }
    uint64_t until = wake < p->max_cycles ? wake : p->max_cycles;
    p->cycles = until > p->cycles ? until : p->cycles;
    if (wake > p->cycles) {
        nux_stop_at(p, NUX_CYCLE_LIMIT, pc, 0);
        return;
    }
    p->asleep = false;
    p->resume_pc = pc + 4;
    nux_update_timers(p);
    nux_schedule(p);
}

/* Recomputes the cycle at which the block hook must look up. */
void nux_schedule(nux_processor *p) {
    p->next_event = p->max_cycles < p->next_wall_check ? p->max_cycles : p->next_wall_check;
    p->next_interrupt = listens(p) ? nux_next_wake(p) : UINT64_MAX;
    if (p->next_interrupt < p->next_event)
        p->next_event = p->next_interrupt;
}

void nux_enter_interrupt(nux_processor *p, uint32_t vector, uint32_t srr0, uint32_t esr) {
    if (NUX_IS_TRACED(p->chip))
        nux_trace_interrupt(p, NUX_TRACE_INTERRUPT, srr0, vector);
    p->srr0 = srr0;
    p->srr1 = p->msr;
    p->esr = esr;
    p->resume_pc = vector;
    p->cycles += 5; /* refetch, as a taken branch */
    nux_set_msr(p, p->msr & MSR_KEPT_BY_INTERRUPT);
}

/* Vector of the request of highest priority, 0: none. */
static uint32_t requested_vector(const nux_processor *p) {
    if (pins_request(p))
        return NUX_EXCEPTION_EXTERNAL_INPUT;
    if (nux_fit_requests(p))
        return NUX_EXCEPTION_FIT;
    if (nux_dec_requests(p))
        return NUX_EXCEPTION_DECREMENTER;
    return doorbell_requests(p) ? NUX_EXCEPTION_DOORBELL : 0;
}

/* Enters the interrupt of a pending, enabled request; false: there is none. */
bool nux_take_interrupt(nux_processor *p, uint32_t next_pc) {
    nux_update_timers(p);
    uint32_t vector = listens(p) ? requested_vector(p) : 0;
    if (vector)
        nux_enter_interrupt(p, vector, next_pc, p->esr);
    return vector;
}
