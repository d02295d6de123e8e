/* SPDX-License-Identifier: BSD-3-Clause */
/* Data accesses of one processor.
 *
 * 0x0000_0000  own SRAM
 * 0x4000_0000  external memory (128 KiB), 0x5000_0000 DRAM (256 MiB)
 * 0x8000_0000  on-chip bus, word address = (address & 0x7fff_ffff) / 4:
 *              see bus.c
 */
#define _GNU_SOURCE
#include "cycles.h"
#include "debug.h"
#include "processor.h"
#include "trace.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void *nux_reserve(size_t size) {
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* Plain bytes behind a data address (SRAM or external), NULL if it is something else. */
uint8_t *nux_plain_memory(nux_processor *p, uint32_t address, uint32_t n) {
    uint32_t size = p->config.sram_size;
    if (p->config.flat_memory)
        address &= size - 1;
    if (address < size)
        return n <= size - address ? p->sram + address : NULL;
    return nux_external_bytes(p->chip, address, n);
}

uint8_t *nux_written_flags_of(nux_processor *p, uint32_t address, uint32_t n, uint32_t *at) {
    uint8_t *bytes = nux_plain_memory(p, address, n);
    if (!bytes)
        return NULL;
    if (bytes >= p->sram && bytes < p->sram + p->config.sram_size) {
        *at = (uint32_t)(bytes - p->sram);
        return p->written;
    }
    bool dram = address >= NUX_DRAM_DATA_BASE;
    *at = address - (dram ? NUX_DRAM_DATA_BASE : NUX_EXTMEM_DATA_BASE);
    return dram ? p->chip->dram_flags : p->chip->ext_flags;
}

void nux_sram_written(nux_processor *p, uint32_t offset, uint32_t n) {
    nux_set_written(p->written, offset, n, true);
    nux_code_written(p, offset, n);
}

static uint32_t memory_latency(const nux_processor *p, uint32_t address) {
    if (p->config.ideal_bus)
        return p->config.bus_latency;
    return address < p->config.sram_size ? 0 : NUX_CYCLES_EXTERNAL_SCALAR;
}

static int bus_access(nux_processor *p, uint32_t address, uint32_t *value, uint32_t byte_mask) {
    int reason = nux_bus_access(p->chip, (address & ~NUX_OMNIBUS_DATA_BASE) >> 2, value, byte_mask,
                                nux_now_s(p), &p->access_latency);
    if (p->chip->debuggers && byte_mask)
        nux_debug_array_written(p->chip);
    return reason;
}

static int misaligned(uint32_t address, uint32_t size) {
    return size == 4 ? address & 3 : size == 2 ? (address & 3) == 3 : 0;
}

/* The chip's rule: words at multiples of four, halfwords anywhere inside one word. */
int nux_load(nux_processor *p, uint32_t address, uint32_t size, uint32_t *value) {
    if (misaligned(address, size))
        return NUX_TRAP_MISALIGNED;
    uint32_t shift = 8 * (4 - size - (address & 3)), word;
    const uint8_t *bytes = nux_plain_memory(p, address & ~3u, 4);
    if (bytes) {
        word = nux_get32(bytes);
        p->access_latency = memory_latency(p, address);
    } else if (address & NUX_OMNIBUS_DATA_BASE) {
        int reason = bus_access(p, address, &word, 0);
        if (reason)
            return reason;
    } else {
        return NUX_TRAP_OUT_OF_RANGE;
    }
    word >>= shift;
    *value = size == 4 ? word : word & ((1u << 8 * size) - 1);
    return 0;
}

int nux_store(nux_processor *p, uint32_t address, uint32_t size, uint32_t value) {
    if (misaligned(address, size))
        return NUX_TRAP_MISALIGNED;
    uint32_t shift = 8 * (4 - size - (address & 3));
    uint32_t mask = (size == 4 ? ~0u : (1u << 8 * size) - 1) << shift;
    uint8_t *bytes = nux_plain_memory(p, address & ~3u, 4);
    if (bytes) {
        nux_put32(bytes, (nux_get32(bytes) & ~mask) | (value << shift & mask));
        p->access_latency = memory_latency(p, address);
        if (NUX_IS_TRACED(p->chip))
            nux_trace_store(p, address, size);
        if (bytes >= p->sram && bytes < p->sram + p->config.sram_size)
            nux_sram_written(p, (uint32_t)(bytes - p->sram) + (address & 3), size);
        else
            nux_external_written(p->chip, address, size);
        return 0;
    }
    if (address & NUX_OMNIBUS_DATA_BASE) {
        value <<= shift;
        return bus_access(p, address, &value, mask);
    }
    return NUX_TRAP_OUT_OF_RANGE;
}

/* Bytes of external memory behind a vector IO address (units of 16 bytes); 0: not external,
 * 1: inside, -1: outside of the memory. */
int nux_external_space(nux_processor *p, uint32_t address, uint8_t **bytes) {
    if (address < NUX_VECTOR_EXTMEM)
        return 0;
    int dram = address >= NUX_VECTOR_DRAM;
    uint64_t offset = (uint64_t)(address - (dram ? NUX_VECTOR_DRAM : NUX_VECTOR_EXTMEM)) << 4;
    if (offset > (dram ? NUX_DRAM_SIZE : NUX_EXTMEM_SIZE) - NUX_VECTOR_BYTES)
        return -1;
    *bytes = (dram ? p->chip->dram : p->chip->ext) + offset;
    return 1;
}

int nux_processor_write(nux_processor *p, uint32_t address, const uint8_t *data, size_t n) {
    if (n > NUX_DRAM_SIZE)
        return -1;
    uint8_t *bytes = nux_plain_memory(p, address, (uint32_t)n);
    if (!bytes)
        return -1;
    memcpy(bytes, data, n);
    if (bytes >= p->sram && bytes < p->sram + p->config.sram_size)
        nux_sram_written(p, (uint32_t)(bytes - p->sram), (uint32_t)n);
    else
        nux_external_written(p->chip, address, (uint32_t)n);
    return 0;
}

int nux_processor_read(nux_processor *p, uint32_t address, uint8_t *out, size_t n) {
    if (n > NUX_DRAM_SIZE)
        return -1;
    const uint8_t *bytes = nux_plain_memory(p, address, (uint32_t)n);
    if (!bytes)
        return -1;
    memcpy(out, bytes, n);
    return 0;
}
