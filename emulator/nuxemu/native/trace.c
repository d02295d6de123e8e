/* SPDX-License-Identifier: BSD-3-Clause */
/* The trace: which records are wanted, and where they go. When the buffer is full, later records
 * are counted and dropped, so that what is there is whole up to that time. */
#include "trace.h"
#include "array.h"
#include "network.h"

_Static_assert(sizeof((nux_trace *)0)->dropped / sizeof(uint64_t) == NUX_TRACE_KINDS,
               "a counter for each kind");

enum { NO_PC = 1 };

static bool wants(const nux_trace *t, int kind, unsigned hemisphere, double cycle) {
    return t->kinds >> kind & 1 && t->hemispheres >> hemisphere & 1 && cycle >= t->from_cycle &&
           cycle < t->to_cycle;
}

static void add(nux_trace *t, nux_trace_record record) {
    if (!wants(t, record.kind, record.hemisphere, record.cycle))
        return;
    if (t->count < t->capacity)
        t->records[t->count++] = record;
    else
        t->dropped[record.kind]++;
}

static uint8_t active_hemisphere(const nux_trace *t) {
    return (uint8_t)t->chip->active->config.hemisphere;
}

/* The instruction that is at work, if it is one. */
static uint32_t pc_of(const nux_trace *t) {
    return t->chip->active ? t->chip->active->executing : NO_PC;
}

static double now(const nux_trace *t) { return (double)nux_chip_now(t->chip); }

void nux_trace_interrupt(const nux_processor *p, int kind, uint32_t pc, uint32_t address) {
    add(p->chip->trace, (nux_trace_record){.cycle = (double)nux_chip_cycle(p),
                                           .pc = pc,
                                           .address = address,
                                           .kind = (uint8_t)kind,
                                           .hemisphere = (uint8_t)p->config.hemisphere});
}

void nux_trace_bus(nux_trace *t, uint32_t word, uint32_t block, uint32_t value,
                   uint32_t byte_mask) {
    if (!t->chip->active) /* the host */
        return;
    unsigned bytes = 0;
    for (unsigned byte = 0; byte < 4; byte++)
        bytes |= (byte_mask >> 8 * byte & 0xff ? 1u : 0u) << byte;
    add(t, (nux_trace_record){.cycle = now(t),
                              .pc = t->chip->active->executing,
                              .address = word,
                              .old = block,
                              .value = value,
                              .line = (uint16_t)bytes,
                              .kind = byte_mask ? NUX_TRACE_BUS_WRITE : NUX_TRACE_BUS_READ,
                              .hemisphere = active_hemisphere(t)});
}

void nux_trace_store(const nux_processor *p, uint32_t address, uint32_t n) {
    uint32_t end = NUX_MAILBOX_BASE + NUX_MAILBOX_SIZE;
    for (uint32_t size; n; address += size, n -= size) {
        size = n < 4 ? n : 4;
        if (address < NUX_MAILBOX_BASE || address >= end)
            continue;
        uint32_t value = 0;
        for (uint32_t i = 0; i < size; i++)
            value = value << 8 | p->sram[address + i];
        add(p->chip->trace, (nux_trace_record){.cycle = (double)nux_chip_cycle(p),
                                               .pc = p->executing,
                                               .address = address,
                                               .value = value,
                                               .line = (uint16_t)size,
                                               .kind = NUX_TRACE_MAILBOX,
                                               .hemisphere = (uint8_t)p->config.hemisphere});
    }
}

static uint8_t hemisphere_of(const nux_array *array) {
    return array == array->trace->chip->array[1];
}

void nux_trace_array(const nux_array *array, int kind, unsigned row, unsigned half,
                     unsigned value) {
    nux_trace *t = array->trace;
    if (t->rows[row])
        add(t, (nux_trace_record){.cycle = now(t),
                                  .pc = pc_of(t),
                                  .old = half,
                                  .value = value,
                                  .line = (uint16_t)row,
                                  .kind = (uint8_t)kind,
                                  .hemisphere = hemisphere_of(array)});
}

void nux_trace_weights(const nux_array *array, unsigned row, unsigned half, const uint8_t *old,
                       const uint8_t *enable) {
    nux_trace *t = array->trace;
    if (row >= NUX_ARRAY_ROWS || !t->rows[row] ||
        !wants(t, NUX_TRACE_WEIGHT, hemisphere_of(array), now(t)))
        return;
    for (unsigned lane = 0; lane < NUX_ARRAY_LANES; lane++) {
        unsigned column = 2 * lane + half;
        if ((!enable || enable[lane]) && t->columns[column])
            add(t, (nux_trace_record){.cycle = now(t),
                                      .pc = pc_of(t),
                                      .old = old[column],
                                      .value = array->weights[row][column],
                                      .line = (uint16_t)row,
                                      .column = (uint16_t)column,
                                      .kind = NUX_TRACE_WEIGHT,
                                      .hemisphere = hemisphere_of(array)});
    }
}

void nux_trace_spike(nux_trace *t, unsigned hemisphere, double time_s, unsigned line, int label) {
    bool is_neuron = label < 0;
    if (is_neuron ? t->columns[line] : t->rows[line])
        add(t, (nux_trace_record){.cycle = time_s * NUX_PPU_CLOCK_HZ,
                                  .pc = NO_PC,
                                  .value = is_neuron ? 0 : (uint32_t)label,
                                  .line = is_neuron ? 0 : (uint16_t)line,
                                  .column = is_neuron ? (uint16_t)line : 0,
                                  .kind = is_neuron ? NUX_TRACE_SPIKE : NUX_TRACE_EVENT,
                                  .hemisphere = (uint8_t)hemisphere});
}

/* Only natively executed stores are traced: those into the mailbox become native, and after the
 * trace those of the engine again. */
static void take_over_mailbox(nux_processor *p, bool on) {
    if (p->mailbox_is_native == on)
        return;
    uint32_t code_end = p->code_end;
    p->mailbox_is_native = on;
    nux_translation_drop(p);
    p->code_end = code_end;
}

void nux_chip_set_trace(nux_chip *chip, nux_trace *trace) {
    if (trace)
        trace->chip = chip;
    chip->trace = trace;
    if (chip->network)
        chip->network->trace = trace;
    for (int h = 0; h < NUX_HEMISPHERES; h++) {
        if (chip->array[h])
            chip->array[h]->trace = trace;
        if (chip->ppu[h])
            take_over_mailbox(chip->ppu[h], trace && trace->kinds >> NUX_TRACE_MAILBOX & 1);
    }
}
