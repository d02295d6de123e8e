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

/* A record of what an instruction does, by now. */
static nux_trace_record record_of(const nux_processor *p, int kind, uint32_t pc) {
    uint8_t hemisphere = (uint8_t)p->config.hemisphere;
    return (nux_trace_record){.cycle = (double)nux_chip_cycle(p),
                              .pc = pc,
                              .kind = (uint8_t)kind,
                              .hemisphere = hemisphere,
                              .processor = hemisphere};
}

/* A record of what happens to an array; the host does that too. */
static nux_trace_record record_at(const nux_array *array, int kind) {
    const nux_chip *chip = array->trace->chip;
    uint8_t hemisphere = array == chip->array[1];
    nux_trace_record record = {.cycle = (double)nux_chip_now(chip), .pc = NO_PC};
    record.processor = hemisphere;
    if (chip->active)
        record = record_of(chip->active, kind, chip->active->executing);
    record.kind = (uint8_t)kind;
    record.hemisphere = hemisphere;
    return record;
}

void nux_trace_interrupt(const nux_processor *p, int kind, uint32_t pc, uint32_t address) {
    nux_trace_record record = record_of(p, kind, pc);
    record.address = address;
    add(p->chip->trace, record);
}

void nux_trace_bus(nux_trace *t, uint32_t word, uint32_t block, uint32_t value,
                   uint32_t byte_mask) {
    const nux_processor *p = t->chip->active;
    if (!p) /* the host */
        return;
    nux_trace_record record =
        record_of(p, byte_mask ? NUX_TRACE_BUS_WRITE : NUX_TRACE_BUS_READ, p->executing);
    record.address = word;
    record.old = block;
    record.value = value;
    for (unsigned byte = 0; byte < 4; byte++)
        record.line |= (uint16_t)((byte_mask >> 8 * byte & 0xff ? 1u : 0u) << byte);
    add(t, record);
}

void nux_trace_store(const nux_processor *p, uint32_t address, uint32_t n) {
    uint32_t end = NUX_MAILBOX_BASE + NUX_MAILBOX_SIZE;
    nux_trace_record record = record_of(p, NUX_TRACE_MAILBOX, p->executing);
    for (uint32_t size; n; address += size, n -= size) {
        size = n < 4 ? n : 4;
        if (address < NUX_MAILBOX_BASE || address >= end)
            continue;
        record.address = address;
        record.line = (uint16_t)size;
        record.value = 0;
        for (uint32_t i = 0; i < size; i++)
            record.value = record.value << 8 | p->sram[address + i];
        add(p->chip->trace, record);
    }
}

void nux_trace_array(const nux_array *array, int kind, unsigned row, unsigned half,
                     unsigned value) {
    if (!array->trace->rows[row])
        return;
    nux_trace_record record = record_at(array, kind);
    record.line = (uint16_t)row;
    record.old = half;
    record.value = value;
    add(array->trace, record);
}

void nux_trace_weights(const nux_array *array, unsigned row, unsigned half, const uint8_t *old,
                       const uint8_t *enable) {
    nux_trace *t = array->trace;
    if (row >= NUX_ARRAY_ROWS || !t->rows[row])
        return;
    nux_trace_record record = record_at(array, NUX_TRACE_WEIGHT);
    if (!wants(t, record.kind, record.hemisphere, record.cycle))
        return;
    record.line = (uint16_t)row;
    for (unsigned lane = 0; lane < NUX_ARRAY_LANES; lane++) {
        unsigned column = 2 * lane + half;
        if ((!enable || enable[lane]) && t->columns[column]) {
            record.column = (uint16_t)column;
            record.old = old[column];
            record.value = array->weights[row][column];
            add(t, record);
        }
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
