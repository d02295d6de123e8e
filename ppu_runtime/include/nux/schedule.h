// SPDX-License-Identifier: BSD-3-Clause
// Periodic tasks on one processor, earliest deadline first, without preemption. nuxkit generates
// the program around rules (nux/rule.h) that uses this.
//
// A task is released every `period` cycles; the deadline of an invocation is the next release.
// Whenever the processor is free it begins the released invocation with the earliest deadline, of
// several the one of the first task; without any, it sleeps until the next release. An invocation
// that ends after its deadline is missed; one that could not begin before its deadline is dropped.
//
// The decrementer belongs to the scheduler. While interrupts are enabled it does not sleep, but
// waits in a loop, so that none is lost.

#ifndef NUX_SCHEDULE_H
#define NUX_SCHEDULE_H

#include <stdint.h>

/// A task and what became of it. The host fills in the first four before the start.
typedef struct {
    uint64_t release; ///< of the next invocation, cycles since the start of the program
    uint64_t period;  ///< cycles between releases
    uint32_t count;   ///< invocations in all; NUX_NO_END: forever
    uint32_t index;   ///< number of the next invocation
    uint32_t invoked;
    uint32_t missed;
    uint32_t dropped;
    uint32_t longest; ///< cycles of the longest invocation
} nux_task;

#define NUX_NO_END UINT32_MAX

/// One invocation in the log.
typedef struct {
    uint32_t task;
    uint32_t index;
    uint64_t release;
    uint64_t begin;
    uint64_t end;
} nux_log_entry;

/// A log of invocations; the host says where it is.
typedef struct {
    nux_log_entry *entry;
    uint32_t capacity;
    uint32_t entries; ///< in use
    uint32_t lost;    ///< invocations that found it full
} nux_log;

/// Run tasks until all have had their count of invocations.
void nux_schedule(nux_task *tasks, uint32_t number_of_tasks, nux_log *log);

/// What the program defines: do invocation `index` of a task, released at `time`.
void nux_invoke(uint32_t task, uint32_t index, uint64_t time);

#endif
