/* SPDX-License-Identifier: BSD-3-Clause */
/* Units on the bus: memories, processors, synapse arrays and their converters, system time.
 *
 * Bits of the registers: haldls, src/haldls/vx: ppu.cpp (control, status), synapse.cpp
 * (CommonSynramConfig), correlation.cpp and v3/correlation.cpp (CommonCorrelationConfig), cadc.cpp
 * (CADCConfig, CADCChannelConfig), systime.cpp. The initial values of the correlation timing are
 * the defaults of haldls; neither these nor the times of the synapse memory have an effect here. */
#include "array.h"
#include "bus.h"
#include "cycles.h"
#include "memory_map.h"
#include "processor.h"
#include <math.h>

enum {
    CADC_CONFIG_BITS = 0xffff1, /* enable, wait after reset, dead time */
    CADC_OFFSET_BITS = 0xff,
    HALF_COLUMNS = NUX_ARRAY_COLUMNS / 2,
};

static const uint32_t synram_bits[NUX_OMNIBUS_SYNRAM_CONFIG_SIZE] = {0xff, 0xffff, 0x7};
static const uint32_t correlation_bits[NUX_OMNIBUS_CORRELATION_CONFIG_SIZE] = {0xfff, 0xfff, 0xfff,
                                                                               0x7};
static const uint32_t correlation_reset[NUX_OMNIBUS_CORRELATION_CONFIG_SIZE] = {1, 200, 5, 0};

void nux_registers_reset(nux_chip_registers *r) {
    *r = (nux_chip_registers){0};
    for (unsigned h = 0; h < NUX_HEMISPHERES; h++)
        for (unsigned i = 0; i < NUX_OMNIBUS_CORRELATION_CONFIG_SIZE; i++)
            r->correlation_config[h][i] = correlation_reset[i];
}

int nux_access_sram(const nux_access *a) {
    nux_processor *owner = a->chip->ppu[a->unit];
    if (!owner)
        return NUX_TRAP_BUS;
    uint8_t *bytes = owner->sram + 4 * a->index;
    if (!a->mask) {
        *a->value = nux_get32(bytes);
        return 0;
    }
    nux_put32(bytes, (nux_get32(bytes) & ~a->mask) | (*a->value & a->mask));
    nux_sram_written(owner, 4 * a->index, 4);
    return 0;
}

int nux_access_synram(const nux_access *a) {
    nux_array *array = a->chip->array[a->unit];
    if (!array)
        return NUX_TRAP_BUS;
    int kind = a->mask ? nux_array_bus_write(array, a->index, a->now_s, *a->value, a->mask)
                       : nux_array_bus_read(array, a->index, a->now_s, a->value);
    if (kind == NUX_ARRAY_CONVERT)
        *a->latency += NUX_CYCLES_CADC_CONVERT;
    return nux_array_reason(kind, NUX_TRAP_BUS);
}

int nux_access_control(const nux_access *a) {
    uint32_t value = a->chip->control[a->unit];
    if (!a->chip->ppu[a->unit])
        return NUX_TRAP_BUS;
    nux_access_register(a, &value, NUX_CONTROL_BITS);
    if (a->mask)
        nux_chip_set_control(a->chip, a->unit, value);
    return 0;
}

int nux_access_status(const nux_access *a) {
    if (!a->chip->ppu[a->unit])
        return NUX_TRAP_BUS;
    *a->value = nux_chip_status(a->chip, a->unit);
    return 0;
}

int nux_access_synram_config(const nux_access *a) {
    return nux_access_register(a, &a->chip->registers.synram_config[a->unit][a->index],
                               synram_bits[a->index]);
}

int nux_access_correlation_config(const nux_access *a) {
    return nux_access_register(a, &a->chip->registers.correlation_config[a->unit][a->index],
                               correlation_bits[a->index]);
}

int nux_access_cadc_config(const nux_access *a) {
    nux_array *array = a->chip->array[a->unit];
    return array ? nux_access_register(a, &array->cadc_config, CADC_CONFIG_BITS) : NUX_TRAP_BUS;
}

/* Word 2 * (column % 128) + channel. */
static int access_cadc_offset(const nux_access *a, unsigned first_column) {
    nux_array *array = a->chip->array[a->unit];
    if (!array)
        return NUX_TRAP_BUS;
    uint8_t *stored = &array->cadc_offset[a->index % 2][first_column + a->index / 2];
    uint32_t value = *stored;
    nux_access_register(a, &value, CADC_OFFSET_BITS);
    *stored = (uint8_t)value;
    return 0;
}

int nux_access_cadc_offsets_west(const nux_access *a) { return access_cadc_offset(a, 0); }
int nux_access_cadc_offsets_east(const nux_access *a) {
    return access_cadc_offset(a, HALF_COLUMNS);
}

/* The counter runs on from what is written. A quarter of a tick keeps rounding away from the ticks,
 * as processor cycles are halves of them. */
int nux_access_systime(const nux_access *a) {
    uint32_t *offset = a->chip->registers.systime_offset;
    uint64_t ticks = (uint64_t)floor(a->now_s * NUX_SYSTIME_CLOCK_HZ + 0.25);
    uint64_t time = ticks + (offset[0] | (uint64_t)offset[1] << 32);
    time &= ((uint64_t)1 << NUX_SYSTIME_BITS) - 1;
    uint32_t words[2] = {(uint32_t)time, (uint32_t)(time >> 32)};
    nux_access_register(a, &words[a->index],
                        a->index ? (1u << (NUX_SYSTIME_BITS - 32)) - 1 : UINT32_MAX);
    if (a->mask) {
        uint64_t ahead = (words[0] | (uint64_t)words[1] << 32) - ticks;
        offset[0] = (uint32_t)ahead;
        offset[1] = (uint32_t)(ahead >> 32);
    }
    return 0;
}
