/* SPDX-License-Identifier: BSD-3-Clause */
/* Trace of a chip: what its units did, in a buffer of fixed size. */
#ifndef NUX_CDEF_TRACE_H
#define NUX_CDEF_TRACE_H
#include "cdef/array.h"
#include "cdef/chip.h"
#include "cdef/network.h"
#include <stddef.h>
#include <stdint.h>

enum nux_trace_kind {
    NUX_TRACE_INTERRUPT,  /* address: exception vector; pc: where it came */
    NUX_TRACE_RETURN,     /* from an interrupt; address: where to */
    NUX_TRACE_BUS_READ,   /* address: word on the bus; old: block; value: what was read */
    NUX_TRACE_BUS_WRITE,  /* the same; value: what was written; line: bytes, bit 3 the first one */
    NUX_TRACE_CONVERSION, /* of the CADC; line: row; value: cycles that it takes */
    NUX_TRACE_RESET,      /* of sensors; line: row; old: half; value: number of synapses */
    NUX_TRACE_WEIGHT,     /* line: row; column; old, value */
    NUX_TRACE_MAILBOX,    /* address; line: bytes; value, of up to four of them */
    NUX_TRACE_SPIKE,      /* of a neuron; column */
    NUX_TRACE_EVENT,      /* on a row; line: row; value: label */
    NUX_TRACE_KINDS
};

typedef struct {
    double cycle; /* of the chip's clock; spikes come in between */
    uint32_t pc;  /* of the instruction that did it; 1: none */
    uint32_t address, old, value;
    uint16_t line, column;
    uint8_t kind, hemisphere;
    uint8_t processor; /* hemisphere of the one with this pc */
} nux_trace_record;

typedef struct nux_trace {
    uint32_t kinds;                  /* bit by enum nux_trace_kind */
    uint32_t hemispheres;            /* bit by hemisphere */
    double from_cycle, to_cycle;     /* [from, to) */
    uint8_t rows[256], columns[256]; /* 1: wanted; rows of weights, resets, conversions, events */
    size_t capacity, count;
    uint64_t dropped[10]; /* by kind: wanted, but there was no room */
    nux_chip *chip;
    nux_trace_record *records; /* `capacity` of them */
} nux_trace;

/* Traces the chip, with its arrays, processors and network; NULL: no more. The trace and its
 * records must live as long. Results and cycles are the same as without; not during a run. */
void nux_chip_set_trace(nux_chip *, nux_trace *);
#endif
