/* SPDX-License-Identifier: BSD-3-Clause */
/* Vector instructions on the processor: arithmetic goes to the vector core, memory and vector
 * IO are done here.
 *
 * fxvlax, fxvstax  scalar data addresses, address bits 1..0 ignored, 16 bytes a slice
 * fxvinx, fxvoutx  synapse array (one unit = one vector) or external memory (one unit = 16
 *                  bytes, the 32 words of a vector in reverse order)
 */
#include "array.h"
#include "cycles.h"
#include "profile.h"
#include "trace.h"
#include "vector_issue.h"
#include <string.h>

/* The chip may serve a later scalar access before this store. */
static void note_unsynced(nux_processor *p, uint32_t address, uint32_t n) {
    nux_stretch *s = p->unsynced, *end = s + p->num_unsynced;
    while (s != end && (address > s->high || address + n < s->low))
        s++;
    if (s == end && p->num_unsynced < MAX_UNSYNCED) {
        p->num_unsynced++;
        *s = (nux_stretch){address, address + n};
        return;
    }
    s -= s == end; /* no more room: what lies between counts too */
    s->low = address < s->low ? address : s->low;
    s->high = address + n > s->high ? address + n : s->high;
}

bool nux_is_unsynced(const nux_processor *p, uint32_t address, uint32_t n) {
    for (uint32_t i = 0; i < p->num_unsynced; i++)
        if (address < p->unsynced[i].high && address + n > p->unsynced[i].low)
            return true;
    return false;
}

/* `slow`: extra cycles of all words on the bus together. */
static void memory_access(const nux_processor *p, uint32_t address, bool store, uint32_t slow,
                          nux_vector_access *access) {
    access->words = 16 * p->config.slices / NUX_CYCLES_VECTOR_WORD;
    if (p->config.ideal_bus)
        access->latency = p->config.bus_latency;
    else if (address < p->config.sram_size)
        access->extra = store ? NUX_CYCLES_VECTOR_STORE : NUX_CYCLES_VECTOR_LOAD;
    else if (address & NUX_OMNIBUS_DATA_BASE)
        access->extra = slow;
    else
        access->latency = NUX_CYCLES_EXTERNAL_SCALAR;
}

/* `failed`: word of the bus that refused. */
static int move_memory(nux_processor *p, const nux_vinsn *v, uint32_t pc, uint32_t address,
                       bool store, uint32_t *slow, uint32_t *failed) {
    uint32_t n = 16 * p->config.slices;
    uint8_t *lanes = p->vectors->vr[v->rt];
    uint8_t *bytes = nux_plain_memory(p, address, n);
    if (p->checks && !store)
        nux_check_load(p, pc, address, n);
    if (bytes && !store) {
        memcpy(lanes, bytes, n);
        return 0;
    }
    if (bytes) {
        nux_processor_write(p, address, lanes, n);
        if (NUX_IS_TRACED(p->chip))
            nux_trace_store(p, address, n);
    } else { /* word by word: bus addresses, wrap-around, and what is outside */
        for (uint32_t i = 0; i < n; i += 4) {
            uint32_t word = nux_get32(lanes + i);
            int reason =
                store ? nux_store(p, address + i, 4, word) : nux_load(p, address + i, 4, &word);
            if (reason) {
                *failed = address + i;
                return reason;
            }
            *slow += p->access_latency;
            if (!store)
                nux_put32(lanes + i, word);
        }
    }
    if (store)
        note_unsynced(p, address, n);
    return 0;
}

/* Lane byte of each byte of external memory: the 32 words of a vector are reversed. */
static void reverse_words(uint8_t *to, const uint8_t *from, const uint8_t *enable) {
    for (uint32_t lane = 0; lane < NUX_VECTOR_BYTES; lane += 4) {
        uint32_t other = NUX_VECTOR_BYTES - 4 - lane;
        for (uint32_t byte = 0; byte < 4; byte++)
            if (!enable || enable[lane + byte])
                to[other + byte] = from[lane + byte];
    }
}

int nux_array_reason(int kind, int unknown) {
    return kind >= 0                     ? 0
           : kind == NUX_ARRAY_NO_NEURON ? NUX_TRAP_NO_NEURON
           : kind == NUX_ARRAY_CADC_OFF  ? NUX_TRAP_CADC_OFF
                                         : unknown;
}

static void array_access(int kind, bool out, nux_vector_access *access) {
    access->latency = kind == NUX_ARRAY_CONVERT ? NUX_CYCLES_CADC_CONVERT
                      : out                     ? NUX_CYCLES_SYNRAM_WRITE
                                                : NUX_CYCLES_SYNRAM_READ;
}

static int move_io(nux_processor *p, const nux_vinsn *v, uint32_t pc, uint32_t address, bool out,
                   nux_vector_access *access) {
    uint8_t *lanes = p->vectors->vr[v->rt], enable[NUX_VECTOR_BYTES], *bytes;
    if (v->cond)
        nux_venable(p->vectors, v->cond, enable);
    const uint8_t *enabled = v->cond ? enable : NULL;
    if (p->parallel_bus) {
        access->latency = p->config.bus_latency;
        return p->parallel_bus(p->parallel_bus_user, out, address, lanes, enabled);
    }
    int external = nux_external_space(p, address, &bytes);
    if (external < 0)
        return NUX_TRAP_VECTOR_IO;
    if (external) {
        access->latency = out ? NUX_CYCLES_EXTERNAL_VECTOR_STORE : NUX_CYCLES_EXTERNAL_VECTOR_LOAD;
        access->hold = NUX_CYCLES_EXTERNAL_VECTOR_HOLD;
        uint32_t data_address = address < NUX_VECTOR_DRAM
                                    ? NUX_EXTMEM_DATA_BASE + (uint32_t)(bytes - p->chip->ext)
                                    : NUX_DRAM_DATA_BASE + (uint32_t)(bytes - p->chip->dram);
        if (!out) {
            if (p->checks)
                nux_check_load(p, pc, data_address, NUX_VECTOR_BYTES);
            reverse_words(lanes, bytes, NULL);
            return 0;
        }
        reverse_words(bytes, lanes, enabled);
        nux_external_written(p->chip, data_address, NUX_VECTOR_BYTES);
        return 0;
    }
    if (p->confined && (out || nux_array_reads_now(address)))
        nux_chip_advance_own(p->chip, p->config.hemisphere, nux_now_s(p));
    else if (out || nux_array_reads_now(address))
        nux_chip_advance(p->chip, nux_now_s(p));
    if (p->checks && out)
        nux_check_write(p, v, pc, address, enabled);
    int kind = out ? nux_array_vector_write(p->array, address, nux_now_s(p), lanes, enabled)
                   : nux_array_vector_read(p->array, address, nux_now_s(p), lanes);
    if (p->checks && !out)
        nux_check_read(p, v, pc, address, kind);
    array_access(kind, out, access);
    return nux_array_reason(kind, NUX_TRAP_VECTOR_IO);
}

static void calculate(nux_processor *p, const nux_decoded *d, uint32_t pc) {
    const nux_vinsn *v = &d->vector;
    if (v->kind == NUX_VSPLAT && v->ra == 0)
        nux_report(p, pc, NUX_SITE_SPLAT_R0);
    if (p->checks == NUX_CHECKS_STRICT)
        nux_check_saturation(p, v, pc);
    if (p->vector_step)
        p->vector_step(p->vector_step_user, d->word);
    else
        v->op(p->vectors, v, p->gpr[v->ra]);
    nux_vector_time_issue(p, d, NULL);
}

static inline void check(nux_processor *p, const nux_decoded *d, uint32_t pc) {
    const nux_check_use *use = &d->check_use;
    if (__builtin_expect(((use->used | use->stored) & ~p->vectors_written) != 0, 0))
        nux_report_unwritten(p, use, pc);
    if (p->raw & use->related)
        nux_follow_reading(p, &d->vector);
    p->vectors_written |= use->written;
    p->weights &= ~use->written;
}

bool nux_execute_vector(nux_processor *p, const nux_decoded *d, uint32_t pc) {
    const nux_vinsn *v = &d->vector;
    nux_vector_time_wait(p, d);
    if (p->checks)
        check(p, d, pc);
    if (v->kind == NUX_VARITH || v->kind == NUX_VSPLAT) {
        calculate(p, d, pc);
        return true;
    }
    NUX_TRACE_EXECUTES(p, pc);
    uint32_t address = nux_vaddress(v, p->gpr), failed = 0, slow = 0;
    nux_vector_access access = {0};
    int reason = 0;
    switch (v->kind) {
    case NUX_VLAX:
    case NUX_VSTAX:
        address &= ~3u;
        if (p->checks && v->kind == NUX_VSTAX)
            nux_check_below_stack(p, pc, address, 16 * p->config.slices);
        reason = move_memory(p, v, pc, address, v->kind == NUX_VSTAX, &slow, &failed);
        memory_access(p, address, v->kind == NUX_VSTAX, slow, &access);
        break;
    default: /* NUX_VINX, NUX_VOUTX */
        reason = move_io(p, v, pc, address, v->kind == NUX_VOUTX, &access);
    }
    if (!reason) {
        nux_vector_time_issue(p, d, &access);
        if (p->profile)
            nux_profile_access(p, v, address, &access);
        return true;
    }
    bool is_word = failed & NUX_OMNIBUS_DATA_BASE;
    nux_stop_at(p, reason, pc, is_word ? failed : address);
    p->stop.store = v->kind == NUX_VSTAX || v->kind == NUX_VOUTX;
    p->stop.size = is_word ? 4 : NUX_VECTOR_BYTES;
    return false;
}
