/* SPDX-License-Identifier: BSD-3-Clause */
/* Condition register and XER, in the engine's own register words. */
#ifndef NUX_FLAGS_H
#define NUX_FLAGS_H
#include "processor.h"

#define HAS_RC(w) ((w) & 1)
#define HAS_OE(w) ((w) >> 10 & 1)

static inline void set_cr(nux_processor *p, uint32_t field, int less, int greater) {
    p->crf[field] = (less ? 8u : greater ? 4u : 2u) | (*p->so ? 1u : 0u);
}

static inline void record(nux_processor *p, uint32_t value) {
    set_cr(p, 0, (int32_t)value < 0, (int32_t)value > 0);
}

static inline void set_overflow(nux_processor *p, bool overflow) {
    *p->ov = overflow;
    *p->so |= overflow;
}

static inline uint32_t cr_bit(const nux_processor *p, uint32_t bit) {
    return p->crf[bit >> 2] >> (3 - (bit & 3)) & 1;
}

static inline uint32_t gpr_or_zero(const nux_processor *p, uint32_t r) { return r ? p->gpr[r] : 0; }

#endif
