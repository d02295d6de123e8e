// SPDX-License-Identifier: BSD-3-Clause
// Interrupts: service routines in C, enabling them, and sleeping until one comes.
//
//     NUX_ISR(decrementer) {
//         ticks++;
//         nux_clear_timer_status(NUX_TSR_DECREMENTER);
//     }
//
// An interrupt without routine ends the program with the return code 0xdead0000 + its slot.
// Routines run with interrupts disabled; one that enables them may be interrupted by others,
// and by itself. Interrupts of timers must be acknowledged (nux/timer.h), or they come again
// at once. Variables that a routine shares with the program must be volatile.

#ifndef NUX_INTERRUPT_H
#define NUX_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

#include <nux/memory_map.h>

/// Names for NUX_ISR. In order of priority: alignment, program (trap), external_input, fit
/// (fixed-interval timer), decrementer, doorbell. No others occur on this processor.
enum {
    nux_isr_slot_alignment = NUX_EXCEPTION_ALIGNMENT,
    nux_isr_slot_program = NUX_EXCEPTION_PROGRAM,
    nux_isr_slot_external_input = NUX_EXCEPTION_EXTERNAL_INPUT,
    nux_isr_slot_fit = NUX_EXCEPTION_FIT,
    nux_isr_slot_decrementer = NUX_EXCEPTION_DECREMENTER,
    nux_isr_slot_doorbell = NUX_EXCEPTION_DOORBELL,
};

#define NUX_DEFINE_ISR(name, entry)                                                                \
    _Static_assert(nux_isr_slot_##name > 0, "no such interrupt");                                  \
    __asm__(entry " " #name);                                                                      \
    void nux_isr_##name(void);                                                                     \
    __attribute__((used)) void nux_isr_##name(void)

/// Define an interrupt service routine: NUX_ISR(decrementer) { ... }. All scalar registers of
/// the interrupted code are kept (about 100 cycles in all). It must not use vector
/// instructions, nor call functions that do; the build checks that.
#define NUX_ISR(name) NUX_DEFINE_ISR(name, "nux_isr_entry")

/// The same with vector registers, accumulator and condition register kept too. That takes
/// about 3500 cycles and 4.5 KiB of stack.
#define NUX_ISR_VECTOR(name) NUX_DEFINE_ISR(name, "nux_isr_vector_entry")

#define NUX_MSR_EXTERNAL_ENABLE 0x8000u

static inline uint32_t nux_machine_state(void) {
    uint32_t msr;
    __asm__ volatile("mfmsr %0" : "=r"(msr)::"memory");
    return msr;
}

static inline void nux_set_machine_state(uint32_t msr) {
    __asm__ volatile("mtmsr %0" ::"r"(msr) : "memory");
}

/// Let interrupts come.
static inline void nux_enable_interrupts(void) {
    nux_set_machine_state(nux_machine_state() | NUX_MSR_EXTERNAL_ENABLE);
}

/// Hold interrupts off. Timers keep their requests meanwhile; what pins (by their edges) and
/// the doorbell request is lost. Returns the state before, for nux_set_machine_state.
static inline uint32_t nux_disable_interrupts(void) {
    uint32_t before = nux_machine_state();
    nux_set_machine_state(before & ~NUX_MSR_EXTERNAL_ENABLE);
    return before;
}

/// Sleep until an interrupt is requested. Requests of timers wake the processor even while
/// interrupts are disabled: disabling them around "check, then wait" misses no timer.
static inline void nux_wait(void) { __asm__ volatile(".long 0x7c00007c" ::: "memory"); }

// What requests the external input interrupt and the doorbell interrupt.

/// Allow the doorbell. (The processor of the public sources does not look at this bit.)
#define NUX_INPUT_DOORBELL 1u
/// Input pins that may request, a bit each, 0 to 3.
#define NUX_INPUT_PINS(pins) (((pins) & 15u) << 8)
/// Of these: pins that request when low, or falling, instead of high, or rising.
#define NUX_INPUT_INVERTED(pins) (((pins) & 15u) << 12)
/// Of these: pins that request by their level instead of by an edge.
#define NUX_INPUT_LEVEL(pins) (((pins) & 15u) << 16)

/// Choose by a sum of the above, for example NUX_INPUT_DOORBELL | NUX_INPUT_PINS(1).
static inline void nux_set_interrupt_inputs(uint32_t inputs) {
    __asm__ volatile("mtspr 68,%0" ::"r"(inputs) : "memory");
}

#endif
