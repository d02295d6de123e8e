/* SPDX-License-Identifier: BSD-3-Clause */
/* Data accesses of one processor.
 *
 * 0x0000_0000  own SRAM
 * 0x4000_0000  external memory (128 KiB), 0x5000_0000 DRAM (256 MiB)
 * 0x8000_0000  on-chip bus, word address = (address & 0x7fff_ffff) / 4:
 *              SRAM of both processors and both synapse arrays; everything else traps
 */
#define _GNU_SOURCE
#include "array.h"
#include "cycles.h"
#include "processor.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void *nux_reserve(size_t size) {
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

nux_external *nux_external_new(void) {
    nux_external *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->users = 1;
    e->ext = nux_reserve(NUX_EXTMEM_SIZE);
    e->dram = nux_reserve(NUX_DRAM_SIZE);
    if (!e->ext || !e->dram) {
        nux_external_free(e);
        return NULL;
    }
    return e;
}

/* Gone when the last user has let go of it: they come to their ends in any order. */
void nux_external_free(nux_external *e) {
    if (!e || --e->users)
        return;
    if (e->ext)
        munmap(e->ext, NUX_EXTMEM_SIZE);
    if (e->dram)
        munmap(e->dram, NUX_DRAM_SIZE);
    free(e);
}

/* Bytes of external memory from a data-view address on, NULL if [address, address + n) is not
 * inside one of the two memories. */
static uint8_t *external_bytes(nux_external *e, uint32_t address, size_t n) {
    if (address >= NUX_EXTMEM_DATA_BASE && n <= NUX_EXTMEM_SIZE &&
        address - NUX_EXTMEM_DATA_BASE <= NUX_EXTMEM_SIZE - n)
        return e->ext + (address - NUX_EXTMEM_DATA_BASE);
    if (address >= NUX_DRAM_DATA_BASE && n <= NUX_DRAM_SIZE &&
        address - NUX_DRAM_DATA_BASE <= NUX_DRAM_SIZE - n)
        return e->dram + (address - NUX_DRAM_DATA_BASE);
    return NULL;
}

/* A write to external memory may change code that a processor has translated. */
static void external_written(nux_external *e, uint32_t address, uint32_t n) {
    uint32_t fetch = address < NUX_DRAM_DATA_BASE
                         ? address - NUX_EXTMEM_DATA_BASE + NUX_EXTMEM_FETCH_BASE
                         : address - NUX_DRAM_DATA_BASE + NUX_DRAM_FETCH_BASE;
    for (int i = 0; i < 2; i++)
        if (e->listeners[i])
            nux_code_written(e->listeners[i], fetch, n);
}

int nux_external_read(nux_external *e, uint32_t address, uint8_t *out, size_t n) {
    const uint8_t *bytes = external_bytes(e, address, n);
    if (!bytes)
        return -1;
    memcpy(out, bytes, n);
    return 0;
}

int nux_external_write(nux_external *e, uint32_t address, const uint8_t *data, size_t n) {
    uint8_t *bytes = external_bytes(e, address, n);
    if (!bytes)
        return -1;
    memcpy(bytes, data, n);
    external_written(e, address, (uint32_t)n);
    return 0;
}

/* Plain bytes behind a data address (SRAM or external), NULL if it is something else. */
uint8_t *nux_plain_memory(nux_processor *p, uint32_t address, uint32_t n) {
    uint32_t size = p->config.sram_size;
    if (p->config.flat_memory)
        address &= size - 1;
    if (address < size)
        return n <= size - address ? p->sram + address : NULL;
    return external_bytes(p->external, address, n);
}

static uint32_t memory_cost(const nux_processor *p, uint32_t address) {
    if (p->config.ideal_bus)
        return p->config.bus_latency;
    return address < p->config.sram_size ? 0 : NUX_CYCLES_EXTERNAL_SCALAR;
}

/* One word of the on-chip bus; byte_mask 0 reads, else writes the selected bytes. */
static int bus_access(nux_processor *p, uint32_t address, uint32_t *value, uint32_t byte_mask) {
    uint32_t word = (address & 0x7fffffffu) >> 2;
    p->cycles += NUX_CYCLES_BUS;
    for (uint32_t hemisphere = 0; hemisphere < 2; hemisphere++) {
        nux_processor *owner = hemisphere == p->config.hemisphere ? p : p->other;
        uint32_t base = hemisphere * NUX_OMNIBUS_HEMISPHERE_WORD_STRIDE;
        if (!owner)
            continue;
        uint32_t sram_word = word - (NUX_OMNIBUS_SRAM_WORD + base);
        if (sram_word < owner->config.sram_size / 4) {
            uint8_t *bytes = owner->sram + 4 * sram_word;
            if (byte_mask) {
                nux_put32(bytes, (nux_get32(bytes) & ~byte_mask) | (*value & byte_mask));
                nux_code_written(owner, 4 * sram_word, 4);
            } else {
                *value = nux_get32(bytes);
            }
            return 0;
        }
        uint32_t array_word = word - (NUX_OMNIBUS_SYNRAM_WORD + base);
        if (array_word < NUX_OMNIBUS_HEMISPHERE_WORD_STRIDE / 4) {
            int kind =
                byte_mask
                    ? nux_array_bus_write(owner->array, array_word, nux_now_s(p), *value, byte_mask)
                    : nux_array_bus_read(owner->array, array_word, nux_now_s(p), value);
            return kind < 0 ? NUX_TRAP_BUS : 0;
        }
    }
    return NUX_TRAP_BUS;
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
        p->cycles += memory_cost(p, address);
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
        p->cycles += memory_cost(p, address);
        if (bytes >= p->sram && bytes < p->sram + p->config.sram_size)
            nux_code_written(p, (uint32_t)(bytes - p->sram), 4);
        else
            external_written(p->external, address & ~3u, 4);
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
    *bytes = (dram ? p->external->dram : p->external->ext) + offset;
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
        nux_code_written(p, (uint32_t)(bytes - p->sram), (uint32_t)n);
    else
        external_written(p->external, address, (uint32_t)n);
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
