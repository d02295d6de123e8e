// SPDX-License-Identifier: BSD-3-Clause
// A barrier between the two processors: each goes on when the other has arrived too.
//
//     static nux_barrier barrier; // the same image in both processors
//     uint32_t here = nux_find_hemisphere();
//     nux_barrier_wait(&barrier, nux_remote_barrier(1 - here, &barrier));
//
// Each processor counts its arrivals in the other one's SRAM, and polls its own. Both must use
// a barrier equally often, and be loaded or started again together.

#ifndef NUX_BARRIER_H
#define NUX_BARRIER_H

#include <stdint.h>

#include <nux/bus.h>
#include <nux/vector.h>

typedef struct {
    volatile uint32_t other; ///< arrivals of the other processor, which writes it
    volatile uint32_t own;   ///< arrivals here
} nux_barrier;

/// The other processor's barrier, seen over the bus. `there` is its address in the SRAM of
/// that hemisphere.
static inline volatile nux_barrier *nux_remote_barrier(uint32_t hemisphere,
                                                       const volatile nux_barrier *there) {
    return (volatile nux_barrier *)nux_sram_word(hemisphere, there);
}

/// Arrive and wait. What was stored before, to memory that both can reach, is visible to the
/// other processor behind its wait.
static inline void nux_barrier_wait(nux_barrier *barrier, volatile nux_barrier *remote) {
    uint32_t arrivals = barrier->own + 1;
    barrier->own = arrivals;
    nux_sync();
    remote->other = arrivals;
    while ((int32_t)(barrier->other - arrivals) < 0) {
    }
    nux_sync();
}

#endif
