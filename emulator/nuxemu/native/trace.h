/* SPDX-License-Identifier: BSD-3-Clause */
/* Hooks of the trace; all are called only if there is one. */
#ifndef NUX_TRACE_H
#define NUX_TRACE_H
#include "cdef/trace.h"
#include "processor.h"

#ifdef NUX_WITHOUT_TRACE /* a core without these hooks, to measure what they cost */
#define NUX_IS_TRACED(owner) ((void)(owner), false)
#define NUX_TRACE_EXECUTES(p, pc) ((void)0)
#else
#define NUX_IS_TRACED(owner) __builtin_expect((owner)->trace != NULL, 0)
#define NUX_TRACE_EXECUTES(p, pc) ((p)->executing = (pc))
#endif

void nux_trace_interrupt(const nux_processor *, int kind, uint32_t pc, uint32_t address);
void nux_trace_bus(nux_trace *, uint32_t word, uint32_t block, uint32_t value, uint32_t byte_mask);
/* SRAM that a store of the processor changed: traced where it is the mailbox. */
void nux_trace_store(const nux_processor *, uint32_t address, uint32_t n);
void nux_trace_array(const nux_array *, int kind, unsigned row, unsigned half, unsigned value);
void nux_trace_weights(const nux_array *, unsigned row, unsigned half, const uint8_t *old,
                       const uint8_t *enable);
void nux_trace_spike(nux_trace *, unsigned hemisphere, double time_s, unsigned line, int label);
#endif
