/* SPDX-License-Identifier: BSD-3-Clause */
/* One plasticity processor: what Python sees of it. */
#ifndef NUX_CDEF_PROCESSOR_H
#define NUX_CDEF_PROCESSOR_H
#include "cdef/array.h"
#include "cdef/chip.h"
#include "cdef/vector.h"
#include <stddef.h>
#include <stdint.h>

/* Entry points of the scalar engine (Unicorn), taken from its loaded library. */
typedef struct {
    void *uc_open, *uc_close, *uc_ctl, *uc_mem_map_ptr, *uc_hook_add;
    void *uc_reg_read, *uc_reg_write, *uc_emu_start, *uc_emu_stop, *uc_strerror;
} nux_engine_api;

typedef struct {
    uint32_t sram_size;   /* bytes, a power of two */
    uint32_t hemisphere;  /* 0 top, 1 bottom */
    uint32_t slices;      /* 16-byte slices that vector loads and stores move, 1..8 */
    uint32_t hardware;    /* 1: undefined instructions are no-ops, interrupts are taken */
    uint32_t flat_memory; /* 1: the RTL test bench: SRAM mirrored over all addresses */
    uint32_t ideal_bus;   /* 1: memories of the RTL test bench, else the chip's */
    uint32_t bus_latency; /* extra cycles of an ideal bus */
} nux_processor_config;

/* Why a run ended. */
enum nux_reason {
    NUX_RUNNING = 0,
    NUX_FINISHED,          /* wait with nothing that could wake the processor */
    NUX_CYCLE_LIMIT,       /* */
    NUX_WALL_LIMIT,        /* */
    NUX_INTERRUPTED,       /* the host asked */
    NUX_HELD,              /* put into reset by its control register */
    NUX_TRAP_UNDEFINED,    /* instruction that the processor does not have */
    NUX_TRAP_MISALIGNED,   /* */
    NUX_TRAP_OUT_OF_RANGE, /* data access outside all memories */
    NUX_TRAP_BUS,          /* no unit at this on-chip bus address */
    NUX_TRAP_VECTOR_IO,    /* no unit at this vector IO address */
    NUX_TRAP_NO_NEURON,    /* access to neurons, but the array has none */
    NUX_TRAP_CADC_OFF,     /* conversion while the CADC is disabled */
    NUX_TRAP_EVENTS,       /* an event too many for the event buses */
    NUX_TRAP_FETCH,        /* jump out of the memories */
    NUX_TRAP_STACK,        /* stack reached the data */
    NUX_TRAP_INSTRUCTION,  /* tw, twi */
    NUX_TRAP_ENGINE        /* the scalar engine failed: a defect of the model */
};

typedef struct {
    int32_t reason;
    uint32_t pc;      /* instruction that stopped the run (its target for a fetch) */
    uint32_t from_pc; /* last instruction before a bad jump */
    uint32_t address; /* data address, where there is one */
    uint32_t word;    /* instruction word */
    uint32_t store;   /* 1: the access was a store */
    uint32_t size;    /* bytes of the access */
} nux_stop;

typedef struct {
    uint32_t gpr[32];
    uint32_t cr, xer, lr, ctr, pc, msr;
    uint32_t srr0, srr1, csrr0, csrr1, mcsrr0, mcsrr1;
    uint32_t dec, decar, tcr, tsr, esr, dear, gin, gout, goe, iccr;
    uint32_t requests; /* latched, not taken yet: 1 of the pins, 2 of the doorbell */
    uint32_t asleep;   /* 1: at the `wait` at pc */
    uint64_t time_base;
} nux_registers;

/* What a program did that the chip does differently from what its author may expect; from
 * NUX_SITE_UNWRITTEN on, what is most likely a mistake, and looked for by the checks only. */
enum nux_site_kind {
    NUX_SITE_SHIFT,        /* slw, srw, sraw by 32 or more: the chip shifts modulo 32 */
    NUX_SITE_LHA,          /* lha, lhau with a negative displacement: wrong address */
    NUX_SITE_SPLAT_R0,     /* splat from r0 may read a stale value */
    NUX_SITE_DIVIDE,       /* division by zero, or of the minimum by -1 */
    NUX_SITE_NO_SYNC,      /* scalar access to freshly stored vector data without sync */
    NUX_SITE_UNDEFINED,    /* undefined instruction executed as a no-op (hardware mode) */
    NUX_SITE_MISALIGNED,   /* misaligned access, interrupt taken (hardware mode) */
    NUX_SITE_UNWRITTEN,    /* vector register used before it was written */
    NUX_SITE_NO_CONDITION, /* condition used before a comparison */
    NUX_SITE_EMPTY_MASK,   /* write to the vector bus with a condition that no lane fulfils */
    NUX_SITE_WEIGHT,       /* weight over 63 written, truncated */
    NUX_SITE_NOT_LATCHED,  /* buffered read of the CADC before any conversion */
    NUX_SITE_ON_NEURONS,   /* correlation read while its CADC channel is on the neurons */
    NUX_SITE_SATURATED,    /* a lane or an accumulator saturated; counts lanes */

    NUX_SITE_UNINITIALISED, /* memory read that nobody has written */
    NUX_SITE_NO_BASELINE,   /* correlation reading that became a weight without a subtraction */
    NUX_SITE_NEVER_RESET,   /* correlation read of a row whose sensor nobody has reset */

    NUX_SITE_RED_ZONE,     /* store below r1 to what the stack has reached */
    NUX_SITE_LOST_TEXT,    /* text for the mailbox that did not fit; counts characters */
    NUX_SITE_FLOAT,        /* call of a function for floating point in software */
    NUX_SITE_STACK_MARGIN, /* the stack came close to the data; found by the host */
    NUX_SITE_MISSED,       /* period of a rule that was too short; found by the host */
    NUX_SITE_NEURON_ROW    /* as ON_NEURONS, of row 0, from which neurons are read, too */
};

/* What the host knows about the code, by word of the SRAM. */
enum nux_mark {
    NUX_MARK_FLOAT = 1,   /* begin of a function for floating point in software */
    NUX_MARK_LOST = 2,    /* begin of the function called for each character that did not fit */
    NUX_MARK_LIBRARY = 4, /* code that is not to blame for what it is called for */
    NUX_MARK_LEAF = 8,    /* such code, of a function without a frame on the stack */
    NUX_MARK_ANEW = 16    /* begin of a function that finds nothing below r1 written */
};
enum { NUX_NUM_MARKS = 4096 };

typedef struct {
    uint32_t pc;
    uint32_t kind;
    uint64_t count;
} nux_site;

/* 128-bit parallel bus of the RTL test bench, in place of the chip's vector IO. */
typedef int (*nux_parallel_bus)(void *user, int write, uint32_t address, uint8_t *data,
                                const uint8_t *enable);
/* Vector arithmetic by a host function (the reference core), in place of the native one. */
typedef void (*nux_vector_step_fn)(void *user, uint32_t word);

/* Which mistakes are looked for. None of them changes what a program does, or its time. */
enum nux_checks {
    NUX_CHECKS_OFF,
    NUX_CHECKS_DEFAULT,
    NUX_CHECKS_STRICT /* also what may be meant: stores of unwritten registers, saturation */
};

typedef struct nux_processor nux_processor;
/* The processor, and its array, become units of the chip. */
nux_processor *nux_processor_new(const nux_engine_api *api, const nux_processor_config *config,
                                 nux_chip *chip, nux_array *array, char *error, size_t error_size);
void nux_processor_free(nux_processor *);
uint8_t *nux_processor_sram(nux_processor *);
nux_vstate *nux_processor_vectors(nux_processor *);
/* Host writes to memory that may hold code; 0, or -1 if a byte is outside. */
int nux_processor_write(nux_processor *, uint32_t address, const uint8_t *data, size_t n);
int nux_processor_read(nux_processor *, uint32_t address, uint8_t *out, size_t n);
void nux_processor_reset(nux_processor *);
/* Complete state of a processor: returns the bytes needed, writes them if they fit. */
size_t nux_processor_save(nux_processor *, uint8_t *out, size_t capacity);
/* 0, or -1 if that is not a state of such a processor; nothing is changed then. */
int nux_processor_load(nux_processor *, const uint8_t *data, size_t n);
void nux_processor_get_registers(nux_processor *, nux_registers *);
void nux_processor_set_registers(nux_processor *, const nux_registers *);
/* Stores through r1 below this address stop the run; 0: no check. */
void nux_processor_set_stack_limit(nux_processor *, uint32_t address);
uint32_t nux_processor_stack_limit(const nux_processor *);
/* Lowest address of a store through r1 since reset, and the last instruction that lowered it; that
 * of the stack's top if there was none. */
uint32_t nux_processor_stack_lowest(const nux_processor *);
uint32_t nux_processor_stack_lowest_pc(const nux_processor *);
/* NUX_NUM_MARKS of enum nux_mark. */
void nux_processor_set_marks(nux_processor *, const uint8_t *marks);
/* enum nux_checks. */
void nux_processor_set_checks(nux_processor *, int checks);
/* A program is about to be loaded: what was in the SRAM so far does not count as written. */
void nux_processor_forget_written(nux_processor *);
/* The host wrote a vector register. */
void nux_processor_vector_written(nux_processor *, uint32_t index);
/* Whether a write at pc ever had a condition that a lane fulfilled. */
int nux_processor_mask_was_met(const nux_processor *, uint32_t pc);
/* Hint: code in SRAM ends here. */
void nux_processor_set_code_end(nux_processor *, uint32_t address);
/* For tests, which compare the two: all but branches is executed natively, not by the engine. */
void nux_processor_set_engine_branches_only(nux_processor *, int on);
/* For tests, which compare the two: each vector instruction is timed anew. */
void nux_processor_set_plain_vector_timing(nux_processor *, int on);
/* For tests: what was worked out about the code is worked out again, with the same result. */
void nux_processor_forget_plans(nux_processor *);
void nux_processor_set_parallel_bus(nux_processor *, nux_parallel_bus, void *user);
void nux_processor_set_vector_step(nux_processor *, nux_vector_step_fn, void *user);

/* Runs this processor alone until the program ends, traps or hits a limit.
   max_wall_s <= 0: no limit. */
void nux_processor_run(nux_processor *, uint64_t max_cycles, double max_wall_s, nux_stop *stop);
/* Why the last run ended. */
const nux_stop *nux_processor_stop(const nux_processor *);
/* General-purpose pins and the doorbell, from outside; they take effect at the present cycle. */
void nux_processor_set_inputs(nux_processor *, uint32_t pins);
uint32_t nux_processor_outputs(const nux_processor *);
void nux_processor_ring_doorbell(nux_processor *);
uint64_t nux_processor_cycles(nux_processor *);
uint64_t nux_processor_instructions(nux_processor *);
size_t nux_processor_num_sites(nux_processor *);
const nux_site *nux_processor_sites(nux_processor *);
// Events at places for which there was no room left among the sites.
uint64_t nux_processor_num_unlisted(nux_processor *);
#endif
