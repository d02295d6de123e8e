/* SPDX-License-Identifier: BSD-3-Clause */
/* On-chip bus (omnibus): which unit is at a word address.
 *
 * Addresses: haldls, include/haldls/vx/omnibus_constants.tcc. Units without an access function are
 * known, but not modelled. */
#include "bus.h"
#include "cycles.h"
#include "memory_map.h"
#include "processor.h"
#include "trace.h"

typedef struct {
    nux_bus_block block;
    nux_access_fn access;
    uint32_t unit;
} entry;

/* clang-format off */
#define REGISTERS(unit, name, first, words, stride, used, readable, writable, access)              \
    {{name, first, (first) + (words) - 1, stride, used, readable, writable}, access, unit}
#define BOTH_WAYS(unit, name, first, words, access)                                                \
    REGISTERS(unit, name, first, words, 1, 1, 1, 1, access)
#define UNKNOWN(name, first, words) REGISTERS(0, name, first, words, 1, 1, 0, 0, NULL)

#define PAIRED(unit, first) (NUX_OMNIBUS_##first##_WORD + (unit) * NUX_OMNIBUS_PAIR_WORD_STRIDE)
#define EVENTS(unit, side)                                                                         \
    REGISTERS(unit, "events for synapse drivers, " side, PAIRED(unit, PADI_EVENT), 1, 1, 1, 0, 1,  \
              nux_access_padi_event),                                                              \
    BOTH_WAYS(unit, "bus configuration of synapse drivers, " side, PAIRED(unit, PADI_CONFIG), 1,   \
              nux_access_padi_config),                                                             \
    BOTH_WAYS(unit, "clock of short-term plasticity, " side, PAIRED(unit, STP_CONFIG), 1,          \
              nux_access_stp_config),                                                              \
    REGISTERS(unit, "synapse drivers, " side, PAIRED(unit, DRIVER),                                \
              NUX_NUM_DRIVERS * NUX_OMNIBUS_DRIVER_STRIDE, NUX_OMNIBUS_DRIVER_STRIDE, 3, 1, 1,     \
              nux_access_driver)

#define OF_NEURONS(unit, name, first, readable, writable, access)                                  \
    REGISTERS(unit, name, PAIRED(unit, first), NUX_OMNIBUS_NEURONS_SIZE,                           \
              NUX_OMNIBUS_NEURON_STRIDE, 1, readable, writable, access)
#define NEURONS(unit, side)                                                                        \
    OF_NEURONS(unit, "neuron resets, " side, NEURON_RESET, 0, 1, nux_access_neuron_reset),         \
    REGISTERS(unit, "postsynaptic pulse, " side, PAIRED(unit, POST_PULSE), 1, 1, 1, 0, 1,          \
              nux_access_post_pulse),                                                              \
    OF_NEURONS(unit, "spike counters, " side, SPIKE_COUNTER, 1, 0, nux_access_counter),            \
    OF_NEURONS(unit, "spike counter resets, " side, SPIKE_COUNTER_RESET, 0, 1,                     \
               nux_access_counter_reset)

#define QUADRANTS(name, first, words)                                                              \
    UNKNOWN(name ", north-west", PAIRED(0, first), words),                                         \
    UNKNOWN(name ", north-east", PAIRED(1, first), words),                                         \
    UNKNOWN(name ", south-west", PAIRED(2, first), words),                                         \
    UNKNOWN(name ", south-east", PAIRED(3, first), words)

#define AT(unit, first) (NUX_OMNIBUS_##first##_WORD + (unit) * NUX_OMNIBUS_HEMISPHERE_WORD_STRIDE)
#define HEMISPHERE(unit, side)                                                                     \
    BOTH_WAYS(unit, "synapse memory timing, " side, AT(unit, SYNRAM_CONFIG),                       \
              NUX_OMNIBUS_SYNRAM_CONFIG_SIZE, nux_access_synram_config),                           \
    BOTH_WAYS(unit, "correlation sensor timing, " side, AT(unit, CORRELATION_CONFIG),              \
              NUX_OMNIBUS_CORRELATION_CONFIG_SIZE, nux_access_correlation_config),                 \
    BOTH_WAYS(unit, "CADC channel offsets, " side " east", AT(unit, CADC_OFFSETS_EAST),            \
              NUX_OMNIBUS_CADC_OFFSETS_SIZE, nux_access_cadc_offsets_east),                        \
    BOTH_WAYS(unit, "CADC channel offsets, " side " west", AT(unit, CADC_OFFSETS_WEST),            \
              NUX_OMNIBUS_CADC_OFFSETS_SIZE, nux_access_cadc_offsets_west),                        \
    BOTH_WAYS(unit, "CADC configuration, " side, AT(unit, CADC_CONFIG), 1,                         \
              nux_access_cadc_config),                                                             \
    BOTH_WAYS(unit, "SRAM, " side, AT(unit, SRAM), NUX_SRAM_SIZE / 4, nux_access_sram),            \
    BOTH_WAYS(unit, "processor control, " side, AT(unit, PPU_CONTROL), 1, nux_access_control),     \
    REGISTERS(unit, "processor status, " side, AT(unit, PPU_STATUS), 1, 1, 1, 1, 0,                \
              nux_access_status),                                                                  \
    BOTH_WAYS(unit, "synapse array, " side, AT(unit, SYNRAM), NUX_OMNIBUS_SYNRAM_SIZE,             \
              nux_access_synram)

static const entry entries[] = {
    BOTH_WAYS(0, "system time", NUX_OMNIBUS_SYSTIME_WORD, 2, nux_access_systime),
    UNKNOWN("MADC and reference generator", NUX_OMNIBUS_MADC_WORD, NUX_OMNIBUS_MADC_SIZE),
    EVENTS(0, "top"),
    EVENTS(1, "bottom"),
    NEURONS(0, "left"),
    NEURONS(1, "right"),
    UNKNOWN("crossbar outputs", NUX_OMNIBUS_CROSSBAR_OUTPUT_WORD, 1),
    REGISTERS(0, "background spike sources", NUX_OMNIBUS_BACKGROUND_WORD,
              NUX_NUM_BACKGROUND_SOURCES * NUX_OMNIBUS_BACKGROUND_STRIDE,
              NUX_OMNIBUS_BACKGROUND_STRIDE, NUX_OMNIBUS_BACKGROUND_STRIDE, 1, 1,
              nux_access_background),
    UNKNOWN("crossbar nodes and counters", NUX_OMNIBUS_CROSSBAR_WORD,
            NUX_OMNIBUS_CROSSBAR_SIZE),
    QUADRANTS("CapMem (analog parameters)", CAPMEM, NUX_OMNIBUS_CAPMEM_SIZE),
    QUADRANTS("neuron configuration", NEURON_CONFIG, NUX_OMNIBUS_NEURON_CONFIG_SIZE),
    UNKNOWN("neuron backend configuration, west", PAIRED(0, NEURON_BACKEND),
            NUX_OMNIBUS_NEURON_BACKEND_SIZE),
    UNKNOWN("neuron backend configuration, east", PAIRED(1, NEURON_BACKEND),
            NUX_OMNIBUS_NEURON_BACKEND_SIZE),
    HEMISPHERE(0, "top"),
    HEMISPHERE(1, "bottom"),
};
/* clang-format on */

enum { NUM_ENTRIES = sizeof entries / sizeof entries[0] };

size_t nux_bus_num_blocks(void) { return NUM_ENTRIES; }
const nux_bus_block *nux_bus_block_at(size_t index) { return &entries[index].block; }

/* The block that an address lies in, NULL if none. */
static const entry *find(uint32_t word) {
    size_t low = 0, high = NUM_ENTRIES; /* the first block that ends at or after the word */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (entries[middle].block.last < word)
            low = middle + 1;
        else
            high = middle;
    }
    return low < NUM_ENTRIES && entries[low].block.first <= word ? &entries[low] : NULL;
}

int nux_bus_access(nux_chip *chip, uint32_t word, uint32_t *value, uint32_t byte_mask, double now_s,
                   uint32_t *latency) {
    *latency = NUX_CYCLES_BUS;
    const entry *e = find(word);
    if (!e || !(byte_mask ? e->block.writable : e->block.readable))
        return NUX_TRAP_BUS;
    uint32_t offset = word - e->block.first;
    nux_access access = {.chip = chip,
                         .unit = e->unit,
                         .index = offset / e->block.stride,
                         .word = offset % e->block.stride,
                         .mask = byte_mask,
                         .value = value,
                         .latency = latency,
                         .now_s = now_s};
    if (access.word >= e->block.used)
        return NUX_TRAP_BUS;
    if (e->access != nux_access_sram)
        nux_chip_advance(chip, now_s);
    int reason = e->access(&access);
    if (NUX_IS_TRACED(chip) && !reason)
        nux_trace_bus(chip->trace, word, (uint32_t)(e - entries), *value, byte_mask);
    return reason;
}
