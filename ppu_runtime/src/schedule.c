// SPDX-License-Identifier: BSD-3-Clause
// The scheduler of nux/schedule.h.

#include <nux/interrupt.h>
#include <nux/schedule.h>
#include <nux/time.h>
#include <nux/timer.h>

#define NEVER UINT64_MAX
#define LONGEST_SLEEP 0x40000000u // cycles; the decrementer has 32 bits
#define SHORTEST_SLEEP 64u        // cycles; less is waited for in a loop

static void wait_until(uint64_t time) {
    if (nux_machine_state() & NUX_MSR_EXTERNAL_ENABLE) {
        while (nux_time_base() < time) {
        }
        return;
    }
    for (;;) {
        uint64_t now = nux_time_base();
        if (now >= time) {
            return;
        }
        uint64_t left = time - now;
        if (left >= SHORTEST_SLEEP) {
            uint32_t margin = SHORTEST_SLEEP / 2; // to be awake in time
            nux_start_decrementer(left < LONGEST_SLEEP ? (uint32_t)left - margin : LONGEST_SLEEP);
            nux_wait();
            nux_stop_decrementer();
        }
    }
}

static void invoke(nux_task *task, uint32_t number, nux_log *log) {
    uint32_t index = task->index++;
    uint64_t release = task->release;
    uint64_t deadline = release + task->period;
    task->release = deadline;
    uint64_t begin = nux_time_base();
    nux_invoke(number, index, release);
    uint64_t end = nux_time_base();
    task->invoked++;
    if (end > deadline) {
        task->missed++;
    }
    if (end - begin > task->longest) {
        task->longest = (uint32_t)(end - begin);
    }
    if (log->entries < log->capacity) {
        log->entry[log->entries++] = (nux_log_entry){number, index, release, begin, end};
    } else {
        log->lost++;
    }
}

void nux_schedule(nux_task *tasks, uint32_t number_of_tasks, nux_log *log) {
    for (;;) {
        uint64_t now = nux_time_base();
        uint64_t wake = NEVER;
        nux_task *next = 0;
        uint64_t earliest = NEVER;
        for (nux_task *task = tasks; task < tasks + number_of_tasks; task++) {
            while (task->index < task->count && now >= task->release + task->period) {
                task->release += task->period;
                task->index++;
                task->dropped++;
            }
            if (task->index >= task->count) {
                continue;
            }
            uint64_t deadline = task->release + task->period;
            if (task->release > now) {
                wake = task->release < wake ? task->release : wake;
            } else if (deadline < earliest) {
                earliest = deadline;
                next = task;
            }
        }
        if (next) {
            invoke(next, (uint32_t)(next - tasks), log);
        } else if (wake != NEVER) {
            wait_until(wake);
        } else {
            return;
        }
    }
}
