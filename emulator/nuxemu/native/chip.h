/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside of the chip: its units, and how an access of one reaches another. */
#ifndef NUX_CHIP_H
#define NUX_CHIP_H
#include "cdef/chip.h"
#include "cdef/processor.h"
#include "memory_map.h"
#include <stdbool.h>

enum { NUX_HEMISPHERES = 2, NUX_DRAM_PAGE = 4096 };

/* Registers that are kept here, not in the unit that they are about. Plain words: a saved state
 * is these bytes. */
typedef struct {
    uint32_t synram_config[NUX_HEMISPHERES][NUX_OMNIBUS_SYNRAM_CONFIG_SIZE];
    uint32_t correlation_config[NUX_HEMISPHERES][NUX_OMNIBUS_CORRELATION_CONFIG_SIZE];
    uint32_t padi_config[NUX_HEMISPHERES];
    uint32_t stp_config[NUX_HEMISPHERES];
    uint32_t driver[NUX_HEMISPHERES][NUX_NUM_DRIVERS][3]; /* bits unknown to the network */
    uint32_t systime_offset[2]; /* what the counter is ahead of hardware time: low, high word */
} nux_chip_registers;

struct nux_chip {
    uint32_t debuggers; /* processors that have one */
    uint8_t *ext;       /* 128 KiB */
    uint8_t *dram;      /* 256 MiB, backed by memory only where touched */
    uint8_t dram_written[NUX_DRAM_SIZE / NUX_DRAM_PAGE]; /* pages that may hold something */
    uint8_t *ext_flags, *dram_flags; /* of the words that anyone has written (written.h) */
    nux_array *array[NUX_HEMISPHERES];
    nux_processor *ppu[NUX_HEMISPHERES];
    nux_network *network; /* NULL: there are no events but those of the arrays */
    nux_chip_registers registers;
    uint32_t users; /* the one who made it, and processors */

    uint64_t now;                      /* cycle reached when no processor is at work */
    nux_processor *active;             /* the one at work, or NULL */
    uint32_t control[NUX_HEMISPHERES]; /* control registers of the processors */
    double wall_deadline;              /* s of the host's clock, 0: none */
    volatile int interrupt_request;    /* of the host */
    bool running;                      /* nux_chip_run is at work */
    /* Step of both processors under way, and whether one of them has accessed anything shared in
     * it, or did in the one before. */
    uint64_t step_end;
    bool met, met_before;
    struct nux_trace *trace; /* or NULL */
};

/* Longest step of both processors at work, cycles. What one does to the other's SRAM, or to shared
 * memory, takes effect at most this much early or late. */
enum { NUX_QUANTUM_CYCLES = 500 };

/* Bits of a control register; the other two force the clock on or off, the last enables the
 * cache controller (haldls, PPUControlRegister). */
enum { NUX_INHIBIT_RESET = 1, NUX_CONTROL_BITS = 15 };

/* chip.c: limits of a run that the host sets: NUX_INTERRUPTED, NUX_WALL_LIMIT or 0. */
void nux_begin_host_limits(nux_chip *, double max_wall_s);
int nux_host_ends_run(const nux_chip *);
/* Control and status register of a processor (memory_map: PPU_CONTROL, PPU_STATUS). */
void nux_chip_set_control(nux_chip *, unsigned hemisphere, uint32_t value);
uint32_t nux_chip_status(const nux_chip *, unsigned hemisphere);

/* external.c: bytes from a data-view address on, NULL if [address, address + n) is not inside
 * one of the two memories; to be called after writing there, as code may have changed. */
uint8_t *nux_external_bytes(nux_chip *, uint32_t address, size_t n);
void nux_external_written(nux_chip *, uint32_t address, uint32_t n);

/* chip.c: brings arrays, neurons and spikes up to a hardware time (s), unless they are past it. */
void nux_chip_advance(nux_chip *, double now_s);
/* The same for those of one hemisphere, within a step. */
void nux_chip_advance_own(nux_chip *, unsigned hemisphere, double now_s);

/* registers.c: registers as they are when the chip has been set up. */
void nux_registers_reset(nux_chip_registers *);
#endif
