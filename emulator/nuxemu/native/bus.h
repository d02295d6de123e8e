/* SPDX-License-Identifier: BSD-3-Clause */
/* Access functions of the units on the on-chip bus. */
#ifndef NUX_BUS_H
#define NUX_BUS_H
#include "chip.h"

/* One access to one unit. */
typedef struct {
    nux_chip *chip;
    uint32_t unit;     /* which of several: hemisphere, or half of the columns (0 left) */
    uint32_t index;    /* register: word in the block / stride of the block */
    uint32_t word;     /* word of the register: word in the block % stride */
    uint32_t mask;     /* 0 reads, else the bits to write */
    uint32_t *value;   /* what to write, or where to put what was read */
    uint32_t *latency; /* extra cycles of the access, NUX_CYCLES_BUS unless it takes longer */
    double now_s;
} nux_access;

/* 0 or an enum nux_reason. Arrays, neurons and network have been brought up to now_s. */
typedef int (*nux_access_fn)(const nux_access *);

/* Reads or writes a plain register, of which only some bits exist. */
static inline int nux_access_register(const nux_access *a, uint32_t *stored, uint32_t bits) {
    if (a->mask)
        *stored = (*stored & ~a->mask) | (*a->value & a->mask & bits);
    else
        *a->value = *stored;
    return 0;
}

/* registers.c: memories, processors, arrays and their converters, time */
int nux_access_sram(const nux_access *);
int nux_access_synram(const nux_access *);
int nux_access_control(const nux_access *);
int nux_access_status(const nux_access *);
int nux_access_synram_config(const nux_access *);
int nux_access_correlation_config(const nux_access *);
int nux_access_cadc_config(const nux_access *);
int nux_access_cadc_offsets_west(const nux_access *);
int nux_access_cadc_offsets_east(const nux_access *);
int nux_access_systime(const nux_access *);

/* registers_events.c: neurons, drivers and what makes events */
int nux_access_padi_event(const nux_access *);
int nux_access_padi_config(const nux_access *);
int nux_access_stp_config(const nux_access *);
int nux_access_driver(const nux_access *);
int nux_access_neuron_reset(const nux_access *);
int nux_access_post_pulse(const nux_access *);
int nux_access_counter(const nux_access *);
int nux_access_counter_reset(const nux_access *);
int nux_access_background(const nux_access *);
#endif
