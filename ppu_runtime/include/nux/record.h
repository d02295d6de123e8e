// SPDX-License-Identifier: BSD-3-Clause
// Records of a rule's invocations, as the generated program keeps them.
//
// A record begins with the number of the invocation, a word 0 and the time of its release (two
// words, high first); the variable `observables` follows at NUX_RECORD_HEADER, then the values
// of synapses and neurons at the offsets that the host has chosen.

#ifndef NUX_RECORD_H
#define NUX_RECORD_H

#include <nux/rule.h>

#define NUX_RECORD_HEADER 16u

/// Prepare the call of invocation `index`, released at `time`, and its record.
static inline void nux_begin_record(nux_recording *recording, nux_call *call, uint32_t index,
                                    uint64_t time) {
    call->index = index;
    call->time = time;
    if (recording->recorded >= recording->capacity) {
        recording->record = 0;
        return;
    }
    recording->record = recording->base + recording->recorded * recording->size;
    volatile uint32_t *header = (volatile uint32_t *)recording->record;
    header[0] = index;
    header[2] = (uint32_t)(time >> 32);
    header[3] = (uint32_t)time;
}

/// Copy the variable `observables`, `size` bytes; the record is complete.
static inline void nux_end_record(nux_recording *recording, const uint32_t *observables,
                                  uint32_t size) {
    if (!recording->record) {
        recording->unrecorded++;
        return;
    }
    volatile uint32_t *to = (volatile uint32_t *)(recording->record + NUX_RECORD_HEADER);
    for (uint32_t word = 0; word < size / sizeof *to; word++) {
        to[word] = observables[word];
    }
    nux_sync();
    recording->recorded++;
}

#endif
