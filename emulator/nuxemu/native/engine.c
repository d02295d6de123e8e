/* SPDX-License-Identifier: BSD-3-Clause */
/* The scalar engine: opens Unicorn, maps the memories and finds its register words. */
#define _GNU_SOURCE
#include "processor.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* Constants of Unicorn 2.1's interface (unicorn.h, ppc.h). */
enum {
    UC_ARCH_PPC = 5,
    UC_MODE_PPC32_BIG_ENDIAN = 4 | 0x40000000,
    UC_HOOK_BLOCK = 8,
    UC_HOOK_TLB_FILL = 1 << 17,
    UC_PROT_READ_WRITE = 3,
    UC_PROT_READ_EXEC = 5,
    UC_CTL_TLB_TYPE = 12 | 1 << 26 | 1 << 30,
    UC_CTL_TCG_BUFFER_SIZE = 13 | 1 << 26 | 1 << 30,
    UC_TLB_VIRTUAL = 1,
    UC_PPC_REG_0 = 2,
    UC_PPC_REG_LR = 74,
    UC_PPC_REG_CTR = 76,
    UC_PPC_REG_CR = 79
};

/* Translated code, bytes. The engine's default of a gigabyte puts the code of later engines too
 * far from the hook for near calls. */
enum { ENGINE_CODE_BYTES = 32 << 20 };

enum { PROBE_WORDS = 1 << 14, STATE_WORDS = 512 };

/* Words of the engine's processor state whose value went from `before` to `after`. */
static uint32_t *changed_word(uint32_t *state, const uint32_t *old, uint32_t before,
                              uint32_t after) {
    uint32_t *found = NULL;
    for (int i = 0; i < STATE_WORDS; i++)
        if (old[i] == before && state[i] == after) {
            if (found)
                return NULL;
            found = &state[i];
        }
    return found;
}

/* True if `words` are the engine's live registers: both sides see what the other writes. */
static bool are_registers(nux_processor *p, uint32_t *words, uint32_t marker) {
    uint32_t value = ~marker;
    p->uc_reg_write(p->engine, UC_PPC_REG_0 + 7, &value);
    if (words[7] != ~marker) /* a copy, or other memory */
        return false;
    words[9] = marker ^ 0x5555;
    p->uc_reg_read(p->engine, UC_PPC_REG_0 + 9, &value);
    return value == (marker ^ 0x5555);
}

/* Copies memory that may be unreadable; returns how many bytes could be read. */
static size_t peek(void *to, uintptr_t from, size_t n) {
    struct iovec local = {to, n}, remote = {(void *)from, n};
    ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
    return got > 0 ? (size_t)got : 0;
}

/* Finds the 32 general registers in the engine's memory: Unicorn's structure holds a pointer to
 * the processor object, and the object holds the registers in a row. */
static uint32_t *find_gprs(nux_processor *p) {
    static uint32_t serial; /* earlier engines left their patterns in freed memory */
    uint32_t pattern[32], marker = 0x5a170001u + 0x9e3779b9u * ++serial;
    uintptr_t fields[512];
    size_t num_fields = peek(fields, (uintptr_t)p->engine, sizeof fields) / sizeof *fields;
    uint32_t *copy = malloc(sizeof(uint32_t) * PROBE_WORDS), *found = NULL;
    for (size_t f = 0; copy && !found && f < num_fields; f++) {
        if (fields[f] < PAGE_BYTES || fields[f] % sizeof *fields)
            continue;
        for (uint32_t i = 0; i < 32; i++) {
            pattern[i] = marker + 0x01010101u * i;
            p->uc_reg_write(p->engine, UC_PPC_REG_0 + (int)i, &pattern[i]);
        }
        size_t n = peek(copy, fields[f], sizeof(uint32_t) * PROBE_WORDS) / sizeof *copy;
        for (size_t i = 0; !found && i + 32 + STATE_WORDS <= n; i++) {
            uint32_t *words = (uint32_t *)fields[f] + i;
            if (copy[i] == marker && !memcmp(copy + i, pattern, sizeof pattern) &&
                are_registers(p, words, marker))
                found = words;
        }
    }
    free(copy);
    return found;
}

static uint32_t *find_by_register(nux_processor *p, int reg) {
    uint32_t old[STATE_WORDS], before = 0x1357acd1, after = 0x2468bdf2;
    p->uc_reg_write(p->engine, reg, &before);
    memcpy(old, p->gpr, sizeof old);
    p->uc_reg_write(p->engine, reg, &after);
    return changed_word(p->gpr, old, before, after);
}

static uint32_t *find_cr_fields(nux_processor *p) {
    uint32_t cr = 0x12345678;
    static const uint32_t fields[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    p->uc_reg_write(p->engine, UC_PPC_REG_CR, &cr);
    for (int i = 32; i < STATE_WORDS; i++)
        if (!memcmp(p->gpr + i, fields, sizeof fields))
            return p->gpr + i;
    return NULL;
}

/* Runs `mtxer r3` with each bit and sees which word follows it. */
static uint32_t *find_xer_bit(nux_processor *p, uint32_t bit) {
    uint32_t old[STATE_WORDS];
    uint64_t at = p->regions[0].physical;
    nux_put32(p->regions[0].fetch, 0x7c6103a6);
    nux_put32(p->regions[0].fetch + 4, 0x60000000);
    for (int i = 0; i < 2; i++) {
        p->gpr[3] = i ? bit : 0;
        if (i)
            memcpy(old, p->gpr, sizeof old);
        if (p->uc_emu_start(p->engine, at, at + 4, 0, 0))
            return NULL;
    }
    return changed_word(p->gpr, old, 0, 1);
}

int nux_engine_open(nux_processor *p, const nux_engine_api *api, char *error, size_t error_size) {
    int (*uc_open)(int, int, void **) = (int (*)(int, int, void **))api->uc_open;
    int (*map)(void *, uint64_t, size_t, uint32_t, void *) =
        (int (*)(void *, uint64_t, size_t, uint32_t, void *))api->uc_mem_map_ptr;
    int (*hook)(void *, size_t *, int, void *, void *, uint64_t, uint64_t, ...) =
        (int (*)(void *, size_t *, int, void *, void *, uint64_t, uint64_t, ...))api->uc_hook_add;
    const char *(*message)(int) = (const char *(*)(int))api->uc_strerror;
    p->uc_close = (int (*)(void *))api->uc_close;
    p->uc_ctl = (int (*)(void *, uint32_t, ...))api->uc_ctl;
    p->uc_reg_read = (int (*)(void *, int, void *))api->uc_reg_read;
    p->uc_reg_write = (int (*)(void *, int, const void *))api->uc_reg_write;
    p->uc_emu_start = (int (*)(void *, uint64_t, uint64_t, uint64_t, size_t))api->uc_emu_start;
    p->uc_emu_stop = (int (*)(void *))api->uc_emu_stop;

    int status = uc_open(UC_ARCH_PPC, UC_MODE_PPC32_BIG_ENDIAN, &p->engine);
    if (!status)
        status = p->uc_ctl(p->engine, UC_CTL_TCG_BUFFER_SIZE, ENGINE_CODE_BYTES);
    if (!status)
        status = p->uc_ctl(p->engine, UC_CTL_TLB_TYPE, UC_TLB_VIRTUAL);
    if (!status)
        status =
            map(p->engine, SRAM_DATA_PHYSICAL, p->config.sram_size, UC_PROT_READ_WRITE, p->sram);
    for (int i = 0; i < 3 && !status; i++)
        status = map(p->engine, p->regions[i].physical, p->regions[i].size, UC_PROT_READ_EXEC,
                     p->regions[i].fetch);
    if (status) {
        snprintf(error, error_size, "the scalar engine does not start: %s", message(status));
        return -1;
    }
    p->gpr = find_gprs(p);
    if (p->gpr) {
        p->lr = find_by_register(p, UC_PPC_REG_LR);
        p->ctr = find_by_register(p, UC_PPC_REG_CTR);
        p->crf = find_cr_fields(p);
        p->so = find_xer_bit(p, XER_SO);
        p->ov = find_xer_bit(p, XER_OV);
        p->ca = find_xer_bit(p, XER_CA);
    }
    if (!p->gpr || !p->lr || !p->ctr || !p->crf || !p->so || !p->ov || !p->ca) {
        snprintf(error, error_size,
                 "this build of Unicorn keeps its registers where nuxemu does not find them; "
                 "nuxemu supports the 2.1 series");
        return -1;
    }
    size_t handle;
    status = hook(p->engine, &handle, UC_HOOK_TLB_FILL, (void *)nux_on_tlb, p, 1, 0);
    if (!status)
        status = hook(p->engine, &handle, UC_HOOK_BLOCK, (void *)nux_on_block, p, 1, 0);
    if (status) {
        snprintf(error, error_size, "the scalar engine takes no hooks: %s", message(status));
        return -1;
    }
    nux_translation_drop(p);
    return 0;
}
